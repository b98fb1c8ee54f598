"""Six steps of torch.optim.Adam and torch.optim.SGD with momentum on a 5-vector with given gradients, in float32.

Run: python tests/reference/optimisers.py
Adam: learning rate 1e-3, betas 0.9 and 0.999, eps 1e-8, with bias correction. SGD: v = 0.9 v + g (v = g at the first
step), p = p - 0.01 v.
"""

import torch

from common import floats, write

torch.set_num_threads(1)
START = torch.tensor([0.5, -1.25, 0.0, 3.0, -0.01])
GRADIENTS = torch.tensor(
    [
        [0.1, -2.0, 0.0, 150.0, 1e-6],
        [-0.3, -1.0, 0.0, -75.0, 2e-6],
        [0.25, 0.0, 0.0, 10.0, -3e-6],
        [0.7, 4.0, 0.0, 0.5, 1e-7],
        [-0.05, 1.5, 0.0, -300.0, 0.0],
        [0.01, -0.125, 0.0, 42.0, 5e-6],
    ]
)


def steps(make):
    parameter = torch.nn.Parameter(START.clone())
    optimiser = make([parameter])
    after = []
    for gradient in GRADIENTS:
        parameter.grad = gradient.clone()
        optimiser.step()
        after.append(floats(parameter.detach()))
    return after


write(
    "optimisers.json",
    {
        "start": floats(START),
        "gradients": floats(GRADIENTS),
        "adam": steps(lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)),
        "sgd": steps(lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    },
)
