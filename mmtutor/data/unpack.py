"""From downloads to files: each function takes what was downloaded and the path to write.

Only the contents of an archive are used. Where they go is decided here, by the last part of a
member's name, so that no archive can write outside the folder that it is unpacked to.
"""

import gzip
import re
import shutil
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from mmtutor.data.errors import DataError

GRID_CLIPS = 1000


def keep(downloads: Sequence[Path], target: Path) -> None:
    """Keep the download as it is."""
    downloads[0].replace(target)


def gunzip(downloads: Sequence[Path], target: Path) -> None:
    """Unpack one file that was compressed with gzip."""
    with gzip.open(downloads[0]) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink)


def untar(downloads: Sequence[Path], target: Path, *, members: str) -> None:
    """Unpack some members of a tar.gz archive into one folder.

    Args:
        downloads: the archive.
        target: the folder to make.
        members: which ones, by the end of their names, such as `"recordings/*.wav"`.

    Raises:
        DataError: a member has a name that leads out of the archive's folder, or one of those
            that are wanted is no file.
    """
    target.mkdir()
    with tarfile.open(downloads[0], "r:gz") as archive:
        for member in archive:
            if not _wanted(member.name, members, downloads[0]):
                continue
            source = archive.extractfile(member) if member.isreg() else None
            _write(source, member.name, target, downloads[0])


def unzip(archive: Path, target: Path, members: str) -> None:
    """Unpack some members of a zip archive into one folder, as `untar` does."""
    target.mkdir(parents=True)
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if not _wanted(member.filename, members, archive):
                continue
            # The upper half holds Unix's kind of file and rights, if the archive has them.
            kind = member.external_attr >> 28
            source = file.open(member) if kind in (0, 0o10) and not member.is_dir() else None
            _write(source, member.filename, target, archive)


def grid_arrays(downloads: Sequence[Path], target: Path) -> None:
    """Make the arrays of the GRID corpus from the clips of speaker 1 and their alignments.

    Args:
        downloads: `s1.zip` and `alignments.zip`.
        target: the npz file to write.

    Raises:
        DataError: there are not 1,000 clips, or one of them cannot be read.
    """
    from mmtutor.data.real.grid_clips import make  # imports SciPy's signal processing

    raw = target.with_name("raw")
    unzip(downloads[0], raw / "s1", "s1/*.mpg")
    unzip(downloads[1], raw / "align", "s1/*.align")
    arrays: dict[str, Any] = make(raw)
    if len(arrays["ids"]) != GRID_CLIPS:
        raise DataError(
            f"{downloads[0].name} holds {len(arrays['ids']):,} clips, {GRID_CLIPS:,} expected"
        )
    with target.open("xb") as file:
        np.savez_compressed(file, **arrays)


def _wanted(name: str, members: str, archive: Path) -> bool:
    path = PurePosixPath(name)
    wanted = path.match(members) and not path.name.startswith(".")  # such as ._x, made by macOS
    # A backslash or a colon in the last part would lead out on Windows.
    if path.is_absolute() or ".." in path.parts or (wanted and re.search(r"[\\:]", path.name)):
        raise DataError(f"{archive.name} holds {name!r}, which leads out of its folder")
    return wanted


def _write(source: IO[bytes] | None, name: str, target: Path, archive: Path) -> None:
    if source is None:
        raise DataError(f"{archive.name} holds {name!r}, which is a link or a device, no file")
    with source, (target / PurePosixPath(name).name).open("xb") as sink:
        shutil.copyfileobj(source, sink)
