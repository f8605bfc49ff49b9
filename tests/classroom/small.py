"""A small assignment, and notebooks that answer it: 10 points by tests, 2 by the teacher."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from classroom.cells import Cell, Source

DOUBLE = "def double(x):\n    return 2 * x\n"
CENTER = "def center(x):\n    return x - x.mean(dim=1, keepdim=True)\n"
STUB = "    raise NotImplementedError('not written yet')\n"

DOUBLE_QUESTIONS = """
x = torch.randn(3, 4, generator=fresh)
answer("twice a fresh table", double(x), mistakes={"this is the square": lambda: x * x})
answer("twice a fresh picture", double(torch.randn(2, 3, 5, 5, generator=fresh)))
"""
CENTER_QUESTIONS = """
x = torch.randn(4, 5, generator=fresh)
wrong = {"the mean is that of each column": x - x.mean(dim=0)}
answer("fresh rows", center(x), mistakes=wrong)
answer("one fresh row", center(x[:1] + 1))
answer("fresh rows that are long", center(torch.randn(2, 90, generator=fresh)))
"""

SOURCE = Source(
    "9",
    "Small things",
    1,
    (
        Cell("", "text", code="# Assignment 9", released="# Assignment 9"),
        Cell("imports", "setup", code="import torch", released="import torch"),
        Cell("", "text", code="## Task 1 · Twice", released="## Task 1 · Twice"),
        Cell("double", "solution", code=DOUBLE, released="def double(x):\n" + STUB),
        Cell(
            "test-double",
            "test",
            4,
            "assert double(torch.ones(1)).item() == 2, 'twice 1 is 2'",
            DOUBLE_QUESTIONS,
            "assert double(torch.ones(1)).item() == 2, 'twice 1 is 2'",
        ),
        Cell("", "text", code="## Task 2 · Center", released="## Task 2 · Center"),
        Cell("center", "solution", code=CENTER, released="def center(x):\n" + STUB),
        Cell(
            "test-center",
            "test",
            6,
            "assert center(torch.ones(1, 3)).shape == (1, 3)",
            CENTER_QUESTIONS,
            "assert center(torch.ones(1, 3)).shape == (1, 3)",
        ),
        Cell("claim", "written", 2, "*Your answer.*", "A rubric.", "*Your answer.*"),
    ),
)

Node = dict[str, Any]


def nodes(
    answers: Mapping[str, str] | None = None, added: Mapping[str, str] | None = None
) -> list[Node]:
    """Return the cells of a notebook that is right, but for what is given.

    Args:
        answers: grade_id → what stands in this cell.
        added: grade_id → the code of a cell that the student adds behind it.
    """
    answers, added = answers or {}, added or {}
    found = []
    for cell in SOURCE.cells:
        text = cell.code if cell.kind == "solution" else cell.released
        if cell.kind == "written":
            text = "Twice is more."
        is_code = cell.kind not in ("text", "written")
        found.append(node(answers.get(cell.grade_id, text), cell.grade_id, is_code))
        if cell.grade_id and cell.grade_id in added:
            found.append(node(added[cell.grade_id]))
    return found


def node(text: str, grade_id: str = "", is_code: bool = True) -> Node:
    """Return one cell as Jupyter stores it."""
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    cell: Node = {
        "cell_type": "code" if is_code else "markdown",
        "metadata": metadata,
        "source": text.splitlines(keepends=True),
    }
    return cell | ({"outputs": [], "execution_count": None} if is_code else {})


def notebook(cells: Sequence[Node] | None = None, **about: Any) -> bytes:
    """Return the file of a notebook; `about` replaces what it says of itself."""
    metadata = {
        "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
        "mmtutor": {"assignment": "9", "variant": 1},
        **about,
    }
    made = nodes() if cells is None else cells
    return json.dumps(
        {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    ).encode()
