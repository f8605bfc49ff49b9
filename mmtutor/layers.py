"""What blocks are made of: convolutions and normalizations in one, two and three dimensions.

Where inputs of unequal length share a batch, a mask says which positions are real, and no
layer here lets padding reach them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.processes import all_reduce_sum, world_size

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
Stride = int | tuple[int, ...]

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
    padding = dilation * (kernel_size - 1) // 2
    return _CONVOLUTIONS[dims](
        in_channels, out_channels, kernel_size, stride, padding, dilation, bias=False
    )


def _check_kernel(kernel_size: int, stride: int, dilation: int) -> None:
    if min(kernel_size, stride, dilation) < 1:
        raise ValueError(
            "kernel_size, stride and dilation must be at least 1, "
            f"got {kernel_size}, {stride} and {dilation}"
        )
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")


class FactorizedConvolution(nn.Module):
    """A 3-D convolution in two steps, (2+1)D: each frame in space, then each pixel in time.

    Between the two stand a normalization and a relu, and as many channels as give the weights
    of the whole 3-D convolution. Arguments as in `convolution`, `norm` as in `normalization`.
    Source: Tran et al. 2018, section 3.5.
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
        super().__init__()
        _check_kernel(kernel_size, stride, dilation)
        k = kernel_size
        share = k**2 * in_channels + k * out_channels  # weights for each channel between
        middle = max(1, k**3 * in_channels * out_channels // share)
        self.out_channels, self.stride = out_channels, stride
        self.space = self._along((0, 1, 1), in_channels, middle, k, stride, dilation)
        self.norm = normalization(norm, 3, middle)
        self.time = self._along((1, 0, 0), middle, out_channels, k, stride, dilation)

    @staticmethod
    def _along(
        axes: tuple[int, ...], inside: int, outside: int, kernel: int, stride: int, dilation: int
    ) -> nn.Conv3d:
        kernels = [kernel if axis else 1 for axis in axes]
        strides = [stride if axis else 1 for axis in axes]
        padding = [dilation * (size - 1) // 2 for size in kernels]
        return nn.Conv3d(inside, outside, kernels, strides, padding, dilation, bias=False)  # type: ignore[arg-type]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `(batch, in_channels, frames, height, width)`; see `PlainBlock.forward`."""
        x = self.space(without_padding(x, mask))
        mask = thin_mask(mask, (1, self.stride, self.stride))
        return self.time(without_padding(F.relu(call(self.norm, x, mask)), mask))


class ChannelNorm(nn.LayerNorm):
    """Normalize each position over its channels.

    Unlike batch normalization it never looks at other positions or other examples, so
    padding and batch mates cannot change an answer. Source: Ba, Kiros, Hinton 2016.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, channels, *positions)` to the same shape."""
        # Contiguous on both sides: a third faster than strided views for the convolutions.
        return super().forward(x.movedim(1, -1).contiguous()).movedim(-1, 1).contiguous()


class _SharedStatistics(nn.modules.batchnorm._BatchNorm):
    """Batch normalization whose statistics leave padding out and span all processes."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `(batch, channels, *positions)` to the same shape; the mask as in `PlainBlock`.

        Raises:
            ValueError: fewer than two real positions to take statistics of.
        """
        if not self.training or (mask is None and world_size() == 1):
            return super().forward(x)
        shape = (1, -1, *[1] * (x.ndim - 2))
        axes = (0, *range(2, x.ndim))
        values = x.to(torch.promote_types(self.weight.dtype, torch.float32))
        real = x.new_ones(1).expand(len(x), 1, *x.shape[2:]) if mask is None else mask
        count = all_reduce_sum((real != 0).sum().to(values.dtype))
        if count < 2:
            raise ValueError(
                "batch normalization needs at least two real positions in a batch to learn "
                f"from; got {int(count)}. Use a larger batch, or norm='channel'"
            )
        mean = all_reduce_sum(without_padding(values, mask).sum(axes)) / count
        centered = without_padding(values - mean.view(shape), mask)
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


class ConvNorm(nn.Sequential):
    """A convolution and a normalization."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply both; shapes as in `PlainBlock.forward`."""
        conv, norm = self
        if mask is None:
            return norm(conv(x))
        x = call(conv, without_padding(x, mask), mask)
        return call(norm, x, thin_mask(mask, conv.stride))  # type: ignore[arg-type]


class NormReluConv(nn.Sequential):
    """A normalization, a relu, a convolution: the layer of a `PreActivationBlock`."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply all three; shapes as in `PlainBlock.forward`."""
        norm, conv = self
        return call(conv, without_padding(F.relu(call(norm, x, mask)), mask), mask)


def call(layer: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    """Apply a layer, with the mask if there is one that concerns it."""
    if mask is not None and isinstance(layer, (_SharedStatistics, FactorizedConvolution, ConvNorm)):
        return layer(x, mask)
    return layer(x)


def without_padding(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return x `(batch, channels, *positions)`, with 0 where the mask is 0."""
    # Not a product: padding may be NaN or infinite, and 0 × NaN is NaN.
    return x if mask is None else torch.where(mask != 0, x, 0.0)


def thin_mask(mask: Tensor | None, stride: Stride) -> Tensor | None:
    """Keep what a strided convolution keeps of a mask `(batch, 1, *positions)`."""
    if mask is None:
        return None
    steps = stride if isinstance(stride, tuple) else [stride] * (mask.ndim - 2)
    return mask[(slice(None), slice(None), *(slice(None, None, step) for step in steps))]


def mean_over_positions(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Average `(batch, channels, *positions)` over the real positions; 0 if there is none.

    Returns:
        `(batch, channels)`.
    """
    axes = tuple(range(2, x.ndim))
    if mask is None:
        return x.mean(axes)
    count = (mask != 0).sum(axes).clamp(min=1)
    return without_padding(x, mask).sum(axes) / count
