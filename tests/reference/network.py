"""The network of Table 1 with 8 channels in f1: layers, energies (Eq. 7), Eq. 9, loss and gradients of 3 images.

Run: python tests/reference/network.py
Parameters and images are float32; all else is computed from them in float64 and stored as float32.
x ~ N(0, 32^2); f1 = relu(conv 3x3), f2 = maxpool 2, f3 = relu(conv 5x5), f4 = maxpool 2 (11 -> 5: last row and column
dropped), f5 = relu(fc1) on f4 flattened channel by channel, f_y = fc2, linear. e_f1 and e_f2 are minus the sum over
the channels of the linear convolutions, with biases, before ReLU. p_f3 = softmax(f5), p_fy = softmax(f_y).
loss = mean cross-entropy in nats.
"""

import torch
from safetensors.torch import save

from common import VALUES, write

torch.set_num_threads(1)
CHANNELS, LABELS = 8, [3, 0, 7]


class Network(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, channels, 3)
        self.conv2 = torch.nn.Conv2d(channels, 20, 5)
        self.fc1 = torch.nn.Linear(500, 20)
        self.fc2 = torch.nn.Linear(20, 10)

    def forward(self, x):
        phi1 = self.conv1(x)
        f1 = phi1.relu()
        f2 = torch.nn.functional.max_pool2d(f1, 2)
        phi3 = self.conv2(f2)
        f3 = phi3.relu()
        f4 = torch.nn.functional.max_pool2d(f3, 2)
        f5 = self.fc1(f4.flatten(1)).relu()
        f_y = self.fc2(f5)
        return {
            "f1": f1, "f2": f2, "f3": f3, "f4": f4, "f5": f5, "f_y": f_y,
            "e_f1": -phi1.sum(1), "e_f2": -phi3.sum(1),
            "p_f3": f5.softmax(1), "p_fy": f_y.softmax(1),
        }  # fmt: skip


def main():
    torch.manual_seed(20)
    network = Network(CHANNELS)
    x = torch.randn(3, 1, 32, 32) * 32
    network.double()
    layers = network(x.double())
    loss = torch.nn.functional.cross_entropy(layers["f_y"], torch.tensor(LABELS))
    loss.backward()

    tensors = {"x": x, "loss": loss.reshape(1), **layers}
    for name, parameter in network.named_parameters():
        tensors[name] = parameter
        tensors["grad." + name] = parameter.grad
    tensors = {name: tensor.detach().float().contiguous() for name, tensor in tensors.items()}
    VALUES.mkdir(exist_ok=True)
    (VALUES / "network.safetensors").write_bytes(save(tensors))
    write(
        "network.json",
        {
            "channels": CHANNELS,
            "labels": LABELS,
            "loss": loss.item(),
            "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()},
        },
    )


if __name__ == "__main__":
    main()
