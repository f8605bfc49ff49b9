"""Grade in this process, without the sandbox: for code of our own."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import torch

from classroom import scoring
from classroom.cells import Source
from classroom.execution import Run, in_words, seed_of
from classroom.session import Reply
from classroom.submission import Code, Submission
from classroom.worker import Notebook

Expected = Mapping[str, Sequence[scoring.Expected]]


def run(source: Source, code: Mapping[str, str], secret: str, *, reference: bool = False) -> Run:
    """Run all up to the last test, as the grader does, and return what came of it.

    Args:
        source: the assignment.
        code: grade_id → what the student wrote there; the reference solution elsewhere.
        secret: the seed of the class.
        reference: whether known mistakes are wanted too.
    """
    found, messages = Run(), list[dict[str, Any]]()
    last = max(i for i, cell in enumerate(source.cells) if cell.kind == "test")
    with _notebook(messages) as notebook:
        for cell in source.cells[: last + 1]:
            if cell.kind in ("text", "written"):
                continue
            torch.manual_seed(0)
            if error := notebook.cell(code.get(cell.grade_id, cell.code)):
                found.errors[cell.grade_id, "code"] = in_words(error)
            if cell.kind != "test":
                continue
            messages.clear()
            seed = seed_of(secret, cell.grade_id)
            if error := notebook.test(cell.hidden, seed, reference):
                found.errors[cell.grade_id, "questions"] = in_words(error)
            found.replies[cell.grade_id] = Reply(
                {message["answer"]: message["value"] for message in messages},
                {message["answer"]: message["mistakes"] for message in messages},
            )
    plt.close("all")
    return found


@contextmanager
def _notebook(messages: list[dict[str, Any]]) -> Iterator[Notebook]:
    main = sys.modules["__main__"]
    try:
        yield Notebook(messages.append)
    finally:
        sys.modules["__main__"] = main


def expected(source: Source, secret: str = "class of 2026") -> Expected:
    """Return the answers of the reference solution.

    Raises:
        SolutionError: a cell of the reference fails.
    """
    return scoring.expectations(source, run(source, {}, secret, reference=True))


def grade(
    source: Source, code: Mapping[str, str], known: Expected, secret: str = "class of 2026"
) -> dict[str, scoring.Task]:
    """Return each test as graded."""
    cells = [Code(cell.grade_id, cell.code, cell) for cell in source.cells if cell.grade_id]
    result = scoring.score(source, Submission(cells), run(source, code, secret), known)
    return {task.grade_id: task for task in result.tasks}
