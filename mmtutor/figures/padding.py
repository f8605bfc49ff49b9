"""Padding that creeps into a text, layer by layer."""

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture

_WIDTH, _LABELS, _TOP = 340, 76, 34  # of the picture; room for the rows' names; the first row
_CELL, _STEP = 26, 34  # side of a cell; from row to row
_LETTER, _READ, _WRITTEN = (COLORS["sky"], 0.3), (COLORS["orange"], 0.75), (COLORS["orange"], 0.2)


def padding(word: str, width: int, layers: int, *, emptied: bool = False) -> HTML:
    """Return a grid with a column for each position, and a row for the text and for each layer.

    The layers are convolutions of three taps. Each writes something into the padding; from there
    the next one carries it to the letters, unless the padding is emptied before.

    Args:
        word: the letters.
        width: positions, those of the padding included; at most 10.
        layers: how many convolutions.
        emptied: whether the padding is set to zero before each convolution.

    Raises:
        ValueError: more positions than there is room for, or fewer than the word has.
    """
    if not len(word) <= width <= (_WIDTH - _LABELS) // _CELL:
        raise ValueError(f"{len(word)} to {(_WIDTH - _LABELS) // _CELL} positions fit; got {width}")
    foot = _TOP + _STEP * (layers + 1)
    picture = Picture(_WIDTH, foot + 48, font=12)
    picture.text(8, 18, "emptied before each layer" if emptied else "left as it is", "start")
    for row in range(layers + 1):
        y = _TOP + _STEP * row
        picture.text(8, y + 17, f"layer {row}" if row else "text", "start")
        clean = len(word) if emptied else len(word) - max(0, row - 1)
        for column in range(width):
            x = _LABELS + _CELL * column
            if column < len(word):
                _cell(picture, x, y, word[column], _LETTER if column < clean else _READ)
            else:
                written = row > 0 and not emptied
                _cell(picture, x, y, "" if written else "0", _WRITTEN if written else None)
    if not emptied:
        _legend(picture, foot + 4)
    last = max(0, min(len(word), layers - 1))
    end = (
        "The padding is set to zero again before each layer, and all letters stay as they were"
        if emptied
        else f"Layer 1 fills the padding. From layer 2 on it is read by the letters: by the last "
        f"one, then by one more in each layer, so by {last} of {len(word)} after layer {layers}"
    )
    return HTML(
        picture.svg(
            f"A grid of {width} positions: the letters of {word}, then zeros. A row for the text "
            f"and one for each of {layers} layers. {end}"
        )
    )


def _cell(picture: Picture, x: float, y: float, text: str, look: tuple[str, float] | None) -> None:
    fill, opacity = look or ("none", 0)
    picture.elements.append(
        f'<rect x="{x:g}" y="{y:g}" width="{_CELL}" height="{_CELL}" fill="{fill}" '
        f'fill-opacity="{opacity:g}" stroke="currentColor"/>'
    )
    if text:
        picture.text(x + _CELL / 2, y + 17, text)


def _legend(picture: Picture, y: float) -> None:
    """Explain the three colors."""
    for x, down, name, (fill, opacity) in (
        (8, 0, "letters only", _LETTER),
        (140, 0, "padding, no longer zero", _WRITTEN),
        (8, 22, "a letter that has read padding", _READ),
    ):
        picture.elements.append(
            f'<rect x="{x}" y="{y + down:g}" width="14" height="14" fill="{fill}" '
            f'fill-opacity="{opacity:g}" stroke="currentColor"/>'
        )
        picture.text(x + 20, y + down + 11, name, "start")
