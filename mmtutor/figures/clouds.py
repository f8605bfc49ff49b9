"""Clouds of points, with their mean from bin to bin and the line that it should follow."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS


def clouds(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    edges: ArrayLike,
    *,
    slope: float,
    line: str,
    xlabel: str | Sequence[str],
    ylabel: str,
) -> None:
    """Show points, and the mean of those in each bin, a panel for each set of them.

    Args:
        panels: title → x and y of each point, both `(points,)`.
        edges: edges of the bins of x, rising; a bin holds its lower edge. An empty one has no
            mean.
        slope: of the dashed line through the origin to which the means are compared.
        line: what that line is.
        xlabel: what runs to the right, in all panels or in each.
        ylabel: what runs up.
    """
    bounds = np.asarray(edges, dtype=float)
    names = [xlabel] * len(panels) if isinstance(xlabel, str) else xlabel
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(7, 1.1 + 6.2 / len(panels)),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for axis, name, (title, values) in zip(axes[0], names, panels.items(), strict=True):
        x, y = (np.asarray(value, dtype=float) for value in values)
        axis.scatter(x, y, s=7, alpha=0.3, linewidth=0, color=COLOURS["blue"], label="an example")
        style = {"color": COLOURS["gray"], "linestyle": "--", "linewidth": 1.5}
        axis.plot(bounds[[0, -1]], slope * bounds[[0, -1]], label=line, **style)
        style = {"color": COLOURS["orange"], "marker": "o", "markersize": 5}
        axis.plot(*_means(x, y, bounds), label="mean in a bin", **style)
        axis.set(title=title, xlabel=name)
    axes[0, 0].set_ylabel(ylabel)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    plt.show()


def _means(x: np.ndarray, y: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean x and the mean y of the points in each bin that has any."""
    bins = np.digitize(x, edges)
    filled = [bins == number for number in range(1, len(edges)) if (bins == number).any()]
    return np.array([x[f].mean() for f in filled]), np.array([y[f].mean() for f in filled])
