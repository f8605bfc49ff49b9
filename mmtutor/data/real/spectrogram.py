"""The power of a sound in bands of frequency: small enough to predict."""

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW = 512
HOP = 256
BANDS = 32
FLOOR = 1e-6  # power; 60 dB below a sine of full scale


def log_spectrogram(sounds: Tensor) -> Tensor:
    """Return the power of sounds in 32 bands of frequency over time, in decibels.

    Each frame is seen through a Hann window of 512 samples, and the next one starts 256 later;
    at 8 kHz a band is 125 Hz wide and a frame lasts 32 ms. A power is the mean over the 8
    frequencies of a band, 0 dB for a sine of full scale; 1e-6 is added, so silence is -60 dB.

    Args:
        sounds: float32 `(sounds, samples)` in [-1, 1].

    Returns:
        float32 `(sounds, 32, samples // 256)`.

    Raises:
        ValueError: the sounds are shorter than one frame, or have no batch axis.
    """
    if sounds.ndim != 2 or sounds.shape[1] < HOP:
        raise ValueError(
            f"sounds must have the shape (sounds, samples), with at least {HOP} samples; "
            f"got {tuple(sounds.shape)}"
        )
    margin = (WINDOW - HOP) // 2  # a frame lies in the middle of its window
    hann = torch.hann_window(WINDOW)
    frames = F.pad(sounds, (margin, margin)).unfold(1, WINDOW, HOP) * hann
    # A sine of amplitude 1 has half the window's sum as its magnitude. Frequency 0 is left out.
    power = (torch.fft.rfft(frames)[..., 1:].abs() * (2 / hann.sum())).square()
    bands = power.unflatten(2, (BANDS, -1)).mean(dim=3)
    return (10 * torch.log10(bands + FLOOR)).transpose(1, 2)
