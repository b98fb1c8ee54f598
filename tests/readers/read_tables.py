"""Reads every table of a pipeline's results with pyarrow, DuckDB, Polars and pandas, and checks that they agree.

    python tests/readers/read_tables.py results/tiny
"""
import json
import pathlib
import sys

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet

TENSORS = {"dataset": 1, "checkpoints": 8, "activations": 8}
TABLES = {"dataset", "checkpoints", "history", "timings", "activations", "distributions", "divergences", "estimates",
          "theory", "steps", "summary", "spread", "trends", "claims", "evidence"}


def check(path):
    """Checks one file; returns the table's name."""
    metadata = parquet.read_schema(path).metadata
    provenance = {key: metadata[f"priorscope.{key}".encode()].decode() for key in
                  ("schema", "schema_version", "stage", "stage_version", "params", "inputs")}
    assert isinstance(json.loads(provenance["params"]), dict), path
    assert all(json.loads(provenance["inputs"]).values()) or provenance["stage"] == "pack-digits", path
    if provenance["stage"] != "pack-digits":
        lineage = json.loads(metadata[b"priorscope.lineage"])
        assert lineage[provenance["stage"]] == json.loads(provenance["params"]), path
    table = parquet.read_table(path)
    assert table.num_rows > 0, path
    for field in table.schema:
        assert field.metadata and field.metadata.get(b"description"), f"{path}: {field.name} has no description"
    rows = {
        "duckdb": duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0],
        "polars": polars.read_parquet(path).height,
        "pandas": len(pandas.read_parquet(path)),
    }
    assert set(rows.values()) == {table.num_rows}, f"{path}: {rows}"
    tensors = [field for field in table.schema if isinstance(field.type, pyarrow.FixedShapeTensorType)]
    assert len(tensors) == TENSORS.get(provenance["schema"], 0), f"{path}: {len(tensors)} tensor columns"
    for field in tensors:
        values = table[field.name].combine_chunks().to_numpy_ndarray()
        assert values.shape == (table.num_rows, *field.type.shape), f"{path}: {field.name}"
        assert numpy.isfinite(values).all(), f"{path}: {field.name}"
    return provenance["schema"]


def check_dataset(path):
    """The dataset's promises: pixels of every image are one draw of N(0, 1024), largest outside; no digit twice."""
    table = parquet.read_table(path)
    pixels = table["pixels"].combine_chunks().to_numpy_ndarray().reshape(table.num_rows, -1)
    regions = numpy.frombuffer(b"".join(table["regions"].to_pylist()), "uint8").reshape(table.num_rows, -1)
    assert abs(pixels.mean()) < 0.5 and abs(pixels.std() - 32) < 0.5
    digits = table["source_digit"].to_pylist()
    assert len(set(digits)) == len(digits)
    for image, region in zip(pixels, regions):
        order = numpy.lexsort((-image, region))
        assert (numpy.diff(image[order]) <= 0).all()


def main(folder):
    """Checks all tables below the folder, and the digits that ship."""
    paths = sorted(pathlib.Path(folder).rglob("*.parquet"))
    found = {check(str(path)) for path in paths}
    assert found == TABLES, f"tables {sorted(found ^ TABLES)}"
    check_dataset(next(str(path) for path in paths if path.name == "dataset.parquet"))
    assert check("data/digits.parquet") == "digits"
    first = duckdb.sql("SELECT image.path, octet_length(image.bytes), label FROM 'data/digits.parquet' LIMIT 1").fetchall()[0]
    assert first[0].startswith("mnist/") and first[1] > 50 and first[2] in range(10)
    assert "huggingface" in {key.decode() for key in parquet.read_schema("data/digits.parquet").metadata}
    print(f"{len(paths) + 1} tables read alike by pyarrow, DuckDB, Polars and pandas")


if __name__ == "__main__":
    main(sys.argv[1])
