"""How results depend on a setting that was varied by factors, such as the learning rate."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import SERIES_MARKERS


def sweep(
    results: Mapping[str, ArrayLike],
    settings: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
) -> None:
    """Show the mean of the runs at each setting as a line, and a marker for each run.

    Both are told apart by color and by marker, as lines may cover each other.

    Args:
        results: label → values `(runs, settings)`, between 0 and 1.
        settings: the settings, above 0, on a logarithmic axis.
        xlabel: what was varied.
        ylabel: what was measured.
    """
    positions = np.asarray(settings, dtype=float)
    _, axis = plt.subplots(figsize=(7, 3.6))
    for number, (label, runs) in enumerate(results.items()):
        values = np.asarray(runs, dtype=float)
        marker = SERIES_MARKERS[number % len(SERIES_MARKERS)]
        (line,) = axis.plot(positions, values.mean(axis=0), marker=marker, label=label)
        for run in values:
            axis.plot(positions, run, marker, color=line.get_color(), alpha=0.5, markersize=4)
    axis.set(xlabel=xlabel, ylabel=ylabel, xscale="log", ylim=(0, 1.04))
    axis.set_xticks(positions, [f"{position:g}" for position in positions])
    axis.minorticks_off()
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    plt.show()
