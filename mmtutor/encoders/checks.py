"""What the encoders refuse at the door, and what they advise."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

FROM_BYTES = "Turn bytes into gray values from 0 to 1: x.float() / 255"


def check_options(encoder: nn.Module, options: Mapping[str, object]) -> None:
    """Raise TypeError if an option for every block is one that the encoder sets itself."""
    for name in ("dims", "stride", "dilation"):
        if name in options:
            raise TypeError(
                f"{type(encoder).__name__} sets {name} itself, block by block; its options are "
                "what every block gets alike, such as kernel_size or norm"
            )


def check_input(
    encoder: nn.Module, x: object, axes: Mapping[str, int | None], from_integers: str
) -> None:
    """Raise ValueError unless the encoder can take x.

    Args:
        encoder: x must have the type of its parameters.
        x: the input.
        axes: name and size of each axis after the batch; None where any size from 1 will do.
        from_integers: how to make floats of integers.
    """
    if remedy := _remedy(encoder, x, axes, from_integers):
        layout = ", ".join(name if size is None else str(size) for name, size in axes.items())
        raise ValueError(
            f"{type(encoder).__name__} takes a float tensor (batch, {layout}); "
            f"got {describe(x)}. {remedy}"
        )


def _remedy(
    encoder: nn.Module, x: object, axes: Mapping[str, int | None], from_integers: str
) -> str | None:
    if not isinstance(x, Tensor):
        return "Turn an array into a tensor with torch.from_numpy(x).float()"
    channels = axes.get("channels")
    if x.ndim == len(axes) and channels in (None, x.shape[0]):
        return "A single example needs a batch axis: x[None]"
    if x.ndim == len(axes) and channels == 1:
        return "A batch of one channel needs an axis for it: x[:, None]"
    if x.ndim != len(axes) + 1:
        return f"It must have these {len(axes) + 1} axes"
    if channels not in (None, x.shape[1]):
        # Files keep channels last, and videos often frames first.
        for axis in range(x.ndim - 1, 1, -1):
            if x.shape[axis] == channels:
                return f"If axis {axis} holds the channels: x.movedim({axis}, 1)"
        return f"For {x.shape[1]} channels, build {type(encoder).__name__}({x.shape[1]})"
    if 0 in x.shape[1:]:
        return "No axis after the batch may be empty"
    if not x.is_floating_point():
        return from_integers
    # Autocast brings all but float64 to the type in which it computes.
    dtype, device = next(encoder.parameters()).dtype, x.device.type
    is_cast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    if x.dtype != dtype and (torch.float64 in (x.dtype, dtype) or not is_cast):
        return f"The network's weights are {dtype}: x.to({dtype})"
    return None


def check_lengths(lengths: Tensor | None, batch: int, longest: int, unit: str) -> None:
    """Raise unless there is one length for each example, an int64 from 0 to `longest`."""
    if lengths is None:
        return
    wanted = f"lengths must be an int64 tensor ({batch},) of numbers of {unit}, 0 to {longest}"
    if not isinstance(lengths, Tensor):
        raise TypeError(f"{wanted}; got a {type(lengths).__name__}")
    if lengths.shape != (batch,) or lengths.dtype != torch.int64:
        raise ValueError(f"{wanted}; got {describe(lengths)}")
    if torch.compiler.is_compiling():  # and while exporting: there are no values yet
        return
    if batch and (lengths.min() < 0 or lengths.max() > longest):
        raise ValueError(f"{wanted}; got {lengths.min()} to {lengths.max()}")


def describe(x: object) -> str:
    """Return a tensor's kind and shape in words, for error messages."""
    if isinstance(x, Tensor):
        return f"a {str(x.dtype).removeprefix('torch.')} tensor {tuple(x.shape)}"
    return f"a {type(x).__name__}"
