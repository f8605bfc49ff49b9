"""The whole network: y = h(g(f_1(x_1), …, f_M(x_M)))."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmtutor.encoders import ImageResNet, TextResNet
from mmtutor.fusion import Fusion, SharedRepresentation, check_lengths, check_presence
from mmtutor.fusion.base import Tensors
from mmtutor.processes import all_reduce_sum


class FinalClassifier(nn.Linear):
    """The last layer h for classes: shared representation → logits.

    Args:
        shared_features: size of z.
        num_classes: number of classes, at least 2.

    Raises:
        ValueError: fewer than two classes, of which every answer would be right.
    """

    def __init__(self, shared_features: int = 64, num_classes: int = 10) -> None:
        if num_classes < 2:
            raise ValueError(
                f"a classifier needs at least 2 classes, got {num_classes}: yes or no are two, and "
                "a number is for FinalRegressor"
            )
        super().__init__(shared_features, num_classes)


class FinalRegressor(nn.Linear):
    """The last layer h for numbers: shared representation → values.

    Args:
        shared_features: size of z.
        out_features: numbers per example. With 1, the output is `(batch,)`, the shape of
            the usual targets: `(batch, 1)` against `(batch,)` would make MSE average over
            all batch × batch pairs.
    """

    def __init__(self, shared_features: int = 64, out_features: int = 1) -> None:
        super().__init__(shared_features, out_features)

    def forward(self, z: Tensor) -> Tensor:
        """Map `(batch, shared_features)` to `(batch,)` or `(batch, out_features)`."""
        values = super().forward(z)
        return values.squeeze(1) if self.out_features == 1 else values


class Outputs(NamedTuple):
    """What a network answers, and the features that it has answered from.

    Args:
        outputs: the head's output, `(batch, …)`.
        features: modality → `(batch, out_features)`, 0 where an example lacks it.
        present: modality → bool `(batch,)`, of the modalities that some examples may lack.
    """

    outputs: Tensor
    features: dict[str, Tensor]
    present: Tensors


class MultiModalNet(nn.Module):
    """One encoder for each modality, a fusion, and a head.

    Args:
        encoders: modality name → encoder; by default image and text. A network of one
            modality, the fair baseline, is a mapping with one entry. An encoder has the attribute
            `out_features`, and `takes_lengths = True` if it is called with lengths too.
        fusion: takes the encoders' features; by default a `SharedRepresentation`.
        head: takes z; by default a `FinalClassifier` with ten classes.

    Raises:
        TypeError: a part that is no module, no mapping of encoders, or an encoder without the
            attribute `out_features`.
        ValueError: the fusion does not take what the encoders give, the head, if it is
            linear, does not take z, or torch cannot use the name of a modality.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module] | None = None,
        fusion: Fusion | None = None,
        head: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if encoders is None:
            encoders = {"image": ImageResNet(), "text": TextResNet()}
        sizes = _feature_sizes(encoders)
        fusion = SharedRepresentation(sizes) if fusion is None else fusion
        if not isinstance(fusion, Fusion):
            raise TypeError(f"the fusion must be one, such as SumFusion({sizes}); got {fusion!r}")
        if fusion.in_features != sizes:
            raise ValueError(
                f"the encoders give {sizes}, but the fusion takes {fusion.in_features}"
            )
        head = FinalClassifier(fusion.shared_features) if head is None else head
        if not isinstance(head, nn.Module):
            raise TypeError(f"the head must be a module, such as FinalClassifier(); got {head!r}")
        # A lazy layer says 0 until it is called.
        if isinstance(head, nn.Linear) and head.in_features not in (0, fusion.shared_features):
            raise ValueError(
                f"the fusion gives {fusion.shared_features} features, but the head takes "
                f"{head.in_features}: build {type(head).__name__}({fusion.shared_features}, …)"
            )
        self.encoders = nn.ModuleDict(encoders)
        self.fusion = fusion
        self.head = head

    def forward(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> Tensor:
        """Compute y.

        Args:
            inputs: modality → tensor for its encoder, all with one batch size.
            present: modality → bool `(batch,)`, which examples have it; without an entry, a
                modality among the inputs is there for all. How many examples an encoder gets
                then depends on values, so a call with `present` is beyond `torch.export` and
                `torch.compile(fullgraph=True)`.
            lengths: modality → int64 `(batch,)`, how many positions (samples, frames) of each
                example are real, at least 1 where it is present; without an entry, all are.

        Returns:
            The head's output, `(batch, …)`.

        Raises:
            MissingModalityError: a modality is absent, or has a presence mask, and the
                fusion does not allow that.
            ValueError: an unknown modality, or an input of a wrong shape or type.
            TypeError: an argument is no mapping, an entry of `present` or `lengths` is no tensor,
                or there are lengths for an encoder that takes none.
        """
        return self.with_features(inputs, present, lengths).outputs

    def with_features(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> Outputs:
        """Compute y, and keep the features from which it came; see `forward`."""
        features = self.features(inputs, present, lengths)
        return Outputs(self.head(self.fusion(features, present)), features, present or {})

    def shared(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> Tensor:
        """Compute the shared representation z `(batch, shared_features)`; see `forward`."""
        return self.fusion(self.features(inputs, present, lengths), present)

    def features(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> dict[str, Tensor]:
        """Compute what the encoders give; see `forward`.

        Returns:
            Modality → `(batch, out_features)`, 0 where an example lacks it.
        """
        self._check(inputs, present, lengths)
        present, lengths = present or {}, lengths or {}
        return {
            name: self._encode(name, x, present.get(name), lengths.get(name))
            for name, x in inputs.items()
        }

    def _encode(
        self, name: str, x: Tensor, present: Tensor | None, lengths: Tensor | None
    ) -> Tensor:
        encoder = self.encoders[name]
        given = [x] if lengths is None else [x, lengths]
        if present is None:
            return encoder(*given)
        # Of several processes each takes part in the batch statistics, even with no row of its
        # own; but there are none if no process has any.
        if not (all_reduce_sum(present.sum()) if self.training else present.any()):
            return next(self.parameters()).new_zeros(len(x), self.fusion.in_features[name])
        if present.all():
            return encoder(*given)
        # Only real examples enter the encoder: a placeholder would change the batch
        # statistics, and so the features of the others.
        rows = present.nonzero().squeeze(1)
        features = encoder(*(values[rows] for values in given))
        return features.new_zeros(len(x), features.shape[1]).index_copy(0, rows, features)

    def _check(self, inputs: object, present: object, lengths: object) -> None:
        if not isinstance(inputs, Mapping) or not isinstance(present, Mapping | None):
            example = "{" + ", ".join(f'"{name}": …' for name in self.encoders) + "}"
            raise TypeError(
                "inputs, and present if given, must map a modality to its tensor, like "
                f"{example}; got {type(inputs).__name__} and {type(present).__name__}"
            )
        if not isinstance(lengths, Mapping | None):
            raise TypeError(f"lengths must map a modality to its tensor; got {lengths!r}")
        present, lengths = present or {}, lengths or {}
        self.fusion.check_modalities({**inputs, **lengths}, present)
        for name in present.keys() & inputs.keys():
            check_presence(name, present[name], len(inputs[name]))
        for name in lengths.keys() & inputs.keys():
            if not getattr(self.encoders[name], "takes_lengths", False):
                raise TypeError(
                    f"there are lengths of {name}, but {type(self.encoders[name]).__name__} takes "
                    "none: if its forward does, give it the attribute takes_lengths = True"
                )
            _check_present_lengths(name, lengths[name], inputs[name].shape[0], present.get(name))


def _check_present_lengths(name: str, lengths: Tensor, batch: int, present: Tensor | None) -> None:
    check_lengths(name, lengths, batch)
    here = lengths if present is None else lengths[present]
    if not torch.compiler.is_compiling() and (here < 1).any():
        raise ValueError(
            f"the lengths of {name} must be numbers from 1; got {here.min()}. Which examples lack "
            f"{name}, say in present"
        )


def _feature_sizes(encoders: Any) -> dict[str, int]:
    """Return modality → size of its features, checked."""
    if not isinstance(encoders, Mapping) or not all(isinstance(name, str) for name in encoders):
        got = list(encoders) if isinstance(encoders, Mapping) else type(encoders).__name__
        raise TypeError(
            "encoders must map the name of each modality to its encoder, like "
            f'{{"image": ImageResNet()}}; got {got}'
        )
    for name, encoder in encoders.items():
        if "." in name or hasattr(nn.ModuleDict, name):
            raise ValueError(
                f"{name!r} cannot name a modality, as torch needs it for itself (names with "
                "a dot, and those of ModuleDict's methods): choose another"
            )
        if not hasattr(encoder, "out_features"):
            raise TypeError(
                f"the encoder of {name}, a {type(encoder).__name__}, has no attribute "
                "out_features; set it to the size of the feature vectors that it returns"
            )
    return {name: int(encoder.out_features) for name, encoder in encoders.items()}
