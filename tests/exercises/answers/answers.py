"""The form in which answers to one exercise are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answers:
    """Answers to one exercise.

    Args:
        right: a right answer that is written differently from the reference solution.
        wrong: part of the message that the reader must see → the wrong answer.
        also_right: more right answers, such as with other types of numbers.
    """

    right: Any
    wrong: Mapping[str, Any]
    also_right: Sequence[Any] = ()
