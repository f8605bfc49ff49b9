"""How much faster several workers are than one."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS, SERIES_MARKERS


def speedups(panels: Mapping[str, Mapping[str, ArrayLike]], workers: ArrayLike) -> None:
    """Show speed-ups against the number of workers, both on logarithmic axes.

    A dashed line shows what K workers would give if they were K times as fast.

    Args:
        panels: title → label → speed-ups `(workers,)`; the same labels in every panel.
        workers: numbers of workers.
    """
    counts = np.asarray(workers)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(7, 3.9), squeeze=False, sharex=True, sharey=True
    )
    for axis, (title, curves) in zip(axes[0], panels.items(), strict=True):
        axis.plot(counts, counts, "--", color=COLOURS["gray"], linewidth=1, label="ideal")
        for marker, (label, values) in zip(SERIES_MARKERS, curves.items(), strict=False):
            axis.plot(counts, values, marker=marker, markersize=5, label=label)
        _logarithmic(axis, counts)
        axis.set(title=title, xlabel="workers")
    axes[0, 0].set_ylabel("speed-up")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    plt.show()


def _logarithmic(axis: Axes, counts: np.ndarray) -> None:
    axis.set(xscale="log", yscale="log")
    axis.set_xticks(counts, [f"{count:g}" for count in counts])
    axis.set_yticks(counts, [f"{count:g}" for count in counts])
    axis.minorticks_off()
    axis.grid(axis="y", linewidth=0.5, alpha=0.4)
