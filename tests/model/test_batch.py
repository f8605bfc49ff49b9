"""What a batch is as a tuple, and what of it survives copies, loaders and devices."""

import copy
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from mmtutor.batch import Batch

X, Y = {"a": torch.arange(3.0)}, torch.tensor([0, 1, 0])
PRESENT, LENGTHS = {"a": torch.tensor([True, False, True])}, {"a": torch.tensor([2, 0, 1])}


def test_it_unpacks_into_as_many_parts_as_it_has() -> None:
    inputs, targets = Batch(X, Y)
    assert inputs is X and targets is Y and len(Batch(X, Y)) == 2
    assert [*Batch(X, Y, PRESENT)][2] is PRESENT
    assert [*Batch(X, Y, PRESENT, LENGTHS)][3] is LENGTHS
    _, _, present, lengths = Batch(X, Y, lengths=LENGTHS)
    assert present is None and lengths is LENGTHS


def test_its_parts_have_names() -> None:
    batch = Batch(X, Y)
    assert (batch.present, batch.lengths) == (None, None)
    batch = Batch(X, Y, lengths=LENGTHS)
    assert (batch.inputs, batch.targets, batch.present, batch.lengths) == (X, Y, None, LENGTHS)


def test_map_reaches_every_tensor() -> None:
    first = Batch(X, Y, PRESENT, LENGTHS).map(lambda x: x[:1])
    assert first.inputs["a"].tolist() == [0.0] and first.targets.tolist() == [0]
    assert first.present["a"].tolist() == [True] and first.lengths["a"].tolist() == [2]
    assert len(Batch(X, Y).map(torch.clone)) == 2


@pytest.mark.parametrize("other", [copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
@pytest.mark.parametrize("parts", [(X, Y), (X, Y, PRESENT), (X, Y, None, LENGTHS)])
def test_a_copy_is_a_batch_with_the_same_parts(other, parts: tuple) -> None:
    batch = Batch(*parts)
    twin = other(batch)
    assert type(twin) is Batch and len(twin) == len(batch)
    torch.testing.assert_close(tuple(twin), tuple(batch))


def test_torch_loads_a_stored_batch_without_running_code(tmp_path: Path) -> None:
    torch.save(Batch(X, Y, None, LENGTHS), tmp_path / "batch.pt")
    loaded = torch.load(tmp_path / "batch.pt", weights_only=True)
    assert type(loaded) is Batch and loaded.lengths["a"].tolist() == [2, 0, 1]


@pytest.mark.parametrize("parts", [(X, Y), (X, Y, PRESENT), (X, Y, PRESENT, LENGTHS)])
def test_torch_stacks_examples_into_a_batch(parts: tuple) -> None:
    def one(i: int) -> Batch:
        return Batch(*parts).map(lambda x: x[i])

    batch = default_collate([one(i) for i in range(3)])
    assert type(batch) is Batch
    torch.testing.assert_close(tuple(batch), tuple(Batch(*parts)))
    (loaded,) = DataLoader([Batch(*parts)], batch_size=None)
    assert type(loaded) is Batch and isinstance(loaded.targets, Tensor)
