"""Whether the files of a data set are the published ones, down to the last bit."""

import errno
import hashlib
import os
import stat
from pathlib import Path

from mmtutor.data.store.entry import Part

MOST = 5  # of the files of a folder, how many are named


def problems(part: Part, base: Path) -> list[str]:
    """Return what is wrong with a part below the folder of its set; an empty list if nothing is.

    The whole content is read each time, so that there is nothing to believe.
    """
    path = base / part.path
    try:
        if part.files:
            return _folder_problems(part, path)
        if not path.exists():
            return [f"{path} is missing"]
        good = {part.digest}
        if part.computed:
            good |= {_read_list(path).get(path.name, "")}
        return [] if file_digest(path) in good else [f"{path} is damaged"]
    except OSError as error:
        return [f"{error.filename} cannot be read ({error.strerror})"]


def there(part: Part, base: Path) -> bool:
    """Whether a part is there, as far as one sees without reading the files."""
    path = base / part.path
    if part.files:
        return path.is_dir() and len(_files(path)) == part.files
    return path.is_file()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        OSError: it cannot be read, or is a pipe or a device, from which one would read for ever.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Return the path of each file below a folder, and its sha256.

    Files whose names begin with a dot are left out: systems make them as one looks around.
    """
    return {_name(path.relative_to(folder)): file_digest(path) for path in _files(folder)}


def listing(digests: dict[str, str]) -> str:
    r"""Return the digest of a folder: the sha256 over its sorted lines `path\0sha256\n`."""
    lines = sorted(f"{path}\0{digest}\n" for path, digest in digests.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def list_beside(path: Path) -> Path:
    """Return where the digests of a file or folder are written."""
    return path.with_name(f"{path.name}.sha256")


def write_list(path: Path) -> None:
    """Write the digests of a file or folder beside it, as `sha256sum -c` reads them.

    With it, the damaged file of a folder can be named, and a computed file be known again. Of a
    folder it proves nothing: it counts only if its own digest is the published one.
    """
    found = folder_digests(path) if path.is_dir() else {path.name: file_digest(path)}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(found.items())]
    list_beside(path).write_text("".join(lines), encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if not path.name.startswith("."))
    return [path for path in found if not path.is_dir()]


def _name(path: Path) -> str:
    """Return a path as text, with escapes for what is not UTF-8 in it."""
    return os.fsencode(path.as_posix()).decode(errors="backslashreplace")


def _read_list(path: Path) -> dict[str, str]:
    beside = list_beside(path)
    try:
        lines = beside.read_text(encoding="utf-8").splitlines() if beside.is_file() else []
    except (OSError, UnicodeDecodeError):
        return {}
    return {line[66:]: line[:64] for line in lines}


def _folder_problems(part: Part, path: Path) -> list[str]:
    if not path.is_dir():
        return [f"{path} is missing"]
    found = folder_digests(path)
    if listing(found) == part.digest:
        return []
    wanted = _read_list(path)
    if listing(wanted) == part.digest:
        return _differences(wanted, found, path)
    if len(found) != part.files:
        return [f"{path} holds {len(found):,} files, but the published set has {part.files:,}"]
    return [f"{path} holds at least one damaged file"]


def _differences(wanted: dict[str, str], found: dict[str, str], path: Path) -> list[str]:
    """Return a line for each file that differs, but not for more than a few."""
    lines = []
    for name in sorted({*wanted, *found}):
        if name not in found:
            lines.append(f"{path / name} is missing")
        elif name not in wanted:
            lines.append(f"{path / name} does not belong to the set")
        elif wanted[name] != found[name]:
            lines.append(f"{path / name} is damaged")
    more = len(lines) - MOST
    return lines[:MOST] + ([f"{path}: {more:,} more files are wrong"] if more > 0 else [])
