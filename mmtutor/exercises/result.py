"""What a check has found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What a check has found; true only if the answer passed.

    Args:
        number: the exercise.
        passed: whether the answer is right, and the reader's own.
        attempted: false if the answer is still the stub of the page.
        message: the line that was printed.
    """

    number: str
    passed: bool
    attempted: bool
    message: str

    def __bool__(self) -> bool:
        return self.passed

    def _ipython_display_(self) -> None:
        """Show nothing more: as the last value of a cell, its message is printed already."""
