"""Scores of several methods on several data sets, beside what is known to be possible."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS


def score_panels(
    results: Mapping[str, Mapping[str, ArrayLike]],
    *,
    truth: Mapping[str, Mapping[str, float]] | None = None,
    truth_label: str = "best possible",
    label: str = "test accuracy",
) -> None:
    """Show a panel for each data set: a bar for each method, a dot for each of its runs.

    Args:
        results: data set → method → one number for each run. All have the same methods, in the
            same order.
        truth: data set → method → the number that is known, drawn as an upright line across
            the bar; not every method needs one.
        truth_label: what that number is.
        label: what the numbers are.
    """
    first = next(iter(results.values()))
    methods = list(first)[::-1]
    size = (7, 1.2 + 0.34 * len(methods))
    figure, axes = plt.subplots(
        1, len(results), figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for axis, (title, scores) in zip(axes[0], results.items(), strict=True):
        runs = [np.asarray(scores[method], dtype=float) for method in methods]
        axis.barh(methods, [run.mean() for run in runs], color=COLOURS["sky"], height=0.6)
        for row, (method, run) in enumerate(zip(methods, runs, strict=True)):
            axis.scatter(run, [row] * len(run), color="black", s=8, zorder=3, label="a run")
            best = (truth or {}).get(title, {}).get(method)
            if best is not None:
                style = {"color": COLOURS["orange"], "linewidth": 3, "zorder": 4}
                axis.plot([best, best], [row - 0.42, row + 0.42], label=truth_label, **style)
        axis.set_title(title)
    handles = {
        name: handle for handle, name in zip(*axes[0, 0].get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower right", ncols=2)
    figure.supxlabel(label, fontsize=10)
    plt.show()
