import json

import numpy as np
import pytest
import torch

from classroom.answers import AnswerError, decode, difference, encode


def sent(value: object) -> object:
    """Return what arrives on the other side."""
    return decode(json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (torch.tensor([1.0, 2.0]), np.array([1, 2])),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0], dtype=torch.float64)),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0], dtype=torch.bfloat16)),
        (torch.tensor([1.0, 2.0]), [1, torch.tensor(2.0)]),
        (torch.ones(2, 2), ((1.0, 1.0), (1.0, 1.0))),
        ([1, 2], np.array([1.0, 2.0])),
        (torch.tensor([1.0]), torch.tensor([1.00005], requires_grad=True)),
        (torch.tensor([float("nan"), float("inf")]), [float("nan"), float("inf")]),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (3, torch.tensor(3.0)),
        (True, np.bool_(True)),
        (0.5, np.float32(0.5)),
        ("text", "text"),
        (None, None),
        ({"a": 1, "b": [2, "c"]}, {"b": (2, "c"), "a": 1.0}),
        (torch.tensor(1 + 2j), 0 + np.complex128(1 + 2j)),
    ],
)
def test_what_is_the_same_in_another_form_is_right(expected, got):
    assert difference(sent(expected), sent(got)) is None


@pytest.mark.parametrize(
    ("expected", "got", "says"),
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]), "the values are not"),
        (torch.tensor([1.0]), torch.tensor([float("nan")]), "the values are not"),
        (torch.tensor([float("nan")]), torch.tensor([1.0]), "the values are not"),
        (torch.tensor([float("inf")]), torch.tensor([-float("inf")]), "the values are not"),
        (
            torch.zeros(2, 3),
            torch.zeros(3, 2),
            "shape (2, 3) is expected; an array of shape (3, 2)",
        ),
        (torch.zeros(1), 0.0, "an array of shape (1,) is expected; a number came"),
        (torch.zeros(2), [0.0], "an array of shape (2,) is expected; an array of shape (1,) came"),
        (torch.zeros(2), [[0.0], [0.0, 0.0]], "a list of 2 came"),
        (torch.zeros(2), "zeros", "a text came"),
        (100_000, 100_001, "not so"),
        (1.0, 1.001, "not so"),
        (True, False, "not so"),
        ([1, 2], [1, 3], "at position 1"),
        ([1, 2], [1], "2 values in a list are expected; a list of 1 came"),
        ({"a": 1}, {"b": 1}, "other keys"),
        ({"a": 1}, {"a": 2}, "at 'a'"),
        ("one", "two", "another one"),
        ("one", None, "a text is expected; None came"),
        (None, 0, "None is expected; a number came"),
    ],
)
def test_what_differs_is_named_without_the_expected_value(expected, got, says):
    assert says in str(difference(sent(expected), sent(got)))


@pytest.mark.parametrize("value", [object(), {1, 2}, [lambda: 0], np.array([object()]), b"a b"])
def test_what_is_no_answer_is_refused(value):
    with pytest.raises(AnswerError, match="came, where"):
        encode(value)


@pytest.mark.parametrize(
    "forged",
    [
        None,
        7,
        "array",
        {},
        {"plain": 7},
        {"plain": [], "number": True},
        {"plain": "many", "number": True},
        {"array": "AAAA", "dtype": "object", "shape": [1]},
        {"array": "AAAA", "dtype": "int8", "shape": [10**12]},
        {"array": "AAAA", "dtype": "int8", "shape": [-1, -3]},
        {"array": "no base64!", "dtype": "int8", "shape": [1]},
        {"array": "AAA=", "dtype": "float64", "shape": [1]},
        {"list": 3},
        {"dict": [[1]]},
    ],
)
def test_a_forged_answer_is_refused_and_harms_nobody(forged):
    with pytest.raises(AnswerError, match="cannot read"):
        decode(forged)


def test_an_answer_nested_without_end_is_refused():
    nested: object = {"plain": 0}
    for _ in range(100_000):
        nested = {"list": [nested]}
    with pytest.raises(AnswerError, match="cannot read"):
        decode(nested)


def test_a_number_of_any_size_can_be_read():
    assert difference(sent(2**70), sent(2.0**70)) is None
