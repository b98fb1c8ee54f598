"""Checks that pipeline.schema.json takes the pipelines that are given, and refuses what the runner refuses.

    python tests/readers/check_schema.py pipeline.yaml tiny.yaml
"""
import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml

WRONG = [
    "name: p\n",
    "nam: p\nstages: {a: {}}\n",
    "name: P\nstages: {a: {}}\n",
    "name: p\nstages: {A: {}}\n",
    "name: p\nstages: {a: {parms: {}}}\n",
    "name: p\nstages: {a: {program: /bin/sh}}\n",
    "name: p\nstages: {a: {matrix: {x: 1}}}\n",
    "name: p\nstages: {a: {params: {y: [1]}}}\n",
    "name: p\nstages: {a: {threads: 0}}\n",
    "name: p\nstages: {a: {timeout: soon}}\n",
    "name: p\nstages: {a: {memory: much}}\n",
    "name: p\nstages: {a: {retries: -1}}\n",
]


def main(pipelines):
    """Checks the schema."""
    schema = json.loads(pathlib.Path("pipeline.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for pipeline in pipelines:
        validator.validate(yaml.safe_load(pathlib.Path(pipeline).read_text()))
    path = pathlib.Path("wrong.yaml")
    for text in WRONG:
        assert not validator.is_valid(yaml.safe_load(text)), f"the schema takes {text!r}"
        path.write_text(text)
        code = subprocess.run(["target/release/runner", path, "--dry-run"], stderr=subprocess.DEVNULL).returncode
        path.unlink()
        assert code == 3, f"the runner ends with {code} on {text!r}"
    print(f"the schema takes {len(pipelines)} pipelines and refuses {len(WRONG)} wrong ones, as the runner does")


if __name__ == "__main__":
    main(sys.argv[1:])
