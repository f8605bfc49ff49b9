"""Arrays that take long to make, kept in the user's cache."""

import hashlib
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

_DIGEST = "sha256 of the others"  # the name of one more array in each file


def user_cache() -> Path:
    """Return the package's folder in the cache of the user.

    Raises:
        RuntimeError: the user has no home folder.
    """
    return Path.home() / ".cache" / "mmtutor"


def cached(key: str, build: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return arrays that take long to make, from ~/.cache/mmtutor/made if they are there.

    A file that is damaged is made anew. Where none can be written, the arrays are only built:
    they are the same, so there is nothing to say about it.

    Args:
        key: the name of the file: letters, digits, ".", "_" and "-". It must say all that the
            arrays depend on, or old ones are taken for new ones.
        build: makes the arrays. None of them may hold Python objects.

    Raises:
        TypeError: an array holds Python objects.
        ValueError: a key with other characters.
    """
    if not re.fullmatch(r"\w[\w.-]*", key, re.ASCII):
        raise ValueError(
            f'key must be letters, digits, ".", "_" and "-", like "mnist-codes-1"; got {key!r}'
        )
    try:
        file = user_cache() / "made" / f"{key}.npz"
    except RuntimeError:
        return build()
    arrays = _read(file)
    if arrays is None:
        arrays = build()
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise TypeError(f"array {name!r} of {key!r} holds Python objects; give it numbers")
        _write(file, arrays)
    return arrays


def _read(file: Path) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file, or None if it is not there or not what was written."""
    if not file.is_file():  # a pipe would be waited for
        return None
    try:
        with np.load(file) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays if arrays.pop(_DIGEST).item() == _digest(arrays) else None
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error):
        return None


def _write(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays with their digest, in one step, if the place can be written at all."""
    partial = file.with_name(".partial.npz")
    contents: dict[str, Any] = {**arrays, _DIGEST: np.array(_digest(arrays))}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(".lock")):
            try:
                np.savez(partial, **contents)
                partial.replace(file)
            finally:
                partial.unlink(missing_ok=True)
    except OSError:
        pass


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the sha256 of the names, types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
