"""Say how often the checks of the exercises judge rightly: `python -m tools.exercises_report`.

The answers in `tests/exercises/independent` were written from the tasks alone, by somebody who
had seen neither checks nor solutions. So they measure the checks, as readers will.
"""

import contextlib
import importlib
import inspect
import io
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mmtutor import exercises

ANSWERS = "tests.exercises.independent"


@dataclass(frozen=True)
class Case:
    """One answer to one exercise.

    Args:
        number: the exercise, for example `"2.1.a"`.
        is_right: whether its author holds it for right.
        place: its place among the right or the wrong answers to this exercise, from 1.
        answer: what the check gets.
    """

    number: str
    is_right: bool
    place: int
    answer: Any

    @property
    def name(self) -> str:
        """The name in reports and tests, for example `"2.1.a wrong 3"`."""
        return f"{self.number} {'right' if self.is_right else 'wrong'} {self.place}"

    @property
    def page(self) -> str:
        """The page of the exercise, for example `"2.1"`."""
        return self.number.rpartition(".")[0]


def cases() -> list[Case]:
    """Return all answers, in the order of the book."""
    found = []
    folder = importlib.import_module(ANSWERS).__path__
    for module in pkgutil.iter_modules(folder, f"{ANSWERS}."):
        if module.name.startswith(f"{ANSWERS}.page_"):
            page = importlib.import_module(module.name)
            for number in sorted(page.RIGHT.keys() | page.WRONG.keys()):
                for is_right, answers in ((True, page.RIGHT), (False, page.WRONG)):
                    listed = enumerate(answers.get(number, []), start=1)
                    found += [Case(number, is_right, *placed) for placed in listed]
    return found


def judge(case: Case) -> tuple[bool, str]:
    """Return whether the check accepts an answer, and what it says."""
    with contextlib.redirect_stdout(io.StringIO()):
        result = exercises.check(case.number, case.answer)
    return result.passed, result.message


def report(judged: list[tuple[Case, bool, str]], write: Callable[[str], None] = print) -> None:
    """Write a table of how answers were judged, for each page and in all, and what was misjudged.

    Args:
        judged: each answer, whether it was accepted, and what the check said.
        write: takes the lines.
    """
    write(
        f"{'page':6}{'right: accepted':>16}{'rejected':>10}{'wrong: rejected':>18}{'accepted':>10}"
    )
    for page in [*dict.fromkeys(case.page for case, _, _ in judged), "all"]:
        of_page = [(c.is_right, ok) for c, ok, _ in judged if page in ("all", c.page)]
        pairs = ((True, True), (True, False), (False, False), (False, True))
        counts = [of_page.count(pair) for pair in pairs]
        write("{:6}{:16}{:10}{:18}{:10}".format(page, *counts))
    for case, accepted, said in judged:
        if accepted != case.is_right:
            write(f"\n{case.name}: {_first_lines(case.answer)}\n    {said}")


def _first_lines(answer: Any, count: int = 2) -> str:
    try:
        lines = inspect.getsource(answer).strip().splitlines()
    except TypeError:  # not a function or a class
        return repr(answer)
    return " ".join(line.strip() for line in lines[:count])


def _judged(chosen: list[str]) -> Iterator[tuple[Case, bool, str]]:
    for case in cases():
        if not chosen or case.page in chosen:
            yield case, *judge(case)


if __name__ == "__main__":
    report(list(_judged(sys.argv[1:])))
