"""Residual network over pictures."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmtutor.blocks import Block, ResidualBlock
from mmtutor.encoders.base import ResidualEncoder, Stem
from mmtutor.encoders.checks import check_input
from mmtutor.encoders.pretrained import Weights, load_torchvision
from mmtutor.layers import convolution, masked_mean

_STEMS = {"small": (3, 1), "medium": (5, 2), "imagenet": (7, 2)}  # kernel size and stride

# Depths and widths of He et al. 2016, table 1, under torchvision's names.
_PRESETS: dict[str, dict[str, Any]] = {
    "resnet18": {"depths": (2, 2, 2, 2), "widths": (64, 128, 256, 512)},
    "resnet34": {"depths": (3, 4, 6, 3), "widths": (64, 128, 256, 512)},
    "resnet50": {"depths": (3, 4, 6, 3), "widths": (256, 512, 1024, 2048), "bottleneck": True},
}


class ImageResNet(ResidualEncoder):
    """Residual network over pictures, f_I: x_I → h_I.

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
        stem_features = stem_features or (widths[0] if widths else 1)
        conv = convolution(2, in_channels, stem_features, *_STEMS[stem])
        layer = Stem(conv, options.get("norm", "batch"), pool=stem == "imagenet")
        super().__init__(layer, stem_features, widths, depths, dims=2, block=block, options=options)
        self.in_channels = in_channels

    @classmethod
    def preset(cls, name: str, in_channels: int = 3, **options: Any) -> "ImageResNet":
        """Return `resnet18`, `resnet34` or `resnet50` as torchvision builds them, without `fc`.

        Args:
            name: torchvision's name of the network.
            in_channels: channels of the pictures.
            options: further arguments of `ImageResNet`.

        Raises:
            ValueError: an unknown name.
        """
        if name not in _PRESETS:
            raise ValueError(f"name must be one of {', '.join(_PRESETS)}; got {name!r}")
        settings = {"stem": "imagenet", "stem_features": 64, **_PRESETS[name], **options}
        return cls(in_channels, **settings)

    @classmethod
    def pretrained(cls, name: str, weights: Any = "DEFAULT") -> "ImageResNet":
        """Return a preset with weights that torchvision downloads, or has downloaded before.

        Args:
            name: as in `preset`.
            weights: torchvision's name of the weights, such as `"IMAGENET1K_V1"`; they expect
                pictures prepared by `torchvision.models.get_weight(...).transforms()`. None
                for random weights.

        Raises:
            ValueError: an unknown name.
            URLError: the weights are not here and cannot be downloaded.
        """
        from torchvision.models import get_model  # takes a second to import

        network = cls.preset(name)
        network.load_torchvision(get_model(name, weights=weights))
        return network

    def load_torchvision(self, weights: Weights) -> None:
        """Take the weights of torchvision's network of the same preset, by their names.

        Args:
            weights: for example `torchvision.models.resnet18()`, its state dict or the path of a
                file with that; see `load_torchvision` in `mmtutor.encoders.pretrained.py`.

        Raises:
            TypeError, ValueError: they are no weights, or those of another network.
        """
        load_torchvision(self, weights)

    def feature_map(self, x: Tensor) -> Tensor:
        """Map pictures `(batch, in_channels, height, width)` to what the pooling averages.

        Returns:
            `(batch, out_features, height', width')`: height and width halved, rounding up,
            at each stage after the first (and once in the stem `"medium"`, twice in
            `"imagenet"`).

        Raises:
            ValueError: x is no float tensor of that shape, or not of the type of the weights.
        """
        axes = {"channels": self.in_channels, "height": None, "width": None}
        check_input(self, x, axes, "Turn bytes into gray values from 0 to 1: x.float() / 255")
        return self.trunk(x)[0]

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures `(batch, in_channels, height, width)` to `(batch, out_features)`."""
        return masked_mean(self.feature_map(x))
