"""What all fusions share: the interface, the checks, and modalities that are missing.

A subclass only says how complete features become z.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

Sizes = Mapping[str, int]  # modality → size of its feature vector
Tensors = Mapping[str, Tensor]


class MissingModalityError(ValueError):
    """A modality that the network needs is not among the inputs."""


class Fusion(nn.Module):
    """What all fusions share: checks, and modalities that are missing.

    Args:
        in_features: modality name → size of its feature vector.
        shared_features: size of z.
        allow_missing: accept batches or examples without some modality. Their features
            are set to 0 and `fuse` is told which are present; False makes it an error.

    Raises:
        ValueError: no modality, or a size below 1.
    """

    def __init__(
        self, in_features: Sizes, shared_features: int = 64, *, allow_missing: bool = False
    ) -> None:
        super().__init__()
        if not in_features or min(in_features.values()) < 1 or shared_features < 1:
            raise ValueError(
                "a fusion needs at least one modality, and sizes of at least 1; "
                f"got in_features={dict(in_features)} and shared_features={shared_features}"
            )
        self.in_features = dict(in_features)
        self.shared_features = shared_features
        self.allow_missing = allow_missing

    def forward(self, features: Tensors, present: Tensors | None = None) -> Tensor:
        """Fuse one feature vector for each modality.

        Args:
            features: modality → `(batch, in_features[modality])`.
            present: modality → bool `(batch,)`, False where an example lacks it; a
                modality without an entry is present wherever it has features.

        Returns:
            z `(batch, shared_features)`.

        Raises:
            MissingModalityError: a modality is absent, or has a presence mask, and
                `allow_missing` is False.
            ValueError: an unknown modality or a wrong shape.
            TypeError: features or a presence mask that are no tensor.
        """
        return self.fuse(*self.complete(features, present))

    def complete(
        self, features: Tensors, present: Tensors | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Check the arguments of `forward`, and turn them into those of `fuse`."""
        present = present or {}
        self.check_modalities(features, present)
        self._check_shapes(features, present)
        some = next(iter(features.values()))
        complete, there = {}, []
        for name, size in self.in_features.items():
            values = features.get(name, some.new_zeros(some.shape[0], size))
            mask = torch.full((some.shape[0],), name in features, device=some.device)
            if name in present:
                mask = mask & present[name]
                # `where`, not a product: a placeholder may be NaN, and 0 × NaN is NaN.
                values = torch.where(mask[:, None], values, 0.0)
            complete[name] = values
            there.append(mask)
        return complete, torch.stack(there, dim=1)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Turn complete features into z; each subclass writes its formula here.

        Args:
            features: every modality of `in_features`, in that order, 0 where missing.
            present: bool `(batch, modalities)`, True where a modality is there.

        Returns:
            z `(batch, shared_features)`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say how features become z: "
            "define its method fuse(self, features, present)"
        )

    def check_modalities(self, given: Iterable[str], present: Iterable[str] = ()) -> None:
        """Raise unless modalities can be fused: those given, and those with a presence mask."""
        given, present = list(given), list(present)
        known = ", ".join(self.in_features)
        unknown = [name for name in given + present if name not in self.in_features]
        if unknown:
            raise ValueError(f"unknown modality {unknown[0]!r}; this network takes {known}")
        complete = set(given) == set(self.in_features) and not present
        if not given or not (complete or self.allow_missing):
            raise MissingModalityError(
                f"this network takes {known}; got {', '.join(given) or 'nothing'}"
                f"{' and a presence mask' if present else ''}. Give every modality for every "
                "example, or build the fusion with allow_missing=True"
            )

    def _check_shapes(self, features: Tensors, present: Tensors) -> None:
        for name, values in features.items():
            if not isinstance(values, Tensor):
                wanted = f"features of {name} must be a tensor (batch, {self.in_features[name]})"
                raise TypeError(f"{wanted}; got a {type(values).__name__}")
        batch = next(iter(features.values())).shape[0]
        for name, values in features.items():
            if values.shape != (batch, self.in_features[name]):
                raise ValueError(
                    f"features of {name} have shape {tuple(values.shape)}; "
                    f"expected ({batch}, {self.in_features[name]}), that is (batch, features)"
                )
        for name, mask in present.items():
            check_presence(name, mask, batch)


def each(layers: nn.ModuleList, features: Tensors) -> list[Tensor]:
    """Apply to the features of each modality its own layer."""
    return [layer(h) for layer, h in zip(layers, features.values(), strict=True)]


def check_presence(name: str, mask: object, batch: int) -> None:
    """Raise unless the presence mask of modality `name` is a bool tensor `(batch,)`."""
    _check_per_example(f"the presence mask of {name} must be a bool", mask, batch, torch.bool)


def check_lengths(name: str, lengths: object, batch: int) -> None:
    """Raise unless the lengths of modality `name` are an int64 tensor `(batch,)`."""
    _check_per_example(f"the lengths of {name} must be an int64", lengths, batch, torch.int64)


def _check_per_example(wanted: str, given: object, batch: int, dtype: torch.dtype) -> None:
    if not isinstance(given, Tensor):
        raise TypeError(f"{wanted} tensor ({batch},); got a {type(given).__name__}")
    if given.shape != (batch,) or given.dtype != dtype:
        swapped = {given.dtype, dtype} == {torch.int64, torch.bool}
        kind = str(given.dtype).removeprefix("torch.")
        hint = ". Say in present who has it, and in lengths how many positions are real"
        raise ValueError(
            f"{wanted} tensor ({batch},); got {kind} {tuple(given.shape)}{hint if swapped else ''}"
        )
