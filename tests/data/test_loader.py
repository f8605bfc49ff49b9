"""BatchIndices and loader."""

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, random_split

from mmtutor.data import Batch, BatchIndices, MultimodalDataset, loader


def small() -> MultimodalDataset:
    """Five examples: x is 0, 1, 2, 3, 4."""
    return MultimodalDataset({"x": torch.arange(5.0)[:, None]}, torch.tensor([5, 6, 7, 8, 9]))


def masked() -> MultimodalDataset:
    present = {"x": torch.tensor([True, False, True, False, True])}
    lengths = {"x": torch.tensor([1, 0, 1, 0, 1])}
    return MultimodalDataset(small().inputs, small().targets, present, lengths)


def test_the_loader_gives_every_example_once_and_in_order():
    batches = list(loader(small(), batch_size=2))
    assert [targets.tolist() for _, targets in batches] == [[5, 6], [7, 8], [9]]
    assert len(loader(small(), batch_size=2)) == 3


def test_a_batch_of_the_loader_is_what_indexing_gives():
    batch = next(iter(loader(masked(), batch_size=5)))
    assert isinstance(batch, tuple)
    assert [type(part) for part in batch] == [dict, torch.Tensor, dict, dict]
    assert batch.present["x"].tolist() == [True, False, True, False, True]
    assert batch.lengths["x"].tolist() == [1, 0, 1, 0, 1]


def test_drop_last_leaves_out_the_smaller_batch():
    batches = loader(small(), batch_size=2, drop_last=True)
    assert [targets.tolist() for _, targets in batches] == [[5, 6], [7, 8]]
    assert len(batches) == 2


def order(indices: BatchIndices) -> list[int]:
    return [index for batch in indices for index in batch.tolist()]


def test_shuffling_gives_every_example_once_and_another_order_each_epoch():
    indices = BatchIndices(100, 7, shuffle=True)
    first, second = order(indices), order(indices)
    assert sorted(first) == sorted(second) == list(range(100))
    assert len({tuple(first), tuple(second), tuple(range(100))}) == 3


def test_the_order_depends_on_seed_and_epoch_only():
    unbroken = BatchIndices(100, 7, shuffle=True, seed=3)
    epochs = [order(unbroken) for _ in range(3)]
    resumed = BatchIndices(100, 9, shuffle=True, seed=3)
    resumed.set_epoch(2)
    assert order(resumed) == epochs[2]
    resumed.set_epoch(1)
    assert order(resumed) == epochs[1]
    assert order(BatchIndices(100, 7, shuffle=True, seed=4)) not in epochs


def test_an_iteration_that_is_broken_off_still_ends_its_epoch():
    indices = BatchIndices(100, 7, shuffle=True)
    next(iter(indices))
    fresh = BatchIndices(100, 7, shuffle=True)
    fresh.set_epoch(1)
    assert order(indices) == order(fresh)


def test_workers_of_a_data_loader_get_the_same_epochs():
    alone = BatchIndices(12, 4, shuffle=True)
    data = MultimodalDataset({"x": torch.arange(12)}, torch.arange(12))
    indices = BatchIndices(12, 4, shuffle=True)
    batches = DataLoader(data, sampler=indices, batch_size=None, num_workers=2)
    for _ in range(2):
        assert torch.cat([targets for _, targets in batches]).tolist() == order(alone)


