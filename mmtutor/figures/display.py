"""The one place that shows a plot: sharp, in the page's colors, numbered, with words beside it."""

import html
import io
import re

import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.figure import Figure

from mmtutor.figures.style import INK

PIXELS_PER_POINT = 96 / 72
_FONT = re.compile(r"font-family: [^;\"]+; ")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")
_NOT_SHOWN = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')
_REFERENCE = re.compile(r'(?:url\(|href=")#([^")]+)')


def show(number: int, caption: str, *, alt: str = "", diagram: HTML | None = None) -> None:
    """Show the current plot, or a diagram, as a numbered figure of the page.

    A plot is vector graphics whose text and axes take the color of the page's text, in light and
    in dark; a PNG goes with it for viewers that show no SVG. On a narrow screen it scrolls
    sideways, so that its labels can still be read. It is closed afterwards.

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
        markup = _plot(figure, f"plot-{number}-", alt)
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
