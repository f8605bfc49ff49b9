"""Curves: values against a step, a setting or a place."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from mmtutor.figures import style
from mmtutor.figures.style import COLORS, INK


def lines(
    curves: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    x: ArrayLike | None = None,
    log: bool = False,
) -> None:
    """Show labeled curves.

    Args:
        curves: label → values, one curve each.
        xlabel: what runs to the right.
        ylabel: what runs up.
        x: positions of the values; 1, 2, 3, … if None.
        log: logarithmic upward axis.
    """
    _, axis = plt.subplots()
    for label, values in curves.items():
        values = np.asarray(values)
        axis.plot(_positions(axis, len(values), x), values, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axis.margins(x=0)
    style.label_lines(axis)


def curves(
    runs: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    x: ArrayLike | None = None,
    log: bool = False,
) -> None:
    """Show the mean over seeds, in a band of one standard deviation.

    Args:
        runs: label → values `(seeds, positions)`, two or more seeds.
        xlabel: what runs to the right.
        ylabel: what runs up.
        x: the positions; 1, 2, 3, … if None.
        log: logarithmic upward axis; the band is then from the least to the largest value,
            since a standard deviation below the mean may be negative.
    """
    _, axis = plt.subplots()
    seeds = _bands(axis, runs, x, log=log)
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axis.set_title(f"mean {'and range' if log else '± sd'}, n = {seeds}", fontsize=9)
    axis.margins(x=0)
    style.label_lines(axis)


def _positions(axis: Axes, count: int, x: ArrayLike | None) -> np.ndarray:
    """Return where values stand; where these are whole numbers, give the axis whole ticks."""
    positions = np.arange(1, count + 1) if x is None else np.asarray(x)
    if (positions == positions.round()).all():
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return positions


def _bands(
    axis: Axes, runs: Mapping[str, ArrayLike], x: ArrayLike | None = None, *, log: bool = False
) -> int:
    """Draw the mean of each label's runs in a band; count the runs."""
    for label, run in runs.items():
        values = np.asarray(run)
        mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
        low, high = (values.min(axis=0), values.max(axis=0)) if log else (mean - sd, mean + sd)
        positions = _positions(axis, values.shape[1], x)
        axis.plot(positions, mean, label=label)
        axis.fill_between(positions, low, high, alpha=0.2, linewidth=0)
    return len(values)


def curve_panels(
    panels: Mapping[str, Mapping[str, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    level: float | None = None,
    level_name: str = "",
) -> None:
    """Show the mean over seeds in a band of one standard deviation, a panel for each kind.

    All panels have the same axes and the same labels, which are explained once, above.

    Args:
        panels: title → label → values `(seeds, positions)`, two or more seeds.
        xlabel: what runs to the right.
        ylabel: what runs up.
        level: where to draw a dashed line across every panel, if anywhere.
        level_name: what the dashed line is, written above it in the last panel.
    """
    figure, axes = style.panels(len(panels), 3.4, sharex=True, sharey=True)
    for axis, (title, runs) in zip(axes, panels.items(), strict=True):
        seeds = _bands(axis, runs)
        axis.set(title=title, xlabel=xlabel)
        if level is not None:
            axis.axhline(level, color=COLORS["gray"], linestyle="--", linewidth=1, zorder=0)
    if level is not None:
        last = axes[-1]
        where = last.get_yaxis_transform()  # x in widths of the panel, y in its data
        last.text(1, level, level_name, transform=where, ha="right", va="bottom", fontsize=9)
    axes[0].set_ylabel(ylabel)
    figure.supxlabel(f"mean ± sd, n = {seeds}", fontsize=9)
    style.legend_outside(figure, "outside upper center")


def downhill(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x: ArrayLike,
    starts: Sequence[float],
    xlabel: str,
    ylabel: str,
) -> None:
    """Show curves below one another, and on each the steps of gradient descent from some places.

    A step is an arrow to the right or to the left, as long as the slope, so that of the learning
    rate 1. Where it would be too short to be seen there is only the dot of its start.

    Args:
        panels: title → values and slopes, both `(positions,)`.
        x: the positions, ascending; all panels have the same.
        starts: the places where steps start, near positions.
        xlabel: what runs to the right.
        ylabel: what runs up.
    """
    places = np.asarray(x, dtype=float)
    at = [int(np.abs(places - start).argmin()) for start in starts]
    height = 0.6 + 1.55 * len(panels)
    figure, axes = plt.subplots(len(panels), 1, figsize=(7, height), squeeze=False, sharex=True)
    for axis, (title, both), color in zip(
        axes[:, 0], panels.items(), COLORS.values(), strict=False
    ):
        values, slopes = (np.asarray(each, dtype=float) for each in both)
        axis.plot(places, values, color=color)
        axis.plot(places[at], values[at], "o", color=INK, markersize=4)
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
        for i in at:
            if abs(slopes[i]) > 0.01 * np.ptp(places):
                end = (places[i] - slopes[i], values[i])
                axis.annotate("", end, (places[i], values[i]), arrowprops=arrow)
        axis.set_title(title, color=color)
        axis.margins(x=0.02, y=0.12)
        axis.set_ylabel(ylabel)
    figure.supxlabel(xlabel, fontsize=10)


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
    _runs(axis, positions, results)
    axis.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.04))
    style.name_settings(axis, "x", positions)
    style.legend_above(axis, 2)


