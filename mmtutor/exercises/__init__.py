"""Exercises that mark themselves: `check`, `hint` and `solution`, by number; `quiz`, by page.

An exercise of page 2.1 is numbered `"2.1.a"` and lives in `page_2_1.py` beside its check
and its reference solution. The questions of the page's quiz, `QUIZ`, stand there too.
"""

import html
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from IPython.display import display

from mmtutor.exercises.exercise import Exercise, Mistake
from mmtutor.exercises.question import Question, quiz_as_html, quiz_as_text, with_code
from mmtutor.exercises.result import Result
from mmtutor.exercises.running import judge

__all__ = [
    "Exercise",
    "Mistake",
    "Result",
    "check",
    "find",
    "hint",
    "numbers",
    "quiz",
    "quizzes",
    "solution",
]


def check(number: str, answer: Any, seconds: float = 10.0) -> Result:
    """Print whether an answer is right, and if not, what the likely mistake is.

    Whatever the answer does, the next cell finds things as they were: the global generators of
    Python, NumPy and torch (on the CPU), torch's default type, gradient mode and threads.

    Args:
        number: the exercise, for example `"2.1.a"`.
        answer: the function or value that the exercise asks for.
        seconds: after which the check is stopped; on Windows, and outside of the main thread, it
            is not stopped: interrupt it by hand.

    Returns:
        What was found; true only if the answer passed.

    Raises:
        KeyError: no such exercise.
    """
    result = judge(number, find(number), answer, seconds)
    print(result.message)
    return result


def hint(number: str) -> None:
    """Show the hints of an exercise, each folded away until it is opened."""
    for i, text in enumerate(find(number).hints, start=1):
        _show_folded(f"Hint {i} for {number}", f"<p>{with_code(text)}</p>", text)


def solution(number: str) -> None:
    """Show the reference solution of an exercise, folded away until it is opened."""
    code = textwrap.dedent(inspect.getsource(find(number).solution)).strip()
    _show_folded(f"Solution of {number}", f"<pre>{html.escape(code)}</pre>", code)


def quiz(page: str) -> None:
    """Show the questions of a page, such as `"2.1"`; an answer, when opened, says why.

    Raises:
        KeyError: the page has no quiz.
    """
    found = quizzes()
    if page not in found:
        raise KeyError(f"no quiz for page {page!r}; there are {', '.join(found)}")
    questions = found[page]
    markup, text = quiz_as_html(page, questions), quiz_as_text(questions)
    display({"text/html": markup, "text/plain": text}, raw=True)


def quizzes() -> dict[str, tuple[Question, ...]]:
    """Return the questions of every page that has a quiz."""
    return {
        name.removeprefix("page_").replace("_", "."): module.QUIZ
        for name, module in _modules()
        if hasattr(module, "QUIZ")
    }


def numbers() -> list[str]:
    """Return the numbers of all exercises, in the order of the book."""
    return sorted(_all())


def _all() -> dict[str, Exercise]:
    exercises: dict[str, Exercise] = {}
    for _, module in _modules():
        exercises |= getattr(module, "EXERCISES", {})
    return exercises


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for module in pkgutil.iter_modules(__path__):
        yield module.name, importlib.import_module(f"{__name__}.{module.name}")


def find(number: str) -> Exercise:
    """Return an exercise.

    Raises:
        KeyError: no such exercise.
    """
    exercises = _all()
    if number not in exercises:
        raise KeyError(f"no exercise {number!r}; there are {', '.join(sorted(exercises))}")
    return exercises[number]


def _show_folded(title: str, body: str, text: str) -> None:
    markup = f"<details><summary>{html.escape(title)}</summary>{body}</details>"
    display({"text/html": markup, "text/plain": f"{title}: {text}"}, raw=True)
