"""Helper of the scripts beside it (not run by itself): writes values/NAME.json, keys sorted, lists of scalars on one line."""

import json
import pathlib

VALUES = pathlib.Path(__file__).resolve().parent / "values"


def text(value, depth=0):
    """JSON text of dicts, lists, strings and numbers; Python's shortest float text, which reads back exactly."""
    pad, end = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {text(value[key], depth + 1)}" for key in sorted(value)]
        opening, closing = "{", "}"
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        items = [text(item, depth + 1) for item in value]
        opening, closing = "[", "]"
    else:
        return json.dumps(value, allow_nan=False)
    return opening + "\n" + ",\n".join(pad + item for item in items) + "\n" + end + closing


def write(name, value):
    """Writes values/`name`."""
    VALUES.mkdir(exist_ok=True)
    (VALUES / name).write_text(text(value) + "\n", encoding="utf-8")


def floats(array):
    """A NumPy array or tensor as nested lists of Python floats; float32 goes to float64 without change."""
    return array.tolist()
