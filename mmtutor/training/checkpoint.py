"""Checkpoints: a file that holds all of a run, is never half-written, and resumes it exactly.

`torch.load(path, weights_only=True)["states"]["model"]` is the state dict of the last epoch. The
file ends with a digest of all before it: from one that was changed since, nothing is read.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from mmtutor.training.run import Run

FORMAT = "mmtutor checkpoint 3"
_CONTENTS = {"format", "identity", "states", "best", "history", "random"}


class CheckpointError(RuntimeError):
    """A checkpoint file is damaged, belongs to another run, or is being written by one."""


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
        "random": run.processes.gather(run.random_state()),
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
            file.write(written)
            file.write(hashlib.sha256(written).digest())
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
    """Keep other runs from a path while this one may write there; rank 0 sees to it.

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
    run.set_random_state(contents["random"][run.processes.rank])


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
