"""Vector pictures that take the page's text color."""

import html
import re
from dataclasses import dataclass, field

from mmtutor.figures.style import COLORS

BOX, TALL = 150, 28  # width and height of a box in the picture's own units

FILLS = {
    "conv": COLORS["sky"],
    "norm": COLORS["brown"],
    "relu": COLORS["green"],
    "encoder": COLORS["sky"],
    "fusion": COLORS["brown"],
    "head": COLORS["green"],
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
        fill = FILLS.get(kind, "none")
        self.elements.append(
            f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width}" height="{TALL}" rx="6" '
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
