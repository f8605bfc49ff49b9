"""Scores of methods: every run and their mean, beside what is known."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures import style
from mmtutor.figures.style import COLORS, INK, SERIES_MARKERS


def scores(
    results: Mapping[str, ArrayLike],
    *,
    chance: float | None = None,
    chance_label: str = "chance",
    label: str = "test accuracy",
) -> None:
    """Show one bar for each method, the mean of its runs, and a dot for each run.

    Args:
        results: method → one number for each run.
        chance: what guessing gives, drawn as a dashed line.
        chance_label: what that line is.
        label: what the numbers are.
    """
    _, axis = plt.subplots(figsize=(7, 0.7 + 0.42 * len(results)))
    names = list(results)[::-1]
    values = [np.asarray(results[name], dtype=float) for name in names]
    axis.barh(names, [seeds.mean() for seeds in values], color=COLORS["sky"], height=0.6)
    for row, seeds in enumerate(values):
        if len(seeds) > 1:
            axis.scatter(seeds, [row] * len(seeds), color=INK, s=12, zorder=3)
        # Beside the axes, where no line of chance runs through the number.
        at = (1.01, row)
        axis.annotate(f"{seeds.mean():.2f}", at, xycoords=("axes fraction", "data"), va="center")
    if chance is not None:
        axis.axvline(chance, color=COLORS["gray"], linestyle="--", linewidth=1)
        top = len(values) - 0.55
        axis.text(chance, top, f" {chance_label}", fontsize=9)
    if any(len(seeds) > 1 for seeds in values):
        label += " (bar: mean, dots: runs)"
    axis.set(xlabel=label, xlim=(0, 1.12 * max(seeds.max() for seeds in values)))


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
    height = 1.2 + 0.34 * len(methods)
    figure, axes = style.panels(len(results), height, sharex=True, sharey=True)
    for axis, (title, scores) in zip(axes, results.items(), strict=True):
        runs = [np.asarray(scores[method], dtype=float) for method in methods]
        axis.barh(methods, [run.mean() for run in runs], color=COLORS["sky"], height=0.6)
        for row, (method, run) in enumerate(zip(methods, runs, strict=True)):
            axis.scatter(run, [row] * len(run), color=INK, s=8, zorder=3, label="a run")
            best = (truth or {}).get(title, {}).get(method)
            if best is not None:
                ends = [row - 0.42, row + 0.42]
                color = COLORS["orange"]
                axis.plot([best] * 2, ends, color=color, linewidth=3, zorder=2, label=truth_label)
        axis.set_title(title)
        axis.xaxis.set_major_formatter("{x:g}")  # short, so that ticks of two panels stay apart
    style.legend_outside(figure, "outside lower right", 2)
    figure.supxlabel(label, fontsize=10)


_LINES = ((COLORS["gray"], ":"), (COLORS["brown"], "--"), (COLORS["green"], "-"))


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
    width, height = 7 if len(results) > 1 else 5, 1.1 + 0.27 * len(methods)
    figure, axes = style.panels(len(results), height, width, sharex=scales is None, sharey=True)
    for axis, (title, scores) in zip(axes, results.items(), strict=True):
        known = (marks or {}).get(title, {})
        for (name, value), (color, kind) in zip(known.items(), _LINES, strict=False):
            axis.axvline(value, color=color, linestyle=kind, linewidth=1.8, label=name)
        runs = np.array([np.asarray(scores[method], dtype=float) for method in methods])
        rows = np.arange(len(methods))
        blue, count = COLORS["blue"], runs.shape[1]
        at = np.tile(rows, count)
        axis.plot(
            runs.T.ravel(), at, "o", color=blue, markersize=5, mew=0, alpha=0.5, label="one run"
        )
        mean, name = runs.mean(axis=1), f"mean of {count}"
        axis.plot(mean, rows, "|", color=blue, markersize=12, mew=2.2, label=name)
        if scales is not None:
            low, high = scales[title]
            axis.set_xlim(min(low, float(runs.min())), max(high, float(runs.max())))
        axis.set(title=title, yticks=rows, yticklabels=methods, ylim=(-0.6, len(rows) - 0.4))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.grid(axis="y", linewidth=0.4)
    style.legend_outside(figure, "outside upper right", 2)
    figure.supxlabel(label, fontsize=10)


def intervals(
    results: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    xlabel: str,
    guessing: Mapping[str, float] | None = None,
) -> None:
    """Show estimates with their intervals: a group of rows for each data set.

    Methods are told apart by color and by marker.

    Args:
        results: data set → method → lower end, estimate and upper end. All have the same
            methods, in the same order.
        xlabel: what was measured.
        guessing: data set → what guessing gives, drawn as an upright dash.
    """
    first = next(iter(results.values()))
    rows, step = len(first), 0.7 / len(first)
    _, axis = plt.subplots(figsize=(7, 1 + 0.22 * rows * len(results)))
    colors = list(COLORS.values())
    for group, methods in enumerate(results.values()):
        for number, (method, (low, middle, high)) in enumerate(methods.items()):
            row = group + step * (number - (rows - 1) / 2)
            axis.errorbar(
                [middle],
                [row],
                xerr=[[middle - low], [high - middle]],
                fmt=SERIES_MARKERS[number % len(SERIES_MARKERS)],
                color=colors[number % len(colors)],
                label=method if group == 0 else None,
            )
    for group, name in enumerate(results):
        if guessing and name in guessing:
            ends = [group - 0.35, group + 0.35]
            label = "guessing" if group == 0 else None
            axis.plot([guessing[name]] * 2, ends, color=COLORS["gray"], label=label)
    axis.set_yticks(range(len(results)), list(results))
    axis.invert_yaxis()
    axis.set(xlabel=xlabel, xlim=(0, 1))
    style.legend_above(axis, rows + 1)
