"""Exercises that mark themselves: `check`, `hint` and `solution`, by number.

An exercise of page 2.1 is numbered `"2.1.a"` and lives in `page_2_1.py` beside its check
and its reference solution.
"""

import html
import importlib
import inspect
import pkgutil
import re
import textwrap
from typing import Any

from IPython.display import display

from mmtutor.exercises.exercise import (
    Exercise,
    Mistake,
    is_untouched,
    keeping_random_states,
    returning,
)

__all__ = ["Exercise", "Mistake", "check", "find", "hint", "numbers", "solution"]

_CODE = re.compile("`([^`]+)`")


def check(number: str, answer: Any) -> None:
    """Print whether an answer is right, and if not, what the likely mistake is.

    The global generators of Python, NumPy and torch (on the CPU) are left as they were.

    Args:
        number: the exercise, for example `"2.1.a"`.
        answer: the function or value that the exercise asks for.

    Raises:
        KeyError: no such exercise.
    """
    exercise = find(number)
    if is_untouched(answer):
        print(f"{number}: not attempted yet")
        return
    try:
        with keeping_random_states():
            exercise.check(returning(answer))
    except Mistake as mistake:
        print(f"✗ {number}: {mistake}")
    except Exception as error:
        print(f"✗ {number}: your code stopped with {type(error).__name__}: {error}")
    else:
        print(f"✓ {number}: right. {exercise.praise}")


def hint(number: str) -> None:
    """Show the hints of an exercise, each folded away until it is opened."""
    for i, text in enumerate(find(number).hints, start=1):
        body = _CODE.sub(r"<code>\1</code>", html.escape(text))
        _show_folded(f"Hint {i} for {number}", f"<p>{body}</p>", text)


def solution(number: str) -> None:
    """Show the reference solution of an exercise, folded away until it is opened."""
    code = textwrap.dedent(inspect.getsource(find(number).solution)).strip()
    _show_folded(f"Solution of {number}", f"<pre>{html.escape(code)}</pre>", code)


def numbers() -> list[str]:
    """Return the numbers of all exercises, in the order of the book."""
    return sorted(_all())


def _all() -> dict[str, Exercise]:
    exercises: dict[str, Exercise] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        exercises |= getattr(importlib.import_module(module.name), "EXERCISES", {})
    return exercises


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
