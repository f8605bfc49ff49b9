"""Noise to be added to speech."""

import torch
from torch import Tensor

NOISES = ("white", "speech")


def speech_spectrum(sounds: Tensor) -> Tensor:
    """Return the root of the mean power of sounds `(sounds, samples)` at each frequency."""
    return torch.fft.rfft(sounds).abs().square().mean(dim=0).sqrt()


def unit_noise(
    count: int, samples: int, generator: torch.Generator, spectrum: Tensor | None = None
) -> Tensor:
    """Return Gaussian noise, float32 `(count, samples)`, each with a mean square of exactly 1.

    With a spectrum, as `speech_spectrum` gives, it sounds like many people at once; else it is
    white.
    """
    sounds = torch.randn(count, samples, generator=generator)
    if spectrum is not None:
        sounds = torch.fft.irfft(torch.fft.rfft(sounds) * spectrum, n=samples)
    return unit_power(sounds)


def unit_power(sounds: Tensor) -> Tensor:
    """Scale each sound `(…, samples)` to a mean square of 1."""
    return sounds / sounds.square().mean(dim=-1, keepdim=True).sqrt()
