"""Make the notebooks that students get: `python -m classroom release`."""

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from classroom import source
from classroom.cells import Cell, Source
from tools import canonical, links

ROOT = canonical.ROOT
RELEASED = "notebooks/assignments"  # in the repository; what Colab's links open

# nbgrader's metadata of each kind: grade, solution, locked.
_GRADING = {
    "setup": (False, False, True),
    "solution": (False, True, False),
    "test": (True, False, True),
    "written": (True, True, False),
}


def release(assignment: Source, file: str, address: str) -> str:
    """Return the text of a student's notebook: stubs and open tests, no outputs.

    Args:
        assignment: in the variant that the class gets.
        file: the name of the notebook, such as `2-residual-blocks.ipynb`.
        address: the repository's address, for the links at the top.
    """
    first, *others = assignment.cells
    title, _, text = first.released.partition("\n")
    top = links.title_cell(title.removeprefix("# "), f"{RELEASED}/{file}", address)
    cells = [new_markdown_cell(f"{top}\n{text}"), *map(_released, others)]
    for cell in cells:
        del cell["id"]  # random; `canonical` makes one that is not
    about = {"assignment": assignment.assignment, "variant": assignment.variant}
    notebook = {"metadata": {"mmtutor": about}, "nbformat": 4, "nbformat_minor": 5, "cells": cells}
    return canonical.write(nbformat.from_dict(notebook))


def _released(cell: Cell) -> NotebookNode:
    """Return a cell as nbgrader would: named, and locked against a slip where it is read-only."""
    prose = cell.kind in ("text", "written")
    node = (new_markdown_cell if prose else new_code_cell)(cell.released)
    if cell.kind == "text":
        return node
    grade, solution, locked = _GRADING[cell.kind]
    grading = {
        "cell_type": node.cell_type,
        "grade": grade,
        "grade_id": cell.grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        grading["points"] = cell.points
    lock = {"deletable": False, "editable": False} if locked else {"deletable": False}
    node.metadata = nbformat.from_dict({"nbgrader": grading, **lock})
    return node


def _normalize(path: Path) -> None:
    """Bring a source into the canonical form that its author's editor has left."""
    stored = path.read_text(encoding="utf-8")
    if (text := canonical.canonical(stored)) != stored:
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: brought into canonical form")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of this command."""
    parser.description = __doc__
    parser.add_argument("--seed", type=int, default=0, help="chooses the variant (default: 0)")
    parser.add_argument("--assignment", metavar="N", help="only this one (default: all)")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / RELEASED,
        metavar="FOLDER",
        help=f"where they go (default: {RELEASED})",
    )


def main(args: argparse.Namespace) -> int:
    """Write the notebooks, and return the exit code."""
    address = links.read_address(ROOT)
    args.output.mkdir(parents=True, exist_ok=True)
    try:
        for path in source.find(args.assignment):
            _normalize(path)
            assignment = source.load(path, args.seed)
            target = args.output / path.name
            target.write_text(release(assignment, path.name, address), encoding="utf-8")
            print(f"{target}: variant {assignment.variant}, {assignment.points:g} points")
    except source.SourceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
