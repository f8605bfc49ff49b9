"""What a search finds, and how surely one knows how often it finds it."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from mmtutor.figures.style import COLOURS, SERIES_MARKERS


def found_names(pictures: Tensor, names: Sequence[str], answers: Sequence[Sequence[str]]) -> None:
    """Show pictures as queries, each beside its true name and the names found, best first.

    A right answer is green, bold, and begins with a filled dot; a wrong one begins with a ring.

    Args:
        pictures: `(queries, height, width)`, in [0, 1].
        names: the true name of each.
        answers: the names found for each.
    """
    lines = 1 + max(map(len, answers))
    height = 0.22 * lines + 0.1
    size = (6.2, height * len(pictures))
    _, axes = plt.subplots(len(pictures), 2, figsize=size, squeeze=False, width_ratios=(height, 5))
    for (left, text), picture, name, found in zip(axes, pictures, names, answers, strict=True):
        _frame(left, picture, COLOURS["gray"], 1.5)
        text.axis("off")
        text.text(0, 1 - 0.5 / lines, name, va="center", color=COLOURS["gray"])
        for row, answer in enumerate(found, start=1):
            style = {"color": COLOURS["green"], "weight": "bold"} if answer == name else {}
            mark = "●" if answer == name else "○"
            text.text(0, 1 - (row + 0.5) / lines, f"{mark} {answer}", va="center", **style)
    plt.show()


def found_pictures(names: Sequence[str], answers: Tensor, right: Tensor) -> None:
    """Show names as queries, and below each the pictures found, best first.

    A right picture has a thick green frame and a filled dot below it; a wrong one has a thin
    gray frame.

    Args:
        names: of each query.
        answers: the pictures found, `(queries, answers, height, width)`, in [0, 1].
        right: whether each of them is right, bool `(queries, answers)`.
    """
    columns = answers.shape[1]
    figure = plt.figure(figsize=(6.2, (5.4 / columns + 0.5) * len(names)))
    parts = figure.subfigures(len(names), 1, squeeze=False)[:, 0]
    for part, name, pictures, rights in zip(parts, names, answers, right.tolist(), strict=True):
        part.suptitle(name, fontsize=11)
        axes = part.subplots(1, columns, squeeze=False)[0]
        for axis, picture, is_right in zip(axes, pictures, rights, strict=True):
            _frame(axis, picture, COLOURS["green" if is_right else "gray"], 4 if is_right else 1)
            axis.set_xlabel("● right" if is_right else "", color=COLOURS["green"])
    plt.show()


def _frame(axis: Axes, picture: Tensor, color: str, width: float) -> None:
    axis.imshow(picture.numpy(), vmin=0, vmax=1)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(visible=True, color=color, linewidth=width)


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
    colors = list(COLOURS.values())
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
            axis.plot([guessing[name]] * 2, ends, color=COLOURS["gray"], label=label)
    axis.set_yticks(range(len(results)), list(results))
    axis.invert_yaxis()
    axis.set(xlabel=xlabel, xlim=(0, 1))
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=rows + 1)
    plt.show()
