"""What an exercise is, and how its check says that an answer is wrong."""

import dis
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal


class Mistake(Exception):  # noqa: N818 - an answer is mistaken, nothing is in error
    """An answer is wrong; the message names the likely mistake."""


Kind = Literal["write", "predict", "read", "diagnose", "derive"]


def no_cases() -> Iterable[tuple[Any, ...]]:
    """Return no more cases: the check tries all that matter."""
    return ()


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
        cases: returns more arguments, edge cases and random ones, for which the answer must give
            what the solution gives. They are tried once the check has found no mistake.
        is_value: the answer is a value, or a function that returns it; else it is a function.
        changes: arguments of the solution that the task asks to change in place.
        gradients: arguments through which a network would learn: if the answer returns a tensor,
            the gradient that they get in each of the cases must be that of the solution.
    """

    check: Callable[[Any], str | None]
    solution: Any
    hints: tuple[str, str, str]
    praise: str
    kind: Kind | None = None
    cases: Callable[[], Iterable[tuple[Any, ...]]] = no_cases
    is_value: bool = False
    changes: frozenset[str] = frozenset()
    gradients: frozenset[str] = frozenset()


def expect(condition: object, mistake: str) -> None:
    """Raise `Mistake` unless the condition holds."""
    if not condition:
        raise Mistake(mistake)


_DOES_NOTHING = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "NOP"}


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
