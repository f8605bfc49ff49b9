"""A whole training run: epochs, validation, schedule, early stopping, checkpoints."""

import copy
import os
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data.distributed import DistributedSampler
from tqdm import tqdm

from mmtutor.criteria import Criterion, Traits
from mmtutor.training import checks
from mmtutor.training.checkpoint import reserved
from mmtutor.training.distributed import Processes, own_device, together
from mmtutor.training.evaluation import measure
from mmtutor.training.history import History
from mmtutor.training.loop import train_epoch
from mmtutor.training.metrics import OF_KIND
from mmtutor.training.model_with_loss import Device, prepare
from mmtutor.training.nonfinite import NonFiniteLossError
from mmtutor.training.run import Run
from mmtutor.training.schedule import ONE_CYCLE, check_schedule, scheduled


def fit(
    model: nn.Module,
    train_loader: Iterable[Any],
    validation_loader: Iterable[Any] | None = None,
    *,
    epochs: int,
    criterion: Criterion | None = None,
    optimizer: Optimizer | None = None,
    rate: float | None = None,
    schedule: str | LRScheduler | None = None,
    schedule_every: str = "epoch",
    clip_norm: float | None = None,
    mixed_precision: bool = False,
    patience: int | None = None,
    monitor: str = "loss",
    checkpoint: str | os.PathLike[str] | None = None,
    device: Device | None = None,
    progress: bool = False,
) -> History:
    """Train a model, and measure it on the validation set after each epoch.

    A script started by `torchrun --nproc-per-node 2 script.py` trains with two processes, which
    share each batch, and gets what one process would get, up to rounding. Every process has to
    make the same loaders and to call this function; see `mmtutor.training.distributed`.

    Args:
        model: as in `train`; it ends in train mode, with the parameters of the last epoch, or,
            with `patience`, of the best one.
        train_loader: an iterable of batches. If it or a sampler of it has `set_epoch`, that
            is called with 0, 1, ... before each epoch.
        validation_loader: the same for validation.
        epochs: number of epochs, those of a resumed checkpoint included.
        criterion: as in `train`; cross-entropy by default, so regression has to name one.
        optimizer: by default Adam, of the parameters of model and criterion.
        rate: learning rate of that Adam, 0.001 by default; or the peak of a one-cycle schedule,
            by default the learning rate of each of the optimizer's parameter groups.
        schedule: "one-cycle", torch's `OneCycleLR` over all batches of the run: the rate rises
            from 1/25 of its peak during 30 % of them and falls to nearly 0, and the optimizer's
            momentum, if it has one, does the opposite. Or a schedule of torch that you made.
        schedule_every: when the latter steps, after each "epoch", or after each "batch" in
            which the optimizer stepped. `ReduceLROnPlateau` is given the `monitor`.
        clip_norm: as in `train`.
        mixed_precision: as in `train`, and for the validation too.
        patience: stop once so many epochs in a row brought no better `monitor`; by default
            nothing is watched, and every epoch is trained.
        monitor: name of a validation metric; accuracy and r2 should rise, all else fall.
        checkpoint: file written after each epoch. If it exists, the run goes on from it as if
            it had never stopped; a finished run returns its history at once. The data, and
            what cannot be compared, such as the function of a LambdaLR, must be the same.
        device: as in `train`; of several processes each takes a GPU of its own for "cuda".
        progress: show a bar over the epochs.

    Returns:
        One row for each epoch: `epoch` (from 1), `loss`, and the metrics of `evaluate` with
        the prefix `validation_`.

    Raises:
        NonFiniteLossError: as in `train`; the checkpoint then holds the last good epoch.
        CheckpointError: the file is damaged, that of another run, holds more epochs, or
            another run is writing it; the model is unchanged.
        OSError: the checkpoint cannot be read or written; the one before stays.
        DistributedError: another process of the run ended; the checkpoint is good.
        TypeError, ValueError: arguments, batches, outputs and criterion do not fit each other.
    """
    criterion = nn.CrossEntropyLoss() if criterion is None else criterion
    checks.check_settings(clip_norm, mixed_precision)
    check_schedule(schedule, schedule_every, rate, optimizer)
    watching = patience is not None or isinstance(schedule, ReduceLROnPlateau)
    _check_lengths(epochs, patience)
    _check_monitor(monitor, criterion, watching, validation_loader)
    checks.check_loader(train_loader)
    checks.check_loader([] if validation_loader is None else validation_loader)
    learner = prepare(model, criterion, own_device(device), mixed_precision)
    optimizer = optimizer or Adam(learner.parameters(), lr=rate or 1e-3)
    checks.check_optimizer(model, criterion, optimizer)
    path = None if checkpoint is None else Path(checkpoint)
    with (
        scheduled(schedule, optimizer, rate, train_loader, epochs) as scheduler,
        together(learner, path) as processes,
        reserved(path, processes.rank),
    ):
        _check_samplers(processes, train_loader, validation_loader)
        generators = {getattr(part, "generator", None): None for part in _parts(train_loader)}
        run = Run(
            processes=processes,
            optimizer=optimizer,
            scheduler=scheduler,
            schedule_every="batch" if schedule == ONE_CYCLE else schedule_every,
            clip_norm=clip_norm,
            generators=[each for each in generators if each is not None],
            monitor=f"validation_{monitor}",
            patience=patience,
        )
        if path is not None and processes.gather(path.exists())[0]:
            run.resume(path, epochs)
        hidden = processes.rank > 0 or not progress
        with tqdm(total=epochs, initial=len(run.history), unit="epoch", disable=hidden) as bar:
            while len(run.history) < epochs and not run.stalled():
                _epoch(run, train_loader, validation_loader)
                if path is not None:
                    run.save(path)
                bar.set_postfix(run.history.rows[-1], refresh=False)
                bar.update()
    if run.best is not None:
        model.load_state_dict(run.best)
    return run.history


