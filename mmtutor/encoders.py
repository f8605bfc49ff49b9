"""One residual network for each modality: input tensor → features `(batch, out_features)`.

Every encoder has the attribute `out_features`, a method `feature_map` (what comes before
the pooling) and default arguments that fit the data sets of the book.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.blocks import (
    PlainBlock,
    PreActivationBlock,
    ResidualBlock,
    Stage,
    convolution,
    normalisation,
    without_padding,
)
from mmtutor.weights import copy_weights

BYTE_VOCABULARY = 257  # 256 byte values, and 0 for padding

# Depths and widths of He et al. 2016, table 1, under torchvision's names.
_PRESETS: dict[str, dict[str, Any]] = {
    "resnet18": {"depths": (2, 2, 2, 2), "widths": (64, 128, 256, 512)},
    "resnet34": {"depths": (3, 4, 6, 3), "widths": (64, 128, 256, 512)},
    "resnet50": {"depths": (3, 4, 6, 3), "widths": (256, 512, 1024, 2048), "bottleneck": True},
}


class ImageResNet(nn.Module):
    """Residual network over pictures, f_I: x_I → h_I.

    Args:
        in_channels: 1 for grey pictures, 3 for colour.
        widths: channels of each stage; the last is `out_features`.
        depths: number of blocks in each stage.
        stem: `"small"` (3×3 convolution; for pictures of 8 to 64 pixels) or `"imagenet"`
            (7×7 convolution and max pooling, both of stride 2; for about 224 pixels).
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
        block: type[PlainBlock] = ResidualBlock,
        **options: Any,
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(depths):
            raise ValueError(f"give one depth for each width; got {widths} and {depths}")
        _check_options(self, options)
        norm = options.get("norm", "batch")
        self.in_channels = in_channels
        self.out_features = widths[-1]
        channels = [stem_features or widths[0], *widths]
        self.stem = _image_stem(stem, in_channels, channels[0], norm)
        self.stages = nn.Sequential(
            *(
                Stage(
                    block, channels[i], widths[i], depths[i], stride=1 if i == 0 else 2, **options
                )
                for i in range(len(widths))
            )
        )
        self.last = _last_layer(block, 2, self.out_features, norm)

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

    def load_torchvision(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's network of the same preset.

        Args:
            state: the state dict of, for example,
                `torchvision.models.resnet18(weights="DEFAULT")`; its last layer `fc` is
                left out.

        Raises:
            ValueError: the weights are those of another network.
        """
        copy_weights({k: v for k, v in state.items() if not k.startswith("fc.")}, self)

    def feature_map(self, x: Tensor) -> Tensor:
        """Map pictures `(batch, in_channels, height, width)` to what the pooling averages.

        Returns:
            `(batch, out_features, height', width')`: height and width halved, rounding up,
            at each stage after the first (and twice in the `"imagenet"` stem).

        Raises:
            ValueError: x is no float tensor of that shape, or float64 in a float32 network.
        """
        if remedy := self._remedy(x):
            raise ValueError(
                f"ImageResNet takes a float tensor (batch, {self.in_channels}, height, width); "
                f"got {describe(x)}. {remedy}"
            )
        return self.last(self.stages(self.stem(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures `(batch, in_channels, height, width)` to `(batch, out_features)`."""
        return self.feature_map(x).mean(dim=(2, 3))

    def _remedy(self, x: object) -> str | None:
        """Return what to do so that the network can take x; None if it can."""
        if not isinstance(x, Tensor):
            return "Turn an array into a tensor with torch.from_numpy(x).float()"
        if x.ndim == 3 and x.shape[0] == self.in_channels:
            return "A single picture needs a batch axis: x[None]"
        if x.ndim == 3 and self.in_channels == 1:
            return "Grey pictures need a channel axis: x[:, None]"
        if x.ndim != 4:
            return "It must have these four axes"
        if x.shape[1] != self.in_channels:
            return f"Pictures of {x.shape[1]} channels need ImageResNet({x.shape[1]})"
        if not x.is_floating_point():
            return "Turn bytes into grey values from 0 to 1: x.float() / 255"
        if x.dtype == torch.float64 != (dtype := next(self.parameters()).dtype):
            return f"The network's weights are {dtype}: x.to({dtype})"
        return None


class TextResNet(nn.Module):
    """Residual network over token ids, f_T: x_T → h_T.

    Ids are embedded, pass 1-D residual blocks with growing dilation, and are averaged over
    the real positions. Padding (id 0) never changes the features, except with `norm="batch"`
    in training, where it enters the batch statistics.

    Args:
        vocabulary_size: number of ids, the padding included; by default UTF-8 bytes + 1.
        embedding_features: size of an id's vector.
        width: channels of the blocks, and `out_features`.
        dilations: tap spacing of each block, so also the number of blocks.
        block: as in `ImageResNet`.
        options: keyword arguments for every block (`kernel_size`, `zero_init`, …); `norm` is
            `"channel"` by default.

    Raises:
        TypeError: an option that the encoder sets itself.
    """

    def __init__(
        self,
        vocabulary_size: int = BYTE_VOCABULARY,
        *,
        embedding_features: int = 32,
        width: int = 64,
        dilations: Sequence[int] = (1, 2, 4),
        block: type[PlainBlock] = ResidualBlock,
        **options: Any,
    ) -> None:
        super().__init__()
        self.out_features = width
        self.embedding = nn.Embedding(vocabulary_size, embedding_features, padding_idx=0)
        _check_options(self, options)
        options = {"norm": "channel", **options}
        self.blocks = Stage(
            block, embedding_features, width, len(dilations), dims=1, dilations=dilations, **options
        )
        self.last = _last_layer(block, 1, width, options["norm"])

    def feature_map(self, ids: Tensor) -> Tensor:
        """Map ids `(batch, length)` to `(batch, out_features, length)`, 0 at the padding.

        Raises:
            ValueError: ids are no int64 or int32 tensor of that shape, or not in the vocabulary.
        """
        shape_fits = isinstance(ids, Tensor) and ids.ndim == 2 and ids.shape[1] > 0
        if not shape_fits or ids.dtype not in (torch.int64, torch.int32):
            raise ValueError(
                "TextResNet takes an int64 or int32 tensor (batch, length), length at least 1; "
                f"got {describe(ids)}. Turn strings into ids with mmtutor.data.encode_text, "
                "and ids of another type into int64 with ids.long()"
            )
        try:
            embedded = self.embedding(ids)
        except IndexError as error:
            raise ValueError(
                f"token ids run from {ids.min()} to {ids.max()}, but the vocabulary has ids "
                f"0 to {self.embedding.num_embeddings - 1}; encode the text with the same "
                "vocabulary, or build TextResNet with a larger vocabulary_size"
            ) from error
        mask = (ids != 0).unsqueeze(1)
        return without_padding(self.last(self.blocks(embedded.movedim(2, 1), mask)), mask)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids `(batch, length)`, 0 for padding, to `(batch, out_features)`.

        A text without any real position gives features of 0.
        """
        features = self.feature_map(ids)  # first, because it checks the ids
        return features.sum(dim=2) / (ids != 0).sum(dim=1, keepdim=True).clamp(min=1)


def describe(x: object) -> str:
    """Return a tensor's kind and shape in words, for error messages."""
    if isinstance(x, Tensor):
        return f"a {str(x.dtype).removeprefix('torch.')} tensor {tuple(x.shape)}"
    return f"a {type(x).__name__}"


def _check_options(encoder: nn.Module, options: Mapping[str, Any]) -> None:
    for name in ("dims", "stride", "dilation"):
        if name in options:
            raise TypeError(
                f"{type(encoder).__name__} sets {name} itself, block by block; its options are "
                "what every block gets alike, such as kernel_size or norm"
            )


def _image_stem(kind: str, in_channels: int, channels: int, norm: str) -> nn.Sequential:
    if kind not in ("small", "imagenet"):
        raise ValueError(f'stem must be "small" or "imagenet", got {kind!r}')
    kernel_size, stride = (3, 1) if kind == "small" else (7, 2)
    first = convolution(2, in_channels, channels, kernel_size, stride)
    nn.init.kaiming_normal_(first.weight, mode="fan_out", nonlinearity="relu")
    stem = nn.Sequential(first, normalisation(norm, 2, channels), nn.ReLU())
    return stem if kind == "small" else stem.append(nn.MaxPool2d(3, stride=2, padding=1))


def _last_layer(block: type[PlainBlock], dims: int, channels: int, norm: str) -> nn.Module:
    if issubclass(block, PreActivationBlock):
        return nn.Sequential(normalisation(norm, dims, channels), nn.ReLU())
    return nn.Identity()
