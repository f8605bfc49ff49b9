"""Solutions that a student might hand in: wrong ones, and right ones written differently."""

from tests.classroom.wrong import assignment_2, assignment_3
from tests.classroom.wrong.wrong import Key, Wrong

WRONG: dict[Key, list[Wrong]] = {**assignment_2.WRONG, **assignment_3.WRONG}
RIGHT: list[tuple[Key, str]] = [*assignment_2.RIGHT, *assignment_3.RIGHT]

__all__ = ["RIGHT", "WRONG", "Key", "Wrong"]
