"""Page 3.9: SGD with momentum and Adam on noisy scans with misspelt words, at several budgets.

Networks, data and batches are those of the page. After 36 steps, two rates of momentum came out
nearly alike on validation scans, so both are followed; Adam had one best of six.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from benchmarks.curves import train_and_score
from mmtutor import data, encoders, fusion, network, seed_everything

STEPS = (18, 36, 72, 144, 288, 576)
MEASURE = "test accuracy"
MOMENTUM = partial(torch.optim.SGD, momentum=0.9)
SIDES: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "momentum, 0.05": partial(MOMENTUM, lr=0.05),
    "momentum, 0.25": partial(MOMENTUM, lr=0.25),
    "Adam, 0.01": partial(torch.optim.Adam, lr=0.01),
}


def measure(seed: int, split: str = "public") -> dict[str, list[float]]:
    """Return what each optimizer reaches at its rate."""
    return {name: run(make_optimizer, seed, split) for name, make_optimizer in SIDES.items()}


def run(make_optimizer: Callable[..., torch.optim.Optimizer], seed: int, split: str) -> list[float]:
    """Return the accuracies of one optimizer after `STEPS`."""
    look: dict[str, data.Renderer] = {
        "image": data.Image(canvas=8, noise=0.35),
        "text": data.Text(typos=0.4),
    }
    rows = torch.randperm(776, generator=torch.Generator().manual_seed(seed))[:600]
    train = data.digits("train", look, seed=seed).subset(rows)
    test = data.digits(split, look, seed=seed)

    def score(model: nn.Module) -> float:
        return (model(test.inputs).argmax(dim=1) == test.targets).float().mean().item()

    seed_everything(seed)
    model = small_net()
    optimizer = make_optimizer(model.parameters())
    return train_and_score(model, optimizer, train, STEPS, score, batch_size=64, seed=seed)


def small_net() -> network.MultiModalNet:
    """Return the network of the page."""
    used = {
        "image": encoders.ImageResNet(widths=(16, 32), depths=(1, 1), stem="medium"),
        "text": encoders.TextResNet(width=32, dilations=(1,)),
    }
    sizes = {name: encoder.out_features for name, encoder in used.items()}
    return network.MultiModalNet(used, fusion.SharedRepresentation(sizes, 32))
