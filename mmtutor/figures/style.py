"""One look for all plots, and the parts that they share."""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with every common kind of color blindness.
COLORS = {
    "blue": "#0072b2",
    "orange": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "yellow": "#e69f00",
    "sky": "#56b4e9",
    "gray": "#5c6370",
}
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
    """Set the book's style for all figures that follow.

    Figures keep a white ground in both themes; the book's style sheet sets them on a card.
    """
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=list(COLORS.values())),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": COLORS["gray"],
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "figure.dpi": 144,
            "figure.figsize": (7.0, 3.2),
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "legend.edgecolor": "none",  # seen only where a curve runs below a legend
            "legend.framealpha": 0.85,
            "lines.linewidth": 2,
            "savefig.facecolor": "white",
            "figure.facecolor": "white",
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
