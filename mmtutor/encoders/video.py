"""Residual network over videos."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.blocks import Block, ResidualBlock
from mmtutor.encoders.base import ResidualEncoder, Stem
from mmtutor.encoders.checks import check_input, check_lengths
from mmtutor.encoders.pretrained import Weights, load_torchvision
from mmtutor.layers import convolution, masked_mean

# Tran et al. 2018, table 1, under torchvision's name.
_PRESETS: dict[str, dict[str, Any]] = {
    "r3d_18": {"depths": (2, 2, 2, 2), "widths": (64, 128, 256, 512), "stem": "kinetics"},
}


class VideoResNet(ResidualEncoder):
    """Residual network over videos, f_V: x_V → h_V, in space and time at once.

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

    Source: Tran et al. 2018 (R3D; R(2+1)D with `factorized`).
    """

    takes_lengths = True

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
        if stem not in ("small", "kinetics"):
            raise ValueError(f'stem must be "small" or "kinetics", got {stem!r}')
        stem_features = widths[0] if widths else 1
        conv = convolution(3, in_channels, stem_features)
        if stem == "kinetics":
            conv = nn.Conv3d(
                in_channels, stem_features, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False
            )
        layer = Stem(conv, options.get("norm", "batch"))
        super().__init__(layer, stem_features, widths, depths, dims=3, block=block, options=options)
        self.in_channels = in_channels

    @classmethod
    def preset(cls, name: str, in_channels: int = 3, **options: Any) -> "VideoResNet":
        """Return `r3d_18` as torchvision builds it, without `fc`.

        Raises:
            ValueError: an unknown name.
        """
        if name not in _PRESETS:
            raise ValueError(f"name must be one of {', '.join(_PRESETS)}; got {name!r}")
        return cls(in_channels, **{**_PRESETS[name], **options})

    def load_torchvision(self, weights: Weights) -> None:
        """Take the weights of torchvision's `r3d_18`; as in `ImageResNet`.

        Raises:
            TypeError, ValueError: they are no weights, or those of another network.
        """
        load_torchvision(self, weights)

    def feature_map(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map videos to what the pooling averages; arguments as in `forward`.

        Returns:
            `(batch, out_features, frames', height', width')`, each halved, rounding up, at
            each stage after the first; 0 at the padding.
        """
        return self._map(x, lengths)[0]

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map videos to features.

        Args:
            x: `(batch, in_channels, frames, height, width)`.
            lengths: int64 `(batch,)`, how many frames of each video are real, if not all;
                the features of a video without any are 0.

        Returns:
            `(batch, out_features)`.

        Raises:
            TypeError, ValueError: x is no float tensor of that shape, or not of the type of the
                weights; lengths of another kind, or beyond the frames.
        """
        return masked_mean(*self._map(x, lengths))

    def _map(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        axes = {"channels": self.in_channels, "frames": None, "height": None, "width": None}
        check_input(self, x, axes, "Turn bytes into gray values from 0 to 1: x.float() / 255")
        batch, _, frames, *sides = x.shape
        check_lengths(lengths, batch, frames, "frames")
        if lengths is None:
            return self.trunk(x)
        real = torch.arange(frames, device=x.device) < lengths[:, None]
        return self.trunk(x, real[:, None, :, None, None].expand(-1, -1, -1, *sides))
