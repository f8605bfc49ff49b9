"""The whole network: y = h(g(f_1(x_1), …, f_M(x_M)))."""

import inspect
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.encoders import ImageResNet, TextResNet
from mmtutor.fusion import Fusion, SharedRepresentation, check_presence
from mmtutor.processes import all_reduce_sum


class FinalClassifier(nn.Linear):
    """The last layer h for classes: shared representation → logits.

    Args:
        shared_features: size of z.
        num_classes: number of classes.
    """

    def __init__(self, shared_features: int = 64, num_classes: int = 10) -> None:
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


class MultiModalNet(nn.Module):
    """One encoder for each modality, a fusion, and a head.

    Args:
        encoders: modality name → encoder; by default image and text. A network of one
            modality, the fair baseline, is a mapping with one entry.
        fusion: takes the encoders' features; by default a `SharedRepresentation`.
        head: takes z; by default a `FinalClassifier` with ten classes.

    Raises:
        TypeError: an encoder without the attribute `out_features`.
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
        sizes = {name: _out_features(name, encoder) for name, encoder in encoders.items()}
        fusion = SharedRepresentation(sizes) if fusion is None else fusion
        if fusion.in_features != sizes:
            raise ValueError(
                f"the encoders give {sizes}, but the fusion takes {fusion.in_features}"
            )
        head = FinalClassifier(fusion.shared_features) if head is None else head
        # A lazy layer says 0 until it is called.
        if isinstance(head, nn.Linear) and head.in_features not in (0, fusion.shared_features):
            raise ValueError(
                f"the fusion gives {fusion.shared_features} features, but the head takes "
                f"{head.in_features}: build {type(head).__name__}({fusion.shared_features}, …)"
            )
        for name in encoders:
            if "." in name or hasattr(nn.ModuleDict, name):
                raise ValueError(
                    f"{name!r} cannot name a modality, as torch needs it for itself (names with "
                    "a dot, and those of ModuleDict's methods): choose another"
                )
        self.encoders = nn.ModuleDict(encoders)
        self._takes_lengths = {
            name
            for name, encoder in encoders.items()
            if "lengths" in inspect.signature(encoder.forward).parameters
        }
        self.fusion = fusion
        self.head = head

    def forward(
        self, inputs: Mapping[str, Tensor], present: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Compute y.

        Args:
            inputs: modality → tensor for its encoder, all with one batch size.
            present: modality → bool `(batch,)`, which examples have it; or int64 `(batch,)`,
                how many positions (samples, frames) of each example are real, 0 where it
                lacks the modality. Without an entry, a modality among the inputs is all
                there. How many examples an encoder gets then depends on values, so a call
                with `present` is beyond `torch.export` and `torch.compile(fullgraph=True)`.

        Returns:
            The head's output, `(batch, …)`.

        Raises:
            MissingModalityError: a modality is absent, or has a presence mask, and the
                fusion does not allow that.
            ValueError: an unknown modality, or an input of a wrong shape or type.
            TypeError: `inputs` or `present` is no mapping, an entry of `present` is no tensor,
                or it has lengths for an encoder that takes none.
        """
        return self.head(self.shared(inputs, present))

    def shared(
        self, inputs: Mapping[str, Tensor], present: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Compute the shared representation z `(batch, shared_features)`; see `forward`."""
        if not (isinstance(inputs, Mapping) and isinstance(present, Mapping | None)):
            raise TypeError(
                "inputs, and present if given, must map a modality to its tensor, like "
                f"{self._example()}; got {type(inputs).__name__} and {type(present).__name__}"
            )
        present = present or {}
        masks = {name: _mask(given) for name, given in present.items()}
        # Lengths of which none is 0 say nothing about who lacks the modality.
        masks = {name: mask for name, mask in masks.items() if mask is not None}
        self.fusion.check_modalities(dict.fromkeys([*inputs, *present]), masks)
        features = {name: self._encode(name, x, present.get(name)) for name, x in inputs.items()}
        return self.fusion(features, masks)

    def _encode(self, name: str, x: Tensor, given: Tensor | None) -> Tensor:
        encoder = self.encoders[name]
        if given is None:
            return encoder(x)
        is_lengths = isinstance(given, Tensor) and given.dtype == torch.int64
        if is_lengths:
            self._check_lengths(name, given, len(x))
        else:
            check_presence(name, given, len(x))
        lengths = [given] if is_lengths else []
        here = given > 0
        # Of several processes each takes part in the batch statistics, even with no row of its
        # own; but there are none if no process has any.
        rows_anywhere = all_reduce_sum(here.sum()) if self.training else here.sum()
        if not rows_anywhere:
            return next(self.parameters()).new_zeros(len(x), self.fusion.in_features[name])
        if here.all():
            return encoder(x, *lengths)
        # Only real examples enter the encoder: a placeholder would change the batch
        # statistics, and so the features of the others.
        rows = here.nonzero().squeeze(1)
        features = encoder(x[rows], *(values[rows] for values in lengths))
        return features.new_zeros(len(x), features.shape[1]).index_copy(0, rows, features)

    def _check_lengths(self, name: str, lengths: Tensor, batch: int) -> None:
        if name not in self._takes_lengths:
            raise TypeError(
                f"present[{name!r}] holds lengths, but {type(self.encoders[name]).__name__} takes "
                "none: say by a bool mask which examples have the modality"
            )
        if lengths.shape != (batch,) or (lengths < 0).any():
            lowest = f" from {lengths.min()}" if lengths.numel() else ""
            raise ValueError(
                f"the lengths of {name} must be an int64 tensor ({batch},) of numbers from 0; "
                f"got {tuple(lengths.shape)}{lowest}"
            )

    def _example(self) -> str:
        return "{" + ", ".join(f'"{name}": …' for name in self.encoders) + "}"


def _out_features(name: str, encoder: nn.Module) -> int:
    if not hasattr(encoder, "out_features"):
        raise TypeError(
            f"the encoder of {name}, a {type(encoder).__name__}, has no attribute out_features; "
            "set it to the size of the feature vectors that it returns"
        )
    return int(encoder.out_features)  # type: ignore[arg-type]


def _mask(given: object) -> Tensor | None:
    """Return which examples have a modality, for lengths too; None if all of these do."""
    if not isinstance(given, Tensor) or given.dtype != torch.int64:
        return given  # type: ignore[return-value]  # what it is, is checked where it is used
    return None if given.all() else given > 0  # a negative length is refused where it is used
