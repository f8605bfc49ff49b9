"""Numbers of any library are compared in one place."""

import math

import numpy as np
import pytest
import torch

from mmtutor import exercises
from mmtutor.exercises.comparing import agree, are_close, as_floats, beside


def test_numbers_of_any_type_are_compared() -> None:
    values = [[1.0, 2.0], [3.0, 4.0]]
    tensor = torch.tensor(values, requires_grad=True)
    for same in (values, np.array(values), tensor, tensor.double(), list(tensor)):
        assert are_close(same, tensor)
    assert are_close(np.float32(0.5), 0.5)
    assert are_close(torch.tensor([0.5]), 0.5)
    assert are_close([np.array([1, 2]), (3, 4)], tensor)
    assert are_close(0.50004, 0.5)
    assert are_close(math.nan, torch.tensor(math.nan))
    assert not are_close(0.5002, 0.5)
    assert not are_close(1e-3, 1.1e-3), "small numbers are compared by their size"
    assert not are_close(14_529, 14_528), "whole numbers must be equal"
    assert not are_close([1.0, 2.0], [[1.0, 2.0]])
    assert not are_close(torch.tensor([1.0]), [1.001])
    with pytest.raises(exercises.Mistake, match="return numbers, such as a tensor; got a str"):
        as_floats("0.5")


def test_two_numbers_are_printed_with_the_digits_that_tell_them_apart() -> None:
    assert beside(0.76083, 0.7608) == "expected 0.7608; got 0.76083"
    assert beside([1, 2.5], (1, 2)) == "expected (1, 2); got [1, 2.5]"
    assert beside(torch.tensor([0.5]), {"a": None}) == "expected {'a': None}; got [0.5]"


def test_answers_with_structure_agree_by_their_numbers() -> None:
    wanted = {"a": torch.ones(2), "b": [torch.zeros(1), torch.zeros(2)]}
    assert agree({"b": (np.zeros(1), [0, 0]), "a": np.ones(2)}, wanted)
    assert not agree({"a": torch.ones(2)}, wanted)
    assert not agree({"a": torch.ones(2), "b": [torch.zeros(1)]}, wanted)
    assert agree("yes", "yes")
    assert not agree("no", "yes")
    assert not agree(3, "3")
