"""Vector pictures that take the page's text color."""

import html
import math
import re
from dataclasses import dataclass, field

from mmtutor.figures.style import COLORS

BOX, TALL = 150, 28  # width and height of a box in the picture's own units

FILLS = {
    "conv": COLORS["sky"],
    "linear": COLORS["sky"],
    "norm": COLORS["brown"],
    "relu": COLORS["green"],
    "encoder": COLORS["sky"],
    "fusion": COLORS["brown"],
    "head": COLORS["green"],
    "image": COLORS["sky"],
    "text": COLORS["purple"],
    "audio": COLORS["orange"],
    "video": COLORS["blue"],
    "joint": COLORS["brown"],
}

# A single letter, perhaps with an index, is a symbol: x, f_I, h_T.
_SYMBOL = re.compile(r"\b([a-z])(?:_([A-Z]))?$")
# In a formula, each single letter is one, with an index or an exponent: W_q h_I, z, y_true, A^(i).
_IN_FORMULA = re.compile(r"(?<![^\W\d_])([^\W\d_])(?![^\W\d_])(?:_(\w+))?(?:\^(\([^)]*\)|[\w']+))?")

Point = tuple[float, float]


def _symbol(match: re.Match[str]) -> str:
    letter = f'<tspan font-style="italic">{match[1]}</tspan>'
    return letter + (f'<tspan dy="4" font-size="10">{match[2]}</tspan>' if match[2] else "")


def _formula(text: str) -> str:
    """Set every symbol of a formula; what follows an index returns to the line."""
    parts, end, shift = [], 0, 0

    def add(words: str, to: int, style: str = "") -> None:
        nonlocal shift
        if words:
            move = f' dy="{to - shift}"' if to != shift else ""
            parts.append(f"<tspan{move}{style}>{html.escape(words)}</tspan>")
            shift = to

    for match in _IN_FORMULA.finditer(text):
        add(text[end : match.start()], 0)
        # ∂ is upright in most books, and Greek capitals are.
        add(match[1], 0, "" if match[1] in "∂ΣΦ" else ' font-style="italic"')
        add(match[2], 4, ' font-size="10"')
        add(match[3], -5, ' font-size="10"')
        end = match.end()
    add(text[end:], 0)
    return "".join(parts)


@dataclass
class Picture:
    """A list of SVG elements with the few shapes that the diagrams need.

    Args:
        width: of the picture, in its own units; a phone has room for about 340.
        height: likewise.
        elements: what has been drawn.
        font: size of the letters.
        formulas: whether every single letter in a label is a symbol; else the last one only.
    """

    width: int
    height: int
    elements: list[str] = field(default_factory=list)
    font: int = 14
    formulas: bool = False

    def box(
        self,
        x: float,
        y: float,
        text: str,
        kind: str = "",
        width: float = BOX,
        height: float = TALL,
    ) -> None:
        """Draw a labeled box whose upper edge has its middle at (x, y)."""
        fill = FILLS.get(kind, "none")
        self.elements.append(
            f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
            f'fill="{fill}" fill-opacity="0.3" stroke="{fill if kind else "currentColor"}"/>'
        )
        self.text(x, y + height / 2 + (5 if self.font > 12 else 4), text)

    def text(
        self, x: float, y: float, text: str, anchor: str = "middle", *, size: int | None = None
    ) -> None:
        """Write a text; a letter with an index is set as a symbol, in a formula every letter."""
        smaller = f' font-size="{size}"' if size else ""
        words = _formula(text) if self.formulas else _SYMBOL.sub(_symbol, html.escape(text))
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="currentColor"{smaller}>'
            f"{words}</text>"
        )

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a dashed frame whose upper left corner is (x, y)."""
        self.elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="none" '
            'stroke="currentColor" stroke-dasharray="5 4"/>'
        )

    def line(self, *points: Point, dashed: bool = False) -> None:
        """Draw a line through the points."""
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.elements.append(
            f'<path d="M{path}" fill="none" stroke="currentColor" stroke-width="1.5"{dashes}/>'
        )

    def arrow(self, *points: Point, dashed: bool = False) -> None:
        """Draw a line through the points, with a tip at the last one."""
        self.line(*points, dashed=dashed)
        (x0, y0), (x, y) = points[-2:]
        far = math.dist((x0, y0), (x, y)) or 1
        dx, dy = (x - x0) / far, (y - y0) / far
        tip = sorted((x - 7 * dx - side * dy, y - 7 * dy + side * dx) for side in (-4, 4))
        corners = " ".join(f"{x:.6g},{y:.6g}" for x, y in ((x, y), *tip))
        self.elements.append(f'<polygon points="{corners}" fill="currentColor"/>')

    def stop(self, x: float, y: float) -> None:
        """Draw a bar across the end of an upright line at (x, y)."""
        self.elements.append(
            f'<path d="M{x - 11:g} {y:g} h22" stroke="currentColor" stroke-width="4"/>'
        )

    def plus(self, x: float, y: float) -> None:
        """Draw a plus sign in a circle around (x, y)."""
        self.circle(x, y, f"M{x - 6:g} {y:g} h12 M{x:g} {y - 6:g} v12")

    def circle(self, x: float, y: float, sign: str) -> None:
        """Draw a circle of radius 11 around (x, y), and a path in it."""
        self.elements.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="11" fill="none" stroke="currentColor"/>'
            f'<path d="{sign}" stroke="currentColor"/>'
        )

    def svg(self, alt: str) -> str:
        """Return the picture as SVG, with words for whoever cannot see it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="sans-serif" '
            f'font-size="{self.font}" '
            f'style="display:block;margin:auto;width:100%;max-width:{self.width}px;height:auto">'
            f"{''.join(self.elements)}</svg>"
        )
