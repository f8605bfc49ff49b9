"""The one place that shows a plot: sharp, in the page's colors, numbered, with words beside it."""

import html
import io
import re

import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.figure import Figure

from mmtutor.figures.style import INK

PIXELS_PER_POINT = 96 / 72
NARROW = 4.2  # inches: as wide as a phone, at the size of the text beside it
MOST_COLUMNS = 2  # of panels that can be read side by side in that width
# Which of the two forms of a plot is seen; paper gets the wide one.
_CHOICE = (
    "<style>.mmtutor .narrow{display:none}@media screen and (max-width:600px){"
    ".mmtutor .narrow{display:block}.mmtutor .narrow~.wide{display:none}}</style>"
)
_FONT = re.compile(r"font-family: [^;\"]+; ")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+(?=[^<>]*>)")  # of places and sizes, not of labels
_NOT_SHOWN = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')
_REFERENCE = re.compile(r'(?:url\(|href=")#([^")]+)')


def show(number: int, caption: str, *, alt: str = "", diagram: HTML | None = None) -> None:
    """Show the current plot, or a diagram, as a numbered figure of the page.

    A plot is vector graphics whose text and axes take the color of the page's text, in light and
    in dark; a PNG goes with it for viewers that show no SVG. A phone gets it in a narrow form, or,
    if it has three panels or more beside one another, scrolls sideways, so that its labels can
    be read. It is closed afterwards.

    Args:
        number: of the figure on its page, from 1; the page links to it as `#figure-1`.
        caption: what to see in it.
        alt: what a plot shows, for whoever cannot see it. A diagram has its own words.
        diagram: shown instead of the current plot.

    Raises:
        RuntimeError: nothing was plotted, in this cell.
        ValueError: a plot without `alt`.
    """
    if diagram is not None:
        bundle: dict[str, str | bytes] = {"text/html": _figure(number, caption, str(diagram.data))}
    elif not plt.get_fignums():
        raise RuntimeError("there is no plot to show: plot first, in the same cell")
    elif not alt:
        raise ValueError("a plot needs alt=…: what it shows, for whoever cannot see it")
    else:
        figure = plt.gcf()
        markup = _forms(figure, number, alt)
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        plt.close(figure)
        bundle = {
            "text/html": _figure(number, caption, markup),
            "image/png": picture.getvalue(),
        }
    display({**bundle, "text/plain": f"Figure {number}. {caption}"}, raw=True)


def _figure(number: int, caption: str, markup: str) -> str:
    """Return a numbered figure that scrolls sideways where it is too wide."""
    return (
        f'<figure class="mmtutor" id="figure-{number}" style="margin:1em 0">'
        f'<div style="overflow-x:auto" tabindex="0" role="group" aria-label="Figure {number}">'
        f"{markup}</div>"
        f"<figcaption><strong>Figure {number}.</strong> {html.escape(caption)}</figcaption>"
        "</figure>"
    )


def _forms(figure: Figure, number: int, alt: str) -> str:
    """Return a plot as elements of the page: a wide one, and a narrow one if that can be read."""
    wide = _plot(figure, f"plot-{number}-", alt)
    width, height = figure.get_size_inches()
    grids = [spec.get_gridspec() for axis in figure.axes if (spec := axis.get_subplotspec())]
    if width <= NARROW or any(grid.ncols > MOST_COLUMNS for grid in grids):
        return wide
    figure.set_size_inches(NARROW, height)
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    narrow = _plot(figure, f"plot-{number}-narrow-", alt)
    figure.set_size_inches(width, height)
    if drawn.x0 < 0 or drawn.x1 > NARROW:  # words that are too long for a phone
        return wide
    return f'{_CHOICE}<div class="narrow">{narrow}</div><div class="wide">{wide}</div>'


def _plot(figure: Figure, prefix: str, alt: str) -> str:
    """Return a plot as an element of the page, whose ids no other plot of the page has."""
    file = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mmtutor"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = _FONT.sub("", _DECIMALS.sub(r"\1", _NOT_SHOWN.sub("", text)))
    text = text.replace(INK, "currentColor")
    used = set(_REFERENCE.findall(text))
    text = _ID.sub(lambda found: f' id="{prefix}{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{prefix}", text)
    size = re.search(r'viewBox="[^"]+"', text)
    assert size is not None
    head = (
        f'<svg class="plot" role="img" aria-label="{html.escape(alt)}" {size[0]} '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        "style=\"display:block;width:100%;height:auto;font-family:'DejaVu Sans',Verdana,sans-serif;"
        'stroke-linejoin:round">'
    )
    svg = head + re.sub(r"\s*\n\s*", " ", text[text.index(">") + 1 :]).strip()
    width = figure.get_figwidth() * 72
    style = f"min-width:{width:.0f}px;max-width:{width * PIXELS_PER_POINT:.0f}px"
    return f'<div style="{style}">{svg}</div>'
