"""A data set from a table and the files that it names."""

import csv
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.errors import DataError
from mmtutor.data.own.columns import Column
from mmtutor.data.own.problems import CellError, Problem, raise_if_any

NO_TARGET = -100  # the label that torch's cross-entropy ignores


@dataclass
class Table:
    """The cells of a table, and what is wrong with them."""

    name: str
    folder: Path
    numbers: list[int]  # of the rows
    rows: list[dict[str, str]]
    problems: list[Problem] = field(default_factory=list)

    def cells(self, column: str) -> list[str]:
        """Return the cells of a column."""
        return [row[column] for row in self.rows]

    def note(self, i: int, column: str, text: str) -> None:
        """Note a problem of the example i."""
        self.problems.append(Problem(self.numbers[i], column, text))

    def note_each(self, column: str, text: str, wrong: Callable[[str], bool]) -> None:
        """Note the same problem of all cells of a column that are wrong."""
        for i, cell in enumerate(self.cells(column)):
            if wrong(cell):
                self.note(i, column, text.replace("{cell}", repr(cell)))


def from_table(
    path: str | os.PathLike[str],
    columns: Mapping[str, Column],
    *,
    target: str | None = None,
    group: str | None = None,
    classes: Sequence[str] | None = None,
    values: bool = False,
    delimiter: str = ",",
) -> MultimodalDataset:
    """Read a table in CSV (UTF-8, names of columns first) and the files that it names.

    An empty cell says that the example lacks the modality: its entry in `present` is False.
    Nothing else is left out or put right: all that is wrong with the cells is said at once, each
    with its row as a spreadsheet counts, so that the names of the columns are row 1.

    Args:
        path: the table. The paths in it start at its folder.
        columns: modality → `ImageFile`, `TextCell` or `SoundFile`.
        target: the column to be predicted; None for new examples, whose targets are -100.
        group: a column that says which examples belong together, such as the person or the day.
        classes: the names of the classes in the order of their ids, such as `dataset.classes` of
            the training set; by default those of the table, sorted, each with two examples or more.
        values: the target is a number, float32, not a class.
        delimiter: what stands between cells.

    Returns:
        A data set with the `metadata` `"row"`, and `"group"` if there is a group: int64 ids.

    Raises:
        FileNotFoundError: there is no such table.
        DataError: the table, its cells or files are not what they should be.
        ValueError: no columns.
    """
    if not columns:
        raise ValueError('name at least one column, like {"text": TextCell("title")}; got none')
    sources = [column.column for column in columns.values()]
    table = _read(Path(path), [*sources, *filter(None, (target, group))], delimiter)
    for i, row in enumerate(table.rows):
        if not any(row[name] for name in sources):
            table.note(i, "", f"nothing in {', '.join(sources)}; fill one in, or delete the row")
    contents = {name: _contents(table, column) for name, column in columns.items()}
    targets, names = _targets(table, target, classes, values)
    metadata = {"row": torch.tensor(table.numbers)}
    if group is not None:
        metadata["group"] = _group_ids(table, group)
    raise_if_any(table.name, table.problems)
    stacked = {name: column.stack(contents[name]) for name, column in columns.items()}
    present = {
        name: torch.tensor([content is not None for content in column])
        for name, column in contents.items()
    }
    return MultimodalDataset(
        {name: inputs for name, (inputs, _) in stacked.items()},
        targets,
        {name: mask for name, mask in present.items() if not mask.all()},
        {name: lengths for name, (_, lengths) in stacked.items() if lengths is not None},
        metadata=metadata,
        classes=names,
    )


def _read(path: Path, wanted: Sequence[str], delimiter: str) -> Table:
    if not path.is_file():
        raise FileNotFoundError(f"there is no table {os.fspath(path)!r}; give the path of a CSV")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path.name} is not a table in UTF-8; in a spreadsheet, save it as CSV UTF-8"
        ) from error
    head = lines[0] if lines else []
    _check_head(path.name, head, wanted, delimiter)
    body = {number: line for number, line in enumerate(lines[1:], start=2) if line}
    if not body:
        raise DataError(f"{path.name} has no rows below the names of its columns")
    wrong = [
        Problem(
            number,
            "",
            f"{len(line)} cells, expected {len(head)}; put a text that holds a "
            "comma into double quotes",
        )  # fmt: skip
        for number, line in body.items()
        if len(line) != len(head)
    ]
    raise_if_any(path.name, wrong)
    rows = [dict(zip(head, line, strict=True)) for line in body.values()]
    return Table(path.name, path.parent, list(body), rows)


def _check_head(table: str, head: Sequence[str], wanted: Sequence[str], delimiter: str) -> None:
    for name in wanted:
        if head.count(name) > 1:
            raise DataError(f"{table} has {head.count(name)} columns {name!r}; rename all but one")
        if name not in head:
            remedy = "check the spelling"
            if len(head) == 1 and ";" in head[0] and delimiter != ";":
                remedy = 'its cells seem to be separated by ";": give delimiter=";"'
            there = ", ".join(head) or "none at all"
            raise DataError(f"{table} has no column {name!r}; there is {there}: {remedy}")


def _contents(table: Table, column: Column) -> list[Any | None]:
    """Return what a column holds, None for an empty cell."""
    found: list[Any | None] = []
    for i, cell in enumerate(table.cells(column.column)):
        content = None
        if cell:
            try:
                content = column.read(table.folder, cell)
            except CellError as error:
                table.note(i, column.column, str(error))
        found.append(content)
    for i, text in column.differing(found):
        table.note(i, column.column, text)
    return found


def _targets(
    table: Table, target: str | None, classes: Sequence[str] | None, values: bool
) -> tuple[Tensor, tuple[str, ...]]:
    """Return the targets and the names of the classes."""
    if target is None:
        return torch.full((len(table.rows),), NO_TARGET), tuple(classes or ())
    table.note_each(target, "the target is empty; fill it in, or delete the row", _is_blank)
    cells = [cell.strip() for cell in table.cells(target)]
    if values:
        text = "{cell} is not a number, such as 2.5"
        table.note_each(target, text, lambda cell: bool(cell.strip()) and _number(cell) is None)
        return torch.tensor([_number(cell) or 0.0 for cell in cells]), ()
    counts = Counter(filter(None, cells))
    if classes is None:
        text = "the class {cell} has this one example; correct the name, or delete the row"
        table.note_each(target, text, lambda cell: counts[cell.strip()] == 1)
        classes = _in_order(counts)
    else:
        text = f"{{cell}} is none of the classes {', '.join(classes)}"
        known = {*classes, ""}
        table.note_each(target, text, lambda cell: cell.strip() not in known)
    ids = {name: i for i, name in enumerate(classes)}
    return torch.tensor([ids.get(cell, NO_TARGET) for cell in cells]), tuple(classes)


def _in_order(names: Mapping[str, int]) -> list[str]:
    """Sort names, and numbers by their size: 9 before 10."""
    if all(_number(name) is not None for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def _group_ids(table: Table, group: str) -> Tensor:
    text = "the group is empty; give an example that belongs to no other a name of its own"
    table.note_each(group, text, _is_blank)
    names = [cell.strip() for cell in table.cells(group)]
    order = {name: i for i, name in enumerate(sorted(set(names)))}
    return torch.tensor([order[name] for name in names])


def _is_blank(cell: str) -> bool:
    return not cell.strip()


def _number(cell: str) -> float | None:
    """Return a finite number, or None."""
    try:
        number = float(cell)
    except ValueError:
        number = nan
    return number if isfinite(number) else None
