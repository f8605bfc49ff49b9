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
    MaskedSequential,
    MaybeMasked,
    NormReluConv,
    apply_with_mask,
    convolution,
    fast_layout,
    normalization,
    with_mask,
    zero_padding,
)


class Block(nn.Module):
    """What all blocks share: a branch F, perhaps a shortcut s around it, perhaps a relu at last.

    Args:
        in_channels: channels of x.
        out_channels: channels of y.
        dims: 1, 2 or 3 position axes.
        stride: step of the convolution that shrinks the positions.
        kernel_size: odd width of the (middle) convolution.
        dilation: spacing of its taps.
        bottleneck: 1-wide, `kernel_size`-wide, 1-wide instead of two equal convolutions;
            the middle has `out_channels / 4` channels. The stride sits on the wide one, as in
            torchvision ("v1.5"); He et al. 2016 have it on the first.
        zero_init: start the last normalization at zero, so that F(x) = 0. Only with a
            shortcut: relu(0) passes no gradient, so a plain block would never learn.
        norm: `"batch"` or `"channel"` (per position; no batch mate changes an answer).
        factorized: in 3-D, (2+1)D convolutions; see `FactorizedConvolution`.

    Raises:
        ValueError: a size or name that the block cannot be built from.
    """

    takes_mask = True
    ends_with_relu = True
    layers: Any  # the branch, a MaskedSequential: mypy sees bare modules
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
            # A strided 1-wide convolution would throw three quarters of the positions away.
            channels = [in_channels, out_channels // 4, out_channels // 4, out_channels]
            kernels, strides = [1, kernel_size, 1], [1, stride, 1]
        else:
            channels = [in_channels, out_channels, out_channels]
            kernels, strides = [kernel_size, kernel_size], [stride, 1]
        self.layers = MaskedSequential()
        for before, after, kernel, step in zip(
            channels, channels[1:], kernels, strides, strict=False
        ):
            conv: nn.Module
            if factorized and kernel > 1:
                conv = FactorizedConvolution(before, after, kernel, step, dilation, norm)
            else:
                conv = convolution(dims, before, after, kernel, step, dilation)
            is_last = len(self.layers) == len(kernels) - 1
            self.layers.append(self._make_layer(conv, before, after, norm, is_last))
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
            *_, last = self.layers.modules()
            nn.init.zeros_(last.weight)

    def _make_layer(
        self, conv: nn.Module, before: int, after: int, norm: str, is_last: bool
    ) -> nn.Module:
        return ConvNorm(conv, normalization(norm, self.dims, after), relu=not is_last)

    def _make_shortcut(self, norm: str) -> nn.Module | None:
        return None

    def branch(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Compute F(x); shapes as in `forward`."""
        return self.layers(x, mask)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Apply the block.

        Args:
            x: `(batch, in_channels, *positions)`.
            mask: `(batch, 1, *positions)`, 1 where x is real and 0 where it is padding.

        Returns:
            `(batch, out_channels, *positions / stride)`, sizes rounded up; with a mask also
            the mask of these positions.

        Raises:
            ValueError: x or the mask has another shape.
        """
        x = self._checked(x, mask)
        y, thinned = apply_with_mask(self.layers, x, mask)
        if self.shortcut is not None:
            y = y + apply_with_mask(self.shortcut, x, mask)[0]
        if self.ends_with_relu:
            # In place where nothing else holds the sum: a tensor less to write and to keep.
            y = F.relu(y, inplace=self.shortcut is not None)
        return with_mask(y, thinned)

    def _checked(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return x with 0 at the padding, after a check of both."""
        # Some normalizations would take x without its batch axis, and mistake the axes.
        if x.ndim != self.dims + 2 or x.shape[1] != self.in_channels:
            unbatched = x.ndim == self.dims + 1
            raise ValueError(
                f"{type(self).__name__} takes (batch, {self.in_channels}, *positions) with "
                f"dims={self.dims} axes of positions; got {tuple(x.shape)}"
                f"{'. A single example needs a batch axis: x[None]' if unbatched else ''}"
            )
        if mask is not None and mask.shape != (wanted := (x.shape[0], 1, *x.shape[2:])):
            raise ValueError(
                f"the mask must have the shape (batch, 1, *positions), here {wanted}; "
                f"got {tuple(mask.shape)}"
            )
        return zero_padding(x, mask)


class PlainBlock(Block):
    """Convolutions and normalizations without a shortcut: y = relu(F(x)).

    Arguments as in `Block`.
    """


class ResidualBlock(Block):
    """A block with a shortcut around its branch: y = relu(F(x) + s(x)).

    The shortcut s is the identity where the shapes of x and y agree, else a strided 1-wide
    convolution with a normalization (the projection, option B of He et al. 2016). Arguments
    as in `Block`.
    """

    def _make_shortcut(self, norm: str) -> nn.Module:
        if self.stride == 1 and self.in_channels == self.out_channels:
            return nn.Identity()
        return self._make_projection(norm)

    def _make_projection(self, norm: str) -> nn.Module:
        conv = convolution(self.dims, self.in_channels, self.out_channels, 1, self.stride)
        return ConvNorm(conv, normalization(norm, self.dims, self.out_channels))


class PreActivationBlock(ResidualBlock):
    """A residual block whose shortcut path is never touched: y = F(x) + s(x).

    Normalization and relu come before each convolution. With `zero_init` the last
    convolution starts at zero, for there is no last normalization. A network of such
    blocks ends with one more normalization and relu. Arguments as in `Block`.
    Source: He et al. 2016b, *Identity mappings in deep residual networks*. A variant of theirs
    where the size changes: they apply the first norm and relu before both branch and
    projection, here the projection gets x itself.
    """

    ends_with_relu = False

    def _make_layer(
        self, conv: nn.Module, before: int, after: int, norm: str, is_last: bool
    ) -> nn.Module:
        return NormReluConv(normalization(norm, self.dims, before), conv)

    def _make_projection(self, norm: str) -> nn.Module:
        return convolution(self.dims, self.in_channels, self.out_channels, 1, self.stride)


class Stage(MaskedSequential):
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
        block: type[Block],
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
        self.out_channels = out_channels
        self.strided_from = in_channels if stride > 1 else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Apply the blocks one after another; shapes as in `Block.forward`."""
        return super().forward(fast_layout(x, self.out_channels, self.strided_from), mask)