def test_the_loader_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    list(loader(small(), shuffle=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_an_empty_data_set_has_no_loader():
    with pytest.raises(ValueError, match="empty"):
        loader(small().subset([]))


def test_a_batch_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        loader(small(), batch_size=0)


def test_an_epoch_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="5 examples do not fill one batch of 6"):
        loader(small(), batch_size=6, drop_last=True)


@pytest.mark.parametrize("size", [2.5, "4", None, True])
def test_a_batch_size_that_is_no_whole_number_is_refused(size):
    with pytest.raises(TypeError, match=f"batch_size must be a whole number, got {size!r}"):
        loader(small(), batch_size=size)


def test_a_batch_size_may_be_numpys():
    assert len(loader(small(), batch_size=np.int64(2))) == 3


class Examples(Dataset):
    """Gives one example at a time, as most data sets do."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return small()[int(index)]


class Doubled(Subset):
    """Changes the examples that it chooses."""

    def __getitem__(self, index):
        inputs, target = super().__getitem__(index)
        return {"x": 2 * inputs["x"]}, target

    def __getitems__(self, indices):
        return [self[index] for index in indices]


OTHERS = {
    "a subset": lambda: Subset(small(), [4, 0, 2]),
    "a subset by numpy's numbers": lambda: Subset(small(), np.array([4, 0, 2])),
    "a subset of a subset": lambda: Subset(Subset(small(), [0, 2, 4]), [2, 0, 1]),
    "a subset of examples": lambda: Subset(Examples(), [4, 0, 2]),
    "two data sets in a row": lambda: ConcatDataset(
        [Subset(small(), [4]), Subset(small(), [0, 2])]
    ),
    "a list of examples": lambda: [small()[4], small()[0], small()[2]],
    "a list of tuples": lambda: [({"x": torch.tensor([float(i)])}, 5 + i) for i in (4, 0, 2)],
    "a list of arrays": lambda: [({"x": np.array([i], np.float32)}, 5 + i) for i in (4, 0, 2)],
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_the_loader_takes_what_else_has_examples(make):
    batches = list(loader(make(), batch_size=2))
    assert all(type(batch) is Batch for batch in batches)
    assert [batch.inputs["x"].tolist() for batch in batches] == [[[4.0], [0.0]], [[2.0]]]
    assert [batch.targets.tolist() for batch in batches] == [[9, 5], [7]]
    assert {batch.targets.dtype for batch in batches} == {torch.int64}


def test_a_subset_that_changes_its_examples_does_so():
    (batch,) = loader(Doubled(small(), [1, 3]))
    assert batch.inputs["x"].tolist() == [[2.0], [6.0]]


def test_the_parts_of_a_random_split_have_every_example_once():
    parts = random_split(masked(), [3, 2], generator=torch.Generator().manual_seed(0))
    batches = [batch for part in parts for batch in loader(part, batch_size=2, shuffle=True)]
    assert sorted(t for batch in batches for t in batch.targets.tolist()) == [5, 6, 7, 8, 9]
    for batch in batches:
        assert torch.equal(batch.present["x"], batch.targets % 2 == 1)
        assert torch.equal(batch.lengths["x"], batch.targets % 2)


def test_masks_and_lengths_of_single_examples_are_stacked():
    both = ConcatDataset([masked(), masked()])
    batch = list(loader(both, batch_size=4))[1]
    assert batch.targets.tolist() == [9, 5, 6, 7]
    assert batch.present["x"].tolist() == [True, True, False, True]
    assert batch.lengths["x"].tolist() == [1, 1, 0, 1]
    padded = MultimodalDataset(*small()[:], lengths=masked().lengths)
    (batch,) = loader(ConcatDataset([padded]))
    assert batch.present is None
    assert batch.lengths["x"].tolist() == [1, 0, 1, 0, 1]


def test_targets_that_are_numbers_of_python_become_float32():
    (batch,) = loader([({"x": torch.ones(1)}, 0.5), ({"x": torch.ones(1)}, 1.5)])
    assert (batch.targets.dtype, batch.targets.tolist()) == (torch.float32, [0.5, 1.5])


X = torch.zeros(3)
CANNOT = "cannot be stacked to a batch: all need the same parts, modalities and shapes.*"


@pytest.mark.parametrize(
    ("examples", "error", "message"),
    [
        ([({"x": X}, 0), ({"x": X[:2]}, 1)], ValueError, CANNOT + r"lengths.*\[3\].*\[2\]"),
        ([({"x": X}, 0), ({"y": X}, 1)], ValueError, CANNOT + "'x'"),
        ([({"x": X}, 0), ({"x": X}, 1, {"x": torch.tensor(True)})], ValueError, CANNOT),
        ([(X, 0), (X, 1)], TypeError, r"an example must be \(inputs, target\).*; got a tuple"),
        ([X, X], TypeError, r"an example must be \(inputs, target\).*; got a Tensor"),
    ],
)
def test_examples_that_make_no_batch_are_refused(examples, error, message):
    with pytest.raises(error, match=message):
        list(loader(examples))


@pytest.mark.parametrize("given", [{"x": X}, 3, iter([({"x": X}, 0)]), None])
def test_what_is_no_data_set_has_no_loader(given):
    with pytest.raises(TypeError, match="loader takes a data set, or a list of examples"):
        loader(given)
