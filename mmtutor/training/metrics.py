"""Metrics over a whole set: every batch adds to sums, and the sums are divided once.

A mean of batch means would be wrong as soon as one batch is smaller than the others.
"""

import math

import torch
from torch import Tensor

from mmtutor.training.checks import check_class_targets, check_value_targets


class ClassificationMetrics:
    """Accuracy: the share of labels that have the highest logit; NaN if any logit is NaN.

    Args:
        ignored: a label that does not count.
    """

    def __init__(self, ignored: int) -> None:
        self.ignored = ignored
        self.correct = 0.0
        self.count = 0

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add logits `(batch, classes, ...)` and int64 labels `(batch, ...)`."""
        check_class_targets(outputs, targets, self.ignored)
        counted = targets != self.ignored
        correct = (outputs.argmax(dim=1) == targets) & counted
        # argmax takes NaN for the highest logit.
        self.correct += math.nan if outputs.isnan().any() else int(correct.sum())
        self.count += int(counted.sum())

    def result(self) -> dict[str, float]:
        """Return `{"accuracy": ...}`."""
        return {"accuracy": self.correct / self.count}


class RegressionMetrics:
    """Mean squared error, mean absolute error, and r2 = 1 - Σ(y - ŷ)² / Σ(y - mean y)².

    With several values per example, r2 is the mean of each value's own r2. Targets that are
    all equal have none: it is then NaN (no error) or minus infinity.
    """

    def __init__(self) -> None:
        self.count = 0
        self.origin: Tensor | None = None
        self.sums: Tensor | None = None

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add outputs and float targets, both `(batch, ...)`."""
        check_value_targets(outputs, targets)
        outputs, targets = outputs.double(), targets.double()
        if self.origin is None or self.sums is None:
            self.origin = targets[0]
            self.sums = targets.new_zeros(4, *targets.shape[1:])
        error = outputs - targets
        # Sums of squares lose digits when the targets lie far from 0: count from the first one.
        offset = targets - self.origin
        terms = (error.square(), error.abs(), offset, offset.square())
        self.sums += torch.stack([term.sum(dim=0) for term in terms])
        self.count += len(targets)

    def result(self) -> dict[str, float]:
        """Return `{"mse": ..., "mae": ..., "r2": ...}`."""
        assert self.sums is not None
        squared, absolute, offset, squared_offset = self.sums
        spread = squared_offset - offset.square() / self.count
        return {
            "mse": (squared / self.count).mean().item(),
            "mae": (absolute / self.count).mean().item(),
            "r2": (1 - squared / spread).mean().item(),
        }
