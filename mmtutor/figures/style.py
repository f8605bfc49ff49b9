"""One look for all plots, and the parts that they share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Found by search: each has a contrast of 3 or more with white and with the book's dark ground,
# and any two lie 20 or more apart (CIELAB), also as seen with protanopia, deuteranopia or
# tritanopia in full (Machado et al. 2009, A physiologically-based model for simulation of color
# vision deficiency).
COLORS = {
    "blue": "#4663ae",
    "orange": "#ef6c00",
    "green": "#1ca85c",
    "purple": "#ba7db4",
    "brown": "#9f5725",
    "sky": "#608fff",
    "gray": "#64666f",
}
# Text, ticks and whatever must be seen on any ground; `show` gives it the page's own color.
INK = "#1b1d21"
# Of the things that a figure compares; gray is left for what they are compared with.
SERIES_COLORS = [color for name, color in COLORS.items() if name != "gray"]
SERIES_MARKERS = "osD^vP"

_T = TypeVar("_T")
_Where = Literal[
    "outside upper center",
    "outside upper right",
    "outside lower center",
    "outside lower right",
]


def use_style() -> None:
    """Set the book's style for all figures that follow."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=list(COLORS.values())),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "figure.dpi": 144,
            "figure.figsize": (7.0, 3.2),
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "legend.frameon": False,  # a ground of its own would be a slab in the dark theme
            "lines.linewidth": 2,
            "savefig.facecolor": "white",
            "figure.facecolor": "white",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def series(things: Mapping[str, _T]) -> Iterator[tuple[str, _T, str, str]]:
    """Yield the label of each thing, the thing, and a color and a marker of its own.

    Raises:
        ValueError: there are more of them than can be told apart.
    """
    if len(things) > len(SERIES_MARKERS):
        raise ValueError(
            f"at most {len(SERIES_MARKERS)} series can be told apart; got {len(things)}"
        )
    looks = zip(SERIES_COLORS, SERIES_MARKERS, strict=True)
    return (
        (label, thing, *look) for (label, thing), look in zip(things.items(), looks, strict=False)
    )


def panels(
    count: int, height: float, width: float = 7, *, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return a figure, its size in inches, and its panels side by side."""
    figure, axes = plt.subplots(
        1, count, figsize=(width, height), squeeze=False, sharex=sharex, sharey=sharey
    )
    return figure, list(axes[0])


def legend_outside(figure: Figure, where: _Where, columns: int | None = None) -> None:
    """Explain, beside the panels, each label of any panel once."""
    found = [axis.get_legend_handles_labels() for axis in figure.axes]
    named = {name: handle for each in found for handle, name in zip(*each, strict=True)}
    columns = columns or len(named)
    figure.legend(named.values(), named.keys(), loc=where, ncols=columns)


def label_lines(axis: Axes) -> None:
    """Write the label of each line at its right end, in its color; shift labels that would meet.

    Args:
        axis: a panel with nothing to its right, into which all has been drawn.
    """
    axis.autoscale_view()  # the limits that the axis will have, if nobody has asked for them yet
    lines = [line for line in axis.lines if not str(line.get_label()).startswith("_")]
    to_axes = axis.transData + axis.transAxes.inverted()
    ends = [float(to_axes.transform(np.asarray(line.get_xydata())[-1])[1]) for line in lines]
    height = axis.get_window_extent().height * 72 / axis.figure.dpi
    gap = 1.3 * plt.rcParams["font.size"] / height
    for line, end, y in zip(lines, ends, _spread(ends, gap), strict=True):
        axis.annotate(
            str(line.get_label()),
            (1, end),
            (1.02, y),
            xycoords="axes fraction",
            color=line.get_color(),
            va="center",
        )


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """Return the places, moved as far apart as the gap, in the same order."""
    order = np.argsort(places, kind="stable")
    wanted = np.clip(np.asarray(places, dtype=float)[order], 0, 1) - gap * np.arange(len(places))
    # Least squares under an order: neighbors that are too near share their mean.
    blocks: list[list[float]] = []
    for place in wanted:
        blocks.append([place])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = np.concatenate([[np.mean(block)] * len(block) for block in blocks])
    moved = np.empty(len(places))
    moved[order] = level + gap * np.arange(len(places))
    return [float(place) for place in moved]


def legend_above(axis: Axes, columns: int) -> None:
    """Explain the labels of a panel above it."""
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns)


def frame(axis: Axes, color: str = COLORS["gray"], width: float = 1.5) -> None:
    """Put a picture in a frame without ticks, so that its edges can be seen on any page."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(visible=True, color=color, linewidth=width)


def name_settings(axis: Axes, which: Literal["x", "y"], settings: np.ndarray) -> None:
    """Make an axis logarithmic, with a tick at each setting and nowhere else."""
    axis.set(**{f"{which}scale": "log"})
    getattr(axis, f"set_{which}ticks")(settings, [f"{setting:g}" for setting in settings])
    axis.minorticks_off()
