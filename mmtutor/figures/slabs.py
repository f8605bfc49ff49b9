"""An image encoder as slabs below one another: what one of its numbers can see."""

from collections.abc import Mapping
from typing import NamedTuple

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import FILLS, Picture, Point

_WIDTH, _MIDDLE, _NAMES = 340, 96, 204  # of the picture; middle of the slabs; edge of the names
_SIDE, _THICK = 116, 26  # of the widest slab, and of the one with the most channels
_SLOPE = (0.38, 0.36)  # how far the back edge of a slab lies to the right and up, for each unit
_GAP, _TOP, _FOOT = 26, 12, 66  # between slabs; above the first; below the last


class Slab(NamedTuple):
    """Maps of one layer.

    Attributes:
        channels: how many.
        side: height and width of each.
        seen: how many positions, to each side, one position of the last layer depends on.
    """

    channels: int
    side: int
    seen: int


def slabs(layers: Mapping[str, tuple[int, int, int]], features: str = "") -> HTML:
    """Return the diagram of an image encoder, from the picture at the top to the features.

    Each layer is a slab, as wide as its maps and as thick as it has channels. The field is
    colored that one position of the last layer sees: on this layer and on all before it.

    Args:
        layers: name → channels, side of the square maps, and side of the field on them. A side
            divides those before it; the first layer is the picture, the last has the field 1.
        features: what stands at the end, such as `"64 numbers: h_I"`.
    """
    rows = {name: Slab(*layer) for name, layer in layers.items()}
    most = max(slab.channels for slab in rows.values())
    widest = max(slab.side for slab in rows.values())
    last = [*rows.values()][-1].side
    unit = _SIDE / widest
    thick = {name: 2 + _THICK * slab.channels / most for name, slab in rows.items()}
    tall = {name: max(_SLOPE[1] * unit * s.side + thick[name], 40) for name, s in rows.items()}
    height = _TOP + sum(tall.values()) + _GAP * len(rows) + _FOOT
    picture = Picture(_WIDTH, round(height), font=12)
    y, above = float(_TOP), None
    for name, slab in rows.items():
        front = y + tall[name] - thick[name]
        field = _draw(picture, slab, front, thick[name], unit, last)
        if above:
            _fan(picture, above, field)
        _label(picture, name, slab, y + tall[name] / 2)
        above, y = field, y + tall[name] + _GAP
    foot = y - _GAP + 6
    picture.arrow((_MIDDLE, foot), (_MIDDLE, foot + 24))
    picture.text(_MIDDLE + 9, foot + 15, f"mean over {last} × {last} positions", "start", size=11)
    picture.text(_MIDDLE, foot + 42, features)
    note = "width: positions · thickness: channels · orange: seen by one"
    picture.text(_WIDTH / 2, picture.height - 6, note, size=10)
    return HTML(picture.svg(_in_words(rows, features)))


def _draw(
    picture: Picture, slab: Slab, front: float, thick: float, unit: float, last: int
) -> tuple[Point, ...]:
    """Draw a slab, whose upper front edge is at a height; return the corners of its field."""
    wide = unit * slab.side
    left = _MIDDLE - (1 + _SLOPE[0]) * wide / 2

    def corner(across: float, back: float) -> Point:
        return left + unit * (across + _SLOPE[0] * back), front - _SLOPE[1] * unit * back

    def square(first: float, size: float) -> tuple[Point, ...]:
        end = first + size
        return corner(first, first), corner(end, first), corner(end, end), corner(first, end)

    top = square(0, slab.side)
    (x0, y0), (x1, y1), (x2, y2), _ = top
    _polygon(picture, ((x0, y0), (x1, y1), (x1, y1 + thick), (x0, y0 + thick)), "conv", 0.5)
    _polygon(picture, ((x1, y1), (x2, y2), (x2, y2 + thick), (x1, y1 + thick)), "conv", 0.7)
    _polygon(picture, top, "conv", 0.25)
    # Position p of the last layer stands over position p · side / last of this one.
    jump = slab.side // last
    first = (last // 2) * jump - slab.seen // 2
    field = square(max(0, first), min(slab.seen, slab.side))
    _polygon(picture, field, "audio", 0.75)
    return field


def _fan(picture: Picture, above: tuple[Point, ...], below: tuple[Point, ...]) -> None:
    """Join the outer corners of two fields: the front left ones, and the back right ones."""
    for number in (0, 2):
        (x0, y0), (x1, y1) = above[number], below[number]
        picture.elements.append(
            f'<path d="M{x0:.4g} {y0:.4g} L{x1:.4g} {y1:.4g}" fill="none" '
            f'stroke="{COLORS["orange"]}" stroke-dasharray="3 3"/>'
        )


def _polygon(picture: Picture, points: tuple[Point, ...], kind: str, opacity: float) -> None:
    corners = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
    picture.elements.append(
        f'<polygon points="{corners}" fill="{FILLS[kind]}" fill-opacity="{opacity:g}" '
        f'stroke="{FILLS[kind]}" stroke-linejoin="round"/>'
    )


def _label(picture: Picture, name: str, slab: Slab, middle: float) -> None:
    shape = f"{slab.channels} × {slab.side} × {slab.side}"
    seen = "one position" if slab.seen == 1 else f"seen: {slab.seen} × {slab.seen}"
    picture.text(_NAMES, middle - 10, name, "start")
    picture.text(_NAMES, middle + 4, shape, "start", size=11)
    picture.text(_NAMES, middle + 18, seen, "start", size=11)


def _in_words(rows: Mapping[str, Slab], features: str) -> str:
    steps = [
        f"{name}, {slab.channels} × {slab.side} × {slab.side}, of which one position of the last "
        f"layer sees {slab.seen} × {slab.seen}"
        for name, slab in rows.items()
    ]
    return (
        f"An image encoder as slabs from top to bottom: {'; '.join(steps)}; then the mean over all "
        f"positions, {features}. The slabs shrink and get thicker, and what one position sees "
        "grows layer by layer, seen from below"
    )
