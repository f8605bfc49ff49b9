"""Metrics over a whole set: every batch adds to sums, and the sums are divided once.

A mean of batch means would be wrong as soon as one batch is smaller than the others. The sums
of several processes are added before they are divided.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.training import criteria
from mmtutor.training.checks import check_class_targets, check_value_targets

_OF_PROBABILITIES = (nn.BCELoss, F.binary_cross_entropy)
OF_KIND = {
    criteria.CLASSES: ("accuracy",),
    criteria.LABELS: ("accuracy",),
    criteria.VALUES: ("mse", "mae", "r2"),
    None: ("mse", "mae", "accuracy", "r2"),
}


class Accuracy:
    """The share of labels that are right; NaN if any output is NaN.

    Args:
        judge: returns which labels are right and which count, as bool tensors, for outputs and
            targets.
    """

    def __init__(self, judge: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
        self.judge = judge
        self.sums = torch.zeros(2, dtype=torch.float64)

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add outputs `(batch, ...)` and targets `(batch, ...)`."""
        right, counted = self.judge(outputs, targets)
        correct = (right & counted).sum().item()
        # argmax takes NaN for the highest logit.
        correct = math.nan if outputs.isnan().any() else correct
        self.sums += torch.tensor([correct, counted.sum().item()], dtype=torch.float64)

    def result(self, sums: Tensor) -> dict[str, float]:
        """Return `{"accuracy": ...}` from the `sums` of all processes."""
        correct, count = sums
        return {"accuracy": (correct / count).item()}


class RegressionMetrics:
    """Mean squared error, mean absolute error, and r2 = 1 - Σ(y - ŷ)² / Σ(y - mean y)².

    With several values per example, r2 is the mean of each value's own r2. Targets that are
    all equal have none: it is then NaN (no error) or minus infinity.

    Args:
        origin: any target of the set, the same in all processes. Sums of squares lose digits
            when the targets lie far from 0, so offsets are counted from here.
    """

    def __init__(self, origin: Tensor) -> None:
        self.origin = origin.double().cpu()
        self.sums = self.origin.new_zeros(5, *origin.shape)

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add outputs and float targets, both `(batch, ...)`."""
        check_value_targets(outputs, targets)
        error = outputs.double() - targets.double()
        offset = targets.double() - self.origin
        terms = (torch.ones_like(error), error.square(), error.abs(), offset, offset.square())
        self.sums += torch.stack([term.sum(dim=0) for term in terms])

    def result(self, sums: Tensor) -> dict[str, float]:
        """Return `{"mse": ..., "mae": ..., "r2": ...}` from the `sums` of all processes."""
        count, squared, absolute, offset, squared_offset = sums
        spread = squared_offset - offset.square() / count
        return {
            "mse": (squared / count).mean().item(),
            "mae": (absolute / count).mean().item(),
            "r2": (1 - squared / spread).mean().item(),
        }


Metrics = Accuracy | RegressionMetrics


def metrics_for(criterion: Any, targets: Tensor) -> Metrics:
    """Return the metrics that suit a criterion, or if it is unknown, the type of the targets."""
    kind = criteria.kind(criterion)
    if kind == criteria.LABELS:
        inner = criteria.core(criterion)
        is_of_probabilities = inner in _OF_PROBABILITIES or isinstance(inner, nn.BCELoss)
        threshold = 0.5 if is_of_probabilities else 0.0

        def judge_labels(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
            return (outputs > threshold) == (targets > 0.5), torch.ones_like(targets).bool()

        return Accuracy(judge_labels)
    if kind != criteria.CLASSES and targets.is_floating_point():
        return RegressionMetrics(targets[0])
    ignored = criteria.ignored_label(criterion)

    def judge_classes(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        check_class_targets(outputs, targets, ignored)
        labels = targets.argmax(dim=1) if targets.is_floating_point() else targets
        return outputs.argmax(dim=1) == labels, labels != ignored

    return Accuracy(judge_classes)
