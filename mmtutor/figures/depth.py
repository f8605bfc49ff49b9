"""How networks of several depths train, the kinds of network side by side."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS


def curve_panels(
    panels: Mapping[str, Mapping[str, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    level: float | None = None,
    level_name: str = "",
) -> None:
    """Show the mean over seeds in a band of one standard deviation, a panel for each kind.

    All panels have the same axes and the same labels, which the last panel explains.

    Args:
        panels: title → label → values `(seeds, positions)`, two or more seeds.
        xlabel: what runs to the right.
        ylabel: what runs up.
        level: where to draw a dashed line across every panel, if anywhere.
        level_name: what the dashed line is, written above it in the last panel.
    """
    _, axes = plt.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)
    for axis, (title, runs) in zip(axes[0], panels.items(), strict=True):
        for label, run in runs.items():
            values = np.asarray(run)
            mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
            positions = np.arange(1, values.shape[1] + 1)
            axis.plot(positions, mean, label=label)
            axis.fill_between(positions, mean - sd, mean + sd, alpha=0.2, linewidth=0)
        axis.set(title=title, xlabel=xlabel)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if level is not None:
            axis.axhline(level, color=COLOURS["gray"], linestyle="--", linewidth=1, zorder=0)
    if level is not None:
        last = axes[0, -1]
        where = last.get_yaxis_transform()  # x in widths of the panel, y in its data
        last.text(1, level, level_name, transform=where, ha="right", va="bottom", fontsize=9)
    axes[0, 0].set_ylabel(ylabel)
    axes[0, -1].legend(title=f"mean ± sd, {len(values)} seeds", title_fontsize="medium")
    plt.show()
