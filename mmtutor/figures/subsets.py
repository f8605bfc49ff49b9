"""Scores by subset of the modalities, above dots that show which subset it is."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLORS, INK, SERIES_MARKERS

_SHADES = ("orange", "blue", "gray", "purple", "green")


_SPREAD = 0.3  # from the first to the last method within a column; columns are 1 apart


def subset_scores(
    results: Mapping[str, Mapping[Sequence[str], ArrayLike]],
    *,
    chance: float | None = None,
    label: str = "test accuracy",
) -> None:
    """Show the mean and the standard deviation of the runs for each subset of the modalities.

    Each column is a subset: its filled dots, below, are the modalities that it has. The columns
    are sorted by their number of modalities, and then by the mean of all results. The form is
    that of UpSet plots (Lex et al. 2014).

    Args:
        results: method → names of the modalities in a subset → one number for each run. All
            methods have the same subsets; five methods at most.
        chance: what guessing gives, drawn as a dashed line.
        label: what the numbers are.

    Raises:
        ValueError: more than five methods, or methods with different subsets.
    """
    columns = _sorted_subsets(results)
    given = next(iter(results.values()))
    names = list(dict.fromkeys(name for subset in given for name in subset))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(5.2, 4.9), sharex=True, height_ratios=[2.6, 0.25 + 0.2 * len(names)]
    )
    for axis in (above, below):
        _bands(axis, [len(subset) for subset in columns])
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(results)) if len(results) > 1 else [0.0]
    for number, (method, scores) in enumerate(results.items()):
        runs = [np.asarray(scores[subset], dtype=float) for subset in columns]
        above.errorbar(
            np.arange(len(columns)) + offsets[number],
            [run.mean() for run in runs],
            [run.std(ddof=1) if run.size > 1 else 0.0 for run in runs],
            fmt=SERIES_MARKERS[number],
            color=COLORS[_SHADES[number]],
            markersize=4.5,
            elinewidth=1.2,
            label=method,
        )
    if chance is not None:
        style = {"color": COLORS["gray"], "linestyle": "--", "linewidth": 1}
        above.axhline(chance, label="chance", zorder=1, **style)
    above.set(ylabel=label, ylim=(0, 1))
    above.tick_params(bottom=False)
    _dots(below, columns, names)
    figure.legend(loc="outside upper left", ncols=2)


def _sorted_subsets(
    results: Mapping[str, Mapping[Sequence[str], ArrayLike]],
) -> list[Sequence[str]]:
    first, *others = results.values()
    if len(results) > len(_SHADES) or any(other.keys() != first.keys() for other in others):
        raise ValueError(
            f"give at most {len(_SHADES)} methods, each with a result for the same subsets; "
            f"got {len(results)} methods with {[len(scores) for scores in results.values()]} "
            "subsets"
        )
    means = {
        s: np.mean([np.asarray(scores[s]).mean() for scores in results.values()]) for s in first
    }
    return sorted(first, key=lambda subset: (len(subset), means[subset]))


def _bands(axis: Axes, sizes: Sequence[int]) -> None:
    """Lay a light band behind every second group of columns of one size."""
    for size in sorted(set(sizes))[::2]:
        start = sizes.index(size) - 0.5
        axis.axvspan(start, start + sizes.count(size), color=COLORS["gray"], alpha=0.1, zorder=0)
    axis.set_xlim(-0.5, len(sizes) - 0.5)


def _dots(axis: Axes, columns: Sequence[Sequence[str]], names: Sequence[str]) -> None:
    for position, subset in enumerate(columns):
        filled = [row for row, name in enumerate(names) if name in subset]
        hollow = [row for row in range(len(names)) if row not in filled]
        axis.plot([position] * len(filled), filled, "o-", color=INK, markersize=6)
        axis.plot([position] * len(hollow), hollow, "o", color=COLORS["gray"], mfc="white")
    axis.set_yticks(range(len(names)), names)
    axis.set(ylim=(len(names) - 0.5, -0.5), xticks=[], xlabel="filled: this modality is there")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
