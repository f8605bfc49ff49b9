"""The training loop: what is done with each batch, in one place."""

import math
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mmtutor.criteria import Criterion
from mmtutor.training import checks
from mmtutor.training.distributed import Processes
from mmtutor.training.model_with_loss import Device, prepare
from mmtutor.training.nonfinite import check_after_epoch, non_finite_loss


def train(
    model: nn.Module,
    dataloader: Iterable[Any],
    criterion: Criterion,
    optimizer: Optimizer,
    device: Device | None = None,
    *,
    clip_norm: float | None = None,
    mixed_precision: bool = False,
) -> float:
    """Train for one epoch.

    The whole model is put into train mode and stays in it, even batch norms that were in eval
    mode: a model that keeps one frozen has to override its own `train`.

    Args:
        model: called as `model(inputs)`, or `model(inputs, present, lengths)` with as many of
            them as a batch has.
        dataloader: an iterable of batches: `mmtutor.batch.Batch`, or tuples
            `(inputs, targets[, present[, lengths]])` of the same parts.
        criterion: `criterion(outputs, targets)` returns the mean loss of a batch.
        optimizer: holds the parameters of the model, and of the criterion if it has any.
        device: where to compute; by default where the model is.
        clip_norm: longer gradients, of all parameters together, are shortened to this norm.
        mixed_precision: compute with numbers of 16 bits where that is safe, as `torch.autocast`
            does: in bfloat16, or on older GPUs in float16, where the first steps may be left
            out because gradients overflow until their scale has settled.

    Returns:
        The mean loss per example, each as it was when its batch came. With class weights or
        ignored labels, it is the mean over what counts, as of one large batch.

    Raises:
        NonFiniteLossError: the loss or a parameter became NaN or infinite. A non-finite loss
            stops before the optimizer's step, so the parameters are unharmed.
        TypeError, ValueError: batches, outputs and criterion do not fit each other.
    """
    checks.check_settings(clip_norm, mixed_precision)
    learner = prepare(model, criterion, device, mixed_precision)
    checks.check_optimizer(model, criterion, optimizer)
    checks.check_loader(dataloader)
    return train_epoch(Processes(learner), dataloader, optimizer, clip_norm)


def train_epoch(
    processes: Processes,
    dataloader: Iterable[Any],
    optimizer: Optimizer,
    clip_norm: float | None = None,
    scheduler: LRScheduler | None = None,
) -> float:
    """Train for one epoch as in `train`; a scheduler steps after each batch.

    `compute` is the model, followed by its criterion. What else `processes` and `precision` are
    asked to do matters to several processes and to float16: otherwise `shard`, `scale_loss` and
    `scale` return what they are given, `own` is `whole`, and `unscale` returns True.
    """
    learner, precision = processes.learner, processes.learner.precision
    divisor = learner.traits.divisor
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    total, count = 0.0, 0.0
    learner.train()
    for step, batch in enumerate(processes.batches(dataloader), start=1):
        share = processes.shard(batch)
        own, whole = divisor(share.targets), divisor(batch.targets)
        checks.check_some_count(learner.traits, whole)
        optimizer.zero_grad()
        outputs, loss = processes.compute(share)
        value = loss.item()
        if not math.isfinite(value):
            raise non_finite_loss(value, step, learner.model, share, outputs)
        precision.scale(processes.scale_loss(loss, own / whole)).backward()
        if precision.unscale(optimizer):
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(parameters, clip_norm)
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
        total += value * own
        count += whole
    check_after_epoch(value, step, learner.model, precision.scaler.get_scale())
    processes.share_buffers()
    return sum(processes.gather(total)) / count
