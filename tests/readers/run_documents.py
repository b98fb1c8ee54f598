"""Runs the commands of documents as they stand: ```sh blocks and indented command lines by sh, ```python blocks by
this Python, in order. Blocks that run the whole paper or the tests are left out; a program that a document says to save
is saved and joined to the tiny pipeline; a pipeline is planned.

    python tests/readers/run_documents.py README.md docs/pipeline.md docs/commands.md
"""
import os
import pathlib
import re
import subprocess
import sys

LEFT_OUT = ("cargo build", "cargo test", "pipeline.yaml")


def run_sh(block, environment):
    """Runs a block of shell."""
    print(f"$ {block.strip()}", flush=True)
    subprocess.run(["sh", "-e", "-c", block], check=True, env=environment, stdout=subprocess.DEVNULL)


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


def plan(yaml, environment):
    """Plans a whole pipeline that a document shows."""
    path = pathlib.Path("from-a-document.yaml")
    path.write_text(yaml)
    try:
        run_sh(f"target/release/runner {path} --dry-run", environment)
    finally:
        path.unlink()


def main(documents):
    """Runs every document."""
    folder = str(pathlib.Path(sys.executable).parent.absolute())
    environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}
    for document in documents:
        text = pathlib.Path(document).read_text()
        pending = None
        ran = 0
        for kind, fenced, indented in re.findall(r"```(\w+)\n(.*?)```|((?:^    target/release/[^\n]*\n)+)", text, re.S | re.M):
            block = fenced or re.sub("^    ", "", indented, flags=re.M)
            if kind == "python" and block.startswith("#!"):
                pending = block
            elif kind == "yaml" and pending:
                run_stage(pending, block, environment)
                pending = None
            elif kind == "yaml" and block.startswith("name:"):
                plan(block, environment)
            elif kind == "python":
                print(f">>> {block.strip().splitlines()[0]} ...", flush=True)
                subprocess.run([sys.executable, "-c", block], check=True, env=environment)
            elif (kind == "sh" or indented) and not any(word in block for word in LEFT_OUT):
                run_sh(block, environment)
            else:
                continue
            ran += 1
        assert pending is None and ran > 0, document
        print(f"{document}: {ran} blocks ran")


if __name__ == "__main__":
    main(sys.argv[1:])
