"""How a data set is cut into batches."""

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, SupportsIndex

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, Subset, default_collate

from mmtutor.batch import Batch
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.seeds import generator_for

Example = Sequence[Any]  # inputs, target, and present and lengths if there are any


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
        TypeError: the batch size is no whole number.
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
        if isinstance(batch_size, bool) or not isinstance(batch_size, SupportsIndex):
            raise TypeError(f"batch_size must be a whole number, got {batch_size!r}")
        batch_size = operator.index(batch_size)
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
    dataset: Dataset[Any] | Sequence[Example],
    batch_size: int = 128,
    *,
    shuffle: bool = False,
    seed: int = 0,
    drop_last: bool = False,
) -> DataLoader[Any]:
    """Return a `DataLoader` over batches of the data set.

    It has no workers: the data is in memory, and a batch of a `MultimodalDataset`, or of a
    `Subset` of one, is one slice of it. Its own generator keeps it from drawing on torch's
    global one. `loader.sampler` is the `BatchIndices`, which takes the other arguments.

    Whatever gives one example for an int will do too, such as a `ConcatDataset` or a list:
    `(inputs, target)`, and `present` and `lengths` after them if there are any. Such examples
    are stacked.

    Raises:
        TypeError: no data set, or a batch size that is no whole number.
        ValueError: an empty data set, a batch size below 1, or an epoch without a batch.
    """
    if isinstance(dataset, Mapping) or not (
        hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    ):
        raise TypeError(
            "loader takes a data set, or a list of examples (inputs, target), but got a "
            f"{type(dataset).__name__}"
        )
    return DataLoader(
        dataset if isinstance(dataset, MultimodalDataset) else _Batches(dataset),
        sampler=BatchIndices(len(dataset), batch_size, shuffle, seed, drop_last),
        batch_size=None,
        collate_fn=_unchanged,  # torch's default would copy every tensor
        generator=torch.Generator().manual_seed(seed),
    )


class _Batches(Dataset[Batch]):
    """Batches of a data set that gives single examples."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, indices: Tensor) -> Batch:
        dataset, numbers = self.dataset, indices.tolist()
        while type(dataset) is Subset:  # not one that changes its examples
            numbers = [dataset.indices[number] for number in numbers]
            dataset = dataset.dataset
        if isinstance(dataset, MultimodalDataset):
            return dataset[numbers]
        return _stacked([dataset[number] for number in numbers])


def _stacked(examples: Sequence[Example]) -> Batch:
    """Return the batch of single examples.

    Raises:
        TypeError: an example is not what `loader` takes.
        ValueError: the examples differ in their parts, modalities or shapes.
    """
    for example in examples:
        if not (isinstance(example, tuple | list) and isinstance(example[0], Mapping)):
            raise TypeError(
                "an example must be (inputs, target), and inputs map each modality to its "
                f"tensor; got a {type(example).__name__}"
            )
    try:
        parts = map(list, zip(*examples, strict=True))
        stacked: list[Any] = [None if x[0] is None else default_collate(x) for x in parts]
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ValueError(
            "these examples cannot be stacked to a batch: all need the same parts, modalities "
            "and shapes. Pad what differs, and say in lengths how many positions are real, or in "
            f"present what is missing ({error})"
        ) from error
    if isinstance(examples[0][1], float):
        stacked[1] = stacked[1].float()  # torch makes float64 of Python's numbers
    return Batch(*stacked)


def _unchanged(batch: Any) -> Any:
    return batch
