"""Losses and metrics over a whole set, against numbers worked out by hand."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmtutor.training import evaluate, train
from tests.training.models import Scale, batch, sgd


def test_accuracy_counts_examples_of_unequal_batches() -> None:
    loader = [
        batch([[2.0, 1.0], [0.0, 1.0], [5.0, 4.0]], [0, 1, 0]),
        batch([[2.0, 1.0]], [1]),
    ]
    assert evaluate(Scale(1.0), loader) == {"accuracy": 0.75}


def test_labels_that_the_criterion_ignores_do_not_count_in_the_accuracy() -> None:
    logits = [[2.0, 1.0], [2.0, 1.0], [2.0, 1.0]]
    assert evaluate(Scale(1.0), [batch(logits, [0, 1, -100])]) == {"accuracy": 1 / 2}
    criterion = nn.CrossEntropyLoss(ignore_index=1)
    assert evaluate(Scale(1.0), [batch(logits, [0, 1, 0])], criterion)["accuracy"] == 1


def test_a_logit_that_is_nan_makes_the_accuracy_nan() -> None:
    loader = [batch([[math.nan, math.nan]], [0]), batch([[2.0, 1.0]], [0])]
    assert math.isnan(evaluate(Scale(1.0), loader)["accuracy"])


def test_evaluate_adds_the_mean_loss_per_example() -> None:
    loader = [batch([[0.0, 0.0], [0.0, 0.0]], [0, 1]), batch([[0.0, math.log(3)]], [0])]
    result = evaluate(Scale(1.0), loader, nn.CrossEntropyLoss())
    assert result["loss"] == pytest.approx((2 * math.log(2) + math.log(4)) / 3)


# Ten examples, the first of which have the label 0 of two, the last ones the label to ignore.
HALF_IGNORED = torch.tensor([0] * 5 + [-100] * 5)


@pytest.mark.parametrize("size", [1, 3, 6, 10])
@pytest.mark.parametrize(
    "criterion",
    [nn.CrossEntropyLoss(), F.cross_entropy, partial(F.cross_entropy, label_smoothing=0.0)],
)
def test_the_loss_does_not_depend_on_the_batch_size_where_labels_are_ignored(
    size, criterion
) -> None:
    # The logit of the wrong class is larger by 0, 0.1, …, 0.9; the first five count.
    x = torch.stack([torch.zeros(10), torch.arange(10) / 10], dim=1)
    loader = [({"x": a}, b) for a, b in zip(x.split(size), HALF_IGNORED.split(size), strict=True)]
    expected = sum(math.log(1 + math.exp(gap / 10)) for gap in range(5)) / 5
    assert evaluate(Scale(1.0), loader, criterion)["loss"] == pytest.approx(expected)
    model, countable = Scale(1.0), [pair for pair in loader if (pair[1] == 0).any()]
    assert train(model, countable, criterion, sgd(model, lr=0.0)) == pytest.approx(expected)


def test_the_loss_does_not_depend_on_the_batch_size_where_classes_are_weighted() -> None:
    x, targets = torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]]), torch.tensor([0, 1, 0])
    criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]))
    a, b, c = (math.log(1 + math.exp(gap)) for gap in (1.0, -2.0, 3.0))
    for size in (1, 2, 3):
        loader = [({"x": i}, t) for i, t in zip(x.split(size), targets.split(size), strict=True)]
        loss = evaluate(Scale(1.0), loader, criterion)["loss"]
        assert loss == pytest.approx((a + 3 * b + c) / 5)


@pytest.mark.parametrize(
    ("criterion", "outputs"),
    [
        (nn.BCEWithLogitsLoss(), [[3.0, -1.0], [-0.2, 4.0], [2.0, 0.3]]),
        (nn.BCELoss(), [[0.9, 0.4], [0.4, 0.6], [0.7, 0.6]]),
        (F.binary_cross_entropy, [[0.9, 0.4], [0.4, 0.6], [0.7, 0.6]]),
        (nn.MultiLabelSoftMarginLoss(), [[3.0, -1.0], [-0.2, 4.0], [2.0, 0.3]]),
    ],
)
def test_accuracy_of_several_yes_or_no_labels_is_the_share_of_labels(criterion, outputs) -> None:
    right = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    result = evaluate(Scale(1.0), [batch(outputs, right)], criterion)
    assert result.keys() == {"loss", "accuracy"} and result["accuracy"] == 1
    one_wrong = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    assert evaluate(Scale(1.0), [batch(outputs, one_wrong)], criterion)["accuracy"] == 5 / 6


def test_accuracy_against_probabilities_of_classes_takes_the_most_probable_one() -> None:
    soft = [[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]]
    loader = [batch([[0.0, 5.0, 1.0], [0.0, 0.0, 2.0]], soft)]
    result = evaluate(Scale(1.0), loader, nn.CrossEntropyLoss())
    assert result.keys() == {"loss", "accuracy"} and result["accuracy"] == 1 / 2


def test_regression_metrics_of_a_set_worked_out_by_hand() -> None:
    loader = [batch([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), batch([4.0], [6.0])]
    # One error of 2 among 4 examples; the targets' mean is 3, their squares about it add to 14.
    assert evaluate(Scale(1.0), loader) == pytest.approx({"mse": 1, "mae": 0.5, "r2": 1 - 4 / 14})


def test_r2_keeps_its_digits_when_the_targets_lie_far_from_zero() -> None:
    targets = torch.arange(4, dtype=torch.float64) + 1e9
    loader = [({"x": targets + 0.5}, targets)]
    assert evaluate(Scale(1.0), loader)["r2"] == pytest.approx(1 - 4 * 0.25 / 5, abs=1e-6)


def test_r2_of_several_values_is_the_mean_of_each_one() -> None:
    loader = [batch([[1.0, 0.0], [5.0, 0.0]], [[1.0, -1.0], [5.0, 1.0]])]
    assert evaluate(Scale(1.0), loader)["r2"] == pytest.approx((1 + 0) / 2)


def test_equal_targets_have_no_r2() -> None:
    assert math.isnan(evaluate(Scale(1.0), [batch([0.1] * 3, [0.1] * 3)])["r2"])
    assert evaluate(Scale(1.0), [batch([0.2] * 3, [0.1] * 3)])["r2"] == -math.inf


def test_class_weights_of_the_criterion_count() -> None:
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]))
    loader = [batch([[0.0, math.log(3)], [0.0, 0.0]], [0, 1])]
    result = evaluate(Scale(1.0), loader, weighted)
    assert result["loss"] == pytest.approx((math.log(4) + 3 * math.log(2)) / 4)
