"""Examples that have several modalities, and the batches made of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from mmtutor.data.about import About
from mmtutor.data.checks import check_known
from mmtutor.data.seeds import generator_for

Inputs = dict[str, Tensor]
Batch = tuple[Inputs, Tensor] | tuple[Inputs, Tensor, dict[str, Tensor]]
Indices = int | slice | Sequence[int] | Tensor


class MultimodalDataset(Dataset[Batch]):
    """Examples in memory: a tensor for each modality, and the targets.

    Indexing takes many examples at once, so that a batch is one slice of each tensor:
    `dataset[[3, 1, 4]]` and `dataset[:32]` are batches; `dataset[3]` is one example, its
    tensors without a batch axis.

    Args:
        inputs: modality → tensor `(examples, …)`.
        targets: `(examples, …)`; int64 class ids or float32 values.
        present: modality → bool `(examples,)`, which examples have the modality, or int64
            `(examples,)`, how many positions of each are real (0: it lacks the modality). What
            `inputs` holds for the others is a placeholder. A modality that is not named
            here is always present. If given, it is the third part of every batch.
        details: what else is known about each example, such as `"speaker"`: name → tensor
            `(examples, …)`. No batch holds it; it is there to split, to group and to explain.
        classes: the name of each class id, in order; none if the targets are values.
        about: what the data are and where they come from.

    Raises:
        TypeError: something is not a mapping or a tensor, or `present` holds
            neither bool nor int64.
        ValueError: no modality, unequal numbers of examples, or an unknown modality.
    """

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        targets: Tensor,
        present: Mapping[str, Tensor] | None = None,
        *,
        details: Mapping[str, Tensor] | None = None,
        classes: Sequence[str] = (),
        about: About | None = None,
    ) -> None:
        for name, given in (("inputs", inputs), ("present", present), ("details", details)):
            if not isinstance(given, Mapping) and (given is not None or name == "inputs"):
                raise TypeError(
                    f"{name} must map each modality to its tensor, like "
                    f'{{"image": …}}; got a {type(given).__name__}'
                )
        self.inputs = dict(inputs)
        self.targets = targets
        self.present = dict(present) if present else None
        self.details = dict(details or {})
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
        """Return the batch `(inputs, targets)` or `(inputs, targets, present)`.

        Args:
            indices: a list, tensor or slice of examples, or a bool tensor `(examples,)`; or
                one int, for one example without the batch axis.

        Raises:
            IndexError: an index beyond the last example.
        """
        if not isinstance(indices, int | slice):
            indices = self._numbers(indices)
        inputs = {name: _take(x, indices) for name, x in self.inputs.items()}
        targets = _take(self.targets, indices)
        if self.present is None:
            return inputs, targets
        return inputs, targets, {name: _take(x, indices) for name, x in self.present.items()}

    def _numbers(self, indices: Sequence[int] | Tensor) -> Tensor:
        """Return the numbers of the examples; a mask is turned into those where it is True."""
        numbers = torch.as_tensor(indices)
        if numbers.dtype == torch.bool and numbers.shape != (len(self),):
            raise IndexError(
                f"a mask of examples must have the shape ({len(self)},), got {tuple(numbers.shape)}"
            )
        if numbers.dtype == torch.bool:
            return numbers.nonzero()[:, 0]
        return numbers if numbers.numel() else numbers.long()  # an empty list becomes floats

    def subset(self, indices: slice | Sequence[int] | Tensor) -> "MultimodalDataset":
        """Return a data set of the chosen examples, in the order of `indices`."""
        if isinstance(indices, int):
            raise TypeError(f"subset takes several indices, like [{indices}]; got {indices}")
        if not isinstance(indices, slice):
            indices = self._numbers(indices)
        details = {name: _take(x, indices) for name, x in self.details.items()}
        return MultimodalDataset(
            *self[indices], details=details, classes=self.classes, about=self.about
        )

    def select(self, *modalities: str) -> "MultimodalDataset":
        """Return a data set with these modalities only, in this order; tensors are shared.

        Raises:
            ValueError: an unknown modality, or none.
        """
        for name in modalities:
            check_known("modality", name, self.inputs)
        inputs = {name: self.inputs[name] for name in modalities}
        present = {name: mask for name, mask in (self.present or {}).items() if name in inputs}
        return MultimodalDataset(
            inputs,
            self.targets,
            present,
            details=self.details,
            classes=self.classes,
            about=self.about,
        )

    def __repr__(self) -> str:
        """Return what the data set is, one line for each thing that it holds."""
        title = self.about.title if self.about else type(self).__name__
        rows = {**self.inputs, "targets": self.targets}
        width = max(map(len, rows))
        lines = [f"{title}: {len(self):,} examples"]
        lines += [f"  {name:<{width}}  {_kind(x)}" for name, x in rows.items()]
        if self.classes:
            lines[-1] += f", {len(self.classes)} classes: {_first(self.classes)}"
        if self.about:
            lines += [f"  license: {self.about.license}", f"  source: {self.about.source}"]
        return "\n".join(lines)

    def _check(self) -> None:
        if not self.inputs:
            raise ValueError("a data set needs at least one modality; got none")
        for name in self.present or {}:
            check_known("modality in present:", name, self.inputs)
        masks = {f"present[{name!r}]": mask for name, mask in (self.present or {}).items()}
        details = {f"details[{name!r}]": x for name, x in self.details.items()}
        tensors = {"targets": self.targets, **self.inputs, **masks, **details}
        for name, tensor in tensors.items():
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"{name} must be a tensor (examples, …), got a {type(tensor).__name__}; "
                    "turn an array into one with torch.from_numpy"
                )
            if tensor.ndim == 0:
                raise ValueError(f"{name} must be a tensor (examples, …), got a single number")
        for name, mask in masks.items():
            if mask.dtype not in (torch.bool, torch.int64) or mask.ndim != 1:
                raise TypeError(
                    f"{name} must be a bool tensor (examples,), or one of int64 lengths; "
                    f"got {mask.dtype} {tuple(mask.shape)}"
                )
        lengths = {name: len(tensor) for name, tensor in tensors.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise ValueError(f"all tensors must have the same number of examples; got {counts}")


def _kind(x: Tensor) -> str:
    """Return a tensor's type and its shape without the examples."""
    return f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape[1:])}"


