"""How the learning rate changes during a run: one cycle by its name, or any schedule of torch."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

ONE_CYCLE = "one-cycle"


def check_schedule(schedule: Any, every: str, rate: float | None, optimizer: Any) -> None:
    """Raise TypeError or ValueError unless these arguments of `fit` suit each other."""
    if every not in ("epoch", "batch"):
        raise ValueError(f'schedule_every must be "epoch" or "batch"; got {every!r}')
    if rate is not None and not rate > 0:
        raise ValueError(f"rate must be above 0, or None; got {rate}")
    if schedule != ONE_CYCLE and rate is not None and optimizer is not None:
        raise ValueError("the optimizer has a learning rate already: give it rate as its lr")
    if schedule is None or schedule == ONE_CYCLE:
        return
    if not isinstance(schedule, LRScheduler):
        name = getattr(schedule, "__name__", repr(schedule))
        raise TypeError(
            f'the schedule must be "{ONE_CYCLE}" or a schedule of torch, such as '
            f"StepLR(optimizer, step_size=10); got {name}"
        )
    if schedule.optimizer is not optimizer:
        raise ValueError("the schedule belongs to another optimizer: give fit that optimizer too")
    if isinstance(schedule, ReduceLROnPlateau) and every == "batch":
        raise ValueError(
            "ReduceLROnPlateau watches the validation, which comes after an epoch: leave out "
            'schedule_every="batch"'
        )


@contextmanager
def scheduled(
    schedule: Any, optimizer: Optimizer, rate: float | None, loader: Any, epochs: int
) -> Iterator[LRScheduler | None]:
    """Make the schedule that is given by its name; in the end, the rates are put back."""
    if schedule != ONE_CYCLE:
        yield schedule
        return
    batches = operator.length_hint(loader, 0)
    if not batches:
        raise ValueError(
            "a one-cycle schedule must know the number of batches beforehand, but the loader has "
            "no length, or is empty: pass a list of batches or a DataLoader"
        )
    groups = optimizer.param_groups
    rates = [group["lr"] for group in groups]
    has_momentum = all("betas" in group or group.get("momentum") for group in groups)
    try:
        yield OneCycleLR(
            optimizer, rate or rates, total_steps=epochs * batches, cycle_momentum=has_momentum
        )
    finally:  # or the next cycle would begin with the tiny rate with which this one ends
        for group, own in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = own
