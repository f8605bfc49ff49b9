"""What a network that may stop early costs, and how often it is right."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import SERIES_COLOURS

Runs = Mapping[str, tuple[ArrayLike, ArrayLike]]

_STYLES = ("-", "--", ":")


def exit_curves(curves: Runs, points: Runs | None = None, *, xlabel: str, ylabel: str) -> None:
    """Show cost against score as a threshold moves, beside networks without one.

    A thick line joins the means over the runs, a thin one goes through each run.

    Args:
        curves: label → costs and scores, both `(runs, thresholds)`. At most three, so that each
            has its own kind of line.
        points: label → costs and scores, both `(runs,)`, of networks that have no threshold. At
            most three, so that colors and markers differ.
        xlabel: what the cost is.
        ylabel: what the score is.
    """
    _, axis = plt.subplots(figsize=(7, 3.8))
    for (label, values), color, style in zip(curves.items(), SERIES_COLOURS, _STYLES, strict=False):
        costs, scores = (np.asarray(value, dtype=float) for value in values)
        axis.plot(costs.T, scores.T, color=color, linewidth=0.8, alpha=0.4)
        axis.plot(costs.mean(axis=0), scores.mean(axis=0), style, color=color, label=label)
    left = zip((points or {}).items(), SERIES_COLOURS[len(curves) :], "sD^", strict=False)
    for (label, values), color, marker in left:
        costs, scores = (np.asarray(value, dtype=float) for value in values)
        axis.plot(costs, scores, marker, color=color, markersize=4, alpha=0.4)
        axis.plot(costs.mean(), scores.mean(), marker, color=color, markersize=9, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    plt.show()
