"""The history of the field: two lines of work that meet."""

import html
from collections.abc import Sequence
from typing import Literal, NamedTuple

from IPython.display import HTML

from mmtutor.figures.style import COLORS


class Event(NamedTuple):
    """One year of the history.

    Attributes:
        year: when it was published.
        line: to which line of work it belongs, or to both.
        who: its authors, or the name by which it is known.
        what: what was new, in a few words.
    """

    year: int
    line: Literal["modalities", "depth", "both"]
    who: str
    what: str


HISTORY = (
    Event(1976, "modalities", "McGurk and MacDonald", "Lips change what people hear."),
    Event(1989, "modalities", "Sejnowski et al.", "A network reads lips, and helps the ear."),
    Event(2011, "modalities", "Ngiam et al.", "Deep networks learn from sound and video together."),
    Event(
        2015, "depth", "He et al.", "Initial weights that keep the gradient: 30 layers can learn."
    ),
    Event(2015, "modalities", "VQA", "Questions about photographs: words and picture, one answer."),
    Event(2016, "depth", "ResNet", "A plus sign around every two or three layers: 152 of them."),
    Event(2016, "both", "Multimodal residual learning", "The fusion itself is a residual block."),
    Event(
        2017, "both", "Transformer", "Two residual blocks make a layer, for words, later for all."
    ),
    Event(
        2021,
        "both",
        "CLIP",
        "An image and a text encoder, both residual, agree on 400 million pairs.",
    ),
    Event(
        2022, "both", "Flamingo", "Gated residual blocks let a finished language model see images."
    ),
    Event(2023, "both", "LLaVA", "A projection turns image features into words for such a model."),
)

_COLOR = {"modalities": COLORS["purple"], "depth": COLORS["sky"], "both": COLORS["orange"]}
_SIDE = {"modalities": "1", "depth": "3", "both": "1 / 4"}


def timeline(events: Sequence[Event] = HISTORY) -> HTML:
    """Return the events below each other: one line of work left, one right, both across.

    It is text, so that it wraps on a phone and is read aloud in order.
    """
    items = "".join(_item(event) for event in events)
    heads = "".join(
        f'<div style="grid-column:{column};text-align:{side};font-weight:bold;'
        f'border-bottom:3px solid {color};padding:0 .4rem">{name}</div>'
        for column, side, color, name in (
            ("1", "right", _COLOR["modalities"], "several modalities"),
            ("3", "left", _COLOR["depth"], "depth"),
        )
    )
    grid = "display:grid;grid-template-columns:1fr 3.2rem 1fr;align-items:start"
    return HTML(
        '<div style="max-width:600px;margin:1.5rem auto;font-size:.9rem;line-height:1.35">'
        f'<div style="{grid}">{heads}</div>'
        f'<ol aria-label="Time line" style="list-style:none;margin:0;padding:0">{items}</ol></div>'
    )


def _item(event: Event) -> str:
    color, column = _COLOR[event.line], _SIDE[event.line]
    year = (
        f'<div style="grid-column:2;grid-row:1;text-align:center;border-radius:.6rem;'
        f'border:2px solid {color};font-weight:bold">{event.year}</div>'
    )
    row, side = ("2", "center") if event.line == "both" else ("1", "left")
    if event.line == "modalities":
        side = "right"
    words = (
        f'<div style="grid-column:{column};grid-row:{row};text-align:{side};padding:0 .4rem">'
        f"<strong>{html.escape(event.who)}:</strong> {html.escape(event.what)}</div>"
    )
    grid = "display:grid;grid-template-columns:1fr 3.2rem 1fr;align-items:start"
    return f'<li style="{grid};margin:.6rem 0">{year}{words}</li>'
