"""Where downloaded data lie: one folder, whose files are checked each time they are asked for."""

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from mmtutor.data import digests
from mmtutor.data.catalogue import CATALOGUE
from mmtutor.data.checks import check_known
from mmtutor.data.entry import Entry
from mmtutor.data.errors import DataError
from mmtutor.data.fetch import by_hand, fetch

__all__ = ["DataError", "cached", "folder", "get", "here", "problems", "sources"]

_DIGEST = "sha256 of the others"  # the name of one more array in each file of `cached`


def folder() -> Path:
    """Return the folder for downloaded data: MMTUTOR_DATA, or else ~/.cache/mmtutor.

    Raises:
        DataError: it would be in the home of a user who has none.
    """
    chosen = os.environ.get("MMTUTOR_DATA")
    try:
        return Path(chosen).expanduser().resolve() if chosen else _cache()
    except RuntimeError as error:
        raise DataError(
            "there is no folder for data, as you have no home; set MMTUTOR_DATA to one"
        ) from error


def get(name: str) -> Path:
    """Return the folder of a data set, whose files are the published ones.

    They are all read and compared by their digests, in less than a second. What is missing or
    damaged is fetched first.

    Args:
        name: from the catalogue, like `"fsdd"`. A set that is made from others, such as
            `"av_mnist"`, lies in no folder of its own: the folder for all data is returned.

    Raises:
        DataError: the files are not there, or are damaged, and cannot be fetched.
        ValueError: an unknown name, or a set that the package carries.
    """
    entry = _entry(name)
    if entry.carried:
        raise ValueError(f"the package carries {name!r}: there is nothing to fetch")
    for source in entry.made_from:
        get(source)
    fetch(name, entry, folder() / entry.folder)
    return folder() / entry.folder


def here(name: str) -> bool:
    """Return whether all files of a set are there. They are counted, not read.

    Raises:
        ValueError: an unknown name.
    """
    entry = _entry(name)
    base = folder() / entry.folder
    return all(map(here, entry.made_from)) and all(
        digests.there(part, base) for part in entry.parts
    )


def problems(name: str) -> list[str]:
    """Return what is wrong with the files of a set, a line each; an empty list if nothing is.

    Raises:
        ValueError: an unknown name.
    """
    entry = _entry(name)
    base = folder() / entry.folder
    found = [line for source in entry.made_from for line in problems(source)]
    return found + [line for part in entry.parts for line in digests.problems(part, base)]


def sources(name: str) -> list[tuple[str, Path]]:
    """Return where a person finds what is missing or damaged of a set, and where to save it.

    Raises:
        ValueError: an unknown name.
    """
    entry = _entry(name)
    base = folder() / entry.folder
    wrong = [part for part in entry.parts if digests.problems(part, base)]
    found = [pair for source in entry.made_from for pair in sources(source)]
    return found + [pair for part in wrong for pair in by_hand(part, base)]


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
    file = _kept(key)
    arrays = _read(file) if file else None
    if arrays is None:
        arrays = build()
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise TypeError(f"array {name!r} of {key!r} holds Python objects; give it numbers")
        if file:
            _write(file, arrays)
    return arrays


def _kept(key: str) -> Path | None:
    """Return the file for arrays that are kept, or None for a user without a home."""
    try:
        return _cache() / "made" / f"{key}.npz"
    except RuntimeError:
        return None


def _read(file: Path) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file, or None if it is not there or not what was written."""
    try:
        with np.load(file) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays if arrays.pop(_DIGEST).item() == _digest(arrays) else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
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


def _cache() -> Path:
    return Path.home() / ".cache" / "mmtutor"


def _entry(name: str) -> Entry:
    check_known("data set", name, CATALOGUE)
    return CATALOGUE[name]
