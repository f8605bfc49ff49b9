"""Plots of data, of results and of training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from mmtutor.figures.style import COLOURS
from mmtutor.training import History

MARKERS = "ox^s"  # of classes, for whoever does not see their colors


def images(
    pictures: Tensor | Sequence[Tensor], titles: Sequence[str] = (), columns: int = 10
) -> None:
    """Show pictures of one size in rows.

    Args:
        pictures: each `(height, width)`, or `(height, width, 3)` in color, in [0, 1].
        titles: one for each picture, or none.
        columns: pictures in a row.
    """
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    height, width = pictures[0].shape[:2]
    size = (7.0, rows * (7.0 / columns * height / width + (0.25 if titles else 0.05)))
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[len(pictures) :]:
        axis.axis("off")
    for i, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        _picture(axis, picture)
        if titles:
            axis.set_title(titles[i], fontsize=9, loc="center")
    plt.show()


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
    plt.show()


def _picture(axis: Axes, picture: Tensor) -> None:
    """Show a picture in a frame, so that its edges can be seen on any page."""
    axis.imshow(np.asarray(picture), vmin=0, vmax=1)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(visible=True, color=COLOURS["gray"], linewidth=1.5)


def waveform(sound: Tensor, sample_rate: int = 8000) -> None:
    """Show a sound `(samples,)` as a curve and as a spectrogram below it."""
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True)
    seconds = len(sound) / sample_rate
    top.plot(np.linspace(0, seconds, len(sound)), sound, linewidth=0.6)
    top.set(ylabel="amplitude")
    window = torch.hann_window(256)
    power = torch.stft(sound, 256, hop_length=64, window=window, return_complex=True).abs() ** 2
    decibels = 10 * (power / power.max()).clamp(min=1e-6).log10()
    extent = (0, seconds, 0, sample_rate / 2)
    picture = bottom.imshow(
        np.asarray(decibels), origin="lower", aspect="auto", extent=extent, cmap="magma"
    )
    figure.colorbar(picture, ax=(top, bottom), label="decibels (loudest: 0)", aspect=30)
    bottom.set(xlabel="seconds", ylabel="hertz", ylim=(0, 2000))
    plt.show()


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
        axis.plot(_positions(len(values), x), values, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axis.margins(x=0)
    if x is None:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend()
    plt.show()


def _positions(count: int, x: ArrayLike | None) -> ArrayLike:
    return np.arange(1, count + 1) if x is None else x


def learning_curves(history: History) -> None:
    """Show the loss in training and, if it was measured, in validation, epoch by epoch."""
    names = {"loss": "training", "validation_loss": "validation"}
    measured = [name for name in names if all(name in row for row in history.rows)]
    lines({names[name]: history[name] for name in measured}, xlabel="epoch", ylabel="loss")


def curves(
    runs: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    x: ArrayLike | None = None,
) -> None:
    """Show the mean over seeds, in a band of one standard deviation.

    Args:
        runs: label → values `(seeds, positions)`, two or more seeds.
        xlabel: what runs to the right.
        ylabel: what runs up.
        x: the positions; 1, 2, 3, … if None.
    """
    _, axis = plt.subplots()
    for label, run in runs.items():
        values = np.asarray(run)
        mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
        positions = _positions(values.shape[1], x)
        axis.plot(positions, mean, label=label)
        axis.fill_between(positions, mean - sd, mean + sd, alpha=0.2, linewidth=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if x is None:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(title=f"mean ± sd, {len(values)} seeds", title_fontsize="medium")
    plt.show()


def scatter(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]], *, xlabel: str, ylabel: str
) -> None:
    """Show points in the color and the shape of their class, a panel for each set of them.

    Args:
        panels: title → x, y and integer class of each point, all `(points,)`.
        xlabel: what runs to the right in every panel.
        ylabel: what runs up.
    """
    _, axes = plt.subplots(
        1,
        len(panels),
        figsize=(7, 0.5 + 6.5 / len(panels)),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for axis, (title, values) in zip(axes[0], panels.items(), strict=True):
        x, y, classes = map(np.asarray, values)
        for number, kind in enumerate(np.unique(classes)):
            chosen = classes == kind
            axis.scatter(x[chosen], y[chosen], s=14, marker=MARKERS[number % len(MARKERS)])
        axis.set(title=title, xlabel=xlabel, aspect="equal")
    axes[0, 0].set_ylabel(ylabel)
    plt.show()


def scores(
    results: Mapping[str, ArrayLike],
    *,
    chance: float | None = None,
    label: str = "test accuracy",
) -> None:
    """Show one bar for each method, the mean of its runs, and a dot for each run.

    Args:
        results: method → one number for each run.
        chance: what guessing gives, drawn as a dashed line.
        label: what the numbers are.
    """
    _, axis = plt.subplots(figsize=(7, 0.7 + 0.42 * len(results)))
    names = list(results)[::-1]
    values = [np.asarray(results[name], dtype=float) for name in names]
    axis.barh(names, [seeds.mean() for seeds in values], color=COLOURS["sky"], height=0.6)
    for row, seeds in enumerate(values):
        if len(seeds) > 1:
            axis.scatter(seeds, [row] * len(seeds), color="black", s=12, zorder=3)
        axis.text(seeds.max(), row, f"  {seeds.mean():.2f}", va="center")
    if chance is not None:
        axis.axvline(chance, color=COLOURS["gray"], linestyle="--", linewidth=1)
        top = len(values) - 0.55
        axis.text(chance, top, " chance", color=COLOURS["gray"], fontsize=9)
    if any(len(seeds) > 1 for seeds in values):
        label += " (bar: mean, dots: runs)"
    axis.set(xlabel=label, xlim=(0, 1.12 * max(seeds.max() for seeds in values)))
    plt.show()


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
    plt.show()


def confusion(matrices: Mapping[str, ArrayLike]) -> None:
    """Show how often each true class (row) was mistaken for each other class (column).

    Right answers, on the diagonal, are left gray: they would outshine the errors.

    Args:
        matrices: title → counts `(classes, classes)`; drawn as shares of each row.
    """
    figure, axes = plt.subplots(
        1, len(matrices), figsize=(7, 0.6 + 6.4 / len(matrices)), squeeze=False, sharey=True
    )
    shares = {title: np.asarray(counts, dtype=float) for title, counts in matrices.items()}
    for title, counts in shares.items():
        shares[title] = counts / counts.sum(axis=1, keepdims=True)
        np.fill_diagonal(shares[title], np.nan)
    highest = max(float(np.nanmax(values)) for values in shares.values())
    for axis, (title, values) in zip(axes[0], shares.items(), strict=True):
        picture = axis.imshow(values, vmin=0, vmax=highest, cmap="Blues")
        axis.set_facecolor("lightgray")
        ticks = range(len(values))
        axis.set(title=title, xlabel="predicted", xticks=ticks, yticks=ticks)
    axes[0][0].set_ylabel("true class")
    figure.colorbar(picture, ax=axes, shrink=0.7, label="share of the row")
    plt.show()
