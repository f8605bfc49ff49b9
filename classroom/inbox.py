"""Find the submissions: a flat folder, an archive from Canvas or Moodle, or nbgrader's tree."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from classroom.submission import LARGEST

MEMBERS = 20_000  # of an archive; a class has a few hundred

_CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<number>\d+)_.*")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file.*")


class InboxError(Exception):
    """The folder or archive cannot be read, or holds no notebook."""


@dataclass(frozen=True)
class Entry:
    """A notebook that was handed in.

    Attributes:
        student: the name, as the folder or the learning platform writes it.
        identity: the platform's number of the student, or "".
        platform: `"canvas"`, `"moodle"` or "".
        data: the file; of one that is too large, its beginning.
        notes: what the teacher should know.
    """

    student: str
    identity: str
    platform: str
    data: bytes = field(repr=False)
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _File:
    path: PurePosixPath  # inside the folder or archive
    age: tuple[float, int, str]  # the later of two has the greater one
    data: bytes


def collect(place: Path, assignment: str = "") -> tuple[list[Entry], list[str]]:
    """Return one notebook for each student, by name, and what was left out.

    Args:
        place: a folder, or a zip archive.
        assignment: such as `"2"`; in nbgrader's tree, only its folders are read.

    Raises:
        InboxError: there is no such place, or no notebook in it.
    """
    refused: list[str] = []
    if place.is_dir():
        files = list(_of_folder(place, refused))
        for archive in sorted(place.glob("*.zip")):
            files += _of_archive(archive, refused)
    elif place.is_file() and zipfile.is_zipfile(place):
        files = list(_of_archive(place, refused))
    else:
        raise InboxError(f"{place} is no folder and no zip archive of notebooks")
    students: dict[tuple[str, str], list[tuple[_File, Entry]]] = {}
    parents = {file.path.parent for file in files}
    is_flat = len(parents) == 1 and len(files) > 1 and len(parents.pop().parts) == 1
    for file in files:
        path = PurePosixPath(file.path.name) if is_flat else file.path
        entry = _entry(path, file.data, assignment)
        if entry is not None:
            students.setdefault((entry.student, entry.identity), []).append((file, entry))
    if not students:
        raise InboxError(f"there is no notebook (.ipynb) in {place}" + "".join(refused[:3]))
    return [_latest(found) for _, found in sorted(students.items())], refused


def _latest(found: list[tuple[_File, Entry]]) -> Entry:
    """Return the last notebook of a student, with a note if there are several."""
    file, entry = max(found, key=lambda pair: pair[0].age)
    if len(found) == 1:
        return entry
    note = f"{len(found)} notebooks were handed in; {file.path.name}, the last one, was graded"
    return Entry(entry.student, entry.identity, entry.platform, entry.data, (*entry.notes, note))


def _of_folder(place: Path, refused: list[str]) -> Iterator[_File]:
    root = place.resolve()
    for path in sorted(root.rglob("*")):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        if path.suffix.lower() != ".ipynb" or ".ipynb_checkpoints" in inside.parts:
            continue
        if not path.is_file() or path.resolve() != path:
            refused.append(f"{inside}: it is a link or no file")
            continue
        with path.open("rb") as file:
            yield _File(inside, _age(path.stat().st_mtime, inside), file.read(LARGEST + 1))


def _of_archive(archive: Path, refused: list[str]) -> Iterator[_File]:
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist()[:MEMBERS]:
                inside = PurePosixPath(member.filename)
                if inside.suffix.lower() != ".ipynb" or "__MACOSX" in inside.parts:
                    continue
                if reason := _refusal(member):
                    refused.append(f"{member.filename}: {reason}")
                    continue
                with opened.open(member) as file:
                    data = file.read(LARGEST + 1)  # a bomb is not unpacked beyond this
                yield _File(inside, _age(_date(member), inside), data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise InboxError(f"{archive.name} cannot be read: {error}") from error


def _refusal(member: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "its path leads out of the archive"
    if (member.external_attr >> 16) & 0o170000 == 0o120000:
        return "it is a link"
    return None


def _age(date: float, path: PurePosixPath) -> tuple[float, int, str]:
    """Of two files of one date, `task-1.ipynb` is later than `task.ipynb`."""
    return date, len(str(path)), str(path)


def _date(member: zipfile.ZipInfo) -> float:
    year, month, day, *clock = member.date_time
    hour, minute, second = clock
    return ((((year * 12 + month) * 31 + day) * 24 + hour) * 60 + minute) * 60.0 + second


def _entry(path: PurePosixPath, data: bytes, assignment: str) -> Entry | None:
    """Return whose notebook a file is, from its path; None if it is another assignment's."""
    folders = path.parent.parts
    if folders and (found := _MOODLE.fullmatch(folders[-1])):
        return Entry(found["name"], found["id"], "moodle", data)
    if found := _CANVAS.fullmatch(path.name):
        late = ("handed in late",) if found["late"] else ()
        return Entry(found["name"], found["id"], "canvas", data, late)
    if len(folders) >= 2:  # …/student/assignment/notebook.ipynb
        student, folder = folders[-2:]
        if assignment and not re.search(rf"(?<!\d){re.escape(assignment)}(?!\d)", folder):
            return None
        return Entry(student, "", "", data)
    return Entry(folders[0] if folders else path.stem, "", "", data)
