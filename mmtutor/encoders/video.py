"""Residual network over videos."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmtutor.blocks import Block, ResidualBlock
from mmtutor.encoders.base import PositionsAndMask
from mmtutor.encoders.checks import FROM_BYTES, check_input, check_lengths
from mmtutor.encoders.pretrained import TorchvisionEncoder
from mmtutor.layers import convolution

_STEMS = {"small": ((3, 3, 3), (1, 1, 1)), "kinetics": ((3, 7, 7), (1, 2, 2))}  # as in pictures


class VideoResNet(TorchvisionEncoder):
    """Residual network over videos, f_V: x_V → h_V, in space and time at once.

    Maps float `(batch, in_channels, frames, height, width)`, and perhaps `lengths` in frames, to
    `(batch, out_features)`. In the feature map, frames, height and width are halved, rounding up,
    at each stage after the first.

    Args:
        in_channels: 1 for gray videos, 3 for color.
        widths: channels of each stage; the last is `out_features`.
        depths: number of blocks in each stage.
        stem: `"small"` (3×3×3 convolution; for frames of 8 to 64 pixels) or `"kinetics"`
            (3×7×7 with a stride of 2 in space; for about 112 pixels).
        block: as in `ImageResNet`.
        options: as in `ImageResNet`; `factorized=True` makes the blocks' convolutions (2+1)D.

    Raises:
        TypeError: an option that the encoder sets itself.
        ValueError: an unknown stem, or not one depth for each width.

    Source: Tran et al. 2018 (R3D; R(2+1)D with `factorized`). With `factorized` the stem stays
    whole, and each convolution has a number of channels between its two steps of its own; the
    published R(2+1)D factorizes its stem too (1×7×7 to 45 channels, 3×1×1 to 64) and takes this
    number from a block's first convolution for both. So the weights of torchvision's `r3d_18` can
    be loaded, and those of `r2plus1d_18` are refused.
    """

    takes_lengths = True
    # Table 1 of the paper, under torchvision's name.
    presets = {
        "r3d_18": {"depths": (2, 2, 2, 2), "widths": (64, 128, 256, 512), "stem": "kinetics"}
    }

    def __init__(
        self,
        in_channels: int = 1,
        *,
        widths: Sequence[int] = (16, 32, 64),
        depths: Sequence[int] = (1, 1, 1),
        stem: str = "small",
        block: type[Block] = ResidualBlock,
        **options: Any,
    ) -> None:
        if stem not in _STEMS:
            raise ValueError(f'stem must be "small" or "kinetics", got {stem!r}')
        if stem == "kinetics" and widths:
            # Thrown away: it draws random numbers, so that a seed gives the network it always gave.
            convolution(3, in_channels, widths[0])
        super().__init__(in_channels, *_STEMS[stem], widths, depths, block, options)

    def _through_blocks(self, x: Tensor, lengths: Tensor | None = None) -> PositionsAndMask:
        axes = {"channels": self.in_channels, "frames": None, "height": None, "width": None}
        check_input(self, x, axes, FROM_BYTES)
        batch, _, frames, *sides = x.shape
        check_lengths(lengths, batch, frames, "frames")
        if lengths is None:
            return self.trunk(x)
        real = torch.arange(frames, device=x.device) < lengths[:, None]
        return self.trunk(x, real[:, None, :, None, None].expand(-1, -1, -1, *sides))
