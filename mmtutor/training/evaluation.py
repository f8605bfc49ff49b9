"""One pass over a loader in eval mode: to measure, or to predict."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmtutor.criteria import Criterion
from mmtutor.modes import evaluating
from mmtutor.training import checks
from mmtutor.training.distributed import Processes
from mmtutor.training.metrics import Metrics, metrics_for
from mmtutor.training.model_with_loss import Device, prepare


class Predictions(NamedTuple):
    """Outputs `(examples, ...)` and targets `(examples, ...)` on the CPU, in loader order."""

    outputs: Tensor
    targets: Tensor


def evaluate(
    model: nn.Module,
    dataloader: Iterable[Any],
    criterion: Criterion | None = None,
    device: Device | None = None,
) -> dict[str, float]:
    """Measure a model in eval mode, without gradients; its own mode is put back.

    Args:
        model: called as in `train`.
        dataloader: an iterable of batches, as in `train`.
        criterion: as in `train`; if given, the result has `loss`, the mean as in `train`. Labels
            that are its `ignore_index` (torch's default is -100) do not count in the accuracy.
        device: where to compute; by default where the model is.

    Returns:
        What suits criterion and targets, over the whole set, and NaN if an output is NaN:
        `accuracy` for int64 labels, for the probabilities of classes that a cross-entropy takes
        (the most probable class is the right one), and for the 0 and 1 that a binary
        cross-entropy takes (the share of all labels that are right); `mse`, `mae` and `r2` for
        other float targets.

    Raises:
        TypeError, ValueError: batches, outputs and criterion do not fit each other.
    """
    learner = prepare(model, criterion, device)
    checks.check_loader(dataloader)
    return measure(Processes(learner), dataloader)


def measure(processes: Processes, dataloader: Iterable[Any]) -> dict[str, float]:
    """Measure as in `evaluate`, with all processes; each example counts once."""
    learner, divisor = processes.learner, processes.learner.traits.divisor
    metrics: Metrics | None = None
    sums: Any = 0
    total, count = 0.0, 0.0
    with evaluating(learner):
        for batch in processes.batches(dataloader):
            share = processes.shard(batch)
            metrics = metrics or metrics_for(learner.traits, batch.targets)
            count += divisor(batch.targets)
            if not len(share.targets):
                continue
            outputs = learner.outputs(share)
            if learner.criterion is not None:
                total += learner.loss(outputs, share).item() * divisor(share.targets)
            sums += metrics.sums(outputs.cpu(), share.targets.cpu())
    assert metrics is not None  # as there is a batch
    measured = metrics.result(sum(processes.gather(sums)))
    if learner.criterion is None:
        return measured
    return {"loss": sum(processes.gather(total)) / count if count else math.nan} | measured


def predict(
    model: nn.Module, dataloader: Iterable[Any], device: Device | None = None
) -> Predictions:
    """Collect a model's outputs in eval mode, without gradients; its own mode is put back.

    Model, loader and device are as in `evaluate`.

    Raises:
        TypeError, ValueError: a batch or an output is not of the documented form.
    """
    learner = prepare(model, None, device)
    checks.check_loader(dataloader)
    with evaluating(learner):
        pairs = [(learner.outputs(batch), batch.targets) for batch in checks.batches(dataloader)]
    outputs, targets = zip(*pairs, strict=True)
    return Predictions(torch.cat(outputs).cpu(), torch.cat(targets).cpu())
