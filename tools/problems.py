"""The map of the field: what five problems ask of one digit in several modalities."""

import html
from collections.abc import Iterator

from IPython.display import HTML
from torch import Tensor

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture

_WIDTH, _HEIGHT = 168, 186


_LEFT, _MIDDLE, _RIGHT = 42, 84, 126  # where the modalities stand


_TOP, _DOT = 32, 6  # upper edge of the scans, size of their pixels


_CAPTION = 180


class Panel(Picture):
    """One small picture with a title, and the shapes of the modalities."""

    def __init__(self, title: str, caption: str = "") -> None:
        super().__init__(_WIDTH, _HEIGHT)
        self.elements.append(
            f'<text x="{_MIDDLE}" y="16" text-anchor="middle" font-weight="bold" '
            f'fill="currentColor">{html.escape(title)}</text>'
        )
        if caption:
            self.text(_MIDDLE, _CAPTION, caption)

    def scan(
        self, scan: Tensor, x: float, y: float = _TOP, dot: float = _DOT, framed: bool = True
    ) -> None:
        """Draw `(8, 8)` gray values below and about the point (x, y); 1 is ink."""
        height, width = scan.shape
        squares = "".join(
            f'<path d="{path}" fill-opacity="{ink:.2g}"/>' for ink, path in _inks(scan)
        )
        self.elements.append(
            f'<g transform="translate({x - dot * width / 2:g} {y:g}) scale({dot:g})" '
            f'fill="currentColor" shape-rendering="crispEdges">{squares}</g>'
        )
        if framed:
            self.frame(x, y, dot * width, dot * height)

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a frame whose upper edge has its middle at (x, y)."""
        self.elements.append(
            f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'fill="none" stroke="currentColor" stroke-opacity="0.5"/>'
        )

    def morse(self, signals: str, x: float, y: float, unit: float = 4, height: float = 8) -> None:
        """Draw dots and dashes about the point (x, y); a dot is a unit wide."""
        lengths = [3 if signal == "-" else 1 for signal in signals]
        left = x - unit * (sum(lengths) + len(lengths) - 1) / 2
        for length in lengths:
            self.elements.append(
                f'<rect x="{left:g}" y="{y:g}" width="{unit * length:g}" height="{height:g}" '
                'fill="currentColor"/>'
            )
            left += unit * (length + 1)

    def cells(self, values: tuple[float, ...], x: float, y: float) -> None:
        """Draw a row of numbers, as cells of which each is as dark as its number is large."""
        for i, value in enumerate(values):
            self.elements.append(
                f'<rect x="{x + 14 * (i - len(values) / 2):g}" y="{y:g}" width="14" height="14" '
                f'fill="{COLORS["sky"]}" fill-opacity="{value}" stroke="currentColor"/>'
            )

    def link(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a line between two things that belong together."""
        (x0, y0), (x, y) = start, end
        self.elements.append(
            f'<path d="M{x0:g} {y0:g} L{x:g} {y:g}" stroke="{COLORS["orange"]}" '
            'stroke-width="2.5"/>'
        )


def problems(scan: Tensor, other: Tensor, word: str, signals: str) -> HTML:
    """Return six small pictures: a digit in four modalities, and the five problems with it.

    They stand side by side as far as there is room.

    Args:
        scan: the digit, `(8, 8)` gray values from 0 to 1, where 1 is ink.
        other: another digit, which stands beside it where parts are aligned.
        word: the word for the digit.
        signals: its Morse code, like `"--..."`.

    Source: Baltrušaitis, Ahuja, Morency 2019, Multimodal machine learning: a survey and taxonomy.
    """
    panels = [
        _modalities(scan, word, signals),
        _representation(scan, word),
        _translation(scan, word),
        _alignment(scan, other),
        _fusion(scan, word),
        _co_learning(scan, word),
    ]
    cells = "".join(f'<div style="flex:0 1 {_WIDTH}px">{panel}</div>' for panel in panels)
    style = "display:flex;flex-wrap:wrap;gap:1.2rem 1rem;justify-content:center"
    return HTML(f'<div style="{style};max-width:600px;margin:1.5rem auto">{cells}</div>')


