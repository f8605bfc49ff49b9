"""One pass over a loader: to train, to measure, or to predict.

A loader is any iterable of batches `(inputs, targets)` or `(inputs, targets, present)`:
`inputs` maps each modality to a tensor `(batch, ...)`, `targets` is `(batch, ...)`, and
`present` maps a modality to a bool tensor `(batch,)`. Batches and criterion are moved to
`device`, and so is the model; by default that is the device on which the model is.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mmtutor.training import checks
from mmtutor.training.metrics import ClassificationMetrics, RegressionMetrics

Criterion = Callable[[Tensor, Tensor], Tensor]
Device = str | torch.device


class Predictions(NamedTuple):
    """Outputs `(examples, ...)` and targets `(examples, ...)` on the CPU, in loader order."""

    outputs: Tensor
    targets: Tensor


def train(
    model: nn.Module,
    dataloader: Iterable[Any],
    criterion: Criterion,
    optimizer: Optimizer,
    device: Device | None = None,
) -> float:
    """Train for one epoch.

    The whole model is put into train mode and stays in it, even batch norms that were in eval
    mode: a model that keeps one frozen has to override its own `train`.

    Args:
        model: called as `model(inputs)`, or `model(inputs, present)` where a batch has it.
        dataloader: an iterable of batches.
        criterion: `criterion(outputs, targets)` returns the mean loss of a batch.
        optimizer: holds the model's parameters.
        device: where to compute; by default where the model is.

    Returns:
        The mean of the batches' losses, as they were when each batch came, weighted by the
        number of examples. That is the mean loss per example, unless the criterion has class
        weights or ignores labels: it then averages within each batch in its own way.

    Raises:
        NonFiniteLossError: the loss or a parameter became NaN or infinite. A non-finite loss
            stops before the optimizer's step, so the parameters are unharmed.
        TypeError, ValueError: batches, outputs and criterion do not fit each other.
    """
    device = prepare(model, criterion, device)
    checks.check_optimizer(model, optimizer)
    model.train()
    total, count, step, value = 0.0, 0, 0, 0.0
    for step, batch in enumerate(dataloader, start=1):
        optimizer.zero_grad()
        outputs, targets = _forward(model, batch, device)
        loss = _loss(criterion, outputs, targets)
        value = loss.item()
        if not math.isfinite(value):
            raise checks.non_finite_loss(value, step, model, batch, outputs)
        loss.backward()
        optimizer.step()
        total += value * len(targets)
        count += len(targets)
    checks.check_not_empty(count)
    checks.check_parameters(value, step, model)
    return total / count


def evaluate(
    model: nn.Module,
    dataloader: Iterable[Any],
    criterion: Criterion | None = None,
    device: Device | None = None,
) -> dict[str, float]:
    """Measure a model in eval mode, without gradients; its own mode is put back.

    Args:
        model: called as in `train`.
        dataloader: an iterable of batches.
        criterion: as in `train`; if given, the result has `loss`, the mean as in `train`. Labels
            that are its `ignore_index` (torch's default is -100) do not count in the accuracy.
        device: where to compute; by default where the model is.

    Returns:
        `accuracy` for int64 targets; `mse`, `mae` and `r2` for float targets; all over the
        whole set, and NaN if an output is NaN.

    Raises:
        TypeError, ValueError: batches, outputs and criterion do not fit each other.
    """
    device = prepare(model, criterion, device)
    metrics: ClassificationMetrics | RegressionMetrics | None = None
    total, count = 0.0, 0
    with _evaluating(model):
        for batch in dataloader:
            outputs, targets = _forward(model, batch, device)
            if criterion is not None:
                total += _loss(criterion, outputs, targets).item() * len(targets)
            if metrics is None:
                of_values = targets.is_floating_point()
                ignored = checks.ignored_label(criterion)
                metrics = RegressionMetrics() if of_values else ClassificationMetrics(ignored)
            metrics.update(outputs.cpu(), targets.cpu())
            count += len(targets)
    checks.check_not_empty(count)
    assert metrics is not None
    loss = {} if criterion is None else {"loss": total / count}
    return loss | metrics.result()


def predict(
    model: nn.Module, dataloader: Iterable[Any], device: Device | None = None
) -> Predictions:
    """Collect a model's outputs in eval mode, without gradients; its own mode is put back.

    Args:
        model: called as in `train`.
        dataloader: an iterable of batches.
        device: where to compute; by default where the model is.

    Returns:
        Outputs and targets of all examples.

    Raises:
        TypeError, ValueError: a batch or an output is not of the documented form.
    """
    device = prepare(model, None, device)
    with _evaluating(model):
        pairs = [_forward(model, batch, device) for batch in dataloader]
    checks.check_not_empty(len(pairs))
    outputs, targets = zip(*pairs, strict=True)
    return Predictions(torch.cat(outputs).cpu(), torch.cat(targets).cpu())


def prepare(model: nn.Module, criterion: Criterion | None, device: Device | None) -> torch.device:
    """Check the criterion, move it and the model to the device, and return the device.

    Without a device, it is that of the model's first tensor, and the model is not moved.
    """
    if criterion is not None:
        checks.check_criterion(criterion)
    if device is None:
        tensors = itertools.chain(model.parameters(), model.buffers())
        device = next((tensor.device for tensor in tensors), "cpu")
    else:
        model.to(device)
    if isinstance(criterion, nn.Module):
        criterion.to(device)  # it may hold class weights
    return torch.device(device)


def _forward(model: nn.Module, batch: Any, device: Device) -> tuple[Tensor, Tensor]:
    """Return the outputs on the device, and the targets where the loader put them."""
    checks.check_batch(batch)
    inputs, targets, *present = batch
    arguments = [
        {name: tensor.to(device) for name, tensor in tensors.items()}
        for tensors in (inputs, *present)
    ]
    outputs = model(*arguments)
    checks.check_outputs(outputs, targets)
    return outputs, targets


def _loss(criterion: Criterion, outputs: Tensor, targets: Tensor) -> Tensor:
    checks.check_targets(criterion, outputs, targets)
    loss = criterion(outputs, targets.to(outputs.device))
    checks.check_loss(loss)
    return loss


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    # Each module has its own mode: a frozen batch norm must stay frozen afterwards.
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
