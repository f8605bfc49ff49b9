"""Pictures and matrices: of data, and of what a network makes of them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm, to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from torch import Tensor

from mmtutor.figures import style
from mmtutor.figures.style import COLORS, INK


def images(
    pictures: Tensor | Sequence[Tensor], titles: Sequence[str] = (), columns: int = 10
) -> None:
    """Show pictures of one size in rows.

    Args:
        pictures: each `(height, width)`, or `(height, width, 3)` in color, in [0, 1].
        titles: one for each picture, of one line or more; or none.
        columns: pictures in a row.
    """
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    height, width = pictures[0].shape[:2]
    lines = max((1 + title.count("\n") for title in titles), default=0)
    size = (7.0, rows * (7.0 / columns * height / width + 0.05 + 0.2 * lines))
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[len(pictures) :]:
        axis.axis("off")
    for i, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        _picture(axis, picture)
        if titles:
            axis.set_title(titles[i], fontsize=9 if columns > 6 else 10.5, loc="center")


def weights(
    matrices: Tensor | Sequence[Tensor], titles: Sequence[str] = (), columns: int = 10
) -> None:
    """Show matrices of weights in rows: orange is above 0, blue below, white is 0.

    All have one scale, which ends at the largest absolute value.

    Args:
        matrices: each `(height, width)`.
        titles: one for each matrix, or none.
        columns: matrices in a row.
    """
    values = np.stack([np.asarray(matrix) for matrix in matrices])
    share = (values / np.abs(values).max())[..., None]
    color = np.where(share > 0, to_rgb(COLORS["orange"]), to_rgb(COLORS["blue"]))
    images(list(torch.from_numpy(1 - np.abs(share) * (1 - color))), titles, columns)


def example(inputs: Mapping[str, Tensor | str]) -> None:
    """Show one example, a panel for each modality.

    Args:
        inputs: modality → a string; a sound `(samples,)`; a picture `(1, height, width)`; or a
            video `(1, frames, height, width)`, of which up to four frames are shown.
    """
    _, axes = plt.subplots(1, len(inputs), figsize=(7, 7.6 / len(inputs)), squeeze=False)
    for axis, (name, value) in zip(axes[0], inputs.items(), strict=True):
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_title(name, loc="center")
        if isinstance(value, str):
            axis.text(0.5, 0.5, value, fontsize=20, ha="center", transform=axis.transAxes)
        elif value.ndim == 1:
            axis.plot(value, linewidth=0.3)
        elif value.ndim == 3:
            _picture(axis, value[0])
        else:
            axis.axis("off")
            frames = value[0, :: max(1, value.shape[1] // 4)][:4]
            for i, frame in enumerate(frames):
                _picture(axis.inset_axes((i % 2 / 2, 0.5 - i // 2 / 2, 0.48, 0.48)), frame)


def _picture(axis: Axes, picture: Tensor) -> None:
    axis.imshow(np.asarray(picture), vmin=0, vmax=1)
    style.frame(axis)


def picture_table(
    pictures: Tensor, rows: Sequence[str], columns: Sequence[str], *, xlabel: str, ylabel: str
) -> None:
    """Show pictures in rows and columns, all on one scale: black is 0, white the largest value.

    Args:
        pictures: `(rows, columns, height, width)`, none below 0.
        rows: the name of each row.
        columns: the name of each column.
        xlabel: what the columns are.
        ylabel: what the rows are.
    """
    shape = (len(rows), len(columns))
    size = (6.0, 6.0 * shape[0] / shape[1] * pictures.shape[2] / pictures.shape[3] + 0.3)
    figure, axes = plt.subplots(*shape, figsize=size, squeeze=False)
    highest = pictures.max().item()
    for axis, picture in zip(axes.flat, pictures.flatten(0, 1), strict=True):
        axis.imshow(picture.numpy(), vmin=0, vmax=highest)
        style.frame(axis)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name, loc="center")
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name, fontsize=11)
    figure.suptitle(xlabel, fontsize=11)
    figure.supylabel(ylabel, fontsize=11)


def footprints(
    influence: Mapping[str, ArrayLike],
    boxes: Sequence[Sequence[float]],
    names: Sequence[str],
) -> None:
    """Show how much each pixel matters to one output, a panel for each output.

    A pixel without any influence is white, so that even the faintest one can be told from it.

    Args:
        influence: title → size of the gradient at each pixel `(height, width)`, at least 0; the
            output looks at the middle of the picture.
        boxes: for each panel the sides, in pixels, of the squares around the middle that are
            drawn: the first solid, the second dashed.
        names: what the squares are, for the legend.
    """
    looks = ((COLORS["orange"], "-"), (INK, "--"))
    figure, axes = style.panels(len(influence), 0.75 + 6.6 / len(influence))
    for axis, (title, values), sides in zip(axes, influence.items(), boxes, strict=True):
        pixels = np.asarray(values, dtype=float)
        rows, columns = pixels.shape
        shown = np.ma.masked_equal(pixels / pixels.max(), 0)
        axis.imshow(shown, cmap="Blues", norm=PowerNorm(0.4, vmin=-0.02, vmax=1))
        for side, name, (color, line) in zip(sides, names, looks, strict=False):
            corner = (columns // 2 - side / 2, rows // 2 - side / 2)
            box = Rectangle(corner, side, side, fill=False, color=color, linestyle=line, lw=1.5)
            box.set_label(name)
            axis.add_patch(box)
        axis.set_title(title, loc="center")
        style.frame(axis, width=0.8)
    style.legend_outside(figure, "outside lower center")


def feature_maps(maps: Mapping[str, ArrayLike], columns: int = 8) -> None:
    """Show the first channels of each layer in a row, from black (0) to white (the row's highest).

    Args:
        maps: name of the layer → its output for one picture `(channels, height, width)`, at
            least 0. Layers may differ in size; all are drawn equally large.
        columns: channels in a row, at most.
    """
    size = (7, 6.2 / columns * len(maps))
    _, axes = plt.subplots(len(maps), columns, figsize=size, squeeze=False)
    for row, (name, layer) in zip(axes, maps.items(), strict=True):
        channels = np.asarray(layer)
        for axis in row:
            axis.axis("off")
        for axis, channel in zip(row, channels, strict=False):
            axis.imshow(channel, vmin=0, vmax=channels[:columns].max())
        label = f"{name}\n{channels.shape[1]}×{channels.shape[2]}"
        row[0].text(-0.15, 0.5, label, ha="right", va="center", transform=row[0].transAxes)


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
        _picture(left, picture)
        text.axis("off")
        text.text(0, 1 - 0.5 / lines, name, va="center", color=COLORS["gray"])
        for row, answer in enumerate(found, start=1):
            look = {"color": COLORS["green"], "weight": "bold"} if answer == name else {}
            mark = "●" if answer == name else "○"
            text.text(0, 1 - (row + 0.5) / lines, f"{mark} {answer}", va="center", **look)


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
            axis.imshow(picture.numpy(), vmin=0, vmax=1)
            style.frame(axis, COLORS["green" if is_right else "gray"], 4 if is_right else 1)
            axis.set_xlabel("● right" if is_right else "", color=COLORS["green"])


def heatmap(
    values: ArrayLike,
    *,
    xlabel: str,
    ylabel: str = "",
    title: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """Show a matrix as colors with a scale.

    Args:
        values: `(rows, columns)`.
        xlabel: what runs to the right.
        ylabel: what runs down.
        title: above the matrix.
        rows: one name for each row, or none.
        columns: one name for each column, or none.
    """
    figure, axis = plt.subplots(figsize=(5.5, 3.2))
    picture = axis.imshow(np.asarray(values), cmap="viridis", aspect="auto")
    figure.colorbar(picture)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if rows:
        axis.set_yticks(range(len(rows)), rows)
        axis.set_xticks(range(np.shape(values)[1]))
    if columns:
        axis.set_xticks(range(len(columns)), columns)


def confusion(matrices: Mapping[str, ArrayLike]) -> None:
    """Show how often each true class (row) was mistaken for each other class (column).

    Right answers, on the diagonal, are left gray: they would outshine the errors.

    Args:
        matrices: title → counts `(classes, classes)`; drawn as shares of each row.
    """
    figure, axes = style.panels(len(matrices), 0.6 + 6.4 / len(matrices), sharey=True)
    shares = {title: np.asarray(counts, dtype=float) for title, counts in matrices.items()}
    for title, counts in shares.items():
        shares[title] = counts / counts.sum(axis=1, keepdims=True)
        np.fill_diagonal(shares[title], np.nan)
    highest = max(float(np.nanmax(values)) for values in shares.values())
    for axis, (title, values) in zip(axes, shares.items(), strict=True):
        cmap = plt.get_cmap("Blues").with_extremes(bad="lightgray")
        picture = axis.imshow(values, vmin=0, vmax=highest, cmap=cmap)
        ticks = range(len(values))
        axis.set(title=title, xlabel="predicted", xticks=ticks, yticks=ticks)
    axes[0].set_ylabel("true class")
    figure.colorbar(picture, ax=axes, shrink=0.7, label="share of the row")


def class_probabilities(
    pictures: Tensor,
    words: Sequence[str],
    probabilities: Mapping[str, ArrayLike],
    right: Sequence[int],
    *,
    xlabel: str,
) -> None:
    """Show what several networks think of each example: a picture and a word, beside a table.

    A table has a row for each network and a column for each class: the fuller the blue, the more
    probable, with the percent written in from 5 on. The true class has an orange frame.

    Args:
        pictures: of each example, `(examples, height, width)`, in [0, 1].
        words: of each example, written above its picture.
        probabilities: network → `(examples, classes)`.
        right: the true class of each example.
        xlabel: what the classes are.
    """
    height = 0.34 * len(probabilities) + 0.5
    size = (7.0, height * len(words) + 0.3)
    _, axes = plt.subplots(len(words), 2, figsize=size, squeeze=False, width_ratios=(1, 4.5))
    for number, (left, table) in enumerate(axes):
        _picture(left, pictures[number])
        left.set_title(words[number], fontsize=11, loc="center")
        rows = [np.asarray(values)[number] for values in probabilities.values()]
        for (row, column), p in np.ndenumerate(rows):
            corner = (column - 0.5, row - 0.5)
            table.add_patch(Rectangle(corner, 1, 1, color=COLORS["blue"], alpha=0.6 * p, lw=0))
            if p >= 0.05:
                table.text(column, row, f"{100 * p:.0f}", ha="center", va="center", fontsize=9)
        corner, shape = (right[number] - 0.5, -0.5), (1, len(rows))
        table.add_patch(Rectangle(corner, *shape, fill=False, color=COLORS["orange"], lw=2))
        classes = len(rows[0])
        table.set(xlim=(-0.5, classes - 0.5), ylim=(len(rows) - 0.5, -0.5), xticks=range(classes))
        table.set_yticks(range(len(rows)), list(probabilities))
        table.spines[:].set_visible(False)
        table.tick_params(length=0)
    axes[-1, 1].set_xlabel(f"{xlabel} (numbers: percent)")
