"""What the encoders of pictures, sounds and videos share: stem, stages, mean over positions."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.blocks import PlainBlock, PreActivationBlock, Stage
from mmtutor.layers import (
    ConvNorm,
    Convolution,
    call,
    normalization,
    thin_mask,
    without_padding,
)


class Stem(nn.Module):
    """The first layer: convolution, normalization, relu, and perhaps max pooling of stride 2.

    Args:
        conv: a convolution.
        norm: `"batch"` or `"channel"`.
        pool: whether to pool.
    """

    def __init__(self, conv: Convolution, norm: str, pool: bool = False) -> None:
        super().__init__()
        dims = conv.weight.ndim - 2
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        self.layer = ConvNorm(conv, normalization(norm, dims, conv.out_channels))
        pools = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
        self.pool = pools[dims](3, stride=2, padding=1) if pool else None
        self.strides = tuple(step * (2 if pool else 1) for step in conv.stride)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `(batch, in_channels, *positions)` to `(batch, out_channels, *positions)`."""
        x = F.relu(self.layer(x, mask), inplace=True)  # the largest tensor of many networks
        if self.pool is None:
            return x
        # Nothing is below 0 here, so padding of 0 never wins against a real position.
        mask = thin_mask(mask, self.layer[0].stride)  # type: ignore[arg-type]
        return self.pool(without_padding(x, mask))


class ResidualEncoder(nn.Module):
    """Stem, stages of residual blocks, mean over the real positions.

    Each stage after the first halves the positions. Subclasses give the stem, and turn their
    input into channels over positions.

    Args:
        stem: the first layer.
        stem_features: its channels.
        widths: channels of each stage; the last is `out_features`.
        depths: number of blocks in each stage.
        dims: axes of the positions.
        block: `ResidualBlock`, `PreActivationBlock`, or `PlainBlock` for a baseline.
        options: keyword arguments for every block.

    Raises:
        TypeError: an option that the encoder sets itself.
        ValueError: not one depth for each width.
    """

    def __init__(
        self,
        stem: nn.Module,
        stem_features: int,
        widths: Sequence[int],
        depths: Sequence[int],
        *,
        dims: int,
        block: type[PlainBlock],
        options: Mapping[str, Any],
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(depths):
            raise ValueError(f"give one depth for each width; got {widths} and {depths}")
        check_options(self, options)
        self.out_features = widths[-1]
        self.stem = stem
        channels = [stem_features, *widths]
        options = {"dims": dims, **options}
        self.stages = nn.Sequential(
            *(
                Stage(
                    block, channels[i], widths[i], depths[i], stride=1 if i == 0 else 2, **options
                )
                for i in range(len(widths))
            )
        )
        self.last = last_layer(block, dims, self.out_features, options.get("norm", "batch"))

    def trunk(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Apply stem and stages.

        Args:
            x: `(batch, channels, *positions)`.
            mask: `(batch, 1, *positions)`, 1 where x is real; None if it is real everywhere.

        Returns:
            What the pooling averages, `(batch, out_features, *positions)`, 0 at the padding,
            and the mask of its positions.
        """
        x = self.stem(x, mask)
        mask = thin_mask(mask, self.stem.strides)  # type: ignore[arg-type]
        for number, stage in enumerate(self.stages):
            x = stage(x, mask)
            mask = thin_mask(mask, 1 if number == 0 else 2)
        return without_padding(finish(self.last, x, mask), mask), mask


def last_layer(block: type[PlainBlock], dims: int, channels: int, norm: str) -> nn.Module | None:
    """Return the normalization that a network of pre-activation blocks ends with."""
    if issubclass(block, PreActivationBlock):
        return normalization(norm, dims, channels)
    return None


def finish(last: nn.Module | None, x: Tensor, mask: Tensor | None) -> Tensor:
    """Apply what `last_layer` returned, and a relu."""
    return x if last is None else torch.relu(call(last, x, mask))


def check_options(encoder: nn.Module, options: Mapping[str, Any]) -> None:
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
    if x.ndim == len(axes) and channels in (None, 1, x.shape[0]):
        if channels in (None, x.shape[0]):
            return "A single example needs a batch axis: x[None]"
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
    if x.dtype == torch.float64 != (dtype := next(encoder.parameters()).dtype):
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
    if batch and (lengths.min() < 0 or lengths.max() > longest):
        raise ValueError(f"{wanted}; got {lengths.min()} to {lengths.max()}")


def describe(x: object) -> str:
    """Return a tensor's kind and shape in words, for error messages."""
    if isinstance(x, Tensor):
        return f"a {str(x.dtype).removeprefix('torch.')} tensor {tuple(x.shape)}"
    return f"a {type(x).__name__}"