def _inks(scan: Tensor) -> Iterator[tuple[float, str]]:
    """Yield each gray value but 0, and the path of the squares that have it."""
    rows = scan.tolist()
    for ink in sorted({value for values in rows for value in values if value}):
        yield (
            ink,
            "".join(
                f"M{column} {row}h1v1h-1z"
                for row, values in enumerate(rows)
                for column, value in enumerate(values)
                if value == ink
            ),
        )


def _modalities(scan: Tensor, word: str, signals: str) -> str:
    panel = Panel("one digit")
    panel.scan(scan, _LEFT)
    panel.text(_LEFT, 98, "scan")
    panel.text(_RIGHT, 61, word)
    panel.text(_RIGHT, 98, "word")
    panel.morse(signals, _LEFT, 134)
    panel.text(_LEFT, _CAPTION, "Morse code")
    for i in range(3):  # the digit drifts upwards
        x = _RIGHT + 25 * (i - 1)
        panel.scan(scan, x, 130 - 5 * (i - 1), dot=2, framed=False)
        panel.frame(x, 122, 22, 32)
    panel.text(_RIGHT, _CAPTION, "video")
    return panel.svg(
        f"One digit in four modalities: a scan, the word {word}, a Morse code of long and short "
        "tones, and a video in which it drifts upwards"
    )


def _representation(scan: Tensor, word: str) -> str:
    panel = _pair(Panel("representation", "near, if a pair"), scan, word)
    for x, top, values in ((_LEFT, 84, (0.9, 0.2, 0.5, 0.1)), (_RIGHT, 62, (0.8, 0.3, 0.5, 0.1))):
        panel.arrow((x, top), (x, 120))
        panel.cells(values, x, 124)
    panel.text(_MIDDLE, 136, "≈")
    return panel.svg(
        f"Representation: the scan and the word {word} each become a row of numbers; the two rows "
        "are nearly alike"
    )


def _translation(scan: Tensor, word: str) -> str:
    panel = Panel("translation", "one into another")
    panel.scan(scan, _LEFT, 68)
    panel.arrow((72, 92), (98, 92))
    panel.text(_RIGHT + 4, 97, word)
    return panel.svg(f"Translation: an arrow leads from the scan to the word {word}")


def _alignment(scan: Tensor, other: Tensor) -> str:
    panel = Panel("alignment", "part to part")
    panel.scan(scan, _MIDDLE - 24)
    panel.scan(other, _MIDDLE + 24)
    for x, word in ((20, "right"), (82, "larger than"), (147, "left?")):
        panel.text(x, 146, word)
    panel.link((20, 132), (_MIDDLE + 24, 84))
    panel.link((147, 132), (_MIDDLE - 24, 84))
    return panel.svg(
        "Alignment: below a picture of two digits stands “right larger than left?”. A line leads "
        "from the word right to the right digit, another from the word left to the left digit"
    )


def _fusion(scan: Tensor, word: str) -> str:
    panel = _answer(_pair(Panel("fusion", "one answer from all"), scan, word))
    panel.arrow((_RIGHT, 62), (_RIGHT, 98))
    return panel.svg(f"Fusion: the scan and the word {word} enter one network, which answers 7")


def _co_learning(scan: Tensor, word: str) -> str:
    panel = _answer(_pair(Panel("co-learning", "dashed: training only"), scan, word))
    panel.arrow((_RIGHT, 62), (_RIGHT, 98), dashed=True)
    return panel.svg(
        f"Co-learning: the scan enters a network, which answers 7; the word {word} enters it by a "
        "dashed arrow, in training only"
    )


def _pair(panel: Panel, scan: Tensor, word: str) -> Panel:
    panel.scan(scan, _LEFT)
    panel.text(_RIGHT, 54, word)
    return panel


def _answer(panel: Panel) -> Panel:
    panel.arrow((_LEFT, 84), (_LEFT, 98))
    panel.box(_MIDDLE, 98, "network", "fusion", 136)
    panel.arrow((_MIDDLE, 126), (_MIDDLE, 144))
    panel.text(_MIDDLE, 160, "7")
    return panel
