"""Read an assignment's source: one variant filled in, cells split into what each reader may see.

A source is a notebook in nbgrader's format. Beside that format, its own metadata `mmtutor` state
`assignment`, `title`, `minutes` and `variants`, a list of name → value. `{{name}}` in any cell
stands for the value, and a cell with the tag `variant-1` belongs to that variant only. The value
`name` may say to teachers which variant it is.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from classroom.cells import Cell, Kind, Source
from tools import canonical

FOLDER = Path(__file__).resolve().parent / "assignments"
CODE_STUB = 'raise NotImplementedError("your code is still missing here")'
TEXT_STUB = "*Your answer here.*"

_KINDS: dict[tuple[bool, bool, bool, str], Kind] = {  # by grade, solution, locked and type
    (False, False, True, "code"): "setup",
    (False, True, False, "code"): "solution",
    (True, False, True, "code"): "test",
    (True, True, False, "markdown"): "written",
}
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_VARIANT = "variant-"


class SourceError(ValueError):
    """A source breaks its format; the message names the file and the cell."""


def find(assignment: str | None = None, folder: Path = FOLDER) -> list[Path]:
    """Return the source of one assignment, such as `"2"`, or all of them.

    Raises:
        SourceError: there is none.
    """
    known = sorted(folder.glob("*.ipynb"))
    paths = [p for p in known if assignment is None or p.stem.split("-")[0] == assignment]
    if not paths:
        there = ", ".join(path.stem.split("-")[0] for path in known) or "none"
        raise SourceError(f"no assignment {assignment or ''}in {folder}; there are: {there}")
    return paths


def count_variants(path: Path) -> int:
    """Return how many variants a source has.

    Raises:
        SourceError: the file is no source.
    """
    return len(_read(path)[1]["variants"])


def load(path: Path, seed: int) -> Source:
    """Return an assignment in the variant `seed % number of variants`.

    Raises:
        SourceError: the file is no source, or breaks the format in this variant.
    """
    notebook, about = _read(path)
    variant = seed % len(about["variants"])
    values = about["variants"][variant]
    cells, used = [], set()
    for place, node in enumerate(notebook.cells, start=1):
        if not _belongs(node, variant):
            continue
        name = node.metadata.get("nbgrader", {}).get("grade_id", "")
        where = f"{path.name}, cell {place}{f' ({name})' if name else ''}"
        text, names = _fill(node.source, values, where)
        used |= names
        cells.append(_cell(node, text, where))
    if not cells or cells[0].code.split("\n")[0] != (title := _heading(about)):
        raise SourceError(f"{path.name}: the first cell must begin with the title, {title}")
    if unused := sorted(set(values) - used - {"name"}):
        raise SourceError(f"{path.name}: variant {variant} has values that no cell uses: {unused}")
    names_of_cells = Counter(cell.grade_id for cell in cells if cell.grade_id)
    if twice := [name for name, count in names_of_cells.items() if count > 1]:
        raise SourceError(f"{path.name}: two cells of variant {variant} have the grade_id {twice}")
    return Source(str(about["assignment"]), about["title"], variant, tuple(cells))


def _heading(about: dict[str, Any]) -> str:
    """Return the first line of a notebook, such as `# Assignment 2 · Quiet blocks`."""
    return f"# Assignment {about['assignment']} · {about['title']}"


def _read(path: Path) -> tuple[NotebookNode, dict[str, Any]]:
    """Return a notebook and what it states about itself, checked."""
    try:
        notebook = canonical.read(path.read_text(encoding="utf-8"))
        about = json.loads(json.dumps(notebook.metadata["mmtutor"]))
    except (ValueError, KeyError) as error:
        raise SourceError(f"{path.name} is no source of an assignment: {error!r}") from error
    if missing := {"assignment", "title", "minutes", "variants"} - set(about):
        raise SourceError(f"{path.name}: its metadata mmtutor lack {sorted(missing)}")
    variants = about["variants"]
    if not (isinstance(variants, list) and variants and all(isinstance(v, dict) for v in variants)):
        raise SourceError(f"{path.name}: variants must be a list of name → value; got {variants!r}")
    return notebook, about


def _belongs(node: NotebookNode, variant: int) -> bool:
    """Whether a cell is one of this variant: no tag says otherwise."""
    tags = [tag for tag in node.metadata.get("tags", ()) if tag.startswith(_VARIANT)]
    return not tags or f"{_VARIANT}{variant}" in tags


def _fill(text: str, values: dict[str, Any], where: str) -> tuple[str, set[str]]:
    """Return a text with its placeholders replaced, and their names."""
    names = set(_PLACEHOLDER.findall(text))
    if unknown := sorted(names - set(values)):
        raise SourceError(f"{where}: no value for {unknown}; the variant has {sorted(values)}")
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text), names


def _cell(node: NotebookNode, text: str, where: str) -> Cell:
    grading = node.metadata.get("nbgrader")
    if grading is None:
        if node.cell_type != "markdown" or "### BEGIN" in text:
            raise SourceError(f"{where}: code, solutions and tests need nbgrader's metadata")
        return Cell("", "text", code=text, released=text)
    flags = {name: bool(grading.get(name)) for name in ("grade", "solution", "locked")}
    grade, solution, locked = flags.values()
    kind = _KINDS.get((grade, solution, locked, node.cell_type))
    if kind is None or grading.get("task"):
        raise SourceError(
            f"{where}: a {node.cell_type} cell that nbgrader's metadata call {flags} is no set-up, "
            "no solution, no test and no written task"
        )
    name, points = grading.get("grade_id", ""), grading.get("points", 0)
    if not re.fullmatch(r"[\w-]+", name):
        raise SourceError(f"{where}: a grade_id is made of letters, digits, - and _; got {name!r}")
    if (points > 0) != (kind in ("test", "written")):
        raise SourceError(f"{where}: got {points} points; tests and written tasks have some, only")
    return _split(kind, name, points, text, where)


def _split(kind: Kind, name: str, points: float, text: str, where: str) -> Cell:
    """Return a graded or read-only cell, with each of its parts where it belongs."""
    if kind == "written":
        # As nbgrader does: all of the cell, the model answer and its rubric, is the author's.
        return Cell(name, kind, points, TEXT_STUB, text, TEXT_STUB)
    region = {"solution": "SOLUTION", "test": "HIDDEN TESTS"}.get(kind, "")
    parts = _parts(text, region, where)
    if region and (len(parts) < 3 or not all(parts[1::2])):
        raise SourceError(f"{where}: expected a region ### BEGIN {region} … ### END {region}")
    if kind == "solution":
        complete = "\n".join(line for part in parts for line in part)
        stubs = [part if i % 2 == 0 else [_stub(part)] for i, part in enumerate(parts)]
        return Cell(name, kind, 0, complete, "", "\n".join(line for part in stubs for line in part))
    public = "\n".join(line for part in parts[::2] for line in part).strip("\n")
    if kind == "test" and not public:
        raise SourceError(f"{where}: a test needs a public part that students can run")
    hidden = "\n".join(line for part in parts[1::2] for line in part)
    return Cell(name, kind, points, public, hidden, public)


def _parts(text: str, region: str, where: str) -> list[list[str]]:
    """Return the lines of a cell, by turns outside and inside of regions of this name."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        marker = re.fullmatch(r"\s*### (BEGIN|END) ([A-Z ]+)", line)
        if not marker:
            parts[-1].append(line)
        elif marker[2] != region or (marker[1] == "BEGIN") != (len(parts) % 2 == 1):
            raise SourceError(f"{where}: {line.strip()!r} is out of place here")
        else:
            parts.append([])
    if len(parts) % 2 == 0:
        raise SourceError(f"{where}: a region ### BEGIN {region} has no end")
    return parts


def _stub(lines: list[str]) -> str:
    return " " * (len(lines[0]) - len(lines[0].lstrip())) + CODE_STUB
