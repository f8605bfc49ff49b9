"""Checkpoints: a file that holds all of a run, is never half-written, and resumes it exactly.

`torch.load(path, weights_only=True)["states"]["model"]` is the state dict of the last epoch.
"""

import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mmtutor.training.history import History

FORMAT = "mmtutor checkpoint 1"


class CheckpointError(RuntimeError):
    """A checkpoint file cannot be read, or belongs to another run."""


@dataclass
class Run:
    """All that changes while `fit` runs, and so all that a checkpoint holds.

    Args:
        model: the network.
        criterion: saved if it is a module, as it may have parameters.
        optimizer: the optimizer of the model's parameters.
        scheduler: the learning-rate schedule, or None.
        device: where the model is.
        generator: what the training loader draws its order from, or None.
        watched: the number in the history that decides on early stopping, or None.
        history: the epochs so far.
        best: the model's state after the best epoch, if `watched`.
    """

    model: nn.Module
    criterion: Any
    optimizer: Optimizer
    scheduler: Any
    device: torch.device
    generator: torch.Generator | None
    watched: str | None
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None

    def parts(self) -> dict[str, Any]:
        """Return what has a `state_dict` of its own."""
        parts = {name: getattr(self, name) for name in ("model", "optimizer", "scheduler")}
        if isinstance(self.criterion, nn.Module):
            parts["criterion"] = self.criterion
        return {name: part for name, part in parts.items() if part is not None}

    def identity(self) -> dict[str, Any]:
        """Return what must be the same when a run is resumed, as plain values by name."""
        identity: dict[str, Any] = {
            name: type(getattr(self, name)).__name__
            for name in ("criterion", "optimizer", "scheduler")
        }
        for name, value in self.optimizer.defaults.items():
            if isinstance(value, (int, float, tuple)):
                identity[f"optimizer {name}"] = value
        groups = self.optimizer.param_groups
        identity["optimizer parameters"] = [len(group["params"]) for group in groups]
        identity["early stopping"] = self.watched
        for name, value in self.model.state_dict().items():
            if isinstance(value, Tensor):
                identity[f"model {name}"] = f"{value.dtype} {tuple(value.shape)}"
        return identity


def save(run: Run, path: Path) -> None:
    """Write a checkpoint; a process killed at any moment leaves the old file or the new one."""
    contents = {
        "format": FORMAT,
        "identity": run.identity(),
        "states": {name: part.state_dict() for name, part in run.parts().items()},
        "best": run.best,
        "history": run.history.rows,
        "random": _random_state(run),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            torch.save(contents, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def resume(run: Run, path: Path) -> None:
    """Put a run into the state that a checkpoint holds, random generators included.

    Raises:
        CheckpointError: the file is damaged, no checkpoint, or that of another run; nothing
            has been changed then.
    """
    contents = _read(path)
    _check_same_run(contents["identity"], run.identity(), path)
    for name, part in run.parts().items():
        part.load_state_dict(contents["states"][name])
    run.best = contents["best"]
    run.history.rows[:] = contents["history"]
    _set_random_state(run, contents["random"])


def _read(path: Path) -> dict[str, Any]:
    advice = f"delete {path} to start afresh, or give another path as checkpoint"
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files raise errors of many types
        raise CheckpointError(f"{path} is damaged and cannot be read: {advice}") from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
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


def _random_state(run: Run) -> dict[str, Any]:
    numpy_state: Any = np.random.get_state()
    name, keys, *rest = numpy_state
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *rest),  # weights_only allows no arrays
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(run.device) if run.device.type == "cuda" else None,
        "loader": None if run.generator is None else run.generator.get_state(),
    }


def _set_random_state(run: Run, state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if run.device.type == "cuda" and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"], run.device)
    if run.generator is not None and state["loader"] is not None:
        run.generator.set_state(state["loader"])
