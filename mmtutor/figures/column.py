"""A layout for diagrams: layers below one another, joined by arrows."""

from dataclasses import dataclass
from typing import Any

from mmtutor.figures.svg import TALL, Picture


@dataclass
class Column:
    """A place in a picture that moves down as layers are drawn.

    Args:
        picture: where to draw.
        x: the middle of the column.
        y: where the last thing ends, and the next arrow begins.
        gap: length of an arrow.
        width: width of a box; by default that of the picture's boxes.
        height: height of a box.
    """

    picture: Picture
    x: float
    y: float
    gap: float = 16
    width: float | None = None
    height: float = TALL

    def arrow(self, gap: float | None = None) -> None:
        """Draw an arrow, and stand at its tip."""
        start, self.y = self.y, self.y + (self.gap if gap is None else gap)
        self.picture.arrow((self.x, start), (self.x, self.y))

    def box(self, text: str, kind: str = "", *, gap: float | None = None, **looks: Any) -> None:
        """Draw an arrow and a box at its tip; `looks` are those of `Picture.box`."""
        self.arrow(gap)
        if self.width is not None:
            looks.setdefault("width", self.width)
        self.picture.box(self.x, self.y, text, kind, height=self.height, **looks)
        self.y += self.height

    def plus(self, gap: float | None = None) -> float:
        """Draw an arrow and a plus sign at its tip; return the height of its middle."""
        self.arrow(gap)
        self.y += 22
        self.picture.plus(self.x, self.y - 11)
        return self.y - 11
