"""What an exercise is, and the tools with which a check is written."""

import dis
import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor


class Mistake(Exception):  # noqa: N818 - an answer is mistaken, nothing is in error
    """An answer is wrong; the message names the likely mistake."""


Kind = Literal["write", "predict", "read", "diagnose", "derive"]


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        check: takes the answer and raises `Mistake` if it is wrong; what it returns, such as a
            measurement, is printed before the praise.
        solution: a right answer; its source is shown to the reader.
        hints: three hints, from a nudge to the last step but one; none is the solution.
        praise: what a right answer has shown, printed after it.
        kind: what the reader does: *write* the core of the page, *predict* a measurement, *read*
            a plot, *diagnose* a network with a planted fault, *derive* a number.
    """

    check: Callable[[Any], str | None]
    solution: Any
    hints: tuple[str, str, str]
    praise: str
    kind: Kind | None = None


def expect(condition: object, mistake: str) -> None:
    """Raise `Mistake` unless the condition holds."""
    if not condition:
        raise Mistake(mistake)


_DOES_NOTHING = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "NOP"}


def as_floats(values: Any) -> Tensor:
    """Return numbers of any library and precision as a tensor of 64-bit floats.

    So an answer is judged by its numbers, and not by the type that they came in.
    """
    if isinstance(values, list | tuple) and any(isinstance(value, Tensor) for value in values):
        values = [as_floats(value).tolist() for value in values]
    try:
        return torch.as_tensor(values).detach().double()
    except (TypeError, ValueError, RuntimeError):
        raise Mistake(f"return numbers, such as a tensor; got a {type(values).__name__}") from None


def are_close(a: Any, b: Any, tolerance: float = 1e-4) -> bool:
    """Return whether two answers have one shape and nearly the same numbers."""
    a, b = as_floats(a), as_floats(b)
    return a.shape == b.shape and torch.allclose(a, b, rtol=tolerance, atol=tolerance)


def is_untouched(answer: Any) -> bool:
    """Return whether an answer is still the stub that the page gives: `...`.

    Of a class, `forward` decides.
    """
    if answer is ...:
        return True
    if isinstance(answer, type):
        return is_untouched(vars(answer).get("forward"))
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