def _runs(axis: Axes, positions: np.ndarray, results: Mapping[str, ArrayLike]) -> None:
    """Join each label's means by a line, and draw a marker for each of its runs."""
    for label, runs, color, marker in style.series(results):
        values = np.asarray(runs, dtype=float)
        axis.plot(positions, values.mean(axis=0), marker=marker, color=color, label=label)
        for run in values:
            axis.plot(positions, run, marker, color=color, alpha=0.5, markersize=4)


def speedups(panels: Mapping[str, Mapping[str, ArrayLike]], workers: ArrayLike) -> None:
    """Show speed-ups against the number of workers, both on logarithmic axes.

    A dashed line shows what K workers would give if they were K times as fast.

    Args:
        panels: title → label → speed-ups `(workers,)`; the same labels in every panel.
        workers: numbers of workers.
    """
    counts = np.asarray(workers)
    figure, axes = style.panels(len(panels), 3.9, sharex=True, sharey=True)
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        axis.plot(counts, counts, "--", color=COLORS["gray"], linewidth=1, label="ideal")
        for label, values, color, marker in style.series(curves):
            axis.plot(counts, values, color=color, marker=marker, markersize=5, label=label)
        style.name_settings(axis, "x", counts)
        style.name_settings(axis, "y", counts)
        axis.grid(axis="y", linewidth=0.5, alpha=0.4)
        axis.set(title=title, xlabel="workers")
    axes[0].set_ylabel("speed-up")
    style.legend_outside(figure, "outside upper center", 2)


def place_panels(
    results: Mapping[str, Mapping[str, ArrayLike]],
    places: Sequence[str],
    *,
    levels: Mapping[str, float] | None = None,
    level_name: str = "best possible",
    chance: float | None = None,
    xlabel: str = "blocks before the meeting",
    label: str = "test accuracy",
) -> None:
    """Show a panel for each task: at each place every run as a dot, and a line through the means.

    Args:
        results: task → condition → values `(runs, places)`. A condition has the same number
            in all tasks that have it.
        places: names of the places, from the earliest to the latest.
        levels: task → a value that is known, drawn as a dashed line across its panel.
        level_name: what the dashed lines are.
        chance: what guessing gives, drawn as a dotted line.
        xlabel: what the places are.
        label: what the values are.
    """
    figure, axes = style.panels(len(results), 3.4, sharex=True, sharey=True)
    at = np.arange(len(places))
    for axis, (title, conditions) in zip(axes, results.items(), strict=True):
        _runs(axis, at, conditions)
        if levels is not None:
            axis.axhline(levels[title], color=COLORS["gray"], linestyle="--", label=level_name)
        if chance is not None:
            axis.axhline(chance, color=COLORS["gray"], linestyle=":", label="guessing")
        axis.set(title=title, xlim=(-0.4, len(places) - 0.5), ylim=(0, 1.04))
        axis.set_xticks(at, places)
        axis.tick_params(axis="x", labelsize=8)
    axes[0].set_ylabel(label)
    figure.supxlabel(xlabel, fontsize=10)
    style.legend_outside(figure, "outside upper right", 4)
