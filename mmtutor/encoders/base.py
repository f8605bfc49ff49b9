"""What the encoders share: the mean over the real positions, and residual networks under it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.blocks import Block, PreActivationBlock, Stage
from mmtutor.encoders.checks import check_options
from mmtutor.layers import (
    ConvNorm,
    Convolution,
    MaskedSequential,
    MaybeMasked,
    apply_with_mask,
    centered_convolution,
    downsample_mask,
    fast_layout,
    masked_mean,
    normalization,
    with_mask,
    zero_padding,
)

PositionsAndMask = tuple[Tensor, Tensor | None]


class BaseEncoder(nn.Module):
    """A network whose features are the mean over the real positions of its last block.

    Subclasses set `out_features` and `last`, and define `_through_blocks`: it checks the input
    and returns what the last block gives, with the mask of its positions.
    """

    takes_lengths = False
    out_features: int
    last: nn.Module | None  # see `final_norm`
    _through_blocks: Callable[..., PositionsAndMask]

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map an input to features.

        Args:
            x: what the encoder takes, see its class.
            lengths: int64 `(batch,)`, how many samples or frames of each example are real, if
                not all; only where the encoder has `takes_lengths`.

        Returns:
            `(batch, out_features)`, 0 for an example without any real position.

        Raises:
            TypeError, ValueError: x has another shape or type; lengths of another kind, or
                beyond what x holds.
        """
        return masked_mean(*self._map(x, lengths))

    def feature_map(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map an input to what the mean is taken of; arguments and errors as in `forward`.

        Returns:
            `(batch, out_features, *positions)`, 0 at the padding.
        """
        return self._map(x, lengths)[0]

    def _map(self, x: Tensor, lengths: Tensor | None) -> PositionsAndMask:
        given = (x,) if lengths is None else (x, lengths)
        x, mask = self._through_blocks(*given)
        if self.last is not None:
            x, _ = apply_with_mask(self.last, x, mask)
            x = F.relu(x)
        return zero_padding(x, mask), mask


def final_norm(block: type[Block], dims: int, channels: int, norm: str) -> nn.Module | None:
    """Return the normalization that a network of pre-activation blocks ends with, before a relu."""
    is_needed = issubclass(block, PreActivationBlock)
    return normalization(norm, dims, channels) if is_needed else None


class Stem(nn.Module):
    """The first layer: convolution, normalization, relu, and perhaps max pooling of stride 2.

    Args:
        conv: a convolution.
        norm: `"batch"` or `"channel"`.
        pool: whether to pool.
    """

    takes_mask = True

    def __init__(self, conv: Convolution, norm: str, pool: bool = False) -> None:
        super().__init__()
        dims = conv.weight.ndim - 2
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        self.layer = ConvNorm(conv, normalization(norm, dims, conv.out_channels), relu=True)
        pools = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
        self.pool = pools[dims](3, stride=2, padding=1) if pool else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> MaybeMasked:
        """Map `(batch, in_channels, *positions)` to `(batch, out_channels, *positions)`."""
        x = fast_layout(x, self.layer[0].out_channels)  # type: ignore[arg-type]
        x, mask = apply_with_mask(self.layer, x, mask)
        if self.pool is not None:
            # Nothing is below 0 here, so padding of 0 never wins against a real position.
            x, mask = self.pool(zero_padding(x, mask)), downsample_mask(mask, 2)
        return with_mask(x, mask)


class ResidualEncoder(BaseEncoder):
    """Stem and stages; each stage after the first halves the positions, rounding up.

    Arguments and errors as in `ImageResNet`, but its stem is given by the size of its kernel and
    its stride, one number for each axis of the positions, and by whether it ends with a pooling.
    """

    def __init__(
        self,
        in_channels: int,
        kernel_size: Sequence[int],
        stride: Sequence[int],
        widths: Sequence[int],
        depths: Sequence[int],
        block: type[Block],
        options: Mapping[str, Any],
        stem_features: int | None = None,
        pool: bool = False,
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(depths):
            raise ValueError(f"give one depth for each width; got {widths} and {depths}")
        check_options(self, options)
        self.in_channels, self.out_features = in_channels, widths[-1]
        dims, norm = len(kernel_size), options.get("norm", "batch")
        channels = [stem_features or widths[0], *widths]
        self.stem = Stem(
            centered_convolution(in_channels, channels[0], kernel_size, stride), norm, pool
        )
        self.stages = MaskedSequential()
        for before, after, depth in zip(channels, widths, depths, strict=False):
            step = 2 if len(self.stages) else 1
            self.stages.append(
                Stage(block, before, after, depth, stride=step, dims=dims, **options)
            )
        self.last = final_norm(block, dims, self.out_features, norm)

    def trunk(self, x: Tensor, mask: Tensor | None = None) -> PositionsAndMask:
        """Apply stem and stages to `(batch, in_channels, *positions)`, and to the mask of these."""
        x, mask = apply_with_mask(self.stem, x, mask)
        return apply_with_mask(self.stages, x, mask)
