"""Algorithm 1 on 12 MNIST digits and some edge cases: the binary digit, its four regions, one placed image.

Run: python tests/reference/algorithm1.py
It takes the digits' pixels from values/algorithm1.json itself, so it needs no data set and gives the same bytes again.
To choose the digits anew (values will change where the source or its order differs):
     python tests/reference/algorithm1.py --parquet data/digits.parquet     (columns image, label; PNG in image.bytes)
     python tests/reference/algorithm1.py --mnist DIR                       (train-*.gz, the original IDX files)
Chosen are the first image of each class, then the two of the first 1,000 images with the smallest share of inside
pixels in the digit (thin strokes). The committed choice was made with --mnist.
The digits are from MNIST (Yann LeCun, Corinna Cortes, Christopher J. C. Burges), CC BY-SA 3.0.

Resize: bilinear 28x28 -> 64x64, source coordinate (i + 0.5) * 28 / 64 - 0.5, clamped at the edges. 28/64 = 7/16, so
every value is a whole multiple of 1/1024 and the comparisons with 128 and 0.5 are exact in float32 as in float64.
Digit: resized >= 128, then mean of 2x2 >= 0.5. Regions, with the 4-neighbour cross: 0 outside = not dilated,
1 outside-boundary = dilated but not digit, 2 inside-boundary = digit but not eroded, 3 inside = eroded.
Both dilation and erosion use border_value=0: what lies beyond the border is background, so a digit pixel on the
border is never inside.
"""

import argparse
import gzip
import json
import pathlib
import struct
import zlib

import numpy as np
import torch
from scipy import ndimage

from common import VALUES, floats, write


def resize(image):
    """28x28 -> 64x64 in float64; checked against PyTorch."""
    at = np.clip((np.arange(64) + 0.5) * 28 / 64 - 0.5, 0, 27)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, 27)
    share = at - low
    image = image.astype(np.float64)
    rows = image[low] * (1 - share)[:, None] + image[high] * share[:, None]
    out = rows[:, low] * (1 - share) + rows[:, high] * share
    check = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None, None], size=(64, 64), mode="bilinear", align_corners=False, antialias=False
    )
    assert np.array_equal(out, check[0, 0].numpy())
    return out


def digit_of(image):
    return (resize(image) >= 128).reshape(32, 2, 32, 2).mean(axis=(1, 3)) >= 0.5


def regions_of(digit):
    cross = ndimage.generate_binary_structure(2, 1)
    dilated = ndimage.binary_dilation(digit, cross, border_value=0)
    eroded = ndimage.binary_erosion(digit, cross, border_value=0)
    return dilated.astype(int) + digit + eroded


def place(vector, regions):
    """Raster order: the largest values outside, then outside-boundary, inside-boundary, inside; each row by row."""
    image = np.empty(1024, np.float32)
    image[np.argsort(regions.ravel(), kind="stable")] = np.sort(vector)[::-1]
    return image.reshape(32, 32)


def png(data):
    """The pixels of an 8-bit grey PNG without interlace."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert (depth, colour, interlace) == (8, 0, 0)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1).astype(int)
    out = np.zeros((height + 1, width + 1), int)  # one row above and one column to the left, both zero
    for y, line in enumerate(lines, 1):
        for x in range(1, width + 1):
            left, up, corner = out[y, x - 1], out[y - 1, x], out[y - 1, x - 1]
            nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            out[y, x] = (line[x] + (0, left, up, (left + up) // 2, nearest)[line[0]]) % 256
    return out[1:, 1:].astype(np.uint8)


def from_parquet(path):
    import pyarrow.parquet

    batch = next(pyarrow.parquet.ParquetFile(path).iter_batches(1000, columns=["image", "label"])).to_pylist()
    return np.array([png(row["image"]["bytes"]) for row in batch]), np.array([int(row["label"]) for row in batch])


def from_idx(folder):
    images = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    return np.frombuffer(images, np.uint8).reshape(-1, 28, 28)[:1000], np.frombuffer(labels, np.uint8)[:1000]


def choose(images, labels):
    chosen = [int(np.flatnonzero(labels == label)[0]) for label in range(10)]

    def inside_share(index):
        regions = regions_of(digit_of(images[index]))
        return (regions == 3).sum() / max((regions >= 2).sum(), 1)

    rest = [index for index in range(len(images)) if index not in chosen]
    chosen += sorted(rest, key=inside_share)[:2]
    return [(int(labels[index]), images[index]) for index in chosen]


def edge_cases():
    """Images that MNIST does not hold: strokes on the border, nothing at all, everything, values about 128."""
    empty = np.zeros((28, 28), np.uint8)
    cases = {"empty": empty, "full": empty + 255, "grey_127": empty + 127, "grey_128": empty + 128}
    cases["border"] = empty.copy()
    cases["border"][:3] = cases["border"][:, 25:] = 255
    cases["corner"] = empty.copy()
    cases["corner"][0, 0] = 255
    cases["noise"] = np.random.default_rng(3).integers(0, 256, (28, 28)).astype(np.uint8)
    return cases


def entry(image):
    digit = digit_of(image)
    rows = lambda array: ["".join(str(int(value)) for value in row) for row in array]
    return {"pixels": image.tobytes().hex(), "digit": rows(digit), "regions": rows(regions_of(digit))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parquet", type=pathlib.Path)
    parser.add_argument("--mnist", type=pathlib.Path)
    options = parser.parse_args()
    if options.parquet:
        digits = choose(*from_parquet(options.parquet))
    elif options.mnist:
        digits = choose(*from_idx(options.mnist))
    else:
        stored = json.loads((VALUES / "algorithm1.json").read_text(encoding="utf-8"))["digits"]
        shape = lambda text: np.frombuffer(bytes.fromhex(text), np.uint8).reshape(28, 28)
        digits = [(row["label"], shape(row["pixels"])) for row in stored]

    which = 3
    vector = np.random.default_rng(1024).standard_normal(1024).astype(np.float32) * np.float32(32)
    image = place(vector, regions_of(digit_of(digits[which][1])))
    assert np.array_equal(np.sort(image.ravel()), np.sort(vector))
    write(
        "algorithm1.json",
        {
            "digits": [{"label": label, **entry(pixels)} for label, pixels in digits],
            "edge_cases": [{"name": name, **entry(pixels)} for name, pixels in edge_cases().items()],
            "resized": {"digit_index": which, "values": floats(resize(digits[which][1]))},
            "placement": {"digit_index": which, "vector": floats(vector), "image": floats(image)},
        },
    )


if __name__ == "__main__":
    main()
