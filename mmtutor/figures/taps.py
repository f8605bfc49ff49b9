"""What one output of a chain of convolutions reads."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS


def receptive_fields(
    panels: Mapping[str, tuple[Sequence[int], ArrayLike]], *, kernel_size: int = 3
) -> None:
    """Show which positions the middle output of a chain of convolutions reads, and how strongly.

    Each panel has a row of dots for the input, at the bottom, and one for each convolution. Lines
    join the middle dot at the top to all that it depends on. The bars below are the footprint.

    Args:
        panels: title → the dilation of each convolution, the first one first; and a number from
            0 on for each input position, an odd count of them.
        kernel_size: taps of each convolution, odd.
    """
    heights = [ratio for _ in panels for ratio in (2.2, 1)]
    size = (7, 2.6 * len(panels) + 0.3)
    _, axes = plt.subplots(
        len(heights), 1, figsize=size, sharex=True, squeeze=False, height_ratios=heights
    )
    for number, (title, (dilations, footprint)) in enumerate(panels.items()):
        sizes = np.asarray(footprint, dtype=float)
        middle = len(sizes) // 2
        above, below = axes[2 * number, 0], axes[2 * number + 1, 0]
        _taps(above, dilations, kernel_size, middle)
        above.set_title(title)
        below.bar(np.arange(-middle, middle + 1), sizes, color=COLOURS["sky"], width=0.8)
        below.set(ylabel="gradient", yticks=[])
    axes[-1, 0].set_xlabel("input position, counted from the one in the middle")
    plt.show()


def _taps(axis: Axes, dilations: Sequence[int], kernel_size: int, middle: int) -> None:
    positions = np.arange(-middle, middle + 1)
    steps = np.arange(kernel_size) - kernel_size // 2
    read = {0}
    for row in range(len(dilations), -1, -1):
        shade = COLOURS["orange"] if row in (0, len(dilations)) else COLOURS["blue"]
        axis.plot(positions, [row] * len(positions), "o", color="lightgray", markersize=2)
        axis.plot(sorted(read), [row] * len(read), "o", color=shade, markersize=4, zorder=3)
        if row:
            taps = {(p, p + int(step) * dilations[row - 1]) for p in read for step in steps}
            for start, end in taps:
                axis.plot([start, end], [row, row - 1], color=COLOURS["gray"], linewidth=0.5)
            read = {end for _, end in taps}
    labels = ["input", *(f"d = {dilation}" for dilation in dilations)]
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
