"""What travels from a data set through a network to the loss."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor


class Batch(tuple[Any, ...]):
    """Examples side by side: what each modality says of them, and what is to be predicted.

    It is a tuple of its parts, without the last ones that are None: as long as no modality is
    missing and nothing is padded, `inputs, targets = batch` unpacks it.

    Args:
        inputs: modality → tensor `(batch, …)`.
        targets: `(batch, …)`.
        present: modality → bool `(batch,)`, which examples have the modality; one without an
            entry is there for all. What `inputs` holds for the others is a placeholder.
        lengths: modality → int64 `(batch,)`, how many positions (samples, frames) of each
            example are real; one without an entry has no padding.
    """

    _fields = ("inputs", "targets", "present", "lengths")  # torch's loaders rebuild by these

    inputs: dict[str, Tensor] = property(itemgetter(0))  # type: ignore[assignment]
    targets: Tensor = property(itemgetter(1))  # type: ignore[assignment]

    def __new__(
        cls,
        inputs: dict[str, Tensor],
        targets: Tensor,
        present: dict[str, Tensor] | None = None,
        lengths: dict[str, Tensor] | None = None,
    ) -> "Batch":
        """Make a tuple of two to four parts."""
        parts = [inputs, targets, present, lengths]
        while parts[-1] is None:
            parts.pop()
        return super().__new__(cls, parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what copying and pickling make it of."""
        return tuple(self)

    @property
    def present(self) -> dict[str, Tensor] | None:
        """Which examples have a modality; None if all have all."""
        return self[2] if len(self) > 2 else None

    @property
    def lengths(self) -> dict[str, Tensor] | None:
        """How many positions are real; None if all are."""
        return self[3] if len(self) > 3 else None

    def map(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        """Return the batch of what the function makes of each tensor: copies, or shares."""
        inputs, *others = (
            part and {name: function(x) for name, x in part.items()}
            for part in (self.inputs, *self[2:])
        )
        return Batch(inputs, function(self.targets), *others)


# So that `torch.load` reads stored batches as it reads tensors: they hold nothing else.
torch.serialization.add_safe_globals([Batch])
