"""Many methods on several data sets: every run and the means, beside lines of reference."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS

_LINES = (
    {"color": COLOURS["gray"], "linestyle": ":"},
    {"color": COLOURS["yellow"], "linestyle": "--"},
    {"color": COLOURS["green"], "linestyle": "-"},
)


def dot_panels(
    results: Mapping[str, Mapping[str, ArrayLike]],
    *,
    marks: Mapping[str, Mapping[str, float]] | None = None,
    scales: Mapping[str, tuple[float, float]] | None = None,
    label: str = "test accuracy",
) -> None:
    """Show a panel for each data set: for each method its runs as dots, their mean as a bar.

    Args:
        results: data set → method → one number for each run. All have the same methods, in the
            same order, from the top down, and as many runs.
        marks: data set → what is known → its value, an upright line through all methods. At most
            three kinds, which all data sets name in the same order.
        scales: data set → the lowest and the highest value of its panel. A run outside widens
            the panel; a mark outside is not seen. By default all panels have one scale, which
            holds everything.
        label: what the numbers are.
    """
    first = next(iter(results.values()))
    methods = list(first)[::-1]
    size = (7 if len(results) > 1 else 5, 1.1 + 0.27 * len(methods))
    figure, axes = plt.subplots(
        1, len(results), figsize=size, squeeze=False, sharex=scales is None, sharey=True
    )
    for axis, (title, scores) in zip(axes[0], results.items(), strict=True):
        for style, (name, value) in zip(_LINES, (marks or {}).get(title, {}).items(), strict=False):
            axis.axvline(value, label=name, linewidth=1.8, **style)
        runs = np.array([np.asarray(scores[method], dtype=float) for method in methods])
        rows = np.arange(len(methods))
        axis.plot(
            runs.T.ravel(),
            np.tile(rows, runs.shape[1]),
            "o",
            color=COLOURS["blue"],
            markersize=5,
            markeredgewidth=0,
            alpha=0.5,
            label="one run",
        )
        axis.plot(
            runs.mean(axis=1),
            rows,
            "|",
            color=COLOURS["blue"],
            markersize=12,
            markeredgewidth=2.2,
            label=f"mean of {runs.shape[1]}",
        )
        if scales is not None:
            low, high = scales[title]
            axis.set_xlim(min(low, float(runs.min())), max(high, float(runs.max())))
        axis.set(title=title, yticks=rows, yticklabels=methods, ylim=(-0.6, len(rows) - 0.4))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.grid(axis="y", linewidth=0.4)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=2)
    figure.supxlabel(label, fontsize=10)
    plt.show()
