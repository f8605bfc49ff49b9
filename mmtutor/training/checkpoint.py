"""Checkpoint files: never half-written, written by one run at a time, and read only if whole.

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

FORMAT = "mmtutor checkpoint 4"


class CheckpointError(RuntimeError):
    """A checkpoint file is damaged, belongs to another run, or is being written by one."""


def write(contents: dict[str, Any], path: Path) -> None:
    """Write a file; whatever fails, at any moment, leaves the old one or the new one."""
    memory = io.BytesIO()
    torch.save(plain({"format": FORMAT, **contents}), memory)
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


def read(path: Path) -> dict[str, Any]:
    """Read what `write` has written; raise CheckpointError if it is damaged or something else."""
    whole = path.read_bytes()
    written, digest = whole[:-32], whole[-32:]
    advice = f"delete {path} to start afresh, or give another path as checkpoint"
    if hashlib.sha256(written).digest() != digest:
        raise CheckpointError(f"{path} is damaged, or not a checkpoint written by fit: {advice}")
    try:
        contents = torch.load(io.BytesIO(written), map_location="cpu", weights_only=True)
        written_as = contents["format"]
    except Exception as error:  # what it was not made to read raises errors of many types
        raise CheckpointError(f"{path} is damaged and cannot be read: {advice}") from error
    if written_as != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint written by fit: {advice}")
    return contents


@contextmanager
def reserved(path: Path | None, rank: int) -> Iterator[None]:
    """Keep other runs from a path while this one may write there; rank 0 sees to it."""
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


def plain(value: Any) -> Any:
    """Turn numpy's numbers and arrays into Python's, as `weights_only` reads no others."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if type(value) is dict:
        return {name: plain(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    return value
