"""A student's notebook: what of it is run, in which order, and what is noted about it.

Set-up and test cells come from the source, whatever the notebook made of them. The student's
own code comes from the cells that were to be filled in, and from cells that the student added,
which stay behind the known cell that they follow.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from classroom.cells import Cell, Kind, Source

LARGEST = 10 * 2**20  # bytes
ADDED = "added cell"  # begins the name of a cell that the student wrote
_CELLS = 2000  # a notebook of more is cut here
_TEXT = 20_000  # characters of a written answer


class SubmissionError(Exception):
    """A notebook of which nothing can be graded; the message says why."""


@dataclass(frozen=True)
class Code:
    """A cell to be run; `known` is the cell of the source that it is or fills in, if any."""

    name: str
    code: str
    known: Cell | None = None


@dataclass
class Submission:
    """What a notebook holds for the grader.

    Attributes:
        cells: the cells to run, tests among them, in the order of the source.
        written: grade_id → the student's text.
        notes: what the student and the teacher should know.
    """

    cells: list[Code] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    grade_id: str
    is_code: bool
    text: str


def parse(data: bytes) -> dict[str, Any]:
    """Return a notebook's JSON.

    Raises:
        SubmissionError: it is too large, or no notebook.
    """
    if len(data) > LARGEST:
        most = f"{LARGEST // 2**20} MB"
        raise SubmissionError(f"the file has more than {most}: clear its outputs and try again")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise SubmissionError("the file is no Jupyter notebook: it is not valid JSON") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise SubmissionError("the file is no Jupyter notebook: it has no list of cells")
    return notebook


def stated(notebook: dict[str, Any]) -> tuple[str, int | None]:
    """Return the assignment that a notebook says it is, or "", and its variant, or None."""
    about = _dict(_dict(notebook.get("metadata")).get("mmtutor"))
    variant = about.get("variant")
    is_number = isinstance(variant, int) and not isinstance(variant, bool)
    return str(about.get("assignment", ""))[:20], variant if is_number else None


def match(notebook: dict[str, Any], source: Source) -> Submission:
    """Return what is run of a notebook.

    Raises:
        SubmissionError: it is another assignment.
    """
    submission = Submission(notes=_notes_on_metadata(notebook, source))
    kinds: dict[str, Kind] = {cell.grade_id: cell.kind for cell in source.cells if cell.grade_id}
    first: dict[str, _Found] = {}
    added: dict[str, list[str]] = {"": []}  # the known cell that they follow → code
    last = ""
    found = _cells(notebook)
    for cell in found:
        kind = kinds.get(cell.grade_id)
        if kind is not None and cell.grade_id not in first:
            first[cell.grade_id] = cell
            last = cell.grade_id
        elif cell.is_code and cell.text.strip() and kind not in ("test", "setup"):
            # A copy of a cell is run after it, as a student would see it happen.
            added.setdefault(last, []).append(cell.text)
    submission.notes += _notes_on_cells(source, first, found)
    _add(submission, "", added)
    for known in source.cells:
        if not known.grade_id:
            continue
        mine = first.get(known.grade_id)
        if known.kind == "written":
            submission.written[known.grade_id] = mine.text[:_TEXT] if mine else ""
        elif known.kind in ("test", "setup"):
            submission.cells.append(Code(known.grade_id, known.code, known))
        elif known.kind == "solution" and mine is not None:
            submission.cells.append(Code(known.grade_id, mine.text, known))
        _add(submission, known.grade_id, added)
    return submission


def _add(submission: Submission, after: str, added: dict[str, list[str]]) -> None:
    for number, code in enumerate(added.get(after, []), start=1):
        where = f"after {after}" if after else "at the start"
        submission.cells.append(Code(f"{ADDED} {number} {where}", code))


def _notes_on_metadata(notebook: dict[str, Any], source: Source) -> list[str]:
    assignment, variant = stated(notebook)
    if assignment and assignment != source.assignment:
        raise SubmissionError(f"this is assignment {assignment}, not {source.assignment}")
    notes = []
    if variant is not None and variant != source.variant:
        notes.append(
            f"this is variant {variant} of the assignment, such as another year's class had; "
            f"the tests are those of variant {source.variant}"
        )
    kernel = _dict(_dict(notebook.get("metadata")).get("kernelspec"))
    language = str(kernel.get("language", "python")).lower()[:20]
    name = str(kernel.get("name", "python3"))[:40]
    if language != "python" or not name.lower().startswith("python"):
        notes.append(f"the kernel of the notebook is {name} ({language}); Python 3 was used")
    return notes


def _notes_on_cells(source: Source, first: dict[str, _Found], found: list[_Found]) -> list[str]:
    counts = Counter(cell.grade_id for cell in found)
    notes = []
    for known in source.cells:
        if not known.grade_id:
            continue
        mine, what = first.get(known.grade_id), f"the cell {known.grade_id}"
        if mine is None:
            original = "; the original was used" if known.kind in ("test", "setup") else ""
            notes.append(f"{what} is missing{original}")
        elif known.kind in ("test", "setup") and _words(mine.text) != _words(known.released):
            notes.append(f"{what} was edited; the original was used")
        if counts[known.grade_id] > 1:
            notes.append(f"{what} is there {counts[known.grade_id]} times")
    here = [cell.grade_id for cell in source.cells if cell.grade_id in first]
    if list(first) != here:
        notes.append("cells are not in the order of the assignment, in which they were run")
    return notes


def _words(text: str) -> str:
    return "".join(text.split())


def _cells(notebook: dict[str, Any]) -> list[_Found]:
    """Return a notebook's cells; what is not as the format wants it counts as empty."""
    found = []
    for cell in map(_dict, notebook["cells"][:_CELLS]):
        grade_id = _dict(_dict(cell.get("metadata")).get("nbgrader")).get("grade_id")
        text = cell.get("source", "")
        if isinstance(text, list):
            text = "".join(part for part in text if isinstance(part, str))
        name = grade_id if isinstance(grade_id, str) else ""
        is_code = cell.get("cell_type") == "code"
        found.append(_Found(name, is_code, text if isinstance(text, str) else ""))
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
