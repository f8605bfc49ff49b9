"""The form in which answers to one exercise are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answers:
    """Answers to one exercise.

    Args:
        right: a right answer that is written differently from the reference solution.
        wrong: part of the message that the reader must see → the wrong answer.
    """

    right: Any
    wrong: Mapping[str, Any]
