"""A model and its criterion as one module, as processes that train together need it."""

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.batch import Batch
from mmtutor.criteria import Criterion, Traits
from mmtutor.training import checks
from mmtutor.training.precision import Precision

Device = str | torch.device


class ModelWithLoss(nn.Module):
    """Maps a batch to the outputs of a model and their mean loss, on the model's device.

    Args:
        model: called as `model(inputs)`, with `present` and `lengths` where a batch has them.
        criterion: maps outputs and targets to their mean loss; one that `takes_features` gets
            those of `model.with_features`, and the presence, too. None if no loss is needed.
        precision: knows the device, and the number format.
    """

    def __init__(self, model: nn.Module, criterion: Criterion | None, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self.criterion = criterion
        self.traits = Traits(criterion)
        self.precision = precision

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the outputs `(batch, ...)` and the mean loss, to train."""
        outputs, *seen = self._computed(batch, self.traits.takes_features)
        return outputs, self.loss(outputs, batch, *seen)

    def outputs(self, batch: Batch) -> Tensor:
        """Return the outputs alone."""
        return self._computed(batch)[0]

    def loss(self, outputs: Tensor, batch: Batch, *seen: object) -> Tensor:
        """Return the mean loss of outputs, and of the features that were seen."""
        targets = batch.targets
        checks.check_targets(self.traits, outputs, targets)
        with self.precision.autocast():
            loss = self.criterion(outputs, targets.to(outputs.device), *seen)  # type: ignore[misc]
        checks.check_loss(loss)
        if not (loss.isfinite() or self.traits.divisor(targets)):
            return outputs[:0].sum()  # a share without a label that counts: 0, with gradients
        return self.precision.widen(loss)

    def _computed(self, batch: Batch, with_features: bool = False) -> list[Any]:
        inputs, _, *rest = batch.map(lambda x: x.to(self.precision.device))
        with self.precision.autocast():
            if with_features:
                outputs, *seen = self.model.with_features(inputs, *rest)  # type: ignore[operator]
            else:
                outputs, seen = self.model(inputs, *rest), []
        checks.check_outputs(outputs, batch.targets)
        return [self.precision.widen(outputs), *seen]


def prepare(
    model: nn.Module, criterion: Criterion | None, device: Device | None, mixed: bool = False
) -> ModelWithLoss:
    """Check the criterion, move it and the model to the device, and join them.

    Without a device, it is that of the model's first tensor, and the model is not moved.
    """
    if criterion is not None:
        checks.check_criterion(model, criterion)
    if device is None:
        tensors = itertools.chain(model.parameters(), model.buffers())
        device = next((tensor.device for tensor in tensors), "cpu")
    else:
        model.to(device)
    if isinstance(criterion, nn.Module):
        criterion.to(device)  # it may hold class weights
    return ModelWithLoss(model, criterion, Precision(torch.device(device), mixed))
