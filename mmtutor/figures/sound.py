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
