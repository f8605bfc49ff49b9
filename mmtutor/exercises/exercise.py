"""What an exercise is, and the tools with which a check is written."""

import dis
import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
import torch


class Mistake(Exception):  # noqa: N818 - an answer is mistaken, nothing is in error
    """An answer is wrong; the message names the likely mistake."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        check: takes the answer and raises `Mistake` if it is wrong.
        solution: a right answer; its source is shown to the reader.
        hints: three hints, from a nudge to nearly the answer.
        praise: what a right answer has shown, printed after it.
    """

    check: Callable[[Any], None]
    solution: Any
    hints: tuple[str, str, str]
    praise: str


def expect(condition: object, mistake: str) -> None:
    """Raise `Mistake` unless the condition holds."""
    if not condition:
        raise Mistake(mistake)


_DOES_NOTHING = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "NOP"}


def is_untouched(answer: Any) -> bool:
    """Return whether an answer is still the stub that the page gives: `...`."""
    if answer is ...:
        return True
    if not isinstance(answer, FunctionType):
        return False
    instructions = list(dis.get_instructions(answer))
    returned = [i.argval for i in instructions if i.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {i.opname for i in instructions} <= _DOES_NOTHING and returned[-1] in (None, ...)


def returning(answer: Any) -> Any:
    """Return the answer; if it is a function, one that raises `Mistake` instead of giving None.

    So a check need not ask whether the reader has forgotten to return anything.
    """
    if not isinstance(answer, FunctionType):
        return answer

    @functools.wraps(answer)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = answer(*args, **kwargs)
        expect(result is not None, "your function returns None: is a `return` missing?")
        return result

    return call


@contextmanager
def keeping_random_states() -> Iterator[None]:
    """Give the global generators of Python, NumPy and torch (on the CPU) back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
