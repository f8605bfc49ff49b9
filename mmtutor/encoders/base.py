"""What the encoders of pictures, sounds and videos share: stem, stages, mean over positions."""

from collections.abc import Mapping, Sequence
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
    downsample_mask,
    fast_layout,
    normalization,
    with_mask,
    zero_padding,
)


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
        block: type[Block],
        options: Mapping[str, Any],
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(depths):
            raise ValueError(f"give one depth for each width; got {widths} and {depths}")
        check_options(self, options)
        self.out_features = widths[-1]
        self.stem = stem
        self.stages = MaskedSequential()
        for before, after, depth in zip([stem_features, *widths], widths, depths, strict=False):
            stride = 2 if len(self.stages) else 1
            stage = Stage(block, before, after, depth, stride=stride, dims=dims, **options)
            self.stages.append(stage)
        self.last = final_norm(block, dims, self.out_features, options.get("norm", "batch"))

    def trunk(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Apply stem and stages.

        Args:
            x: `(batch, channels, *positions)`.
            mask: `(batch, 1, *positions)`, 1 where x is real; None if it is real everywhere.

        Returns:
            What the pooling averages, `(batch, out_features, *positions)`, 0 at the padding,
            and the mask of its positions.
        """
        x, mask = apply_with_mask(self.stem, x, mask)
        x, mask = apply_with_mask(self.stages, x, mask)
        if self.last is not None:
            x, _ = apply_with_mask(self.last, x, mask)
            x = F.relu(x)
        return zero_padding(x, mask), mask


def final_norm(block: type[Block], dims: int, channels: int, norm: str) -> nn.Module | None:
    """Return the normalization that a network of pre-activation blocks ends with, before a relu."""
    is_needed = issubclass(block, PreActivationBlock)
    return normalization(norm, dims, channels) if is_needed else None
