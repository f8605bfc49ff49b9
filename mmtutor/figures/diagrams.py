"""Diagrams of blocks and networks."""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtutor.figures.column import Column
from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import BOX, FILLS, TALL, Picture

_GAP = 16  # from one layer of a block to the next
_MODALITIES = {"I": "image", "T": "text", "A": "audio", "V": "video"}  # by the index of h
_COLUMN, _ROW, _HIGH = 76, 34, 22  # of meeting places: of one network, of one layer, of one box


def beside(*diagrams: HTML, width: int = 264) -> HTML:
    """Return diagrams side by side, or one below the other where the page is narrow.

    Args:
        diagrams: what to set side by side.
        width: of one of them.
    """
    cells = "".join(f'<div style="flex:0 1 {width}px">{each.data}</div>' for each in diagrams)
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
    picture = Picture(264, 96 + (TALL + _GAP) * (len(branch) + len(after) + (shortcut is not None)))
    column = Column(picture, 84, 50, gap=6)
    picture.text(column.x, 18, title)
    picture.text(column.x, 44, "x")
    for layer in branch:
        column.box(layer, layer.split()[0])
        column.gap = _GAP
    if shortcut is not None:
        y = column.plus(column.gap + 3)
        picture.arrow((column.x + 12, 39), (190, 39), (190, y), (column.x + 11, y))
        picture.text(196, (25 + y) / 2, shortcut, "start")
        column.gap = _GAP + 3
    for layer in after:
        column.box(layer, layer.split()[0])
        column.gap = _GAP
    column.arrow()
    picture.text(column.x, column.y + 16, "y")
    way = "" if shortcut is None else f", with a shortcut ({shortcut}) added before"
    return HTML(picture.svg(f"{title}: x passes {', '.join(branch)}{way} {', '.join(after)} → y"))


def network(
    encoders: Sequence[tuple[str, str, str]],
    fusion: str = "SharedRepresentation g",
    head: str = "FinalClassifier h",
    output: str = "y",
) -> HTML:
    """Return the diagram of a multimodal network, inputs at the top.

    An encoder whose features are called h_I, h_T, h_A or h_V has the color that its modality
    has in all diagrams.

    Args:
        encoders: for each modality its input, its encoder and its features, as labels.
        fusion: label of the fusion.
        head: label of the last layer.
        output: label of the result.
    """
    picture = Picture((BOX + 16) * len(encoders), 300)
    middle = picture.width / 2
    for x, features in _encoders(picture, encoders):
        picture.text(x + 8, 106, features, "start")
    picture.box(middle, 130, fusion, "fusion", picture.width - 16)
    picture.arrow((middle, 158), (middle, 210))
    picture.text(middle + 8, 188, "z", "start")
    picture.box(middle, 210, head, "head")
    picture.arrow((middle, 238), (middle, 270))
    picture.text(middle, 290, output)
    return HTML(picture.svg(f"{_in_words(encoders)}; all into {fusion} → z → {head} → {output}"))


def _encoders(
    picture: Picture, encoders: Sequence[tuple[str, str, str]]
) -> Iterator[tuple[float, str]]:
    """Draw each encoder between its input and y = 130; yield where it stands, and its features."""
    for number, (given, encoder, features) in enumerate(encoders):
        x = (BOX + 16) * (number + 0.5)
        picture.text(x, 16, given)
        picture.arrow((x, 24), (x, 50))
        picture.box(x, 50, encoder, _MODALITIES.get(features.rpartition("_")[2], "encoder"))
        picture.arrow((x, 78), (x, 130))
        yield x, features


def _in_words(encoders: Sequence[tuple[str, str, str]]) -> str:
    return "; ".join(" → ".join(labels) for labels in encoders)


def coordinated(
    encoders: Sequence[tuple[str, str, str]],
    space: str = "coordinated: one space",
    loss: str = "near if a pair, else far",
) -> HTML:
    """Return the diagram of a coordinated representation, to stand beside `network`.

    Args:
        encoders: for each modality its input, its encoder and its features, as labels.
        space: label of the space.
        loss: what the loss asks of features in it.
    """
    picture = Picture((BOX + 16) * len(encoders), 300)
    middle = picture.width / 2
    picture.frame(8, 130, picture.width - 16, 108)
    for x, features in _encoders(picture, encoders):
        picture.text(x, 158, features)
        picture.arrow((middle, 172), (x, 172))
    picture.text(middle, 200, loss)
    picture.text(middle, 226, space)
    return HTML(picture.svg(f"{_in_words(encoders)}; {space}, {loss}"))


