import random

import numpy as np
import pytest
import torch

from mmtutor import seed_everything


@pytest.fixture(autouse=True)
def _leave_torch_as_it_was():
    yield
    torch.use_deterministic_algorithms(False)


def draw() -> list[float]:
    return [random.random(), np.random.rand(), torch.rand(1).item()]


def test_the_same_seed_gives_the_same_numbers_from_every_generator():
    seed_everything(3)
    first = draw()
    seed_everything(3)
    assert draw() == first


def test_another_seed_gives_other_numbers_from_every_generator():
    seed_everything(3)
    first = draw()
    seed_everything(4)
    assert not set(first) & set(draw())


def test_torch_is_asked_for_exact_repeats():
    seed_everything(0)
    assert torch.are_deterministic_algorithms_enabled()


def test_new_memory_is_not_filled_which_would_cost_time():
    seed_everything(0)
    assert not torch.utils.deterministic.fill_uninitialized_memory


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_cannot_take_is_refused_before_anything_is_seeded(seed):
    seed_everything(5)
    expected = draw()
    seed_everything(5)
    with pytest.raises(ValueError, match=f"got the seed {seed}, expected .* from 0 to 4294967295"):
        seed_everything(seed)
    assert draw() == expected
