"""From downloads to files: each function takes what was downloaded and the path to write.

Only the contents of an archive are used. Where they go is decided here, by the last part of a
member's name, so that no archive can write outside the folder that it is unpacked to, nor more
than it may. The unpackers of pooch promise neither: on Python 3.11 they follow names and links
that lead out.
"""

import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import pooch

from mmtutor.data.errors import DataError

# A member's name, its bytes when unpacked, and what opens it: None if it is no file.
Member = tuple[str, int, Callable[[], IO[bytes] | None] | None]


def keep(downloads: Sequence[Path], target: Path) -> None:
    """Keep the download as it is."""
    downloads[0].replace(target)


def gunzip(downloads: Sequence[Path], target: Path) -> None:
    """Unpack one file that was compressed with gzip."""
    pooch.Decompress("gzip", name=str(target))(str(downloads[0]), "download", None)


def untar(downloads: Sequence[Path], target: Path, *, members: str, limit: int) -> None:
    """Unpack some members of a tar.gz archive into one folder.

    Args:
        downloads: the archive.
        target: the folder to make.
        members: which ones, by the end of their names, such as `"recordings/*.wav"`.
        limit: how many bytes they may have together.

    Raises:
        DataError: a member has a name that leads out of the archive's folder or is not UTF-8;
            or the members that are wanted are no files, or too large.
    """
    with tarfile.open(downloads[0], "r:gz") as file:
        found = (
            (m.name, m.size, partial(file.extractfile, m) if m.isreg() else None) for m in file
        )
        _unpack(found, downloads[0], target, members, limit)


def unzip(archive: Path, target: Path, *, members: str, limit: int) -> None:
    """Unpack some members of a zip archive into one folder, as `untar` does."""
    with zipfile.ZipFile(archive) as file:
        # The upper half of the attributes is Unix's kind of file and its rights, if given.
        found = (
            (m.filename, m.file_size, None if _is_other(m) else partial(file.open, m))
            for m in file.infolist()
        )
        _unpack(found, archive, target, members, limit)


def _is_other(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder, a link or a device."""
    return member.is_dir() or member.external_attr >> 28 not in (0, 0o10)


def _unpack(found: Iterable[Member], archive: Path, target: Path, members: str, limit: int) -> None:
    target.mkdir(parents=True)
    left = limit
    for name, size, open_member in found:
        if not _wanted(name, members, archive):
            continue
        source = open_member() if open_member else None
        if source is None:
            raise DataError(f"{archive.name} holds {name!r}, which is a link or a device, no file")
        if not 0 <= size <= left:
            raise DataError(f"{archive.name} holds more than the {limit:,} bytes that it may")
        left -= size
        with source, (target / PurePosixPath(name).name).open("xb") as sink:
            shutil.copyfileobj(source, sink)


def _wanted(name: str, members: str, archive: Path) -> bool:
    path = PurePosixPath(name)
    if name != name.encode(errors="replace").decode():
        raise DataError(f"{archive.name} holds {name!r}, a name that is not UTF-8")
    wanted = path.match(members) and not path.name.startswith(".")  # such as ._x, made by macOS
    # A backslash or a colon in the last part would lead out on Windows.
    if path.is_absolute() or ".." in path.parts or (wanted and re.search(r"[\\:]", path.name)):
        raise DataError(f"{archive.name} holds {name!r}, which leads out of its folder")
    return wanted
