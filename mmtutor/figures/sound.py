"""Sounds: to hear, and as pictures."""

import html
import io
import wave
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import HTML
from numpy.typing import ArrayLike
from torch import Tensor

from mmtutor.figures.media import data_uri
from mmtutor.figures.style import COLORS


def sound(waveform: Tensor, label: str, sample_rate: int = 8000) -> HTML:
    """Return a player for a waveform.

    Args:
        waveform: `(samples,)` in [-1, 1].
        label: what is heard, for screen readers.
        sample_rate: samples per second.
    """
    samples = (waveform.clamp(-1, 1) * 32767).round().numpy().astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    label, source = html.escape(label), data_uri(buffer, "audio/wav")
    return HTML(f'<audio controls aria-label="{label}" src="{source}"></audio>')


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


def spectrograms(
    panels: Mapping[str, ArrayLike],
    *,
    seconds: float,
    highest: float,
    ylim: tuple[float, float] | None = None,
    label: str = "power, decibels",
) -> None:
    """Show spectrograms of one length below each other, all on one scale of colors.

    Args:
        panels: title → values `(frequencies, frames)`, evenly spaced from 0 to `highest` and
            from 0 to `seconds`, at least two of each; panels may differ in both numbers.
        seconds: the time of the last frame's middle.
        highest: the frequency of the last row, in hertz.
        ylim: the lowest and highest frequency to show; all if None.
        label: what the values are.
    """
    values = {title: np.asarray(panel, dtype=float) for title, panel in panels.items()}
    lowest = min(panel.min() for panel in values.values())
    largest = max(panel.max() for panel in values.values())
    size = (7, 0.9 + 1.35 * len(values))
    figure, axes = plt.subplots(
        len(values), 1, figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for axis, (title, panel) in zip(axes[:, 0], values.items(), strict=True):
        # A value belongs to the middle of its cell, so the outer cells reach over the edge.
        up, right = np.array([highest, seconds]) / (np.array(panel.shape) - 1) / 2
        picture = axis.imshow(
            panel,
            origin="lower",
            aspect="auto",
            extent=(-right, seconds + right, -up, highest + up),
            vmin=lowest,
            vmax=largest,
            cmap="magma",
        )
        axis.set(title=title, ylabel="hertz", xlim=(0, seconds), ylim=ylim or (0, highest))
    axes[-1, 0].set_xlabel("seconds")
    figure.colorbar(picture, ax=axes, label=label, aspect=30)


def sound_to_column(
    sound: Tensor, *, sample_rate: int, window: int, hop: int, frame: int, highest: float
) -> None:
    """Show how one frame of a sound becomes one column of its spectrogram.

    Above, the whole sound with the frame marked; then the frame under a Hann window, and its
    spectrum; below, the spectrogram with the column marked. The first and the last panel have
    one axis of time.

    Args:
        sound: `(samples,)`.
        sample_rate: samples per second.
        window: samples in a frame.
        hop: samples from one frame to the next.
        frame: which frame to show; its middle is sample `frame * hop`.
        highest: the highest frequency to show, in hertz.
    """
    hann = torch.hann_window(window)
    power = (
        torch.stft(sound, window, hop, window=hann, pad_mode="constant", return_complex=True).abs()
        ** 2
    )
    decibels = 10 * (power / power.max()).clamp(min=1e-6).log10()
    middle, half = frame * hop / sample_rate, window / 2 / sample_rate
    padded = torch.nn.functional.pad(sound, (window // 2, window // 2))
    cut = padded[frame * hop : frame * hop + window]
    marked = COLORS["orange"]

    figure = plt.figure(figsize=(7, 5.6))
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1.25, 1.25))
    top, bottom = figure.add_subplot(grid[0, :]), figure.add_subplot(grid[2, :])
    left, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    seconds = len(sound) / sample_rate
    step = max(1, len(sound) // 500)  # so much lies in the width of a line
    pieces = np.asarray(sound[: len(sound) // step * step]).reshape(-1, step)
    starts = np.arange(len(pieces)) * step / sample_rate
    lowest, largest = pieces.min(axis=1), pieces.max(axis=1)
    top.fill_between(starts, lowest, largest, color=COLORS["blue"], linewidth=0.5)
    top.axvspan(middle - half, middle + half, color=marked, alpha=0.35, linewidth=0)
    top.set(title="1  cut out a frame", ylabel="amplitude", xlim=(0, seconds))
    milliseconds = 1000 * np.arange(window) / sample_rate
    left.plot(milliseconds, cut, color=COLORS["gray"], linewidth=1, alpha=0.7)
    left.plot(milliseconds, cut * hann, color=marked, linewidth=1.5)
    left.set(title="2  fade it in and out", xlabel="milliseconds", ylabel="amplitude")
    hertz = np.arange(len(power)) * sample_rate / window
    right.plot(decibels[:, frame], hertz, color=marked)
    right.set(title="3  its frequencies", xlabel="decibels", ylabel="hertz", ylim=(0, highest))
    side, row = hop / sample_rate / 2, sample_rate / window / 2
    extent = (-side, (decibels.shape[1] - 0.5) * 2 * side, -row, sample_rate / 2 + row)
    bottom.imshow(np.asarray(decibels), origin="lower", aspect="auto", extent=extent, cmap="magma")
    for edge in (middle - side, middle + side):
        bottom.axvline(edge, color=marked, linewidth=1)
    bottom.set(title="4  one column of the picture", xlabel="seconds", ylabel="hertz")
    bottom.set(xlim=(0, seconds), ylim=(0, highest))
