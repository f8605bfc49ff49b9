"""Methods that buy one score with another, beside the exchange that costs nothing."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS, SERIES_COLOURS, SERIES_MARKERS


def trades(
    methods: Mapping[str, tuple[ArrayLike, ArrayLike]],
    curve: tuple[ArrayLike, ArrayLike],
    *,
    line: str,
    xlabel: str,
    ylabel: str,
    steps: Mapping[str, int] | None = None,
) -> None:
    """Show two scores of each method, over the curve along which one method can move.

    A method is told by its color and its marker: large at the mean, small at each run.

    Args:
        methods: name → both scores of its runs, x and y, each `(runs,)`; at most six names.
        curve: x and y of the positions of the curve, each `(positions,)`.
        line: what the curve is.
        xlabel: what runs to the right.
        ylabel: what runs up.
        steps: text → the number of the position on the curve beside which it is written.

    Raises:
        ValueError: more methods than there are markers.
    """
    if len(methods) > len(SERIES_MARKERS):
        raise ValueError(
            f"at most {len(SERIES_MARKERS)} methods can be told apart; got {len(methods)}"
        )
    x, y = (np.asarray(values, dtype=float) for values in curve)
    figure, axis = plt.subplots(figsize=(7, 4.4))
    axis.plot(x, y, color=COLOURS["gray"], label=line)
    for text, position in (steps or {}).items():
        axis.plot(x[position], y[position], "|", color=COLOURS["gray"], markersize=12)
        axis.annotate(text, (x[position], y[position]), (-4, -14), textcoords="offset points")
    for (name, scores), marker, color in zip(
        methods.items(), SERIES_MARKERS, SERIES_COLOURS, strict=False
    ):
        runs = np.array([np.asarray(values, dtype=float) for values in scores])
        axis.plot(*runs, marker, color=color, markersize=4, alpha=0.6)
        axis.plot(*runs.mean(axis=1), marker, color=color, markersize=10, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=3, title="large: mean, small: runs")
    plt.show()
