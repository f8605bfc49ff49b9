"""Noise to be added to speech."""

import torch
from torch import Tensor

NOISES = ("white", "speech")


def speech_spectrum(sounds: Tensor) -> Tensor:
    """Return the mean magnitude of sounds at each frequency.

    Args:
        sounds: `(sounds, samples)`.

    Returns:
        `(samples // 2 + 1,)`, the root of the mean power.
    """
    return torch.fft.rfft(sounds).abs().square().mean(dim=0).sqrt()


def unit_noise(
    count: int, samples: int, generator: torch.Generator, spectrum: Tensor | None = None
) -> Tensor:
    """Return Gaussian noise, each sound with a mean square of exactly 1.

    Args:
        count: number of sounds.
        samples: of each.
        generator: draws `count * samples` normal numbers.
        spectrum: as `speech_spectrum` gives, for noise that sounds like many people at once;
            None for white noise.

    Returns:
        float32 `(count, samples)`.
    """
    sounds = torch.randn(count, samples, generator=generator)
    if spectrum is not None:
        sounds = torch.fft.irfft(torch.fft.rfft(sounds) * spectrum, n=samples)
    return unit_power(sounds)


def unit_power(sounds: Tensor) -> Tensor:
    """Scale each sound `(…, samples)` to a mean square of 1."""
    return sounds / sounds.square().mean(dim=-1, keepdim=True).sqrt()
