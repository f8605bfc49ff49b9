"""A run of `fit`: what it was given, what changes while it runs, and how another one is told."""

import inspect
import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mmtutor.training.distributed import Processes
from mmtutor.training.history import History

_PLAIN = (int, float, str, tuple)


@dataclass
class Run:
    """All that a checkpoint holds, and with what it was begun; processes make it together."""

    processes: Processes
    optimizer: Optimizer
    scheduler: LRScheduler | None
    schedule_every: str  # "epoch" or "batch"
    clip_norm: float | None
    generators: list[torch.Generator]  # what the training loader and its samplers draw from
    monitor: str  # the number in the history that decides on early stopping
    patience: int | None
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None  # the model's state after the best epoch, if `patience`

    def __post_init__(self) -> None:
        """Note what must be the same when the run is resumed, as plain values by name."""
        learner = self.processes.learner
        self.identity: dict[str, Any] = {
            "processes": self.processes.count,
            "mixed precision": learner.precision.dtype is not None,
            "clip_norm": self.clip_norm,
            "schedule_every": self.schedule_every,
            "early stopping": self.monitor if self.patience else None,
            "seed": self.processes.gather(_seed(torch.default_generator)),
            "seed of the loader": [_seed(generator) for generator in self.generators],
            **_settings("criterion", learner.criterion),
            **_settings("scheduler", self.scheduler),
            "optimizer": type(self.optimizer).__name__,
            **_of_groups(self.optimizer),
        }

    def parts(self) -> dict[str, Any]:
        """Return what has a `state_dict` of its own; a criterion may have parameters."""
        learner = self.processes.learner
        parts: dict[str, Any] = {
            "model": learner.model,
            "criterion": learner.criterion,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "precision": learner.precision,
        }
        return {name: part for name, part in parts.items() if hasattr(part, "state_dict")}

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the state dict of each part."""
        return {name: part.state_dict() for name, part in self.parts().items()}

    def stalled(self) -> bool:
        """Return whether so many epochs as `patience` brought nothing better."""
        if self.patience is None or not len(self.history):
            return False
        return len(self.history) - self.history.best(self.monitor)["epoch"] >= self.patience

    def random_state(self) -> dict[str, Any]:
        """Return the states of all random generators of this process."""
        device = self.processes.learner.precision.device
        return {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "loader": [generator.get_state() for generator in self.generators],
        }

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Put all random generators of this process into these states."""
        device = self.processes.learner.precision.device
        random.setstate(state["python"])
        np.random.set_state(state["numpy"])
        torch.set_rng_state(state["torch"])
        if device.type == "cuda" and state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"], device)
        for generator, its_state in zip(self.generators, state["loader"], strict=True):
            generator.set_state(its_state)


def _seed(generator: torch.Generator) -> int | None:
    """Return the seed that somebody chose; those that torch draws for itself are larger."""
    seed = generator.initial_seed()
    return seed if 0 <= seed < 2**32 else None


def _settings(kind: str, part: Any) -> dict[str, Any]:
    """Return what a criterion or schedule was made with, as far as it is plain.

    Both keep most arguments under their own names. What they keep under other names may be
    progress, and is left out.
    """
    settings: dict[str, Any] = {kind: getattr(part, "__qualname__", type(part).__name__)}
    if isinstance(part, (nn.Module, LRScheduler)):
        for name in inspect.signature(type(part)).parameters:
            value = getattr(part, name, None)
            # Class weights are plain tensors; parameters are trained, and differ.
            value = tuple(value.flatten().tolist()) if type(value) is Tensor else value
            if isinstance(value, _PLAIN) and name != "last_epoch":
                settings[f"{kind} {name}"] = value
    return settings


def _of_groups(optimizer: Optimizer) -> dict[str, Any]:
    """Return size and settings of the parameter groups as a schedule found them."""
    found: dict[str, list[Any]] = {}
    for group in optimizer.param_groups:
        settings = group | {"lr": group.get("initial_lr", group["lr"])}
        moved = {"betas", "momentum"} if "max_momentum" in group else set()  # by OneCycleLR
        for name in settings.keys() - moved - {"params"}:
            if isinstance(settings[name], _PLAIN):
                found.setdefault(f"optimizer {name}", []).append(settings[name])
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    alike = {name: values[0] if len(values) == 1 else values for name, values in found.items()}
    return {"optimizer parameters": sizes, **dict(sorted(alike.items()))}
