"""The one place that shows a plot: sharp, in the page's colors, numbered, with words beside it."""

import html
import io
import re

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from mmtutor.figures.style import INK

PIXELS_PER_POINT = 96 / 72
_FONT = re.compile(r"font-family: [^;\"]+; ")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")
_NOT_SHOWN = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')
_REFERENCE = re.compile(r'(?:url\(|href=")#([^")]+)')


def show(number: int, caption: str, *, alt: str) -> None:
    """Show the current plot as a numbered figure of the page, and close it.

    It is vector graphics whose text and axes take the color of the page's text, in light and
    in dark; a PNG goes with it for viewers that show no SVG. On a narrow screen it scrolls
    sideways, so that its labels can still be read.

    Args:
        number: of the figure on its page, from 1; the page links to it as `#figure-1`.
        caption: what to see in it.
        alt: what is shown, for whoever cannot see it.

    Raises:
        RuntimeError: nothing was plotted.
    """
    if not plt.get_fignums():
        raise RuntimeError("there is no plot to show: plot first, in the same cell")
    figure = plt.gcf()
    width = figure.get_figwidth() * 72
    name = html.escape(f"Figure {number}")
    markup = (
        f'<figure class="mmtutor" id="figure-{number}" style="margin:1em 0">'
        f'<div style="overflow-x:auto" tabindex="0" role="group" aria-label="{name}">'
        f'<div style="min-width:{width:.0f}px;max-width:{width * PIXELS_PER_POINT:.0f}px">'
        f"{_svg(figure, f'plot-{number}-', alt)}</div></div>"
        f"<figcaption><strong>{name}.</strong> {html.escape(caption)}</figcaption></figure>"
    )
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    plt.close(figure)
    bundle = {
        "text/html": markup,
        "image/png": picture.getvalue(),
        "text/plain": f"Figure {number}. {caption}",
    }
    display(bundle, raw=True)


def _svg(figure: Figure, prefix: str, alt: str) -> str:
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
    return head + re.sub(r"\s*\n\s*", " ", text[text.index(">") + 1 :]).strip()
