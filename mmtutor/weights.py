"""Carrying weights between networks that have the same layers under other names."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


@torch.no_grad()
def copy_weights(source: nn.Module | Mapping[str, Tensor], target: nn.Module) -> None:
    """Copy all parameters and buffers in their order, whatever their names.

    Args:
        source: a module, or its state dict.
        target: the module whose weights are overwritten in place.

    Raises:
        ValueError: the two differ in the number of weights or in a shape; the target is
            then unchanged.
    """
    given = source.state_dict() if isinstance(source, nn.Module) else source
    wanted = target.state_dict()
    kind = type(target).__name__
    if len(given) != len(wanted):
        raise ValueError(
            f"got {len(given)} weights but {kind} has {len(wanted)}; "
            "both networks must have the same layers in the same order"
        )
    for (name, values), (other, room) in zip(given.items(), wanted.items(), strict=True):
        if values.shape != room.shape:
            raise ValueError(
                f"{name} has shape {tuple(values.shape)} but {other} of {kind} has shape "
                f"{tuple(room.shape)}; both networks must have the same layers in the same order"
            )
    for values, room in zip(given.values(), wanted.values(), strict=True):
        room.copy_(values)
