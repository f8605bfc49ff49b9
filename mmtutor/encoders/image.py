"""Residual network over pictures."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmtutor.blocks import Block, ResidualBlock
from mmtutor.encoders.base import PositionsAndMask
from mmtutor.encoders.checks import FROM_BYTES, check_input
from mmtutor.encoders.pretrained import TorchvisionEncoder

_STEMS = {"small": (3, 1), "medium": (5, 2), "imagenet": (7, 2)}  # kernel size and stride
_IMAGENET: dict[str, Any] = {"stem": "imagenet", "stem_features": 64}
_BASIC = {**_IMAGENET, "widths": (64, 128, 256, 512)}
_BOTTLENECK = {**_IMAGENET, "widths": (256, 512, 1024, 2048), "bottleneck": True}


class ImageResNet(TorchvisionEncoder):
    """Residual network over pictures, f_I: x_I → h_I.

    Maps float `(batch, in_channels, height, width)` to `(batch, out_features)`. In the feature
    map, height and width are halved, rounding up, at each stage after the first (and once in the
    stem `"medium"`, twice in `"imagenet"`).

    Args:
        in_channels: 1 for gray pictures, 3 for color.
        widths: channels of each stage; the last is `out_features`.
        depths: number of blocks in each stage.
        stem: `"small"` (3×3 convolution; for pictures of 8 to 64 pixels), `"medium"` (5×5
            convolution of stride 2: four times cheaper, for 28 to 128 pixels) or
            `"imagenet"` (7×7 convolution and max pooling, both of stride 2; for about 224
            pixels).
        stem_features: channels after the stem; the first width if None.
        block: `ResidualBlock`, `PreActivationBlock`, or `PlainBlock` for a baseline.
        options: keyword arguments for every block (`bottleneck`, `zero_init`, …); `norm` is
            that of the stem too.

    Raises:
        TypeError: an option that the encoder sets itself.
        ValueError: an unknown stem, or not one depth for each width.

    Source: He et al. 2016.
    """

    # Table 1 of the paper, under torchvision's names.
    presets = {
        "resnet18": {**_BASIC, "depths": (2, 2, 2, 2)},
        "resnet34": {**_BASIC, "depths": (3, 4, 6, 3)},
        "resnet50": {**_BOTTLENECK, "depths": (3, 4, 6, 3)},
    }

    def __init__(
        self,
        in_channels: int = 1,
        *,
        widths: Sequence[int] = (16, 32, 64),
        depths: Sequence[int] = (1, 1, 1),
        stem: str = "small",
        stem_features: int | None = None,
        block: type[Block] = ResidualBlock,
        **options: Any,
    ) -> None:
        if stem not in _STEMS:
            raise ValueError(f"stem must be one of {', '.join(_STEMS)}; got {stem!r}")
        kernel, stride = ([size, size] for size in _STEMS[stem])
        super().__init__(
            *(in_channels, kernel, stride, widths, depths, block, options),
            stem_features=stem_features,
            pool=stem == "imagenet",
        )

    def _through_blocks(self, x: Tensor) -> PositionsAndMask:
        axes = {"channels": self.in_channels, "height": None, "width": None}
        check_input(self, x, axes, FROM_BYTES)
        return self.trunk(x)
