"""What blocks are made of: convolutions and normalizations in one, two and three dimensions.

Where inputs of unequal length share a batch, a mask `(batch, 1, *positions)` says which
positions are real, and no layer here lets padding reach them. A mask travels with its tensor:
`layer(x)` returns a tensor, `layer(x, mask)` a tensor and the mask of its positions.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.processes import all_reduce_sum, world_size

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
MaybeMasked = Tensor | tuple[Tensor, Tensor]  # a pair where a mask came in

_CONVOLUTIONS: dict[int, type[Convolution]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def convolution(
    dims: int,
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
) -> Convolution:
    """Return a convolution without bias that keeps the size when the stride is 1.

    Raises:
        ValueError: `dims` is not 1, 2 or 3, the kernel size is even (an even kernel cannot
            be centered, so the shortcut would not line up), or a size is below 1.
    """
    if dims not in _CONVOLUTIONS:
        raise ValueError(f"dims must be 1, 2 or 3, got {dims}")
    _check_kernel(kernel_size, stride, dilation)
    return centered_convolution(
        in_channels, out_channels, [kernel_size] * dims, [stride] * dims, dilation
    )


def centered_convolution(
    in_channels: int,
    out_channels: int,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    dilation: int = 1,
) -> Convolution:
    """Return such a convolution with a size and a stride for each axis, unchecked."""
    padding = [dilation * (size - 1) // 2 for size in kernel_size]
    kind: Any = _CONVOLUTIONS[len(kernel_size)]
    return kind(in_channels, out_channels, kernel_size, stride, padding, dilation, bias=False)


def _check_kernel(kernel_size: int, stride: int, dilation: int) -> None:
    if min(kernel_size, stride, dilation) < 1:
        raise ValueError(
            "kernel_size, stride and dilation must be at least 1, "
            f"got {kernel_size}, {stride} and {dilation}"
        )
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")


class ChannelNorm(nn.LayerNorm):
    """Normalize each position over its channels.

    Unlike batch normalization it never looks at other positions or other examples, so
    padding and batch mates cannot change an answer. Source: Ba, Kiros, Hinton 2016.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, channels, *positions)` to the same shape."""
        # Contiguous on both sides: a third faster than strided views for the convolutions.
        y = super().forward(x.movedim(1, -1).contiguous()).movedim(-1, 1)
        return y.contiguous() if x.is_contiguous() else y


class _SharedStatistics(nn.modules.batchnorm._BatchNorm):
    """Batch normalization whose statistics leave padding out and span all processes."""

    takes_mask = True

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:  # type: ignore[override]
        """Map `(batch, channels, *positions)` to the same shape.

        Raises:
            ValueError: fewer than two real positions to take statistics of.
        """
        if self.training and (mask is not None or world_size() > 1):
            return with_mask(self._normalize(x, mask), mask)
        return with_mask(super().forward(x), mask)

    def _normalize(self, x: Tensor, mask: Tensor | None) -> Tensor:
        shape = (1, -1, *[1] * (x.ndim - 2))
        axes = (0, *range(2, x.ndim))
        values = x.to(torch.promote_types(self.weight.dtype, torch.float32))
        real = x.new_ones(1).expand(x.shape[0], 1, *x.shape[2:]) if mask is None else mask
        count = all_reduce_sum((real != 0).sum().to(values.dtype))
        if not torch.compiler.is_compiling() and count < 2:
            raise ValueError(
                "batch normalization needs at least two real positions in a batch to learn "
                f"from; got {int(count)}. Use a larger batch, or norm='channel'"
            )
        mean = all_reduce_sum(zero_padding(values, mask).sum(axes)) / count
        centered = zero_padding(values - mean.view(shape), mask)
        variance = all_reduce_sum(centered.square().sum(axes)) / count
        self._remember(mean, variance * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centered * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum if self.momentum is not None else 1 / self.num_batches_tracked.item()
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


class BatchNorm1d(_SharedStatistics, nn.BatchNorm1d):
    """`nn.BatchNorm1d` that takes a mask, and equals one process when several train together."""


class BatchNorm2d(_SharedStatistics, nn.BatchNorm2d):
    """`nn.BatchNorm2d` that takes a mask, and equals one process when several train together."""


class BatchNorm3d(_SharedStatistics, nn.BatchNorm3d):
    """`nn.BatchNorm3d` that takes a mask, and equals one process when several train together."""


_BATCH_NORMS = {1: BatchNorm1d, 2: BatchNorm2d, 3: BatchNorm3d}


def normalization(kind: str, dims: int, channels: int) -> nn.Module:
    """Return batch normalization (`"batch"`) or per-position `ChannelNorm` (`"channel"`)."""
    if kind == "batch":
        return _BATCH_NORMS[dims](channels)
    if kind == "channel":
        return ChannelNorm(channels)
    raise ValueError(f'norm must be "batch" or "channel", got {kind!r}')


class MaskedSequential(nn.Sequential):
    """Layers one after another; a mask goes with x through all of them."""

    takes_mask = True

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Apply all layers; shapes as in `Block.forward`."""
        for layer in self:
            x, mask = apply_with_mask(layer, x, mask)
        return with_mask(x, mask)


class FactorizedConvolution(MaskedSequential):
    """A 3-D convolution in two steps, (2+1)D: each frame in space, then each pixel in time.

    Between the two stand a normalization and a relu, and as many channels as give the weights
    of the whole 3-D convolution. Arguments as in `convolution`, `norm` as in `normalization`.
    Source: Tran et al. 2018, section 3.5. Where a block changes its channels, torchvision's
    R(2+1)D takes the number between from the block's first convolution for the second one too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        dilation: int = 1,
        norm: str = "batch",
    ) -> None:
        _check_kernel(kernel_size, stride, dilation)
        k = kernel_size
        share = k**2 * in_channels + k * out_channels  # weights for each channel between
        middle = max(1, k**3 * in_channels * out_channels // share)
        parts = {
            "space": centered_convolution(
                in_channels, middle, (1, k, k), (1, stride, stride), dilation
            ),
            "norm": normalization(norm, 3, middle),
            "relu": nn.ReLU(),
            "time": centered_convolution(middle, out_channels, (k, 1, 1), (stride, 1, 1), dilation),
        }
        super().__init__(OrderedDict(parts))


class ConvNorm(MaskedSequential):
    """A convolution and a normalization, and a relu if wanted."""

    def __init__(self, conv: nn.Module, norm: nn.Module, relu: bool = False) -> None:
        super().__init__(conv, norm)
        self.relu = relu

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Apply both; shapes as in `Block.forward`."""
        for layer in self:
            x, mask = apply_with_mask(layer, x, mask)
        # In place: no normalization needs its own output to go backwards.
        return with_mask(F.relu(x, inplace=True) if self.relu else x, mask)


class NormReluConv(MaskedSequential):
    """A normalization, a relu, a convolution: the layer of a `PreActivationBlock`."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Apply all three; shapes as in `Block.forward`."""
        norm, conv = self
        x, mask = apply_with_mask(norm, x, mask)
        x, mask = apply_with_mask(conv, F.relu(x), mask)
        return with_mask(x, mask)


def apply_with_mask(
    layer: nn.Module, x: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Apply any layer, and return its output with the mask of the output's positions.

    A layer with the attribute `takes_mask` gets the mask; a convolution finds 0 at the padding;
    every other layer must treat each position on its own.

    Raises:
        TypeError: a batch normalization that would take padding into its statistics.
    """
    if mask is None:
        return layer(x), None
    if getattr(layer, "takes_mask", False):
        return layer(x, mask)
    if isinstance(layer, Convolution):
        return layer(zero_padding(x, mask)), downsample_mask(mask, layer.stride)
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.training:
        raise TypeError(
            f"{type(layer).__name__} would take padding into its statistics. The batch "
            "normalizations of mmtutor.layers leave it out, and span all processes without "
            "convert_sync_batchnorm"
        )
    return layer(x), mask


def fast_layout(x: Tensor, channels: int, strided_from: int | None = None) -> Tensor:
    """Return x in the memory layout in which convolutions to so many channels are fastest.

    On CPUs, the channels of a position lie side by side for pictures and videos of 256 positions
    or more, which saves a tenth to a third of a training step of the book's encoders. Beyond 128
    channels torch's default is faster. Of few positions, and on other devices, x stays as it came.

    Args:
        x: `(batch, in_channels, *positions)`.
        channels: to which the convolutions lead.
        strided_from: from how many channels a strided 1-wide convolution leads on, if one does.
            If these are few, x gets torch's default layout: in the other one, such a convolution
            writes beyond its memory (github.com/uxlfoundation/oneDNN/issues/6035).
    """
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    if x.device.type != "cpu" or x.ndim not in layouts:
        return x
    if channels > 128 or (strided_from is not None and strided_from < 16):
        return x.contiguous()
    if x.shape[2:].numel() < 256:
        return x
    # A tensor of one channel is in both layouts, and torch then takes the default: copy it.
    make = x.clone if x.shape[1] == 1 else x.contiguous
    return make(memory_format=layouts[x.ndim])


def with_mask(x: Tensor, mask: Tensor | None) -> MaybeMasked:
    """Return what a layer returns: x, and its mask if there is one."""
    return x if mask is None else (x, mask)


def zero_padding(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return x `(batch, channels, *positions)`, with 0 where the mask is 0."""
    # Not a product: padding may be NaN or infinite, and 0 × NaN is NaN.
    return x if mask is None else torch.where(mask != 0, x, 0.0)


def downsample_mask(mask: Tensor | None, stride: int | tuple[int, ...]) -> Tensor | None:
    """Keep what a strided convolution keeps of a mask `(batch, 1, *positions)`."""
    if mask is None:
        return None
    steps = stride if isinstance(stride, tuple) else [stride] * (mask.ndim - 2)
    return mask[(slice(None), slice(None), *(slice(None, None, step) for step in steps))]


def masked_mean(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Average `(batch, channels, *positions)` over the real positions; 0 if there is none.

    Returns:
        `(batch, channels)`.
    """
    axes = tuple(range(2, x.ndim))
    if mask is None:
        return x.mean(axes)
    count = (mask != 0).sum(axes).clamp(min=1)
    return zero_padding(x, mask).sum(axes) / count
