"""An assignment as its author wrote it, cell by cell, with one variant's values filled in."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["setup", "solution", "test", "written", "text"]


@dataclass(frozen=True)
class Cell:
    """A cell of the source.

    Attributes:
        grade_id: the name by which a submission's cell is matched; empty for prose without one.
        kind: `"setup"` (read-only code), `"solution"` (the student's code), `"test"`,
            `"written"` (the student's prose, which the teacher grades) or `"text"`.
        points: what a test or a written task is worth, else 0.
        code: what a set-up, a test (its public part), a written task or prose says in the
            released notebook; of a solution, the reference solution.
        hidden: what a release leaves out: a test's questions, a written task's rubric.
        released: what the student was given, which is `code` but for solutions: their stub.
    """

    grade_id: str
    kind: Kind
    points: float = 0.0
    code: str = ""
    hidden: str = ""
    released: str = ""


@dataclass(frozen=True)
class Source:
    """An assignment in one of its variants, its cells in order."""

    assignment: str
    title: str
    variant: int
    cells: tuple[Cell, ...]

    @property
    def tests(self) -> tuple[Cell, ...]:
        """The cells that the grader gives points for."""
        return tuple(cell for cell in self.cells if cell.kind == "test")

    @property
    def written(self) -> tuple[Cell, ...]:
        """The cells that the teacher gives points for."""
        return tuple(cell for cell in self.cells if cell.kind == "written")

    @property
    def points(self) -> float:
        """All that can be earned."""
        return sum(cell.points for cell in self.cells)
