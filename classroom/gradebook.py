"""The files of a graded class: grades, what a learning platform imports, and the grader's memory.

`written.csv` is the one that the teacher fills in: points of written tasks, a row for each
student. It is never overwritten, only completed.
"""

import csv
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classroom.cells import Source
from classroom.inbox import Entry
from classroom.scoring import Result


class GradebookError(Exception):
    """A file of the gradebook cannot be used; the message names it and says what to change."""


@dataclass
class State:
    """What the grader remembers: the secret of the class, and who was graded with what.

    Attributes:
        secret: from which the fresh inputs of all tests follow.
        graded: student → the digest of all that the result depends on, and the result.
    """

    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    graded: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "State":
        """Return the state of a class, a new one if there is none.

        Raises:
            GradebookError: the file is damaged.
        """
        if not path.exists():
            return cls()
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(str(stored["secret"]), dict(stored["graded"]))
        except (ValueError, KeyError, TypeError) as error:
            raise GradebookError(
                f"{path} is damaged ({error}): delete it, and everybody is graded anew"
            ) from error

    def write(self, path: Path) -> None:
        """Store the state; an interruption leaves the one before."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(new, path)

    def result(self, key: str, digest: str) -> Result | None:
        """Return a result that still holds."""
        stored = self.graded.get(key)
        if stored is None or stored["digest"] != digest:
            return None
        return Result.from_json(stored["result"])

    def keep(self, key: str, digest: str, result: Result) -> None:
        """Remember a result, unless the grader failed."""
        if not result.failed:
            self.graded[key] = {"digest": digest, "result": asdict(result)}


def key(entry: Entry) -> str:
    """Return the name by which a student is known in all files."""
    return f"{entry.student} ({entry.identity})" if entry.identity else entry.student


def file_names(entries: Iterable[Entry]) -> dict[str, str]:
    """Return for each student the name of a file: letters and digits, no two the same."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for entry in entries:
        plain = re.sub(r"[^\w-]+", "-", key(entry)).strip("-")[:80] or "student"
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        names[key(entry)] = name
    return names


def add_written(path: Path, source: Source, results: Mapping[str, Result]) -> list[str]:
    """Read the teacher's points for written tasks into the results, and complete the file.

    Returns:
        What the teacher should know, such as points that are no number.
    """
    tasks = {cell.grade_id: cell.points for cell in source.written}
    if not tasks:
        return []
    rows = _read_rows(path)
    problems = []
    for student, result in results.items():
        row = rows.setdefault(_safe(student), {})
        for task in result.tasks:
            given = (row.get(task.grade_id) or "").strip().replace(",", ".")
            if task.grade_id not in tasks or not given:
                continue
            points = _number(given)
            if points is None or not 0 <= points <= task.of:
                problems.append(
                    f"{path.name}: {student} has {given!r} points for {task.grade_id}; "
                    f"expected a number from 0 to {task.of:g}"
                )
                continue
            task.points = points
    table = [[name, *(row.get(task) or "" for task in tasks)] for name, row in rows.items()]
    _write_rows(path, ["student", *tasks], table)
    return problems


def _read_rows(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        beginning = file.readline()
        file.seek(0)
        # Spreadsheets in many countries write semicolons.
        rows = csv.DictReader(file, delimiter=";" if ";" in beginning else ",")
        if "student" not in (rows.fieldnames or ()):
            raise GradebookError(f"{path} has no column `student`: its first line must name it")
        return {row["student"]: row for row in rows if row["student"]}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def total(result: Result) -> float:
    """Return the points of all tasks, those not yet graded as 0."""
    return round(sum(task.points or 0 for task in result.tasks), 2)


def pending(result: Result) -> list[str]:
    """Return the written tasks that the teacher has to grade."""
    return [task.grade_id for task in result.tasks if task.points is None]


def write(
    folder: Path, source: Source, entries: Sequence[Entry], results: Mapping[str, Result]
) -> None:
    """Write `grades.csv` and, for those who came from there, `canvas.csv` and `moodle.csv`."""
    tasks = [cell.grade_id for cell in source.cells if cell.points]
    grades, canvas, moodle = [], [], []
    for entry in entries:
        result = results[key(entry)]
        points, notes = total(result), "; ".join(result.notes)
        by_task = {task.grade_id: task.points for task in result.tasks}
        percent = round(100 * points / source.points, 1)
        if waiting := pending(result):
            notes = "; ".join([f"to be graded: {', '.join(waiting)}", *result.notes])
        shown = ["" if by_task.get(name) is None else by_task[name] for name in tasks]
        person = [entry.student, entry.identity]
        grades.append([*person, *shown, points, source.points, percent, notes])
        canvas.append([*person, "", "", "", points])
        moodle.append([f"Participant {entry.identity}", entry.student, points, source.points, "-"])
    _write_rows(
        folder / "grades.csv",
        ["student", "id", *tasks, "total", "of", "percent", "notes"],
        grades,
    )
    title = f"Assignment {source.assignment}: {source.title}"
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    _write_for("canvas", folder, header, entries, canvas)
    header = ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"]
    _write_for("moodle", folder, header, entries, moodle)


def _write_for(
    platform: str,
    folder: Path,
    header: list[str],
    entries: Sequence[Entry],
    rows: Sequence[list[Any]],
) -> None:
    theirs = [row for entry, row in zip(entries, rows, strict=True) if entry.platform == platform]
    if theirs:
        _write_rows(folder / f"{platform}.csv", header, theirs)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([[_safe(value) for value in row] for row in rows])


def _safe(value: Any) -> Any:
    """Return a value as a spreadsheet should show it; a text is never taken for a formula."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@") and value != "-":
        return f"'{value}"
    return value