def _epoch(run: Run, train_loader: Iterable[Any], validation_loader: Iterable[Any] | None) -> None:
    done = len(run.history)
    for part in _parts(train_loader):
        if hasattr(part, "set_epoch"):
            part.set_epoch(done)
    row: dict[str, float] = {"epoch": done + 1}
    in_batches = run.scheduler if run.schedule_every == "batch" else None
    try:
        row["loss"] = train_epoch(
            run.processes, train_loader, run.optimizer, run.clip_norm, in_batches
        )
    except NonFiniteLossError as error:
        error.epoch = done + 1
        raise
    if validation_loader is not None:
        metrics = measure(run.processes, validation_loader)
        row |= {f"validation_{name}": value for name, value in metrics.items()}
    run.history.rows.append(row)
    if run.patience is not None and run.history.best(run.monitor) is row:
        run.best = copy.deepcopy(run.processes.learner.model.state_dict())
    if isinstance(run.scheduler, ReduceLROnPlateau):
        run.scheduler.step(row[run.monitor])
    elif run.scheduler is not None and in_batches is None:
        run.scheduler.step()


def _parts(loader: Any) -> list[Any]:
    """Return a loader and its samplers, any of which may draw the order of the examples."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    inner = getattr(batch_sampler, "sampler", None)
    return [loader, getattr(loader, "sampler", None), batch_sampler, inner]


def _check_samplers(processes: Processes, *loaders: Any) -> None:
    parts = [part for loader in loaders for part in _parts(loader)]
    if processes.count > 1 and any(isinstance(part, DistributedSampler) for part in parts):
        raise ValueError(
            "a loader has a DistributedSampler, but fit itself shares every batch among the "
            "processes: give all processes the same loader, without it"
        )


def _check_lengths(epochs: Any, patience: Any) -> None:
    if not isinstance(epochs, Integral) or epochs < 1:
        raise ValueError(f"epochs must be at least 1, and whole; got {epochs}")
    if patience is not None and (not isinstance(patience, Integral) or patience < 1):
        raise ValueError(f"patience must be at least 1 epoch, or None; got {patience}")


def _check_monitor(monitor: str, criterion: Criterion, watching: bool, loader: Any) -> None:
    measured = ("loss", *OF_KIND[Traits(criterion).kind])
    if monitor not in measured:
        raise ValueError(f"monitor must be one of {', '.join(measured)}; got {monitor!r}")
    if monitor != "loss" and not watching:
        raise ValueError(f"monitor={monitor!r} says what patience watches: give patience too")
    if watching and loader is None:
        raise ValueError("patience watches the validation set: give a validation_loader")
