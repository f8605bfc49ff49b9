"""Sounds as pictures: power by time and frequency."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike


def spectrograms(
    panels: Mapping[str, ArrayLike],
    *,
    seconds: float,
    highest: float,
    ylim: tuple[float, float] | None = None,
    label: str = "power, decibels",
) -> None:
    """Show spectrograms of one length below each other, all on one scale of colors.

    Args:
        panels: title → values `(frequencies, frames)`, evenly spaced from 0 to `highest` and
            from 0 to `seconds`, at least two of each; panels may differ in both numbers.
        seconds: the time of the last frame's middle.
        highest: the frequency of the last row, in hertz.
        ylim: the lowest and highest frequency to show; all if None.
        label: what the values are.
    """
    values = {title: np.asarray(panel, dtype=float) for title, panel in panels.items()}
    lowest = min(panel.min() for panel in values.values())
    largest = max(panel.max() for panel in values.values())
    figure, axes = plt.subplots(
        len(values),
        1,
        figsize=(7, 0.9 + 1.35 * len(values)),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for axis, (title, panel) in zip(axes[:, 0], values.items(), strict=True):
        # A value belongs to the middle of its cell, so the outer cells reach over the edge.
        up, right = np.array([highest, seconds]) / (np.array(panel.shape) - 1) / 2
        picture = axis.imshow(
            panel,
            origin="lower",
            aspect="auto",
            extent=(-right, seconds + right, -up, highest + up),
            vmin=lowest,
            vmax=largest,
            cmap="magma",
        )
        axis.set(title=title, ylabel="hertz", xlim=(0, seconds), ylim=ylim or (0, highest))
    axes[-1, 0].set_xlabel("seconds")
    figure.colorbar(picture, ax=axes, label=label, aspect=30)
    plt.show()
