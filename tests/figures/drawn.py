"""What stands where in a diagram, for tests that nothing collides."""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from xml.etree import ElementTree

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from mmtutor.figures.style import COLORS

SMALLEST = 10  # an index; a phone draws a picture of 340 units at nearly its size
WIDEST = 344


class Area(NamedTuple):
    """A rectangle, and the words in it if it is a text."""

    left: float
    top: float
    right: float
    bottom: float
    words: str = ""

    def meets(self, other: "Area", least: float = 0.5) -> bool:
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > least and high > least

    def holds(self, other: "Area") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


def parse(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup[markup.index("<svg") : markup.rindex("</svg>") + 6])


def nodes(svg: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [node for node in svg.iter() if node.tag.endswith(f"}}{tag}")]


def labels(svg: ElementTree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in nodes(svg, "text")]


def words(svg: ElementTree.Element) -> str:
    return svg.get("aria-label", "")


@cache
def _width(text: str, size: float) -> float:
    """Measure a text in DejaVu Sans, which is wider than what most browsers take."""
    font = FontProperties(family="DejaVu Sans")
    # A bar at each end makes spaces count.
    whole = TextPath((0, 0), f"|{text}|", size=size, prop=font).get_extents().width
    return whole - TextPath((0, 0), "||", size=size, prop=font).get_extents().width


def texts(svg: ElementTree.Element) -> list[Area]:
    """Return the area of each text; letters stand on y, and an index goes below."""
    found = []
    for node in nodes(svg, "text"):
        size = float(node.get("font-size", svg.get("font-size")))
        parts = [(node.text or "", size)]
        for part in node:
            parts.append((part.text or "", float(part.get("font-size", size))))
            parts.append((part.tail or "", size))
        wide = sum(_width(text, height) for text, height in parts if text)
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        left = x - wide * {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor", "start")]
        has_index = any(height < size for text, height in parts if text)
        words = "".join(node.itertext())
        found.append(
            Area(
                left,
                y - 0.75 * size,
                left + wide,
                y + (6 if has_index else 2 if set(words) & set("gjpqyQ,()") else 0.5),
                words,
            )
        )
    return found


def boxes(svg: ElementTree.Element) -> list[Area]:
    found = []
    for node in nodes(svg, "rect"):
        x, y, wide, high = (float(node.get(name, 0)) for name in ("x", "y", "width", "height"))
        found.append(Area(x, y, x + wide, y + high))
    for node in nodes(svg, "circle"):
        x, y, r = (float(node.get(name, 0)) for name in ("cx", "cy", "r"))
        found.append(Area(x - r, y - r, x + r, y + r))
    return found


def shapes(svg: ElementTree.Element) -> Iterator[Area]:
    """Yield the hull of everything that is drawn, without texts."""
    yield from boxes(svg)
    for node in nodes(svg, "polygon"):
        numbers = [float(number) for number in re.split(r"[ ,]", node.get("points", ""))]
        yield _hull(numbers[::2], numbers[1::2])
    for points in lines(svg):
        yield _hull([x for x, _ in points], [y for _, y in points])


def _hull(xs: list[float], ys: list[float]) -> Area:
    return Area(min(xs), min(ys), max(xs), max(ys))


def lines(
    svg: ElementTree.Element, *, dashed: bool | None = None
) -> list[list[tuple[float, float]]]:
    """Return the points of every line M x y L x y …, or only of those that are dashed or not."""
    found = []
    for node in nodes(svg, "path"):
        if dashed not in (None, "stroke-dasharray" in node.attrib):
            continue
        path = node.get("d", "")
        if re.fullmatch(r"M[-\d. L]+", path):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return found


def collisions(svg: ElementTree.Element) -> list[str]:
    """Return what a reader would see as a fault; an empty list is a clean diagram."""
    width, height = (float(number) for number in svg.get("viewBox", "").split()[2:])
    page = Area(0, 0, width, height)
    found = [] if width <= WIDEST else [f"{width:g} is too wide for a phone"]
    written = texts(svg)
    found += [f"{text.words!r} leaves the picture" for text in written if not page.holds(text)]
    found += [f"{shape} leaves the picture" for shape in shapes(svg) if not page.holds(shape)]
    for number, text in enumerate(written):
        for other in written[:number]:
            if text.meets(other):
                found.append(f"{text.words!r} runs into {other.words!r}")
        for box in boxes(svg):
            if text.meets(box) and not box.holds(text):
                found.append(f"{text.words!r} crosses the edge of a box at {box[:2]}")
        for points in lines(svg):
            if any(_crosses(a, b, text) for a, b in zip(points, points[1:], strict=False)):
                found.append(f"a line from {points[0]} to {points[-1]} crosses {text.words!r}")
    return found


def _crosses(a: tuple[float, float], b: tuple[float, float], text: Area) -> bool:
    steps = max(2, math.ceil(math.dist(a, b)))
    for step in range(steps + 1):
        x, y = (p + (q - p) * step / steps for p, q in zip(a, b, strict=True))
        if text.left < x < text.right and text.top < y < text.bottom:
            return True
    return False


def sizes(svg: ElementTree.Element) -> set[float]:
    written = [svg, *nodes(svg, "text"), *nodes(svg, "tspan")]
    return {float(node.get("font-size", SMALLEST)) for node in written}


def foreign_colors(svg: ElementTree.Element) -> set[str]:
    """Return colors that neither follow the page nor belong to the book."""
    used = {node.get(name, "none") for node in svg.iter() for name in ("fill", "stroke")}
    text = {node.get("fill", "none") for node in nodes(svg, "text")} - {"currentColor"}
    return (used - {"none", "currentColor", *COLORS.values()}) | text


def check(markup: str) -> ElementTree.Element:
    """Hold a diagram against what all have in common, and return it parsed."""
    svg = parse(markup)
    assert collisions(svg) == []
    assert min(sizes(svg)) >= SMALLEST
    assert foreign_colors(svg) == set()
    assert svg.get("role") == "img"
    assert len(words(svg)) > 80
    return svg
