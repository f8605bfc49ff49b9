"""Metrics over a whole set: every batch adds to sums, and the sums are divided once.

A mean of batch means would be wrong as soon as one batch is smaller than the others. The sums
of several processes are added before they are divided.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor import criteria
from mmtutor.training.checks import check_class_targets, check_value_targets

OF_KIND = {
    criteria.CLASSES: ("accuracy",),
    criteria.LABELS: ("accuracy",),
    criteria.VALUES: ("mse", "mae", "r2"),
    None: ("mse", "mae", "accuracy", "r2"),
}


class Accuracy:
    """The share of labels that are right; NaN if any output is NaN.

    Args:
        criterion: says whether it takes classes, by label or by probability, of which the
            highest counts, or any number of yes-or-no labels; and which label does not count.
    """

    def __init__(self, criterion: Any) -> None:
        self.criterion = criterion
        self.sums = torch.zeros(2, dtype=torch.float64)

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add outputs and targets, both `(batch, ...)`."""
        if criteria.kind(self.criterion) == criteria.LABELS:
            core = criteria.core(self.criterion)
            gives_chances = isinstance(core, nn.BCELoss) or core is F.binary_cross_entropy
            right = (outputs > (0.5 if gives_chances else 0)) == (targets > 0.5)
            counted = torch.ones_like(right)
        else:
            ignored = criteria.ignored_label(self.criterion)
            check_class_targets(outputs, targets, ignored)
            labels = targets.argmax(dim=1) if targets.is_floating_point() else targets
            counted = labels != ignored
            right = (outputs.argmax(dim=1) == labels) & counted
        # Comparisons take NaN for the highest logit, or for a no.
        correct = math.nan if outputs.isnan().any() else right.sum().item()
        self.sums += torch.tensor([correct, counted.sum().item()], dtype=torch.float64)

    def result(self, sums: Tensor) -> dict[str, float]:
        """Return `{"accuracy": ...}` from the `sums` of all processes."""
        return {"accuracy": (sums[0] / sums[1]).item()}


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
    of_classes = criteria.kind(criterion) in (criteria.CLASSES, criteria.LABELS)
    if of_classes or not targets.is_floating_point():
        return Accuracy(criterion)
    return RegressionMetrics(targets[0])