def _first(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _take(x: Tensor, indices: int | slice | Tensor) -> Tensor:
    if isinstance(indices, Tensor):
        try:
            return x.index_select(0, indices)  # twice as fast as x[indices]
        except IndexError:
            pass  # a negative number, which counts from the end, or one that is too large
    return x[indices]


class BatchIndices(Sampler[Tensor]):
    """Indices of examples, an int64 tensor for each batch of an epoch.

    The order of an epoch depends on the seed and the number of the epoch only, so a run that
    resumes at epoch 5 sees what an unbroken run would have seen. Each iteration, a broken-off
    one too, moves on to the next epoch once its first batch is taken; `set_epoch` says which
    one the next iteration is.

    Args:
        length: number of examples.
        batch_size: examples in a batch.
        shuffle: a new order in each epoch; else 0, 1, 2, ….
        seed: of the orders.
        drop_last: leave out the last batch if it is smaller than the others.

    Raises:
        ValueError: no examples, a batch size below 1, or an epoch without a single batch.
    """

    def __init__(
        self,
        length: int,
        batch_size: int = 128,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if length < 1:
            raise ValueError("the data set is empty: there is nothing to make batches of")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if drop_last and length < batch_size:
            raise ValueError(
                f"{length} examples do not fill one batch of {batch_size}, and drop_last drops "
                "what is left: choose a smaller batch_size"
            )
        self.length = length
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        whole, left = divmod(self.length, self.batch_size)
        return whole + (left > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Tensor]:
        """Iterate over one epoch."""
        # A generator, which does nothing until its first batch is taken: a DataLoader with
        # workers makes two iterators for an epoch and uses one.
        order = torch.arange(self.length)
        if self.shuffle:
            generator = generator_for(self.seed, "epoch", self.epoch)
            order = torch.randperm(self.length, generator=generator)
        self.epoch += 1
        yield from order.split(self.batch_size)[: len(self)]


def loader(
    dataset: MultimodalDataset,
    batch_size: int = 128,
    *,
    shuffle: bool = False,
    seed: int = 0,
    drop_last: bool = False,
) -> DataLoader[Any]:
    """Return a `DataLoader` over batches of the data set.

    It has no workers: the data is in memory, and a batch is one slice of it. Its own
    generator keeps it from drawing on torch's global one. `loader.sampler` is the
    `BatchIndices`, which takes the other arguments.

    Raises:
        ValueError: an empty data set, a batch size below 1, or an epoch without a batch.
    """
    return DataLoader(
        dataset,
        sampler=BatchIndices(len(dataset), batch_size, shuffle, seed, drop_last),
        batch_size=None,
        collate_fn=_unchanged,  # torch's default would turn the tuple into a list
        generator=torch.Generator().manual_seed(seed),
    )


def _unchanged(batch: Any) -> Any:
    return batch