def meeting_places(blocks: int) -> HTML:
    """Return the diagram of two paths that meet before, between or after their blocks.

    There is one network for each number of blocks before the meeting, and a last one in which
    each path goes on to its own answer, and the answers are added.

    Args:
        blocks: residual blocks on the way from an input to the answer.
    """
    picture = Picture(_COLUMN * (blocks + 2), 90 + _ROW * (blocks + 3))
    for place in range(blocks + 2):
        _cut(picture, _COLUMN * (place + 0.5), place, blocks)
    foot = picture.height - 14
    legend = (("own", "encoder"), ("meeting", "fusion"), ("shared", "head"))
    for number, (name, kind) in enumerate(legend):
        x = picture.width / 2 + 110 * (number - 1)
        _box(picture, x - 34, foot - 15, 20, kind)
        picture.text(x - 18, foot, name, "start")
    return HTML(
        picture.svg(
            f"{blocks + 2} networks of two paths with {blocks} blocks from input to answer: the "
            f"paths meet after {', '.join(map(str, range(blocks + 1)))} blocks of their own and "
            "share the others; in the last network, each path has its own answer, and the "
            "answers are added"
        )
    )


def _cut(picture: Picture, middle: float, place: int, blocks: int) -> None:
    """Draw one network around `middle`: first layers, blocks and last layer from the top."""
    is_last = place > blocks
    picture.text(middle, 16, "answers" if is_last else str(place))
    own = 1 + min(place, blocks) + is_last  # rows above the meeting
    for row in range(blocks + 3):
        y = 30 + _ROW * row
        if row < own:
            for x in (middle - 17, middle + 17):
                _box(picture, x, y, 28, "encoder")
                _line(picture, (x, y + _HIGH), (x, y + _ROW))
        elif row == own:
            _box(picture, middle, y, 62, "fusion")
        else:
            _box(picture, middle, y, 40, "head")
        if row >= own:
            _line(picture, (middle, y + _HIGH), (middle, y + _ROW))
    picture.text(middle, 44 + _ROW * (blocks + 3), "y")


def _box(picture: Picture, x: float, y: float, width: float, kind: str) -> None:
    picture.elements.append(
        f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{_HIGH}" rx="4" '
        f'fill="{FILLS[kind]}" fill-opacity="0.4" stroke="{FILLS[kind]}"/>'
    )


def _line(picture: Picture, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = start, end
    picture.elements.append(f'<path d="M{x0:g} {y0:g} L{x1:g} {y1:g}" stroke="currentColor"/>')


def receptive_fields(
    panels: Mapping[str, tuple[Sequence[int], ArrayLike]], *, kernel_size: int = 3
) -> None:
    """Show which positions the middle output of a chain of convolutions reads, and how strongly.

    Each panel has a row of dots for the input, at the bottom, and one for each convolution. Lines
    join the middle dot at the top to all that it depends on. The bars below are the footprint.

    Args:
        panels: title → the dilation of each convolution, the first one first; and a number from
            0 on for each input position, an odd count of them.
        kernel_size: taps of each convolution, odd.
    """
    heights = [ratio for _ in panels for ratio in (2.2, 1)]
    size = (7, 2.6 * len(panels) + 0.3)
    _, axes = plt.subplots(
        len(heights), 1, figsize=size, sharex=True, squeeze=False, height_ratios=heights
    )
    for number, (title, (dilations, footprint)) in enumerate(panels.items()):
        sizes = np.asarray(footprint, dtype=float)
        middle = len(sizes) // 2
        above, below = axes[2 * number, 0], axes[2 * number + 1, 0]
        _taps(above, dilations, kernel_size, middle)
        above.set_title(title)
        below.bar(np.arange(-middle, middle + 1), sizes, color=COLORS["sky"], width=0.8)
        below.set(ylabel="gradient", yticks=[])
    axes[-1, 0].set_xlabel("input position, counted from the one in the middle")


def _taps(axis: Axes, dilations: Sequence[int], kernel_size: int, middle: int) -> None:
    positions = np.arange(-middle, middle + 1)
    steps = np.arange(kernel_size) - kernel_size // 2
    read = {0}
    for row in range(len(dilations), -1, -1):
        shade = COLORS["orange"] if row in (0, len(dilations)) else COLORS["blue"]
        axis.plot(positions, [row] * len(positions), "o", color="lightgray", markersize=2)
        axis.plot(sorted(read), [row] * len(read), "o", color=shade, markersize=4, zorder=3)
        if row:
            taps = {(p, p + int(step) * dilations[row - 1]) for p in read for step in steps}
            for start, end in taps:
                axis.plot([start, end], [row, row - 1], color=COLORS["gray"], linewidth=0.5)
            read = {end for _, end in taps}
    labels = ["input", *(f"d = {dilation}" for dilation in dilations)]
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
