"""Entropy, mutual information and the best accuracy, from tables of probabilities."""

from itertools import product
from math import log, log2

import pytest
import torch
from sklearn.metrics import mutual_info_score

from mmtutor.data.planted.information import (
    best_accuracy,
    entropy,
    joint_table,
    mutual_information,
    noisy_channels,
    truths,
)

COPY = [[0.5, 0.0], [0.0, 0.5]]
XOR = [[[0.25, 0.0], [0.0, 0.25]], [[0.0, 0.25], [0.25, 0.0]]]


def exactly(value):
    return pytest.approx(value, abs=1e-12)


def integers(*shape, high=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(high, shape, generator=generator)


@pytest.mark.parametrize(
    ("table", "bits"),
    [
        ([1.0, 0.0], 0),
        ([0.5, 0.5], 1),
        ([[0.5, 0.25], [0.125, 0.125]], 1.75),  # 1/2 · 1 + 1/4 · 2 + 2 · 1/8 · 3
        (torch.full((2, 2, 2), 1 / 8), 3),
        ([0.25, 0.75], 2 - 0.75 * log2(3)),
    ],
)
def test_the_entropy_of_small_tables(table, bits):
    assert entropy(table) == exactly(bits)


def test_a_copy_tells_one_bit_and_an_independent_coin_none():
    assert mutual_information(COPY) == exactly(1)
    assert mutual_information([[0.25, 0.25], [0.25, 0.25]]) == 0


def test_mutual_information_is_never_negative():
    for seed in range(50):
        left, target = (integers(7, seed=seed + k).double() + 1 for k in (0, 100))
        joint = left[:, None] * target
        assert 0 <= mutual_information(joint / joint.sum()) < 1e-12


def test_mutual_information_is_what_scikit_learn_computes():
    counts = integers(6, 5)
    expected = mutual_info_score(None, None, contingency=counts.numpy()) / log(2)
    assert mutual_information(counts / counts.sum()) == pytest.approx(expected, abs=1e-6)


def test_all_axes_but_the_last_are_one_observation():
    counts = integers(3, 4, 5)
    expected = mutual_info_score(None, None, contingency=counts.flatten(0, 1).numpy()) / log(2)
    assert mutual_information(counts / counts.sum()) == pytest.approx(expected, abs=1e-6)


def test_the_best_prediction_takes_the_likeliest_target_of_each_row():
    joint = [[0.3, 0.1, 0.1], [0.1, 0.2, 0.2]]
    assert best_accuracy(joint) == exactly(0.3 + 0.2)
    # As a target, the rows are guessed from the columns.
    assert best_accuracy(torch.tensor(joint).T) == pytest.approx(0.3 + 0.2 + 0.2)


def test_the_best_accuracy_is_never_above_1():
    for size in range(1, 200):
        counts = torch.eye(size, dtype=torch.float64)
        assert 1 - 1e-12 < best_accuracy(counts / counts.sum()) <= 1


def test_each_half_of_an_xor_tells_nothing_and_both_tell_all():
    known = truths(XOR, ("a", "b"))
    assert list(known) == [("a",), ("b",), ("a", "b")]
    assert known["a",] == known["b",] == (0, 0.5)
    assert known["a", "b"] == (1, 1)


def test_each_name_belongs_to_its_axis():
    # Of three coins, the second is the target.
    joint = torch.zeros(2, 2, 2, 2)
    for a, b, c in product(range(2), repeat=3):
        joint[a, b, c, b] = 1 / 8
    known = truths(joint, ("a", "b", "c"))
    assert len(known) == 7
    for subset, truth in known.items():
        assert truth == ((1, 1) if "b" in subset else (0, 0.5))


def test_another_number_of_names_is_refused():
    with pytest.raises(ValueError, match=r"each axis but the last, 2 in all; got \['a'\]"):
        truths(XOR, ["a"])


@pytest.mark.parametrize("function", [entropy, mutual_information, best_accuracy])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1.0, 3.0]], "must sum to 1, these sum to 4; divide counts by their sum"),
        ([[1.5, -0.5]], "must be at least 0, the least is -0.5"),
        ([[float("nan"), 1.0]], "must sum to 1, these sum to nan"),
        ([], "must sum to 1, these sum to 0"),
    ],
)
def test_what_are_no_probabilities_is_refused(function, table, message):
    with pytest.raises(ValueError, match=message):
        function(table)


@pytest.mark.parametrize("function", [mutual_information, best_accuracy])
def test_a_table_without_an_axis_for_the_target_is_refused(function):
    with pytest.raises(ValueError, match=r"one, the last, for the target; got the shape \(2,\)"):
        function([0.5, 0.5])


def test_a_joint_table_counts_combinations_of_sorted_values():
    color = torch.tensor([7, 3, 7, 7])
    label = torch.tensor([1, 0, 0, 1])
    assert joint_table(color, label).tolist() == [[0.25, 0.0], [0.25, 0.5]]


