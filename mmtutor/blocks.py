"""Plain and residual blocks in one, two and three dimensions.

One implementation serves text and sound (1-D), pictures and spectrograms (2-D) and video
(3-D). Sources: He, Zhang, Ren, Sun 2016, *Deep residual learning for image recognition*
(basic and bottleneck blocks) and *Identity mappings in deep residual networks*
(pre-activation); Goyal et al. 2017 (zero-initialized last normalization).
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.layers import (
    ConvNorm,
    Convolution,
    FactorizedConvolution,
    NormReluConv,
    call,
    convolution,
    normalization,
    thin_mask,
    without_padding,
)


class PlainBlock(nn.Module):
    """Convolutions and normalizations without a shortcut: y = relu(F(x)).

    Args:
        in_channels: channels of x.
        out_channels: channels of y.
        dims: 1, 2 or 3 position axes.
        stride: step of the convolution that shrinks the positions.
        kernel_size: odd width of the (middle) convolution.
        dilation: spacing of its taps.
        bottleneck: 1-wide, `kernel_size`-wide, 1-wide instead of two equal convolutions;
            the middle has `out_channels / 4` channels.
        zero_init: start the last normalization at zero, so that F(x) = 0. Only with a
            shortcut: relu(0) passes no gradient, so a plain block would never learn.
        norm: `"batch"` or `"channel"` (per position; no batch mate changes an answer).
        factorized: in 3-D, (2+1)D convolutions; see `FactorizedConvolution`.

    Raises:
        ValueError: a size or name that the block cannot be built from.
    """

    layers: Any  # nn.ModuleList of convolution and normalization: mypy sees bare modules
    shortcut: nn.Module | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dims: int = 2,
        stride: int = 1,
        kernel_size: int = 3,
        dilation: int = 1,
        bottleneck: bool = False,
        zero_init: bool = False,
        norm: str = "batch",
        factorized: bool = False,
    ) -> None:
        super().__init__()
        if bottleneck and out_channels % 4:
            raise ValueError(
                f"a bottleneck block needs out_channels divisible by 4, got {out_channels}"
            )
        if factorized and dims != 3:
            raise ValueError(f"factorized convolutions are for dims=3, got dims={dims}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.dims, self.stride = dims, stride
        if bottleneck:
            # The stride sits on the wide convolution, as in torchvision: a strided 1-wide
            # one would throw three quarters of the positions away unseen.
            channels = [in_channels, out_channels // 4, out_channels // 4, out_channels]
            kernels, self.strides = [1, kernel_size, 1], [1, stride, 1]
        else:
            channels = [in_channels, out_channels, out_channels]
            kernels, self.strides = [kernel_size, kernel_size], [stride, 1]
        self.layers = nn.ModuleList()
        sizes = zip(channels, channels[1:], kernels, self.strides, strict=False)
        for before, after, kernel, step in sizes:
            conv: nn.Module
            if factorized and kernel > 1:
                conv = FactorizedConvolution(before, after, kernel, step, dilation, norm)
            else:
                conv = convolution(dims, before, after, kernel, step, dilation)
            self.layers.append(self._layer(conv, before, after, norm))
        self.shortcut = self._make_shortcut(norm)
        self._initialize(zero_init)

    def _initialize(self, zero_init: bool) -> None:
        if zero_init and self.shortcut is None:
            raise ValueError(
                "zero_init needs a shortcut: a plain block that starts at 0 stays there"
            )
        for layer in self.modules():
            if isinstance(layer, Convolution):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if zero_init:
            nn.init.zeros_(self.layers[-1][-1].weight)

    def _layer(self, conv: nn.Module, before: int, after: int, norm: str) -> nn.Sequential:
        return ConvNorm(conv, normalization(norm, self.dims, after))

    def _make_shortcut(self, norm: str) -> nn.Module | None:
        return None

    def branch(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute F(x); shapes as in `forward`."""
        self._check(x, mask)
        for i, (layer, stride) in enumerate(zip(self.layers, self.strides, strict=True)):
            # In place: no normalization needs its own output to go backwards.
            x = layer(x if i == 0 else F.relu(x, inplace=True), mask)
            mask = thin_mask(mask, stride)
        return x

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply the block.

        Args:
            x: `(batch, in_channels, *positions)`.
            mask: `(batch, 1, *positions)`, 1 where x is real and 0 where it is padding.

        Returns:
            `(batch, out_channels, *positions / stride)`, sizes rounded up.

        Raises:
            ValueError: x or the mask has another shape.
        """
        return F.relu(self.branch(x, mask))

    def _check(self, x: Tensor, mask: Tensor | None) -> None:
        # Some normalizations would take x without its batch axis, and mistake the axes.
        if x.ndim != self.dims + 2 or x.shape[1] != self.in_channels:
            unbatched = x.ndim == self.dims + 1
            raise ValueError(
                f"{type(self).__name__} takes (batch, {self.in_channels}, *positions) with "
                f"dims={self.dims} axes of positions; got {tuple(x.shape)}"
                f"{'. A single example needs a batch axis: x[None]' if unbatched else ''}"
            )
        if mask is not None and mask.shape != (wanted := (len(x), 1, *x.shape[2:])):
            raise ValueError(
                f"the mask must have the shape (batch, 1, *positions), here {wanted}; "
                f"got {tuple(mask.shape)}"
            )


class ResidualBlock(PlainBlock):
    """A plain block with a shortcut around it: y = relu(F(x) + s(x)).

    The shortcut s is the identity where the shapes of x and y agree, else a strided 1-wide
    convolution with a normalization (the projection, option B of He et al. 2016). Arguments
    and shapes as in `PlainBlock`.
    """

    shortcut: nn.Module

    def _make_shortcut(self, norm: str) -> nn.Module:
        if self.stride == 1 and self.in_channels == self.out_channels:
            return nn.Identity()
        return ConvNorm(self._projection(), normalization(norm, self.dims, self.out_channels))

    def _projection(self) -> Convolution:
        return convolution(self.dims, self.in_channels, self.out_channels, 1, self.stride)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply the block; shapes as in `PlainBlock.forward`."""
        # In place, as nothing else holds the sum: a tensor less to write and to keep.
        return F.relu(self.branch(x, mask) + self._carry(x, mask), inplace=True)

    def _carry(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return call(self.shortcut, without_padding(x, mask), mask)


class PreActivationBlock(ResidualBlock):
    """A residual block whose shortcut path is never touched: y = F(x) + s(x).

    Normalization and relu come before each convolution. With `zero_init` the last
    convolution starts at zero, for there is no last normalization. A network of such
    blocks ends with one more normalization and relu. Arguments as in `PlainBlock`.
    Source: He et al. 2016b, *Identity mappings in deep residual networks*.
    """

    def _layer(self, conv: nn.Module, before: int, after: int, norm: str) -> nn.Sequential:
        return NormReluConv(normalization(norm, self.dims, before), conv)

    def _make_shortcut(self, norm: str) -> nn.Module:
        same = self.stride == 1 and self.in_channels == self.out_channels
        return nn.Identity() if same else self._projection()

    def branch(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute F(x); shapes as in `PlainBlock.forward`."""
        self._check(x, mask)
        for layer, stride in zip(self.layers, self.strides, strict=True):
            x = layer(x, mask)
            mask = thin_mask(mask, stride)
        return x

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply the block; shapes as in `PlainBlock.forward`."""
        return self.branch(x, mask) + self._carry(x, mask)


class Stage(nn.Sequential):
    """`depth` blocks in a row; the first one changes the channels and the stride.

    Args:
        block: `PlainBlock`, `ResidualBlock` or `PreActivationBlock`.
        in_channels: channels of the input.
        out_channels: channels after every block.
        depth: number of blocks, at least 1.
        stride: step of the first block.
        dilations: tap spacing of each block; all 1 by default.
        options: keyword arguments for every block.

    Raises:
        ValueError: a depth below 1, or not one dilation for each block.
    """

    def __init__(
        self,
        block: type[PlainBlock],
        in_channels: int,
        out_channels: int,
        depth: int,
        *,
        stride: int = 1,
        dilations: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        if depth < 1:
            raise ValueError(f"a stage needs at least one block, got depth={depth}")
        dilations = [1] * depth if dilations is None else dilations
        if len(dilations) != depth:
            raise ValueError(f"{depth} blocks need {depth} dilations, got {list(dilations)}")
        super().__init__(
            *(
                block(
                    in_channels if i == 0 else out_channels,
                    out_channels,
                    stride=stride if i == 0 else 1,
                    dilation=dilation,
                    **options,
                )
                for i, dilation in enumerate(dilations)
            )
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply the blocks one after another; shapes as in `PlainBlock.forward`."""
        if mask is None:
            return super().forward(x)
        for block in self:
            x = block(x, mask)
            mask = thin_mask(mask, block.stride)  # type: ignore[arg-type]
        return x
