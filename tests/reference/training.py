"""A hundred Adam steps of the network in values/network.safetensors: the losses and the last logits of image 0.

Run: python tests/reference/training.py   (after network.py)
160 images of 32x32. Pixels, image after image and row by row, from one sequence of integers: state = 1 at first; for
each pixel state = (1103515245 * state + 12345) mod 2^31, then pixel = (state >> 8) % 201 - 100, as float32. The label
of image i is i mod 10. Step k (0 to 99) takes the images 16(k mod 10) to 16(k mod 10)+15: mean cross-entropy, Adam with learning rate 2e-4,
betas 0.9 and 0.999, eps 1e-8.
`losses` are those before each step and `logits` f_y of image 0 after the last one, in float32 on one thread;
`losses_float64` and `logits_float64` are the same with all arithmetic in float64, to tell what rounding alone does.
"""

import torch
from safetensors.torch import load_file

from common import VALUES, floats, write
from network import CHANNELS, Network

torch.set_num_threads(1)


def pixels(count):
    state, out = 1, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        out.append((state >> 8) % 201 - 100)
    return out


def train(x, labels, dtype):
    network = Network(CHANNELS)
    stored = load_file(VALUES / "network.safetensors")
    network.load_state_dict({name: stored[name] for name in network.state_dict()})
    network.to(dtype)
    x = x.to(dtype)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for step in range(100):
        batch = slice(16 * (step % 10), 16 * (step % 10) + 16)
        loss = torch.nn.functional.cross_entropy(network(x[batch])["f_y"], labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        return losses, floats(network(x[:1])["f_y"][0])


def main():
    values = pixels(160 * 1024)
    x = torch.tensor(values, dtype=torch.float32).reshape(160, 1, 32, 32)
    labels = torch.arange(160) % 10
    losses, logits = train(x, labels, torch.float32)
    losses_float64, logits_float64 = train(x, labels, torch.float64)
    write(
        "training.json",
        {
            "first_pixels": values[:16],
            "last_pixels": values[-16:],
            "losses": losses,
            "logits": logits,
            "losses_float64": losses_float64,
            "logits_float64": logits_float64,
        },
    )


if __name__ == "__main__":
    main()
