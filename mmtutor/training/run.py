"""A run of `fit`: with what it was begun, what changes while it runs, and how it is resumed."""

import inspect
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mmtutor.training import checkpoint
from mmtutor.training.checkpoint import CheckpointError
from mmtutor.training.distributed import Processes
from mmtutor.training.history import History

_PLAIN = (int, float, str, tuple)


@dataclass
class Run:
    """All that a checkpoint holds, and with what it was begun; all processes call its methods."""

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
        identity = {
            **_shapes("model", learner.model),
            **_shapes("criterion", learner.criterion),
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
        self.identity = checkpoint.plain(identity)
        parts: dict[str, Any] = {
            "model": learner.model,
            "criterion": learner.criterion,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "precision": learner.precision.scaler,
        }
        self.parts = {name: part for name, part in parts.items() if hasattr(part, "state_dict")}

    def stalled(self) -> bool:
        """Return whether so many epochs as `patience` brought nothing better."""
        if self.patience is None or not len(self.history):
            return False
        return len(self.history) - self.history.best(self.monitor)["epoch"] >= self.patience

    def save(self, path: Path) -> None:
        """Write a checkpoint: rank 0 does, and the others wait for it."""
        contents = {
            "identity": self.identity,
            "states": {name: part.state_dict() for name, part in self.parts.items()},
            "best": self.best,
            "history": self.history.rows,
            "random": self.processes.gather(self._random_state()),
        }
        if self.processes.rank == 0:
            checkpoint.write(contents, path)
        self.processes.gather(None)

    def resume(self, path: Path, epochs: int) -> None:
        """Go on from a checkpoint for so many epochs in all; if it is refused, nothing changes."""
        contents = checkpoint.read(path)
        _check_same(contents["identity"], self.identity, path)
        done = len(contents["history"])
        if done > epochs:
            raise CheckpointError(
                f"{path} holds {done} epochs already: ask for at least as many, not {epochs}, or "
                "delete the file to start afresh"
            )
        for name, part in self.parts.items():
            if state := contents["states"][name]:  # only float16 has a state of the precision
                part.load_state_dict(state)
        self.best = contents["best"]
        self.history.rows[:] = contents["history"]
        self._set_random_state(contents["random"][self.processes.rank])

    def _random_state(self) -> dict[str, Any]:
        device = self.processes.learner.precision.device
        return {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "loader": [generator.get_state() for generator in self.generators],
        }

    def _set_random_state(self, state: dict[str, Any]) -> None:
        device = self.processes.learner.precision.device
        random.setstate(state["python"])
        np.random.set_state(state["numpy"])
        torch.set_rng_state(state["torch"])
        if device.type == "cuda" and state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"], device)
        for generator, its_state in zip(self.generators, state["loader"], strict=True):
            generator.set_state(its_state)


def _check_same(saved: dict[str, Any], given: dict[str, Any], path: Path) -> None:
    differences = [
        f"  {name}: {saved.get(name, 'none')} in the file, {given.get(name, 'none')} given"
        for name in saved | given
        if saved.get(name) != given.get(name)
    ]
    if differences:
        shown = differences[:5] + ["  ..."] * (len(differences) > 5)
        raise CheckpointError(
            "\n".join([f"{path} is the checkpoint of another run:", *shown])
            + "\nGive fit what it was given then, or another path as checkpoint, or delete the file"
        )


def _seed(generator: torch.Generator) -> int | None:
    """Return the seed that somebody chose; those that torch draws for itself are larger."""
    seed = generator.initial_seed()
    return seed if 0 <= seed < 2**32 else None


def _shapes(kind: str, part: Any) -> dict[str, str]:
    """Return the shapes of the tensors of a model or criterion."""
    state = part.state_dict() if isinstance(part, nn.Module) else {}
    tensors = {name: x for name, x in state.items() if isinstance(x, Tensor)}
    return {f"{kind} {name}": f"{x.dtype} {tuple(x.shape)}" for name, x in tensors.items()}


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
    groups = [
        group | {"lr": group.get("initial_lr", group["lr"])} for group in optimizer.param_groups
    ]
    found: dict[str, Any] = {"optimizer parameters": [len(group["params"]) for group in groups]}
    moved = {"betas", "momentum"} if "max_momentum" in groups[0] else set()  # by OneCycleLR
    for name in sorted(set().union(*groups) - moved - {"params"}):
        values = [group[name] for group in groups if isinstance(group.get(name), _PLAIN)]
        if values:
            found[f"optimizer {name}"] = values[0] if len(values) == 1 else values
    return found
