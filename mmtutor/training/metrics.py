"""Metrics over a whole set: the sums of batches and processes are added, and divided once.

A mean of batch means would be wrong as soon as one batch is smaller than the others.
"""

import math

import torch
from torch import Tensor

from mmtutor.criteria import CLASSES, LABELS, VALUES, Traits
from mmtutor.training.checks import check_class_targets, check_value_targets

OF_KIND = {
    CLASSES: ("accuracy",),
    LABELS: ("accuracy",),
    VALUES: ("mse", "mae", "r2"),
    None: ("mse", "mae", "accuracy", "r2"),
}


class Accuracy:
    """The share of labels that are right; NaN if any output is NaN.

    Args:
        traits: say whether the criterion takes classes, by label or by probability, of which the
            highest counts, or any number of yes-or-no labels; and which label does not count.
    """

    def __init__(self, traits: Traits) -> None:
        self.traits = traits

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return how many labels are right and how many count, of `(batch, ...)` both."""
        if self.traits.kind == LABELS:
            right = (outputs > (0.5 if self.traits.of_chances else 0)) == (targets > 0.5)
            counted = torch.ones_like(right)
        else:
            check_class_targets(outputs, targets, self.traits.ignored)
            labels = targets.argmax(dim=1) if targets.is_floating_point() else targets
            counted = labels != self.traits.ignored
            right = (outputs.argmax(dim=1) == labels) & counted
        # Comparisons take NaN for the highest logit, or for a no.
        correct = math.nan if outputs.isnan().any() else right.sum().item()
        return torch.tensor([correct, counted.sum().item()], dtype=torch.float64)

    def result(self, sums: Tensor) -> dict[str, float]:
        """Return `{"accuracy": ...}` from the sums over the whole set."""
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

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return five sums over the examples of outputs and float targets, both `(batch, ...)`."""
        check_value_targets(outputs, targets)
        error = outputs.double() - targets.double()
        offset = targets.double() - self.origin
        terms = (torch.ones_like(error), error.square(), error.abs(), offset, offset.square())
        return torch.stack([term.sum(dim=0) for term in terms])

    def result(self, sums: Tensor) -> dict[str, float]:
        """Return `{"mse": ..., "mae": ..., "r2": ...}` from the sums over the whole set."""
        count, squared, absolute, offset, squared_offset = sums
        spread = squared_offset - offset.square() / count
        return {
            "mse": (squared / count).mean().item(),
            "mae": (absolute / count).mean().item(),
            "r2": (1 - squared / spread).mean().item(),
        }


Metrics = Accuracy | RegressionMetrics


def metrics_for(traits: Traits, targets: Tensor) -> Metrics:
    """Return the metrics that suit a criterion, or if it is unknown, the type of the targets."""
    if traits.kind in (CLASSES, LABELS) or not targets.is_floating_point():
        return Accuracy(traits)
    return RegressionMetrics(targets[0])
