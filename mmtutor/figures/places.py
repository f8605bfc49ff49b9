"""Where two modalities meet in a network: a diagram of the places, and results at each."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import ArrayLike

from mmtutor.figures.diagrams import Picture
from mmtutor.figures.style import COLOURS, SERIES_COLOURS, SERIES_MARKERS

_COLUMN, _ROW, _HIGH = 76, 34, 22  # of one network, of one layer, of one box


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
    fill = {"encoder": COLOURS["sky"], "fusion": COLOURS["yellow"], "head": COLOURS["green"]}[kind]
    picture.elements.append(
        f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{_HIGH}" rx="4" '
        f'fill="{fill}" fill-opacity="0.4" stroke="{fill}"/>'
    )


def _line(picture: Picture, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = start, end
    picture.elements.append(f'<path d="M{x0:g} {y0:g} L{x1:g} {y1:g}" stroke="currentColor"/>')


def place_panels(
    results: Mapping[str, Mapping[str, ArrayLike]],
    places: Sequence[str],
    *,
    levels: Mapping[str, float] | None = None,
    level_name: str = "best possible",
    chance: float | None = None,
    xlabel: str = "blocks before the meeting",
    label: str = "test accuracy",
) -> None:
    """Show a panel for each task: at each place every run as a dot, and a line through the means.

    Args:
        results: task → condition → values `(runs, places)`. A condition has the same number
            in all tasks that have it.
        places: names of the places, from the earliest to the latest.
        levels: task → a value that is known, drawn as a dashed line across its panel.
        level_name: what the dashed lines are.
        chance: what guessing gives, drawn as a dotted line.
        xlabel: what the places are.
        label: what the values are.
    """
    figure, axes = plt.subplots(
        1, len(results), figsize=(7, 3.4), sharex=True, sharey=True, squeeze=False
    )
    at = np.arange(len(places))
    for axis, (title, conditions) in zip(axes[0], results.items(), strict=True):
        for number, (name, runs) in enumerate(conditions.items()):
            values = np.asarray(runs, dtype=float)
            marker, color = SERIES_MARKERS[number], SERIES_COLOURS[number]
            axis.plot(at, values.mean(axis=0), marker=marker, label=name, color=color)
            for run in values:
                axis.plot(at, run, marker, color=color, alpha=0.4, markersize=3.5)
        if levels is not None:
            axis.axhline(levels[title], color=COLOURS["gray"], linestyle="--", label=level_name)
        if chance is not None:
            axis.axhline(chance, color=COLOURS["gray"], linestyle=":", label="guessing")
        axis.set(title=title, xlim=(-0.4, len(places) - 0.5), ylim=(0, 1.04))
        axis.xaxis.set_major_locator(FixedLocator([float(x) for x in at]))
        axis.xaxis.set_major_formatter(FixedFormatter(list(places)))
        axis.tick_params(axis="x", labelsize=8)
    axes[0, 0].set_ylabel(label)
    figure.supxlabel(xlabel, fontsize=10)
    lines = [axis.get_legend_handles_labels() for axis in axes.flat]
    named = {name: line for each in lines for line, name in zip(*each, strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside upper right", ncols=4)
    plt.show()
