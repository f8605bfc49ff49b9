"""What is wrong with single cells of a table, gathered before anything is said."""

from typing import NamedTuple

from mmtutor.data.errors import DataError

MOST_SHOWN = 8


class CellError(ValueError):
    """One cell cannot be used; the message is the end of a sentence that names the cell."""


class Problem(NamedTuple):
    """What is wrong in one place.

    Attributes:
        row: as a spreadsheet counts, so that the names of the columns are row 1.
        column: name of the column, or "" if the whole row is meant.
        text: what is wrong and what to do.
    """

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        """Return the problem as one sentence."""
        place = f"row {self.row}, {self.column}" if self.column else f"row {self.row}"
        return f"{place}: {self.text}"


def raise_if_any(table: str, problems: list[Problem]) -> None:
    """Raise one DataError for all problems of a table, the first ones in words."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda problem: problem.row)
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    lines = [f"{table} has {count}:", *map(str, ordered[:MOST_SHOWN])]
    if len(ordered) > MOST_SHOWN:
        lines.append(f"… and {len(ordered) - MOST_SHOWN} more")
    raise DataError("\n  ".join(lines))
