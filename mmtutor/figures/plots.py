"""Plots of data, of results and of training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from mmtutor.figures.style import COLOURS


def images(
    pictures: Tensor | Sequence[Tensor], titles: Sequence[str] = (), columns: int = 10
) -> None:
    """Show grey pictures in rows.

    Args:
        pictures: each `(height, width)`, in [0, 1].
        titles: one for each picture, or none.
        columns: pictures in a row.
    """
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    size = (7.0, rows * (7.0 / columns + (0.25 if titles else 0.05)))
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(np.asarray(picture), vmin=0, vmax=1)
        if titles:
            axis.set_title(titles[i], fontsize=9, loc="center")
    plt.show()


def waveform(sound: Tensor, sample_rate: int = 8000) -> None:
    """Show a sound `(samples,)` as a curve and as a spectrogram below it."""
    _, (top, bottom) = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True)
    seconds = len(sound) / sample_rate
    top.plot(np.linspace(0, seconds, len(sound)), sound, linewidth=0.6)
    top.set(ylabel="amplitude")
    window = torch.hann_window(256)
    power = torch.stft(sound, 256, hop_length=64, window=window, return_complex=True).abs() ** 2
    decibels = 10 * (power / power.max()).clamp(min=1e-6).log10()
    extent = (0, seconds, 0, sample_rate / 2)
    bottom.imshow(np.asarray(decibels), origin="lower", aspect="auto", extent=extent, cmap="magma")
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
    """Show labelled curves.

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
        axis.plot(np.arange(1, len(values) + 1) if x is None else x, values, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axis.legend()
    plt.show()


def curves(runs: Mapping[str, ArrayLike], *, xlabel: str, ylabel: str) -> None:
    """Show the mean over seeds, in a band of one standard deviation.

    Args:
        runs: label → values `(seeds, positions)`.
        xlabel: what runs to the right: 1, 2, 3, …
        ylabel: what runs up.
    """
    _, axis = plt.subplots()
    for label, values in runs.items():
        values = np.asarray(values)
        mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
        x = np.arange(1, values.shape[1] + 1)
        axis.plot(x, mean, label=label)
        axis.fill_between(x, mean - sd, mean + sd, alpha=0.2, linewidth=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.legend()
    plt.show()


def scores(
    results: Mapping[str, ArrayLike],
    *,
    chance: float | None = None,
    label: str = "test accuracy",
) -> None:
    """Show one bar for each method, and a dot for each seed.

    Args:
        results: method → one number for each seed.
        chance: what guessing gives, drawn as a dashed line.
        label: what the numbers are.
    """
    _, axis = plt.subplots(figsize=(7, 0.7 + 0.42 * len(results)))
    names = list(results)[::-1]
    values = [np.asarray(results[name], dtype=float) for name in names]
    axis.barh(names, [seeds.mean() for seeds in values], color=COLOURS["sky"], height=0.6)
    for row, seeds in enumerate(values):
        axis.scatter(seeds, [row] * len(seeds), color="black", s=12, zorder=3)
        axis.text(seeds.max(), row, f"  {seeds.mean():.2f}", va="center")
    if chance is not None:
        axis.axvline(chance, color=COLOURS["grey"], linestyle="--", linewidth=1)
    axis.set(xlabel=label, xlim=(0, 1.12 * max(seeds.max() for seeds in values)))
    plt.show()


def heatmap(values: ArrayLike, *, xlabel: str, ylabel: str, title: str = "") -> None:
    """Show a matrix as colours with a scale."""
    figure, axis = plt.subplots(figsize=(5.5, 3.2))
    picture = axis.imshow(np.asarray(values), cmap="viridis", aspect="auto")
    figure.colorbar(picture)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    plt.show()


def confusion(matrices: Mapping[str, ArrayLike]) -> None:
    """Show how often each true class (row) was mistaken for each other class (column).

    Right answers, on the diagonal, are left blank: they would outshine the errors.

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
        ticks = range(len(values))
        axis.set(title=title, xlabel="predicted", xticks=ticks, yticks=ticks)
    axes[0][0].set_ylabel("true digit")
    figure.colorbar(picture, ax=axes, shrink=0.7, label="share of the row")
    plt.show()
