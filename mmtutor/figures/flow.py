"""The common look of the fusions' diagrams: two vectors at the top, z at the bottom."""

from typing import Literal

from mmtutor.figures.column import Column
from mmtutor.figures.svg import FILLS, Picture, Point

WIDTH, LEFT, MIDDLE, RIGHT = 220, 44, 110, 176  # and where images, both and texts stand
TOP = 58  # where the vectors end
CELL = 10  # width of one number of a vector
LAYER = 20  # height of a box

# Sizes of the features and of z, those of the page on fusion.
IMAGE, TEXT, SHARED = (5, "image"), (3, "text"), (7, "joint")


class Flow(Picture):
    """A diagram of one fusion. Blue comes from the image, purple from the text, brown from both.

    Args:
        title: name of the fusion.
    """

    def __init__(self, title: str) -> None:
        super().__init__(WIDTH, 0, font=12, formulas=True)
        self.elements.append(
            f'<text x="{MIDDLE}" y="14" text-anchor="middle" font-weight="bold" '
            f'fill="currentColor">{title}</text>'
        )
        for x, symbol, part in ((LEFT, "h_I", IMAGE), (RIGHT, "h_T", TEXT)):
            self.text(x, 36, symbol)
            self.cells(x, TOP - CELL - 2, part)

    def column(self, x: float, y: float, width: float = 64) -> Column:
        """Return a column of the boxes that all fusions have."""
        return Column(self, x, y, gap=14, width=width, height=LAYER)

    def cells(
        self,
        x: float,
        y: float,
        *parts: tuple[int, str],
        size: Point = (CELL, CELL),
        space: float = 0,
        upright: bool = False,
    ) -> None:
        """Draw a vector about x, from y downwards.

        Args:
            x: its middle, from left to right.
            y: its upper edge.
            parts: how many cells, and what they come from: `"image"`, `"text"`, `"joint"` or
                "", for a 1 that is appended.
            size: width and height of a cell.
            space: between two cells.
            upright: whether the cells stand below one another.
        """
        wide, high = size
        step = (high if upright else wide) + space
        kinds = [kind for count, kind in parts for _ in range(count)]
        left = x - wide / 2 if upright else x - (step * len(kinds) - space) / 2
        for number, kind in enumerate(kinds):
            way = step * number
            self.cell(*((left, y + way) if upright else (left + way, y)), kind, size)

    def cell(self, x: float, y: float, kind: str, size: Point = (CELL, CELL)) -> None:
        """Draw one number, with its upper left corner at (x, y)."""
        fill = FILLS.get(kind, "none")
        self.elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{size[0]:g}" height="{size[1]:g}" fill="{fill}" '
            f'fill-opacity="0.5" stroke="{fill if kind else "currentColor"}"/>'
        )
        if not kind:
            self.text(x + CELL / 2, y + CELL - 1.5, "1", size=10)

    def times(self, x: float, y: float, sign: Literal["⊙", "⊗"] = "⊙") -> None:
        """Draw a product, element by element (⊙) or of each with each (⊗), about (x, y)."""
        cross = f"M{x - 5:g} {y - 5:g} l10 10 M{x + 5:g} {y - 5:g} l-10 10"
        self.circle(x, y, cross if sign == "⊗" else "")
        if sign == "⊙":
            self.elements.append(f'<circle cx="{x:g}" cy="{y:g}" r="2.5" fill="currentColor"/>')

    def concatenation(self, y: float) -> Column:
        """Join both vectors into one whose upper edge is y; return the column below it."""
        turn = y - 14
        self.arrow((LEFT, TOP), (LEFT, turn), (95, turn), (95, y))
        self.arrow((RIGHT, TOP), (RIGHT, turn), (135, turn), (135, y))
        self.cells(MIDDLE, y, IMAGE, TEXT)
        return self.column(MIDDLE, y + CELL)

    def result(self, column: Column) -> None:
        """Draw z at the end of a column, and end the picture there."""
        column.arrow()
        self.cells(column.x, column.y, SHARED)
        self.text(column.x, column.y + CELL + 14, "z")
        self.height = round(column.y + CELL + 20)
