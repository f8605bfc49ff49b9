"""Points in a plane: examples, or methods by two numbers."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from mmtutor.figures import style
from mmtutor.figures.style import COLORS, SERIES_COLORS

MARKERS = "ox^s"  # of classes, for whoever does not see their colors


def scatter(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]], *, xlabel: str, ylabel: str
) -> None:
    """Show points in the color and the shape of their class, a panel for each set of them.

    Args:
        panels: title → x, y and integer class of each point, all `(points,)`.
        xlabel: what runs to the right in every panel.
        ylabel: what runs up.
    """
    _, axes = style.panels(len(panels), 0.8 + 6.5 / len(panels), sharex=True, sharey=True)
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        x, y, classes = map(np.asarray, values)
        for number, kind in enumerate(np.unique(classes)):
            chosen = classes == kind
            axis.scatter(x[chosen], y[chosen], s=14, marker=MARKERS[number % len(MARKERS)])
        axis.set(title=title, xlabel=xlabel, aspect="equal")
    axes[0].set_ylabel(ylabel)


def regions(
    rules: Mapping[str, Callable[[np.ndarray, np.ndarray], ArrayLike]],
    points: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    columns: int | None = None,
) -> None:
    """Show where rules answer yes (orange) and where no (blue), and which points they get wrong.

    A title counts the points that are right. A cross stands over each that is wrong.

    Args:
        rules: name → a function of x and y, of any shape, that answers yes where it is above 0.
        points: x, y and right answer (yes: true) of each point, all `(points,)`.
        xlabel: what runs to the right in every panel.
        ylabel: what runs up.
        columns: how many panels stand side by side; by default all.
    """
    x, y, answers = (np.asarray(values, dtype=float) for values in points)
    reach = 1.8 * max(np.abs(x).max(), np.abs(y).max())
    grid = np.meshgrid(*[np.linspace(-reach, reach, 145)] * 2)
    ground = [COLORS["blue"], COLORS["orange"]]
    columns = columns or len(rules)
    rows = math.ceil(len(rules) / columns)
    size = (7, 0.7 + rows * (0.25 + 6 / columns))
    _, axes = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    for axis in axes.flat[len(rules) :]:
        axis.remove()
    for axis, (name, rule) in zip(axes.flat, rules.items(), strict=False):
        z = np.asarray(rule(*grid))
        axis.contourf(*grid, z, [z.min() - 1, 0, z.max() + 1], colors=ground, alpha=0.25)
        for yes, color in enumerate(ground):
            chosen = answers == yes
            axis.plot(x[chosen], y[chosen], "os"[yes], color=color, markersize=9)
        wrong = (np.asarray(rule(x, y)) > 0) != answers.astype(bool)
        axis.plot(x[wrong], y[wrong], "x", color=COLORS["gray"], markersize=20, zorder=3)
        axis.set(title=f"{name}: {(~wrong).sum()} of {len(x)}", aspect="equal")
    for axis in axes[-1]:
        axis.set_xlabel(xlabel)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)


def attraction(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    *,
    names: tuple[str, str] = ("left", "right"),
) -> None:
    """Show pairs of unit vectors on a circle, and an arrow at each: where a loss moves it.

    A pair has a color, and a dotted line joins its two vectors. The arrows have one scale in all
    panels.

    Args:
        panels: title → the vectors of the one side and of the other, both `(pairs, 2)`, and the
            arrows of both, as many; at most six pairs.
        names: of the two sides.
    """
    figure, axes = style.panels(len(panels), 0.6 + 6.5 / len(panels), sharex=True, sharey=True)
    turn = np.linspace(0, 2 * np.pi, 200)
    parts = [[np.asarray(part, dtype=float) for part in each] for each in panels.values()]
    scale = 0.5 / max(float(np.linalg.norm(each[2:], axis=-1).max()) for each in parts)
    # A ring and a small square: both are seen where they meet.
    looks: tuple[dict[str, Any], ...]
    looks = ({"marker": "o", "s": 130, "facecolors": "none"}, {"marker": "s", "s": 30})
    for axis, title, (left, right, *arrows) in zip(axes, panels, parts, strict=True):
        axis.plot(np.cos(turn), np.sin(turn), color=COLORS["gray"], linewidth=0.8, zorder=0)
        colors = SERIES_COLORS[: len(left)]
        for a, b, color in zip(left, right, colors, strict=True):
            axis.plot(*np.stack([a, b]).T, color=color, linewidth=1, linestyle=":")
        for side, moves, look, name in zip((left, right), arrows, looks, names, strict=True):
            axis.scatter(*side.T, edgecolors=colors, color=colors, linewidths=2, zorder=3, **look)
            gray = COLORS["gray"]
            axis.scatter([], [], edgecolors=gray, color=gray, linewidths=2, label=name, **look)
            units: dict[str, Any]
            units = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.012, "zorder": 4}
            axis.quiver(*side.T, *(scale * moves.T), color=colors, **units)
        axis.set(title=title, aspect="equal", xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
        axis.axis("off")
    style.legend_outside(figure, "outside lower center")


def clouds(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    edges: ArrayLike,
    *,
    slope: float,
    line: str,
    xlabel: str | Sequence[str],
    ylabel: str,
) -> None:
    """Show points, and the mean of those in each bin, a panel for each set of them.

    Args:
        panels: title → x and y of each point, both `(points,)`.
        edges: edges of the bins of x, rising; a bin holds its lower edge. An empty one has no
            mean.
        slope: of the dashed line through the origin to which the means are compared.
        line: what that line is.
        xlabel: what runs to the right, in all panels or in each.
        ylabel: what runs up.
    """
    bounds = np.asarray(edges, dtype=float)
    names = [xlabel] * len(panels) if isinstance(xlabel, str) else xlabel
    figure, axes = style.panels(len(panels), 1.1 + 6.2 / len(panels), sharex=True, sharey=True)
    for axis, name, (title, values) in zip(axes, names, panels.items(), strict=True):
        x, y = (np.asarray(value, dtype=float) for value in values)
        axis.scatter(x, y, s=7, alpha=0.3, linewidth=0, color=COLORS["blue"], label="an example")
        ends = bounds[[0, -1]]
        axis.plot(ends, slope * ends, "--", color=COLORS["gray"], linewidth=1.5, label=line)
        mean_x, mean_y = _means(x, y, bounds)
        axis.plot(mean_x, mean_y, "o-", color=COLORS["orange"], markersize=5, label="mean in a bin")
        axis.set(title=title, xlabel=name)
    axes[0].set_ylabel(ylabel)
    style.legend_outside(figure, "outside lower center")


def _means(x: np.ndarray, y: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean x and the mean y of the points in each bin that has any."""
    bins = np.digitize(x, edges)
    filled = [bins == number for number in range(1, len(edges)) if (bins == number).any()]
    return np.array([x[f].mean() for f in filled]), np.array([y[f].mean() for f in filled])


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
        ValueError: more methods than can be told apart.
    """
    x, y = (np.asarray(values, dtype=float) for values in curve)
    figure, axis = plt.subplots(figsize=(7, 4.4))
    axis.plot(x, y, color=COLORS["gray"], label=line)
    for text, position in (steps or {}).items():
        axis.plot(x[position], y[position], "|", color=COLORS["gray"], markersize=12)
        axis.annotate(text, (x[position], y[position]), (-4, -14), textcoords="offset points")
    for name, scores, color, marker in style.series(methods):
        runs = np.array([np.asarray(values, dtype=float) for values in scores])
        axis.plot(*runs, marker, color=color, markersize=4, alpha=0.6)
        axis.plot(*runs.mean(axis=1), marker, color=color, markersize=10, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=3, title="large: mean, small: runs")


Runs = Mapping[str, tuple[ArrayLike, ArrayLike]]


_STYLES = ("-", "--", ":")


def exit_curves(curves: Runs, points: Runs | None = None, *, xlabel: str, ylabel: str) -> None:
    """Show cost against score as a threshold moves, beside networks without one.

    A thick line joins the means over the runs, a thin one goes through each run.

    Args:
        curves: label → costs and scores, both `(runs, thresholds)`. At most three, so that each
            has its own kind of line.
        points: label → costs and scores, both `(runs,)`, of networks that have no threshold. At
            most three, so that colors and markers differ.
        xlabel: what the cost is.
        ylabel: what the score is.
    """
    _, axis = plt.subplots(figsize=(7, 3.8))
    for (label, values), color, kind in zip(curves.items(), SERIES_COLORS, _STYLES, strict=False):
        costs, scores = (np.asarray(value, dtype=float) for value in values)
        axis.plot(costs.T, scores.T, color=color, linewidth=0.8, alpha=0.4)
        axis.plot(costs.mean(axis=0), scores.mean(axis=0), kind, color=color, label=label)
    left = zip((points or {}).items(), SERIES_COLORS[len(curves) :], "sD^", strict=False)
    for (label, values), color, marker in left:
        costs, scores = (np.asarray(value, dtype=float) for value in values)
        axis.plot(costs, scores, marker, color=color, markersize=4, alpha=0.4)
        axis.plot(costs.mean(), scores.mean(), marker, color=color, markersize=9, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    style.legend_above(axis, 2)


def roofline(points: Mapping[str, tuple[float, float]], *, rate: float, bandwidth: float) -> None:
    """Show the speeds that were reached, under the roof that arithmetic and memory make.

    The roof is min(rate, intensity × bandwidth). Source: Williams, Waterman, Patterson 2009.

    Args:
        points: label → operations per byte, and operations per second that were reached. At most
            six, so that each has its own marker.
        rate: the most operations per second.
        bandwidth: bytes per second between memory and the processor.
    """
    _, axis = plt.subplots(figsize=(7, 3.8))
    intensities, speeds = np.array(list(points.values())).T
    ridge = rate / bandwidth
    span = np.array([min(intensities.min(), ridge) / 2, ridge, max(intensities.max(), ridge) * 2])
    roof = np.minimum(rate, span * bandwidth) / 1e9
    axis.plot(span, roof, color=COLORS["gray"], label="roof")
    for label, (x, y), color, marker in style.series(points):
        axis.plot(x, y / 1e9, marker, color=color, markersize=8, label=label)
    axis.set(
        xscale="log",
        yscale="log",
        ylim=(min(roof.min(), speeds.min() / 1e9) / 2, max(roof.max(), speeds.max() / 1e9) * 2),
        xlabel="intensity: operations per byte",
        ylabel="billion operations per second",
    )
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    style.legend_above(axis, 3)


def predictors(
    panels: Mapping[str, ArrayLike], measured: ArrayLike, *, exact: str, ylabel: str
) -> None:
    """Show what was measured against each of several numbers that should predict it.

    All axes are logarithmic, so a proportional relation is a line of slope 1. Such a line is
    drawn through the median ratio (dashed); for the exact predictor, it is where both are equal.

    Args:
        panels: name → one number above 0 for each measurement.
        measured: the measurements, above 0.
        exact: name of the panel whose numbers have the unit of the measurements.
        ylabel: what was measured.
    """
    y = np.asarray(measured, dtype=float)
    _, axes = style.panels(len(panels), 3.2, sharey=True)
    for axis, (name, values) in zip(axes, panels.items(), strict=True):
        x = np.asarray(values, dtype=float)
        factor = 1.0 if name == exact else float(np.median(y / x))
        ends = np.array([x.min(), x.max()])
        kind, label = ("-", "equal") if name == exact else ("--", "proportional")
        axis.plot(ends, factor * ends, kind, color=COLORS["gray"], linewidth=1.5, label=label)
        axis.plot(x, y, "o", color=COLORS["blue"], markersize=5, alpha=0.7, markeredgewidth=0)
        axis.set(xscale="log", yscale="log", xlabel=name)
        axis.minorticks_off()
        axis.legend(loc="upper left")
    axes[0].set(ylabel=ylabel, ylim=(y.min() / 2, y.max() * 4))
    axes[0].yaxis.set_major_formatter("{x:g}")
