"""What limits the speed of an operation, and how well a number predicts a time."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS, SERIES_COLOURS, SERIES_MARKERS


def roofline(points: Mapping[str, tuple[float, float]], *, rate: float, bandwidth: float) -> None:
    """Show the speeds that were reached, under the roof that arithmetic and memory make.

    The roof is min(rate, intensity × bandwidth). Source: Williams, Waterman, Patterson 2009.

    Args:
        points: label → operations per byte, and operations per second that were reached. At most
            six, so that each has its own marker.
        rate: the most operations per second.
        bandwidth: bytes per second between memory and the processor.
    """
    _, axis = plt.subplots(figsize=(7, 3.8))
    intensities, speeds = np.array(list(points.values())).T
    ridge = rate / bandwidth
    span = np.array([min(intensities.min(), ridge) / 2, ridge, max(intensities.max(), ridge) * 2])
    roof = np.minimum(rate, span * bandwidth) / 1e9
    axis.plot(span, roof, color=COLOURS["gray"], label="roof")
    for (label, (x, y)), color, marker in zip(
        points.items(), SERIES_COLOURS, SERIES_MARKERS, strict=False
    ):
        axis.plot(x, y / 1e9, marker, color=color, markersize=8, label=label)
    axis.set(
        xscale="log",
        yscale="log",
        ylim=(min(roof.min(), speeds.min() / 1e9) / 2, max(roof.max(), speeds.max() / 1e9) * 2),
        xlabel="intensity: operations per byte",
        ylabel="billion operations per second",
    )
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    plt.show()


def predictors(
    panels: Mapping[str, ArrayLike], measured: ArrayLike, *, exact: str, ylabel: str
) -> None:
    """Show what was measured against each of several numbers that should predict it.

    All axes are logarithmic, so a proportional relation is a line of slope 1. Such a line is
    drawn through the median ratio (dashed); for the exact predictor, it is where both are equal.

    Args:
        panels: name → one number above 0 for each measurement.
        measured: the measurements, above 0.
        exact: name of the panel whose numbers have the unit of the measurements.
        ylabel: what was measured.
    """
    y = np.asarray(measured, dtype=float)
    _, axes = plt.subplots(1, len(panels), figsize=(7, 3.2), squeeze=False, sharey=True)
    for axis, (name, values) in zip(axes[0], panels.items(), strict=True):
        x = np.asarray(values, dtype=float)
        factor = 1.0 if name == exact else float(np.median(y / x))
        ends = np.array([x.min(), x.max()])
        style = "-" if name == exact else "--"
        label = "equal" if name == exact else "proportional"
        axis.plot(ends, factor * ends, style, color=COLOURS["gray"], linewidth=1.5, label=label)
        axis.plot(x, y, "o", color=COLOURS["blue"], markersize=5, alpha=0.7, markeredgewidth=0)
        axis.set(xscale="log", yscale="log", xlabel=name)
        axis.minorticks_off()
        axis.legend(loc="upper left")
    axes[0, 0].set(ylabel=ylabel, ylim=(y.min() / 2, y.max() * 4))
    axes[0, 0].yaxis.set_major_formatter("{x:g}")
    plt.show()
