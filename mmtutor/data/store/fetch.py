"""Fetching a set: what stands in its place is whole and checked; until then it has another name."""

import errno
import gzip
import importlib.util
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from mmtutor.data.errors import DataError
from mmtutor.data.store import digests
from mmtutor.data.store.download import download
from mmtutor.data.store.entry import Download, Entry, Part
from mmtutor.data.store.unpack import keep

_NO_ARCHIVE = (
    gzip.BadGzipFile,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    FileExistsError,  # two members of one name
    UnicodeError,  # the name of a member of a zip archive
)


def fetch(entry: Entry, base: Path) -> None:
    """Fetch those parts of a set that are missing or damaged.

    One process does it at a time. Another waits, and then finds nothing left to do.

    Raises:
        DataError: a part could not be fetched, or not be written.
    """
    wrong = [line for part in entry.parts for line in digests.problems(part, base)]
    staging = base / f".{entry.name}.partial"
    if not wrong:
        shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed at its very end
        return
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _locked(base / f".{entry.name}.lock", entry.name):
            _repair(entry, base, staging)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            trouble = f"the disk of {base} is full: free some space,"
        else:
            trouble = f"{base} cannot be written ({error.strerror}): put a good copy there,"
        raise DataError(
            f"{wrong[0]}, and {trouble} or set MMTUTOR_DATA to another folder"
        ) from error


def by_hand(part: Part, base: Path) -> list[tuple[str, Path]]:
    """Return where a person finds each download of a part, and where to save it.

    What is kept as it is goes to its place; what is to be unpacked is found in the folder of the
    set under its own name.
    """
    kept = part.unpack is keep
    return [(file.page, base / (part.path if kept else file.name)) for file in part.downloads]


def _repair(entry: Entry, base: Path, staging: Path) -> None:
    """Fetch the parts that are not good, each into an empty folder on the same disk first."""
    try:
        for part in entry.parts:
            # What is there already is what a killed run has left: the lock is ours.
            shutil.rmtree(staging, ignore_errors=True)
            if wrong := digests.problems(part, base):
                staging.mkdir()
                try:
                    _fetch_part(entry.name, part, base, staging)
                except DataError as error:
                    remedy = _remedy(part, entry, base)
                    raise DataError(
                        f"{wrong[0]}, and could not be fetched: {error}; {remedy}"
                    ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetch_part(name: str, part: Part, base: Path, staging: Path) -> None:
    for package in part.needs:
        if importlib.util.find_spec(package) is None:
            raise DataError(f'{package} is not installed: pip install "mmtutor[real]"')
    files = [
        _saved(part, file, base) or download(file, staging, f"{name}: {file.name}")
        for file in part.downloads
    ]
    names = " and ".join(path.name if path.parent == staging else str(path) for path in files)
    made = staging / "made" / Path(part.path).name
    made.parent.mkdir()
    try:
        part.unpack(files, made)
    except _NO_ARCHIVE as error:
        raise DataError(f"{names} cannot be unpacked ({error})") from error
    if part.files or part.computed:
        digests.write_list(made)
    if digests.problems(replace(part, path=made.name), made.parent):
        raise DataError(f"what is in {names} is not the published {Path(part.path).name}")
    _install(made, base / part.path, staging / "old")


def _install(made: Path, target: Path, old: Path) -> None:
    """Move what is ready to its place; only renames are left to do."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if (listed := digests.list_beside(made)).exists():
        listed.replace(digests.list_beside(target))
    if target.is_dir():  # a folder cannot be replaced while it holds something
        target.rename(old)
    try:
        made.replace(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def _saved(part: Part, file: Download, base: Path) -> Path | None:
    """Return the download that a person has saved to be unpacked."""
    path = base / file.name
    return path if part.unpack is not keep and path.is_file() else None


def _remedy(part: Part, entry: Entry, base: Path) -> str:
    """Return what to do if a part cannot be fetched."""
    saves = " and ".join(f"{page} as {path}" for page, path in by_hand(part, base))
    remedy = f"try again later, or save {saves} and run this again"
    if more := sum(bool(digests.problems(other, base)) for other in entry.parts) - 1:
        remedy += f"; python -m mmtutor data sources {entry.name} lists this file and {more} more"
    return remedy


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock that the system takes back from a process that dies."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another process is fetching {name}; waiting for it", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        # Ours still, so nobody else relies on it: who waits looks whether the file is there yet.
        with suppress(OSError):  # Windows removes no file that is open
            path.unlink()
        lock.release()
