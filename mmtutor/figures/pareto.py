"""Cost against score: which models no other one beats."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike

from mmtutor.figures import style
from mmtutor.figures.style import COLORS

Points = Mapping[str, Mapping[str, tuple[float, ArrayLike]]]


_MARKER_SIZE = 6  # in points


# Where a label may stand, the best place first: steps from the marker's center, in points, and
# which side or end of the label is nearest to it.
_PLACES = (
    ((6, 0), "left", "center"),
    ((0, 5), "center", "bottom"),
    ((0, -5), "center", "top"),
    ((-6, 0), "right", "center"),
    ((4, 4), "left", "bottom"),
    ((4, -4), "left", "top"),
    ((-4, 4), "right", "bottom"),
    ((-4, -4), "right", "top"),
)


def front(points: Points) -> list[tuple[str, str]]:
    """Return group and label of the points on the Pareto front, the cheapest first.

    A point is on the front unless another one beats it: costs no more, scores no less, and is
    better in one of both. So of equal points all or none are on it.

    Args:
        points: group → label → cost, and score or the scores of several runs, whose mean counts.
    """
    every = [
        (cost, score, group, label)
        for group, members in _means(points).items()
        for label, (cost, score) in members.items()
    ]
    unbeaten = [
        mine
        for mine in every
        if not any(o[0] <= mine[0] and o[1] >= mine[1] and o[:2] != mine[:2] for o in every)
    ]
    return [(group, label) for _, _, group, label in sorted(unbeaten, key=lambda point: point[:2])]


def pareto(points: Points, *, xlabel: str, ylabel: str) -> None:
    """Show cost against score, and the front as a staircase: the best score for at most a cost.

    A group has one color and one marker, which is filled where a point is on the front and
    hollow elsewhere. Through the mean of several runs goes a bar of one standard deviation each
    way.

    Args:
        points: group → label → cost, above 0, and score or the scores of several runs. At most
            six groups, so that each has its own marker. An empty label is not written.
        xlabel: what the cost is; its axis is logarithmic.
        ylabel: what the score is.
    """
    _, axis = plt.subplots(figsize=(7, 4.4))
    best = front(points)
    _log_scale(axis, [cost for row in points.values() for cost, _ in row.values()])
    for group, members, color, marker in style.series(points):
        axis.plot([], [], marker, color=color, markersize=_MARKER_SIZE, label=group)
        for label, (cost, score) in members.items():
            is_best = (group, label) in best
            runs = np.atleast_1d(np.asarray(score, dtype=float))
            axis.errorbar(
                cost,
                runs.mean(),
                yerr=runs.std(ddof=1) if len(runs) > 1 else None,
                fmt=marker,
                color=color,
                markerfacecolor=color if is_best else "white",
                markersize=_MARKER_SIZE,
                elinewidth=1,
                zorder=3 if is_best else 2,  # where points lie together, the front is seen
            )
    _draw_stairs(axis, points)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.margins(x=0.08)
    style.legend_above(axis, 3)
    _write_labels(axis, points)


def _means(points: Points) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        group: {
            label: (float(cost), float(np.asarray(score).mean()))
            for label, (cost, score) in row.items()
        }
        for group, row in points.items()
    }


def _log_scale(axis: Axes, costs: list[float]) -> None:
    """Name 1, 2 and 5 of each power of ten, or over a wide range the powers alone."""
    is_wide = max(costs) > 1000 * min(costs)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1,) if is_wide else (1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:,.10g}")
    axis.minorticks_off()


def _draw_stairs(axis: Axes, points: Points) -> None:
    means = _means(points)
    costs, scores = zip(*(means[group][label] for group, label in front(points)), strict=True)
    dearest = max(cost for row in means.values() for cost, _ in row.values())
    axis.plot(
        [costs[0], *np.repeat(costs[1:], 2), dearest],
        np.repeat(scores, 2),
        color=COLORS["gray"],
        linewidth=1.2,
        zorder=1,
        label="front",
    )


def _write_labels(axis: Axes, points: Points) -> None:
    """Write each label beside its marker, at the place where it disturbs least."""
    places = [(label, at) for row in _means(points).values() for label, at in row.items() if label]
    figure = axis.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # so that the axis lies where it will be shown
    lines = [line.get_transform().transform_path(line.get_path()) for line in axis.lines]
    for bar in axis.collections:
        lines += [bar.get_transform().transform_path(path) for path in bar.get_paths()]
    side = _MARKER_SIZE * figure.dpi / 72
    taken = [
        Bbox.from_bounds(x - side / 2, y - side / 2, side, side)
        for row in _means(points).values()
        for x, y in axis.transData.transform(list(row.values()))
    ]
    for label, at in places:
        texts = [_label(axis, label, at, place) for place in _PLACES]
        best = min(texts, key=lambda text: _disturbance(text, axis, taken, lines))
        for text in texts:
            if text is not best:
                text.remove()
        taken.append(best.get_window_extent())


def _label(
    axis: Axes, label: str, at: tuple[float, float], place: tuple[tuple[int, int], str, str]
) -> Annotation:
    step, side, end = place
    return axis.annotate(
        label, at, step, textcoords="offset points", ha=side, va=end, fontsize="small"
    )


def _disturbance(text: Annotation, axis: Axes, taken: list[Bbox], lines: list[Path]) -> int:
    """Return how bad a place is: outside the axis, over markers or labels, over lines."""
    box = text.get_window_extent()
    is_outside = not axis.bbox.x0 <= box.x0 <= box.x1 <= axis.bbox.x1
    crossed = sum(line.intersects_bbox(box, filled=False) for line in lines)
    return 1000 * is_outside + 30 * box.count_overlaps(taken) + crossed
