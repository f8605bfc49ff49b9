"""What the criteria share that look at the features from which a network answered."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.criteria import Traits
from mmtutor.network import MultiModalNet, Tensors

Criterion = Callable[[Tensor, Tensor], Tensor]


class FeatureCriterion(nn.Module):
    """A criterion that, in train mode, also gets the features of the batch, and who has them.

    With `outputs, features, present = network.with_features(…)` it is called
    `criterion(outputs, targets, features, present)`; in eval mode `criterion(outputs, targets)`.

    Args:
        criterion: the loss of outputs and targets; cross-entropy by default.
    """

    takes_features = True

    def __init__(self, criterion: Criterion | None) -> None:
        super().__init__()
        self.criterion: Any = criterion or nn.CrossEntropyLoss()

    def examples(
        self, targets: Tensor, features: Tensors | None, present: Tensors | None
    ) -> dict[str, Tensor]:
        """Return modality → indices of the examples that have it and a label that counts.

        Raises:
            TypeError: targets that are no labels, or no features.
            ValueError: features of another batch.
        """
        name = type(self).__name__
        if targets.dtype != torch.int64 or targets.ndim != 1:
            raise TypeError(
                f"{name} is for classification, with int64 labels (batch,); "
                f"got {targets.dtype} {tuple(targets.shape)}"
            )
        if features is None:
            raise TypeError(
                f"{name} learns from features too: with y, h, here = network.with_features(inputs) "
                "call it (y, targets, h, here), or put it into eval mode"
            )
        if any(len(h) != len(targets) for h in features.values()):
            raise ValueError(
                f"{len(targets)} targets, but features of {[len(h) for h in features.values()]} "
                "examples: give those of the same batch"
            )
        counted = targets != Traits(self.criterion).ignored
        masks = {name: counted & (present or {}).get(name, counted) for name in features}
        return {name: mask.nonzero()[:, 0] for name, mask in masks.items()}


def check_network(network: MultiModalNet, may_miss: bool) -> None:
    """Raise unless it is a network, and one that can do without modalities if that is asked."""
    if not isinstance(network, MultiModalNet):
        raise TypeError(f"give the MultiModalNet itself; got a {type(network).__name__}")
    if may_miss and not network.fusion.allow_missing:
        raise ValueError(
            "the network has to answer without some of its modalities: build its "
            f"{type(network.fusion).__name__} with allow_missing=True"
        )
