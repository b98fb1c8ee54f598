"""Loads an exported checkpoint into PyTorch and compares logits and energies with the pipeline's activations.

    python tests/readers/check_network.py CHECKPOINT.safetensors dataset.parquet activations.parquet
"""
import sys

import pyarrow.parquet as parquet
import torch
from safetensors.torch import load_file


def main(checkpoint, dataset, activations):
    """Compares all images of the last epoch of the activations."""
    weights = load_file(checkpoint)
    table = parquet.read_table(activations)
    last = max(table["epoch"].to_pylist())
    table = table.filter([epoch == last for epoch in table["epoch"].to_pylist()])
    images = parquet.read_table(dataset).take(table["image_id"].combine_chunks())
    x = torch.from_numpy(images["pixels"].combine_chunks().to_numpy_ndarray().copy())[:, None].double()
    weights = {name: tensor.double() for name, tensor in weights.items()}
    linear1 = torch.conv2d(x, weights["conv1.weight"], weights["conv1.bias"])
    linear3 = torch.conv2d(torch.max_pool2d(linear1.relu(), 2), weights["conv2.weight"], weights["conv2.bias"])
    f4 = torch.max_pool2d(linear3.relu(), 2).flatten(1)
    f5 = torch.nn.functional.linear(f4, weights["fc1.weight"], weights["fc1.bias"]).relu()
    f_y = torch.nn.functional.linear(f5, weights["fc2.weight"], weights["fc2.bias"])
    for name, theirs in {"e_f1": -linear1.sum(1), "e_f2": -linear3.sum(1), "f5": f5, "f_y": f_y}.items():
        ours = torch.from_numpy(table[name].combine_chunks().to_numpy_ndarray().copy()).double()
        worst = ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-30)).item()
        assert worst < 1e-5, f"{name} differs by {worst}"
    print(f"PyTorch computes the same logits and energies for {len(x)} images at epoch {last}")


if __name__ == "__main__":
    main(*sys.argv[1:])
