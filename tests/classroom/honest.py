"""Students who did their best, well or badly, and the points that each has earned."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.classroom.small import CENTER, DOUBLE, STUB, node, nodes, notebook

STUBS = {"double": "def double(x):\n" + STUB, "center": "def center(x):\n" + STUB}
ZERO = {
    "double": "def double(x):\n    return 0 * x\n",
    "center": "def center(x):\n    return 0 * x\n",
}


@dataclass(frozen=True)
class Member:
    """A student's file, the points that it gets by tests, and what the feedback says."""

    data: bytes
    points: float
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = field(default=("the grader failed",))


def member(
    points: float,
    *says: str,
    answers: Mapping[str, str] | None = None,
    added: Mapping[str, str] | None = None,
) -> Member:
    return Member(notebook(nodes(answers, added)), points, says)


def own(code: str, points: float, *says: str, **answers: str) -> Member:
    """A student who adds a cell before the first task."""
    return member(points, *says, answers=answers, added={"imports": code})


def right() -> dict[str, Member]:
    numpy = """
import numpy as np

def double(x):
    return np.asarray(x) + np.asarray(x)
"""
    slow = """
def center(x):
    rows = []
    for row in x.tolist():
        mean = sum(row) / len(row)
        rows.append([value - mean for value in row])
    return rows
"""
    magics = "%matplotlib inline\n!pip install nothing\nimport math"
    timed = "%%time\ndef center(x):\n    return x - x.mean(1, keepdim=True)"
    unnamed = [{**cell, "metadata": {}} for cell in nodes()]
    return {
        "right": member(10),
        "right in numpy": member(10, answers={"double": numpy}),
        "right in lists": member(10, answers={"center": slow}),
        "right by lambda": member(10, answers={"double": "double = lambda x: x.double() + x"}),
        "right with magics": own(magics, 10, center=timed),
        "right with a helper": own(
            "def two():\n    return 2", 10, double=DOUBLE.replace("2", "two()")
        ),
        "right in an added cell": member(10, answers={"center": ""}, added={"center": CENTER}),
        "right, all names of cells lost": Member(
            notebook(unnamed), 10, ("the cell test-double is missing; the original was used",)
        ),
    }


def partly() -> dict[str, Member]:
    columns = "def center(x):\n    return x - x.mean(dim=0)\n"
    flat = "def double(x):\n    return (2 * x).flatten()\n"
    picky = "def double(x):\n    assert x.ndim == 2, 'a table is expected'\n    return 2 * x\n"
    return {
        "squares": member(
            6,
            "twice a fresh table: this is the square",
            answers={"double": DOUBLE.replace("2 *", "x *")},
        ),
        "columns": member(
            4, "fresh rows: the mean is that of each column", answers={"center": columns}
        ),
        "flat": member(
            6,
            "an array of shape (3, 4) is expected; an array of shape (12,) came",
            answers={"double": flat},
        ),
        "tables only": member(
            8, "AssertionError: a table is expected (line 2 of double)", answers={"double": picky}
        ),
        "first task only": member(4, answers={"center": STUBS["center"]}),
        "a name error": member(
            6,
            "NameError: name 'tow' is not defined (line 2 of double)",
            answers={"double": DOUBLE.replace("2", "tow")},
        ),
    }


def wrong() -> dict[str, Member]:
    nan = "def double(x):\n    return x * float('nan')\n"
    return {
        "untouched": member(0, "NotImplementedError: not written yet", answers=STUBS),
        "zeros": member(0, "the shape is right, the values are not", answers=ZERO),
        "not a number": member(0, answers={**ZERO, "double": nan}),
        "no cells": Member(notebook([]), 0, ("the cell double is missing",)),
    }


def broken() -> dict[str, Member]:
    cells = nodes()
    tests = [cell for cell in cells if "test" in str(cell["metadata"])]
    without = [cell for cell in cells if cell not in tests]
    huge = notebook([*cells, node("x" * 11 * 2**20, is_code=False)])
    r = {"name": "ir", "language": "R", "display_name": "R"}
    return {
        "deleted tests": Member(
            notebook(without), 10, ("the cell test-double is missing; the original was used",)
        ),
        "duplicated tests": Member(
            notebook([*cells, *tests, *tests]), 10, ("the cell test-double is there 3 times",)
        ),
        "a syntax error": member(
            4, "SyntaxError: ", "(line 1)", answers={"center": "def center(x: return x"}
        ),
        "not json": Member(b"# not a notebook", 0, ("it is not valid JSON",)),
        "deep json": Member(b"[" * 10**6, 0, ("it is not valid JSON",)),
        "no notebook": Member(b'{"cells": 3}', 0, ("it has no list of cells",)),
        "odd cells": Member(b'{"cells": [3, null, {"source": {}}], "metadata": []}', 0),
        "huge": Member(huge, 0, ("the file has more than 10 MB",)),
        "wrong kernel": Member(
            notebook(kernelspec=r), 10, ("the kernel of the notebook is ir (r); Python 3 was used",)
        ),
        "last year": Member(
            notebook(mmtutor={"assignment": "9", "variant": 0}), 10, ("this is variant 0",)
        ),
        "another assignment": Member(
            notebook(mmtutor={"assignment": "3"}), 0, ("this is assignment 3, not 9",)
        ),
        "out of order": Member(
            notebook(cells[::-1]), 10, ("cells are not in the order of the assignment",)
        ),
        "<script>alert(1)</script>": own(
            "raise ValueError('<script>alert(2)</script>\\ud800')", 10
        ),
    }
