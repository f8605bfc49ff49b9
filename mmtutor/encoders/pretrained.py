"""Presets of torchvision's residual networks, and their weights, matched by their names."""

import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from mmtutor.encoders.base import ResidualEncoder

Weights = nn.Module | Mapping[str, Tensor] | str | Path

_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and DDP; of torch.compile


class TorchvisionEncoder(ResidualEncoder):
    """A residual network that torchvision also has: `presets` holds its arguments by name."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]]

    @classmethod
    def preset(cls, name: str, in_channels: int = 3, **options: Any) -> Self:
        """Return a network as torchvision builds it, without its last layer `fc`.

        Args:
            name: `"resnet18"`, `"resnet34"` or `"resnet50"` for pictures, `"r3d_18"` for videos.
            in_channels: channels of the input.
            options: further arguments of the class.

        Raises:
            ValueError: an unknown name.
        """
        if name not in cls.presets:
            raise ValueError(f"name must be one of {', '.join(cls.presets)}; got {name!r}")
        return cls(in_channels, **{**cls.presets[name], **options})

    @classmethod
    def pretrained(cls, name: str, weights: Any = "DEFAULT") -> Self:
        """Return a preset with weights that torchvision downloads, or has downloaded before.

        Args:
            name: as in `preset`.
            weights: torchvision's name of the weights, such as `"IMAGENET1K_V1"`; they expect
                inputs prepared by `torchvision.models.get_weight(...).transforms()`. None for
                random weights.

        Raises:
            ValueError: an unknown name.
            URLError: the weights are not here and cannot be downloaded.
        """
        from torchvision.models import get_model  # takes a second to import

        network = cls.preset(name)
        network.load_torchvision(get_model(name, weights=weights))
        return network

    @torch.no_grad()
    def load_torchvision(self, weights: Weights) -> None:
        """Take the weights of torchvision's network of the same preset, without `fc`.

        Args:
            weights: a network of torchvision (also one within DataParallel, DDP or
                torch.compile), its state dict, a dict with that under `"state_dict"` or
                `"model"`, or the path of a file with any of these dicts. The order is free, and
                the counters `num_batches_tracked`, which old files lack, may be missing.

        Raises:
            TypeError: they are no weights.
            ValueError: they are those of another network, which leaves the encoder unchanged, or
                a file that holds more than weights.
        """
        given, wanted = _read(weights), self.state_dict()
        kind, same = type(self).__name__, "both networks must have the same layers"
        for name, (theirs, values) in given.items():
            if name not in wanted:
                raise ValueError(f"{kind} has no place for {theirs}; {same}")
            if values.shape != wanted[name].shape:
                raise ValueError(
                    f"{theirs} has shape {tuple(values.shape)}, but {kind} needs "
                    f"{tuple(wanted[name].shape)}; {same}"
                )
        for name in wanted:
            if name not in given and not name.endswith("num_batches_tracked"):
                raise ValueError(f"the weights lack what {kind} calls {name}; {same}")
        for name, (_, values) in given.items():
            wanted[name].copy_(values)


def _read(weights: Weights) -> dict[str, tuple[str, Tensor]]:
    """Return our name of each weight → torchvision's name, and the weight."""
    if isinstance(weights, str | Path):
        try:
            weights = torch.load(weights, map_location="cpu", weights_only=True)
        except UnpicklingError as error:
            raise ValueError(
                f"{weights} is no file of weights alone: reading anything else could run foreign "
                "code. Save network.state_dict() with torch.save, and load that"
            ) from error
    state: Any = weights.state_dict() if isinstance(weights, nn.Module) else weights
    for key in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise TypeError(
            "weights must be a network, its state dict (names and tensors) or the path of one; "
            f"got a {type(weights).__name__}"
        )
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): values for name, values in state.items()}
    return {
        _our_name(name): (name, values)
        for name, values in state.items()
        if not name.startswith("fc.")
    }


def _our_name(name: str) -> str:
    """Turn, for example, `layer1.0.bn2.bias` into `stages.0.0.layers.1.1.bias`."""
    # In networks over videos, convolution and normalization are called conv1.0 and conv1.1.
    name = re.sub(r"\bconv(\d)\.(?=weight)", r"conv\1.0.", name)
    name = re.sub(r"\bbn(\d)\.", r"conv\1.1.", name)
    name = re.sub(r"^(conv1|stem)\.", "stem.layer.", name)
    name = re.sub(r"^layer(\d)", lambda found: f"stages.{int(found[1]) - 1}", name)
    name = re.sub(r"\.conv(\d)\.", lambda found: f".layers.{int(found[1]) - 1}.", name)
    return name.replace(".downsample.", ".shortcut.")