def test_a_row_of_several_numbers_is_one_value():
    rows = torch.tensor([[0, 1], [1, 0], [0, 1], [1, 1]])
    assert joint_table(rows, torch.arange(4)).shape == (3, 4)
    assert joint_table(rows, rows[:, 0], rows[:, 1]).sum(0).tolist() == [[0.0, 0.5], [0.25, 0.25]]


def test_a_variable_of_no_numbers_has_one_value():
    assert joint_table(torch.zeros(4, 0), torch.tensor([0, 1, 0, 0])).tolist() == [[0.75, 0.25]]


def test_a_table_of_n_examples_shows_a_little_too_much_information():
    estimates = [
        mutual_information(joint_table(integers(1000, high=4, seed=k), integers(1000, seed=-k)))
        for k in range(1, 301)
    ]
    mean = torch.tensor(estimates).mean().item()
    assert mean == pytest.approx(3 * 8 / (2 * 1000 * log(2)), rel=0.1)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [((3, 4), r"2 variables with \[3, 4\] examples"), ((0, 0), r"\[0, 0\]"), ((), "0 variables")],
)
def test_variables_that_make_no_table_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        joint_table(*(torch.zeros(length) for length in lengths))


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("r", [0.01, 0.3, 0.5, 0.99])
def test_one_noisy_channel_tells_what_the_formula_says(r, classes):
    right = r + (1 - r) / classes
    wrong = (1 - right) / (classes - 1)
    bits = log2(classes) + right * log2(right) + (1 - right) * log2(wrong)
    known = noisy_channels({"image": r}, classes)
    assert known["image",] == (pytest.approx(bits, abs=1e-12), exactly(right))


def test_a_reliability_of_0_tells_nothing_and_of_1_everything():
    known = noisy_channels({"deaf": 0, "sharp": 1})
    assert known["deaf",] == (exactly(0), exactly(0.1))
    for subset in (("sharp",), ("deaf", "sharp")):
        assert known[subset] == (exactly(log2(10)), exactly(1))


def test_three_noisy_channels_tell_what_counting_every_case_gives():
    reliability = {"image": 0.2, "text": 0.5, "audio": 0.7}
    cases = {}  # what is shown → the probability of each label, over 3 classes
    for shown in product(range(3), repeat=3):
        cases[shown] = [
            1 / 3
            * (0.2 * (shown[0] == label) + 0.8 / 3)
            * (0.5 * (shown[1] == label) + 0.5 / 3)
            * (0.7 * (shown[2] == label) + 0.3 / 3)
            for label in range(3)
        ]  # fmt: skip
    accuracy = sum(max(case) for case in cases.values())
    bits = sum(p * log2(3 * p / sum(case)) for case in cases.values() for p in case)
    truth = noisy_channels(reliability, classes=3)["image", "text", "audio"]
    assert truth == (exactly(bits), exactly(accuracy))


def test_two_modalities_tell_more_than_one_but_predict_no_better_than_the_better_one():
    known = noisy_channels({"image": 0.5, "text": 0.7})
    assert known["image", "text"].bits > known["text",].bits + 0.4
    assert known["image", "text"].accuracy == exactly(0.7 + 0.3 / 10)


def test_three_alike_modalities_vote():
    c = 0.6 + 0.4 / 10
    known = noisy_channels({"image": 0.6, "text": 0.6, "audio": 0.6})
    assert known["image", "audio"].accuracy == exactly(c)
    # Right: three or two show the label, or one of three different answers is it, and is chosen.
    vote = c**3 + 3 * c**2 * (1 - c) + c * (1 - c) ** 2 * 8 / 9
    assert known["image", "text", "audio"].accuracy == exactly(vote)


def test_four_modalities_have_fifteen_subsets_in_the_given_order():
    known = noisy_channels({"image": 0.9, "text": 0.8, "audio": 0.5, "video": 0.7})
    assert len(known) == 15
    assert list(known)[:5] == [("image",), ("text",), ("audio",), ("video",), ("image", "text")]
    assert list(known)[-1] == ("image", "text", "audio", "video")


@pytest.mark.parametrize(
    ("reliability", "classes", "error", "message"),
    [
        ({"image": 1.1}, 10, ValueError, "reliability of 'image' must be from 0 to 1, got 1.1"),
        ({"image": 0.5}, 1, ValueError, "classes must be at least 2, got 1"),
        ({}, 10, ValueError, "give at least one modality"),
        ({"a": 1, "b": 1}, 101, ValueError, "need a table of 1,030,301 numbers"),
        (0.9, 10, TypeError, r'like \{"image": 0.9\}; got 0.9'),
    ],
)
def test_impossible_channels_are_refused(reliability, classes, error, message):
    with pytest.raises(error, match=message):
        noisy_channels(reliability, classes)
