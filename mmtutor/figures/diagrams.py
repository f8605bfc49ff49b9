"""Diagrams of blocks and networks: vector pictures that take the page's text color."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from IPython.display import HTML

from mmtutor.figures.style import COLOURS

BOX, _STEP, _TALL = 150, 44, 28  # widths and heights in the picture's own units

_FILLS = {
    "conv": COLOURS["sky"],
    "norm": COLOURS["yellow"],
    "relu": COLOURS["green"],
    "encoder": COLOURS["sky"],
    "fusion": COLOURS["yellow"],
    "head": COLOURS["green"],
}


# A single letter, perhaps with an index, is a symbol: x, f_I, h_T.
_SYMBOL = re.compile(r"\b([a-z])(?:_([A-Z]))?$")


def _symbol(match: re.Match[str]) -> str:
    letter = f'<tspan font-style="italic">{match[1]}</tspan>'
    return letter + (f'<tspan dy="4" font-size="10">{match[2]}</tspan>' if match[2] else "")


@dataclass
class Picture:
    """A list of SVG elements with the few shapes that the diagrams need."""

    width: int
    height: int
    elements: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, text: str, kind: str = "", width: int = BOX) -> None:
        """Draw a labeled box whose upper edge has its middle at (x, y)."""
        fill = _FILLS.get(kind, "none")
        self.elements.append(
            f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width}" height="{_TALL}" rx="6" '
            f'fill="{fill}" fill-opacity="0.3" stroke="{fill if kind else "currentColor"}"/>'
        )
        self.text(x, y + 19, text)

    def text(self, x: float, y: float, text: str, anchor: str = "middle") -> None:
        """Write a text; a letter with an index is set as a symbol."""
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="currentColor">'
            f"{_SYMBOL.sub(_symbol, html.escape(text))}</text>"
        )

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """Draw a line through the points, with a tip at the last one."""
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.elements.append(
            f'<path d="M{path}" fill="none" stroke="currentColor" stroke-width="1.5"{dashes}/>'
        )
        (x0, y0), (x, y) = points[-2:]
        tip = f"{x - 4:g},{y - 7:g} {x + 4:g},{y - 7:g}"
        if y == y0:
            back = x - 7 if x > x0 else x + 7
            tip = f"{back:g},{y - 4:g} {back:g},{y + 4:g}"
        self.elements.append(f'<polygon points="{x:g},{y:g} {tip}" fill="currentColor"/>')

    def plus(self, x: float, y: float) -> None:
        """Draw a plus sign in a circle around (x, y)."""
        self.elements.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="11" fill="none" stroke="currentColor"/>'
            f'<path d="M{x - 6:g} {y:g} h12 M{x:g} {y - 6:g} v12" stroke="currentColor"/>'
        )

    def svg(self, alt: str) -> str:
        """Return the picture as SVG, with words for whoever cannot see it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="sans-serif" font-size="14" '
            f'style="display:block;margin:auto;width:100%;max-width:{self.width}px;height:auto">'
            f"{''.join(self.elements)}</svg>"
        )


def beside(*diagrams: HTML) -> HTML:
    """Return diagrams side by side, or one below the other where the page is narrow."""
    cells = "".join(f'<div style="flex:0 1 264px">{diagram.data}</div>' for diagram in diagrams)
    style = "display:flex;flex-wrap:wrap;gap:1rem;justify-content:space-evenly"
    return HTML(f'<div style="{style}">{cells}</div>')


def block(
    title: str,
    branch: Sequence[str],
    *,
    shortcut: str | None = "identity",
    after: Sequence[str] = ("relu",),
) -> HTML:
    """Return the diagram of one block, from x at the top to y at the bottom.

    Args:
        title: what the block is called; also begins the text for screen readers.
        branch: layers of F, such as `["conv 3×3", "norm", "relu"]`; a layer is colored by
            its first word.
        shortcut: label of the shortcut; None for a plain block.
        after: layers that follow the sum.
    """
    picture = Picture(264, 96 + _STEP * (len(branch) + len(after) + (shortcut is not None)))
    middle, y, above = 84, 56, 50  # the next element's top, and where the last one ends
    picture.text(middle, 18, title)
    picture.text(middle, 44, "x")

    def stack(layers: Sequence[str]) -> None:
        nonlocal y, above
        for layer in layers:
            picture.arrow((middle, above), (middle, y))
            picture.box(middle, y, layer, layer.split()[0])
            y, above = y + _STEP, y + _TALL

    stack(branch)
    if shortcut is not None:
        picture.arrow((middle, above), (middle, y + 3))
        picture.plus(middle, y + 14)
        picture.arrow((middle + 12, 39), (190, 39), (190, y + 14), (middle + 11, y + 14))
        picture.text(196, (39 + y) / 2, shortcut, "start")
        y, above = y + _STEP, y + 25
    stack(after)
    picture.arrow((middle, above), (middle, y))
    picture.text(middle, y + 16, "y")
    way = "" if shortcut is None else f", with a shortcut ({shortcut}) added before"
    return HTML(picture.svg(f"{title}: x passes {', '.join(branch)}{way} {', '.join(after)} → y"))


def network(
    encoders: Sequence[tuple[str, str, str]],
    fusion: str = "SharedRepresentation g",
    head: str = "FinalClassifier h",
    output: str = "y",
) -> HTML:
    """Return the diagram of a multimodal network, inputs at the top.

    Args:
        encoders: for each modality its input, its encoder and its features, as labels.
        fusion: label of the fusion.
        head: label of the last layer.
        output: label of the result.
    """
    column = BOX + 16
    picture = Picture(column * len(encoders), 300)
    middle = picture.width / 2
    for i, (given, encoder, features) in enumerate(encoders):
        x = column * (i + 0.5)
        picture.text(x, 16, given)
        picture.arrow((x, 24), (x, 50))
        picture.box(x, 50, encoder, "encoder")
        picture.arrow((x, 78), (x, 130))
        picture.text(x + 8, 106, features, "start")
    picture.box(middle, 130, fusion, "fusion", picture.width - 16)
    picture.arrow((middle, 158), (middle, 210))
    picture.text(middle + 8, 188, "z", "start")
    picture.box(middle, 210, head, "head")
    picture.arrow((middle, 238), (middle, 270))
    picture.text(middle, 290, output)
    parts = "; ".join(f"{given} → {encoder} → {features}" for given, encoder, features in encoders)
    return HTML(picture.svg(f"{parts}; all into {fusion} → z → {head} → {output}"))
