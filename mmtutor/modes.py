"""Looking at a network without changing it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(*parts: nn.Module) -> Iterator[None]:
    """Put modules into eval mode and switch gradients off; afterwards all is as it was.

    Each module gets back the mode that it had: a frozen batch norm stays frozen.
    """
    modes = [(module, module.training) for part in parts for module in part.modules()]
    for module, _ in modes:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
