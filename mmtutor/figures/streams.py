"""Residual streams: a band that every block widens, and several streams that are mixed."""

import math
from typing import Literal

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture

_WIDTH, _LEFT, _STEP = 340, 14, 98  # of the picture; where the stream begins; from block to block
_BRANCH, _MIDDLE, _NUMBERS = 50, 106, 148  # heights: of the branches, the stream, the variances
_UNIT, _HIGH = 12, 22  # width of a stream of variance 1, and height of a box
_MOST = 3

Norm = Literal["before", "after"]


def stream(title: str, norm: Norm | None = None, *, blocks: int = 3) -> HTML:
    """Return the diagram of a residual stream: a band as wide as its standard deviation.

    Each block reads the stream, and adds to it as much variance as its branch has. A fresh branch
    passes the variance of what it reads on, and what it adds has nothing to do with the stream.

    Args:
        title: what the kind of stream is called, above it.
        norm: where a normalization stands: `"before"` the branch, `"after"` the sum, or nowhere.
        blocks: how many blocks, 1 to 3.

    Raises:
        ValueError: more blocks than there is room for, or none.
    """
    if not 1 <= blocks <= _MOST:
        raise ValueError(f"a stream is drawn with 1 to {_MOST} blocks, got {blocks}")
    picture = Picture(_WIDTH, _NUMBERS + 8, font=12, formulas=True)
    picture.text(_LEFT, 16, title, "start")
    picture.text(_LEFT, _NUMBERS, "variance 1", "start")
    variance = first = 1.0  # of the stream, and of what is left in it of its beginning
    start = float(_LEFT)
    for number in range(1, blocks + 1):
        at = _LEFT + _STEP * (number - 1)
        plus = at + (66 if norm == "after" else 82)
        _band(picture, start, plus, variance, first)
        variance += 1 if norm == "before" else variance
        start = plus
        if norm == "after":
            start = plus + 22
            _band(picture, plus, start, variance, first)
            picture.text(plus + 10, _NUMBERS, f"{variance:g}")
            first, variance = first / variance, 1.0
        picture.text(start + (22 if norm == "after" else 18), _NUMBERS, f"{variance:g}")
    _band(picture, start, _WIDTH - 8, variance, first)
    for number in range(1, blocks + 1):
        at = _LEFT + _STEP * (number - 1)
        plus = at + (66 if norm == "after" else 82)
        _branch(picture, at + 16, plus, f"F_{number}", has_norm=norm == "before")
        if norm == "after":
            picture.box(plus + 22, _MIDDLE - 20, "", "norm", width=6, height=40)
            picture.text(plus + 22, _MIDDLE - 25, "norm", size=11)
    return HTML(picture.svg(_in_words(title, norm, blocks)))


def mixed_streams(count: int = 3) -> HTML:
    """Return the diagram of a block that reads, mixes and writes several streams.

    Args:
        count: how many streams, 2 to 4.

    Raises:
        ValueError: another number of streams.

    Source: Zhu et al. 2024, *Hyper-connections*.
    """
    if count not in range(2, 5):
        raise ValueError(f"2 to 4 streams are drawn, got {count}")
    heights = [96 + 26 * i for i in range(count)]
    foot, read, write, middle = heights[-1], 70, 270, 170
    picture = Picture(_WIDTH, foot + 40, font=12, formulas=True)
    picture.box(middle, 20, "F", "conv", width=60, height=26)
    picture.line((read, foot), (read, 33))
    picture.arrow((read, 33), (middle - 30, 33))
    picture.line((middle + 30, 33), (write, 33), (write, foot))
    for number, y in enumerate(heights, start=1):
        picture.text(_LEFT, y + 4, f"x_{number}", "start")
        picture.line((_LEFT + 20, y), (middle - 22, y))
        picture.line((middle + 22, y), (write, y))
        picture.arrow((write, y), (_WIDTH - 12, y))
        picture.elements.append(f'<circle cx="{read}" cy="{y}" r="4" fill="currentColor"/>')
        _plus(picture, write, y)
    picture.box(middle, heights[0] - 14, "", "fusion", width=44, height=foot - heights[0] + 28)
    picture.text(middle, (heights[0] + foot) / 2 + 4, "M")
    picture.text(read, foot + 28, "read: r")
    picture.text(middle, foot + 28, "mix")
    picture.text(write, foot + 28, "write: w")
    said = (
        f"{count} streams run from left to right. A block reads one vector from all of them, with "
        "weights r, into its branch F. Then a matrix M mixes the streams, and what the branch "
        "gives is added to each stream, with weights w"
    )
    return HTML(picture.svg(said))


def _band(picture: Picture, start: float, end: float, variance: float, first: float) -> None:
    """Draw a piece of the stream, and within it what is left of the beginning."""
    for color, opacity, part in ((COLORS["sky"], 0.5, variance), (COLORS["orange"], 0.9, first)):
        high = _UNIT * math.sqrt(part)
        picture.elements.append(
            f'<rect x="{start:g}" y="{_MIDDLE - high / 2:.4g}" width="{end - start:g}" '
            f'height="{high:.4g}" fill="{color}" fill-opacity="{opacity}"/>'
        )


def _branch(picture: Picture, start: float, plus: float, name: str, *, has_norm: bool) -> None:
    """Draw what a block reads from the stream, computes and adds."""
    picture.line((start, _MIDDLE), (start, _BRANCH), (start + 8, _BRANCH))
    middle, width = (start + plus) / 2, 26
    if has_norm:
        picture.box(start + 21, _BRANCH - _HIGH / 2, "", "norm", width=8, height=_HIGH)
        picture.text(start + 21, _BRANCH - _HIGH / 2 - 5, "norm", size=11)
        picture.line((start + 8, _BRANCH), (start + 17, _BRANCH))
        picture.line((start + 25, _BRANCH), (start + 30, _BRANCH))
        middle = start + 30 + width / 2
    else:
        picture.line((start + 8, _BRANCH), (middle - width / 2, _BRANCH))
    picture.box(middle, _BRANCH - _HIGH / 2, name, "conv", width=width, height=_HIGH)
    picture.arrow((middle + width / 2, _BRANCH), (plus, _BRANCH), (plus, _MIDDLE - 6))
    _plus(picture, plus, _MIDDLE)


def _plus(picture: Picture, x: float, y: float) -> None:
    picture.elements.append(
        f'<circle cx="{x:g}" cy="{y:g}" r="6" fill="none" stroke="currentColor"/>'
        f'<path d="M{x - 4:g} {y:g} h8 M{x:g} {y - 4:g} v8" stroke="currentColor"/>'
    )


def _in_words(title: str, norm: Norm | None, blocks: int) -> str:
    norms = {
        None: "The variance of the stream doubles at every plus sign",
        "before": "A normalization stands before each branch, so each adds a variance of 1",
        "after": "The variance doubles at every plus sign, and a normalization sets it back to 1",
    }
    core = "gets narrower at every normalization" if norm == "after" else "keeps its width"
    count = "a block reads" if blocks == 1 else f"{blocks} blocks read"
    return (
        f"{title}. A stream is drawn as a band, as wide as its standard deviation; {count} from "
        f"it, and what the branch F gives is added to it. {norms[norm]}; the numbers below the "
        "band are its variance, from 1 on the left. Its orange core, which is what is left of the "
        f"beginning, {core}"
    )
