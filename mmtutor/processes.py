"""All that the model side says to `torch.distributed`: how many train together, and their sums."""

from typing import Any

import torch
from torch import Tensor, distributed


def world_size() -> int:
    """Return how many processes train together; 1 if there is no process group."""
    together = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if together else 1


def all_reduce_sum(x: Tensor) -> Tensor:
    """Return the sum of x over all processes; its gradient is summed over them too."""
    return x if world_size() == 1 else _AllReduceSum.apply(x)


class _AllReduceSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.contiguous().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # Every process's loss depends on the sum, so their gradients add up.
        return _AllReduceSum.forward(ctx, gradient)
