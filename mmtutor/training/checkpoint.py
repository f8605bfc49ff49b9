"""Checkpoints: a file that holds all of a run, is never half-written, and resumes it exactly.

`torch.load(path, weights_only=True)["states"]["model"]` is the state dict of the last epoch. The
digest of all that stands before it ends the file: nothing is read from one that was changed since.
"""

import hashlib
import inspect
import io
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mmtutor.training.distributed import OneProcess
from mmtutor.training.history import History

FORMAT = "mmtutor checkpoint 3"
_CONTENTS = {"format", "identity", "states", "best", "history", "random"}
_PLAIN = (int, float, str, tuple)


class CheckpointError(RuntimeError):
    """A checkpoint file is damaged, belongs to another run, or is in use by one."""


@dataclass
class Run:
    """A run of `fit`: what it was given, and all that changes while it runs.

    Args:
        processes: those that train, with the model, its criterion and the precision.
        optimizer: of the parameters of model and criterion.
        scheduler: the learning-rate schedule, or None.
        schedule_every: "epoch" or "batch", when the schedule steps.
        clip_norm: the largest norm of the gradients, or None.
        generators: what the training loader and its samplers draw from.
        monitor: the number in the history that decides on early stopping.
        patience: after how many epochs without a better one, or None.
        history: the epochs so far.
        best: the model's state after the best epoch, if there is `patience`.
        identity: what must be the same when the run is resumed, as plain values by name.
    """

    processes: OneProcess
    optimizer: Optimizer
    scheduler: LRScheduler | None
    schedule_every: str
    clip_norm: float | None
    generators: list[torch.Generator]
    monitor: str
    patience: int | None
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None
    identity: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note what the run begins with; all processes make their run together."""
        learner = self.processes.learner
        self.identity = {
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
        parts = {
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


def save(run: Run, path: Path) -> None:
    """Write a checkpoint; a process killed at any moment leaves the old file or the new one.

    All processes call this. Rank 0 writes, and the others wait for it.

    Raises:
        OSError: the file cannot be written, as on a full disk; the one before stays.
    """
    contents = {
        "format": FORMAT,
        "identity": run.identity,
        "states": run.states(),
        "best": run.best,
        "history": run.history.rows,
        "random": run.processes.gather(_random_state(run)),
    }
    if run.processes.rank == 0:
        _write(contents, path)
    run.processes.gather(None)


def _write(contents: dict[str, Any], path: Path) -> None:
    memory = io.BytesIO()
    torch.save(_plain(contents), memory)
    written = memory.getvalue()
    target = path.resolve()  # a link to a file elsewhere stays one
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            file.write(written + hashlib.sha256(written).digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, target)
    except OSError as error:
        message = f"{error.strerror}: the checkpoint {path} cannot be written; the one before stays"
        raise OSError(error.errno, message) from error
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def reserved(path: Path | None, rank: int) -> Iterator[None]:
    """Keep other runs from a path as long as this one may write there; rank 0 sees to it.

    Raises:
        CheckpointError: another run is writing there.
        OSError: nothing can be written there.
    """
    if path is None or rank > 0:
        yield
        return
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f"{target.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise CheckpointError(
            f"another run is writing {path}: wait for its end, or give another path as checkpoint"
        ) from None
    try:
        yield
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def resume(run: Run, path: Path, epochs: int) -> None:
    """Put a run of so many epochs into the state of a checkpoint, random generators included.

    Raises:
        CheckpointError: the file is damaged, no checkpoint, that of another run, or holds more
            epochs; nothing has been changed then.
        OSError: the file cannot be opened.
    """
    contents = _read(path)
    saved = _shapes(contents["states"]) | contents["identity"]
    _check_same_run(saved, _plain(_shapes(run.states()) | run.identity), path)
    if len(contents["history"]) > epochs:
        raise CheckpointError(
            f"{path} holds {len(contents['history'])} epochs already: ask for at least as many, "
            f"not {epochs}, or delete the file to start afresh"
        )
    for name, part in run.parts().items():
        part.load_state_dict(contents["states"][name])
    run.best = contents["best"]
    run.history.rows[:] = contents["history"]
    _set_random_state(run, contents["random"][run.processes.rank])


def _read(path: Path) -> dict[str, Any]:
    whole = path.read_bytes()  # a directory, or no permission, is an OSError of its own
    written, digest = whole[:-32], whole[-32:]
    advice = f"delete {path} to start afresh, or give another path as checkpoint"
    if hashlib.sha256(written).digest() != digest:
        raise CheckpointError(f"{path} is damaged, or not a checkpoint written by fit: {advice}")
    try:
        contents = torch.load(io.BytesIO(written), map_location="cpu", weights_only=True)
    except Exception as error:  # what it was not made to read raises errors of many types
        raise CheckpointError(f"{path} is damaged and cannot be read: {advice}") from error
    known = isinstance(contents, dict) and contents.keys() == _CONTENTS
    if not known or contents["format"] != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint written by fit: {advice}")
    return contents


def _check_same_run(saved: dict[str, Any], given: dict[str, Any], path: Path) -> None:
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
    """Return the size and the settings of the parameter groups, without what a schedule moves."""
    settings: dict[str, list[Any]] = {"parameters": []}
    for group in optimizer.param_groups:
        settings["parameters"].append(len(group["params"]))
        moved = {"params", "betas", "momentum"} if "max_momentum" in group else {"params"}
        first = {"lr": group["initial_lr"]} if "initial_lr" in group else {}
        for name, value in (group | first).items():
            if isinstance(value, _PLAIN) and name not in moved:
                settings.setdefault(name, []).append(value)
    return {
        f"optimizer {name}": values[0] if len(values) == 1 and name != "parameters" else values
        for name, values in settings.items()
    }


def _shapes(states: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the names of the parts, and the shapes of the tensors of model and criterion."""
    shapes = {"parts": ", ".join(states)}
    for part, state in states.items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                shapes[f"{part} {name}"] = f"{value.dtype} {tuple(value.shape)}"
    return shapes


def _plain(value: Any) -> Any:
    """Turn numpy's numbers and arrays into Python's, as `weights_only` reads no others."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if type(value) is dict:
        return {name: _plain(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)
    return value


def _seed(generator: torch.Generator) -> int | None:
    """Return the seed that somebody chose; those that torch draws for itself are larger."""
    seed = generator.initial_seed()
    return seed if 0 <= seed < 2**32 else None


def _random_state(run: Run) -> dict[str, Any]:
    device = run.processes.learner.precision.device
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "loader": [generator.get_state() for generator in run.generators],
    }


def _set_random_state(run: Run, state: dict[str, Any]) -> None:
    device = run.processes.learner.precision.device
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], device)
    for generator, its_state in zip(run.generators, state["loader"], strict=True):
        generator.set_state(its_state)
