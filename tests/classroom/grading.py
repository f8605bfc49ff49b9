"""A small copy of what the grader does, without its walls: run cells, ask, compare answers."""

import ast
import contextlib
import io
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import torch
from IPython.core.inputtransformer2 import TransformerManager

from classroom.cells import Cell, Source

Answers = dict[tuple[str, str], Any]  # (grade_id, name of the answer) → value


class Session:
    """The one namespace in which the cells of a notebook run."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, code: str) -> None:
        """Execute a cell, without its plots and prints."""
        torch.manual_seed(0)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(TransformerManager().transform_cell(code), self.names)
        plt.close("all")

    def ask(self, test: Cell, seed: int) -> tuple[Answers, dict[tuple[str, str], dict[str, Any]]]:
        """Return a test's answers and their known mistakes; statements that fail give none."""
        found: Answers = {}
        wrong: dict[tuple[str, str], dict[str, Any]] = {}

        def answer(name: str, value: Any, mistakes: Mapping[str, Any] | None = None) -> None:
            found[test.grade_id, name] = value
            wrong[test.grade_id, name] = dict(mistakes or {})

        self.names |= {"answer": answer, "fresh": torch.Generator().manual_seed(seed)}
        for statement in ast.parse(test.hidden).body:
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([statement], []), "<test>", "exec"), self.names)
        return found, wrong


def session(source: Source, replaced: Mapping[str, str] | None = None) -> Session:
    """Run all cells but those that only show something, with some solutions replaced."""
    replaced = replaced or {}
    opened = Session()
    for cell in source.cells:
        if cell.kind == "solution" or cell.grade_id in ("install", "imports"):
            opened.run(replaced.get(cell.grade_id, cell.code))
    return opened
