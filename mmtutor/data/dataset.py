"""Examples that have several modalities."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

import torch
from torch import Tensor
from torch.utils.data import Dataset

from mmtutor.batch import Batch
from mmtutor.data.about import About
from mmtutor.data.checks import check_known

Indices = SupportsIndex | slice | Sequence[int] | Tensor


class MultimodalDataset(Dataset[Batch]):
    """Examples in memory: a tensor for each modality, and the targets.

    Indexing takes many examples at once, so that a batch is one slice of each tensor:
    `dataset[[3, 1, 4]]` and `dataset[:32]` are batches; `dataset[3]` is one example, its
    tensors without a batch axis.

    Args:
        inputs: modality → tensor `(examples, …)`.
        targets: `(examples, …)`; int64 class ids or float32 values.
        present: modality → bool `(examples,)`, which examples have the modality. What `inputs`
            holds for the others is a placeholder. A modality that is not named here is always
            present.
        lengths: modality → int64 `(examples,)`, how many positions (samples, frames) of each
            example are real; the rest is padding. A modality that is not named has none.
        metadata: what else is known about each example, such as `"speaker"`: name → tensor
            `(examples, …)`. No batch holds it; it is there to split, to group and to explain.
        classes: the name of each class id, in order; none if the targets are values.
        about: what the data are and where they come from.

    Raises:
        TypeError: something is not a mapping or a tensor, `present` holds no bool or `lengths`
            no int64, or `classes` is one string.
        ValueError: no modality, unequal numbers of examples, an unknown modality, a length that
            is negative or beyond the data, or a class id without a name.
    """

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        targets: Tensor,
        present: Mapping[str, Tensor] | None = None,
        lengths: Mapping[str, Tensor] | None = None,
        *,
        metadata: Mapping[str, Tensor] | None = None,
        classes: Sequence[str] = (),
        about: About | None = None,
    ) -> None:
        _check_mappings(inputs=inputs, present=present, lengths=lengths, metadata=metadata)
        self.inputs = dict(inputs)
        self.targets = targets
        self.present = dict(present) if present else None
        self.lengths = dict(lengths) if lengths else None
        self.metadata = dict(metadata or {})
        if isinstance(classes, str):
            raise TypeError(f'classes must be several names, like ["cat", "dog"]; got {classes!r}')
        self.classes = tuple(classes)
        self.about = about
        self._check()

    @property
    def modalities(self) -> tuple[str, ...]:
        """The names of the modalities, in order."""
        return tuple(self.inputs)

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.targets)

    def __getitem__(self, indices: Indices) -> Batch:
        """Return the batch of some examples.

        Args:
            indices: a list, tensor or slice of examples, or a bool tensor `(examples,)`; or
                one whole number, for one example without the batch axis.

        Raises:
            IndexError: an index beyond the last example.
        """
        chosen = self._chosen(indices)
        return Batch(
            _take_each(self.inputs, chosen),
            _take(self.targets, chosen),
            self.present and _take_each(self.present, chosen),
            self.lengths and _take_each(self.lengths, chosen),
        )

    def subset(self, indices: slice | Sequence[int] | Tensor) -> "MultimodalDataset":
        """Return a data set of the chosen examples, in the order of `indices`."""
        chosen = self._chosen(indices)
        if isinstance(chosen, int):
            raise TypeError(f"subset takes several indices, like [{chosen}]; got {indices!r}")
        return MultimodalDataset(
            *self[chosen],
            metadata=_take_each(self.metadata, chosen),
            classes=self.classes,
            about=self.about,
        )

    def select(self, *modalities: str) -> "MultimodalDataset":
        """Return a data set with these modalities only, in this order; tensors are shared.

        Raises:
            ValueError: an unknown modality, or none.
        """
        for name in modalities:
            check_known("modality", name, self.inputs)
        present, lengths = (
            {name: x for name, x in (part or {}).items() if name in modalities}
            for part in (self.present, self.lengths)
        )
        return MultimodalDataset(
            {name: self.inputs[name] for name in modalities},
            self.targets,
            present,
            lengths,
            metadata=self.metadata,
            classes=self.classes,
            about=self.about,
        )

    def __repr__(self) -> str:
        """Return what the data set is, one line for each thing that it holds."""
        title = self.about.title if self.about else type(self).__name__
        rows = {name: _kind(x) for name, x in self.inputs.items()}
        for name, mask in (self.present or {}).items():
            rows[name] += f", {int(mask.sum()):,} present"
        for name, lengths in (self.lengths or {}).items():
            if len(lengths):
                rows[name] += f", lengths {int(lengths.min())} to {int(lengths.max())}"
        rows["targets"] = _kind(self.targets)
        if self.classes:
            first = ", ".join(self.classes[:10]) + (", …" if len(self.classes) > 10 else "")
            rows["targets"] += f", {len(self.classes)} classes: {first}"
        width = max(map(len, rows))
        lines = [f"{title}: {len(self):,} examples"]
        lines += [f"  {name:<{width}}  {row}" for name, row in rows.items()]
        if self.about:
            lines += [f"  license: {self.about.license}", f"  source: {self.about.source}"]
        return "\n".join(lines)

    def _chosen(self, indices: Indices) -> int | slice | Tensor:
        """Return a slice, the number of one example, or those of several, int64."""
        if isinstance(indices, slice):
            return indices
        numbers = torch.as_tensor(indices)
        if numbers.dtype == torch.bool:
            if numbers.shape != (len(self),):
                raise IndexError(
                    f"a mask of examples must have the shape ({len(self)},), "
                    f"got {tuple(numbers.shape)}"
                )
            return numbers.nonzero()[:, 0]
        if numbers.is_floating_point() and numbers.numel():  # an empty list becomes floats
            raise IndexError(f"examples are numbered by whole numbers, got {numbers.dtype}")
        return operator.index(numbers) if numbers.ndim == 0 else numbers.long()

    def _check(self) -> None:
        if not self.inputs:
            raise ValueError("a data set needs at least one modality; got none")
        present, lengths = self.present or {}, self.lengths or {}
        for kind, part in (("present", present), ("lengths", lengths)):
            for name in part:
                check_known(f"modality in {kind}:", name, self.inputs)
        every = {"targets": self.targets, **self.inputs}
        for kind, part in (("present", present), ("lengths", lengths), ("metadata", self.metadata)):
            every |= {f"{kind}[{name!r}]": x for name, x in part.items()}
        _check_tensors(every)
        for name, mask in present.items():
            _check_present(name, mask)
        for name, counts in lengths.items():
            _check_lengths(name, counts, self.inputs[name])
        ids = self.targets[:0] if self.targets.is_floating_point() else self.targets
        if self.classes and ids.numel() and ids.max() >= len(self.classes):
            raise ValueError(
                f"classes must name every class id; got {len(self.classes)} names, and the id "
                f"{int(ids.max())} in the targets"
            )


def _check_mappings(**given: Any) -> None:
    for name, mapping in given.items():
        if not isinstance(mapping, Mapping) and (mapping is not None or name == "inputs"):
            raise TypeError(
                f"{name} must map each modality to its tensor, like "
                f'{{"image": …}}; got a {type(mapping).__name__}'
            )


def _check_tensors(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name} must be a tensor (examples, …), got a {type(tensor).__name__}; turn a "
                "list or an array into one with torch.tensor(…), numbers to be learned from "
                "with dtype=torch.float32"
            )
        if tensor.ndim == 0:
            raise ValueError(f"{name} must be a tensor (examples, …), got a single number")
    counts = {name: len(tensor) for name, tensor in tensors.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise ValueError(f"all tensors must have the same number of examples; got {listed}")


def _check_present(name: str, mask: Tensor) -> None:
    if mask.dtype != torch.bool or mask.ndim != 1:
        raise TypeError(
            f"present[{name!r}] must be a bool tensor (examples,), got {mask.dtype} "
            f"{tuple(mask.shape)}; how many positions are real belongs into lengths"
        )


def _check_lengths(name: str, counts: Tensor, x: Tensor) -> None:
    if counts.dtype != torch.int64 or counts.ndim != 1:
        raise TypeError(
            f"lengths[{name!r}] must be an int64 tensor (examples,), got {counts.dtype} "
            f"{tuple(counts.shape)}; which examples have the modality belongs into present"
        )
    most = max(x.shape[1:3], default=0)  # positions lie on axis 1, or on 2 after the channels
    if len(counts) and not 0 <= counts.min() <= counts.max() <= most:
        raise ValueError(
            f"lengths[{name!r}] must be from 0 to {most}, as {name} has the shape "
            f"{tuple(x.shape)}; got {int(counts.min())} to {int(counts.max())}"
        )


def _kind(x: Tensor) -> str:
    """Return a tensor's type and its shape without the examples."""
    return f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape[1:])}"


def _take_each(tensors: Mapping[str, Tensor], chosen: int | slice | Tensor) -> dict[str, Tensor]:
    return {name: _take(x, chosen) for name, x in tensors.items()}


def _take(x: Tensor, chosen: int | slice | Tensor) -> Tensor:
    if isinstance(chosen, Tensor):
        try:
            return x.index_select(0, chosen)  # twice as fast as x[chosen]
        except IndexError:
            pass  # a negative number, which counts from the end, or one that is too large
    return x[chosen]
