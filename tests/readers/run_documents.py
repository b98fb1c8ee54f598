"""Runs the commands of documents as they stand: ```sh blocks and indented command lines by sh, ```python blocks by
this Python, in order. Blocks that run the whole paper or the tests are left out; a program that a document says to save
is saved and joined to the tiny pipeline; a pipeline is planned, a profile read. A ```text block after a command is what it prints: `…`
stands for anything, a line of it alone for any lines. A tour runs in a folder where nothing was made yet.

    python tests/readers/run_documents.py README.md docs/pipeline.md docs/commands.md
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LEFT_OUT = ("cargo build", "cargo test", "pipeline.yaml")


def run_sh(block, environment):
    """Runs a block of shell, and returns what it printed."""
    print(f"$ {block.strip()}", flush=True)
    ran = subprocess.run(["sh", "-e", "-c", block], check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return ran.stdout


def run_python(block, environment):
    """Runs a block of Python, and returns what it printed."""
    print(f">>> {block.strip().splitlines()[0]} ...", flush=True)
    ran = subprocess.run([sys.executable, "-c", block], check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return ran.stdout


def compare(printed, shown):
    """Whether what was printed is what the document shows."""
    lines = [r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\s*\n"
             for line in shown.strip("\n").split("\n")]
    assert re.fullmatch("".join(lines), printed.strip("\n") + "\n"), f"printed:\n{printed}\nshown:\n{shown}"


def fresh():
    """A folder with what a clone has, and with the programs, in which nothing was made yet."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tour-"))
    for file in pathlib.Path().glob("*.yaml"):
        shutil.copy(file, folder)
    shutil.copytree("data", folder / "data")
    (folder / "target").symlink_to(pathlib.Path("target").absolute())
    return folder


def run_stage(program, yaml, environment):
    """Saves a stage's program beside the others, joins it to the tiny pipeline, and runs it."""
    name = re.search(r"program: ([\w-]+)", yaml).group(1)
    path = pathlib.Path("target/venv/bin") / name
    path.write_text(program.replace("/usr/bin/env python3", str(pathlib.Path(sys.executable).absolute())))
    path.chmod(0o755)
    pipeline = pathlib.Path("with-a-stage.yaml")
    # Two pipelines of one folder may not have one name.
    tiny = pathlib.Path("tiny.yaml").read_text().replace("name: tiny", "name: with-a-stage")
    pipeline.write_text(tiny + "\n" + yaml)
    try:
        run_sh(f"target/release/runner {pipeline} bright", environment)
    finally:
        pipeline.unlink()
        path.unlink()


def dry_run(yaml, arguments, environment):
    """Has the runner read what a document shows, a pipeline or a cluster's profile, without running anything."""
    path = pathlib.Path("from-a-document.yaml")
    path.write_text(yaml)
    try:
        run_sh(f"target/release/runner {arguments.format(path)} --dry-run", environment)
    finally:
        path.unlink()


def main(documents):
    """Runs every document."""
    folder = str(pathlib.Path(sys.executable).parent.absolute())
    environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}
    for document in documents:
        text = pathlib.Path(document).read_text()
        here = pathlib.Path.cwd()
        if pathlib.Path(document).stem == "tour":
            os.chdir(fresh())
        pending = printed = None
        ran = 0
        for kind, fenced, indented in re.findall(r"```(\w+)\n(.*?)```|((?:^    target/release/[^\n]*\n)+)", text, re.S | re.M):
            block = fenced or re.sub("^    ", "", indented, flags=re.M)
            if kind == "python" and block.startswith("#!"):
                pending = block
            elif kind == "yaml" and pending:
                run_stage(pending, block, environment)
                pending = None
            elif kind == "yaml" and block.startswith("name:"):
                dry_run(block, "{}", environment)
            elif kind == "yaml" and block.startswith("on:"):
                dry_run(block, "tiny.yaml --on {}", environment)
            elif kind == "python":
                printed = run_python(block, environment)
            elif kind == "text" and printed is not None:
                compare(printed, block)
                printed = None
            elif (kind == "sh" or indented) and not any(word in block for word in LEFT_OUT):
                printed = run_sh(block, environment)
            else:
                continue
            ran += 1
        if pathlib.Path.cwd() != here:
            made = pathlib.Path.cwd()
            os.chdir(here)
            shutil.rmtree(made)
        assert pending is None and ran > 0, document
        print(f"{document}: {ran} blocks ran")


if __name__ == "__main__":
    main(sys.argv[1:])
