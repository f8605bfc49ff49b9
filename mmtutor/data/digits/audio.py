"""A digit as a sound: in Morse code, or as the tone of a telephone key."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data.checks import check_known, check_range, check_snr
from mmtutor.data.digits.scene import Scene

# ITU-R M.1677-1: the signals for 0 to 9. A dash is as long as three dots, the gap between
# the signals of one character as long as one.
MORSE_SIGNALS = "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split()
MORSE_SPEEDS = (24.0, 36.0)  # words per minute; a dot lasts 1.2 s / speed ("PARIS" is 50 dots)
MORSE_PITCHES = (500.0, 900.0)  # hertz

# ITU-T Q.23: the frequencies, in hertz, of the keys 0 to 9.
DTMF_ROWS = (941.0, 697.0, 697.0, 697.0, 770.0, 770.0, 770.0, 852.0, 852.0, 852.0)
DTMF_COLUMNS = (1336.0, 1209.0, 1336.0, 1477.0, 1209.0, 1336.0, 1477.0, 1209.0, 1336.0, 1477.0)
DTMF_DURATIONS = (0.1, 0.4)  # seconds

RAMP = 0.005  # seconds in which a tone rises and falls; a sudden one would click
PEAKS = (0.3, 0.9)  # of a whole clip


class Keying(NamedTuple):
    """When a tone sounds, and at which frequencies.

    Attributes:
        starts: `(examples, pulses)`, in seconds.
        ends: `(examples, pulses)`, in seconds.
        frequencies: `(examples, tones)`, in hertz; the tones of a pulse sound together.
    """

    starts: Tensor
    ends: Tensor
    frequencies: Tensor


@dataclass(frozen=True)
class Audio:
    """Renders the digit as a sound: float32 `(examples, seconds * sample_rate)` in [-1, 1].

    Drawn evenly for each clip: the level (the clip's peak is 0.3 to 0.9), the phases, where in
    the clip the signal starts; for Morse code the speed (24 to 36 words per minute) and the
    pitch (500 to 900 Hz); for a telephone key how long it is pressed (0.1 to 0.4 s). With the
    same seed, another noise leaves all else as it was.

    Args:
        code: `"morse"` (ITU-R M.1677-1) or `"dtmf"` (ITU-T Q.23).
        sample_rate: samples per second.
        seconds: length of a clip.
        snr_db: power of the sounding tone over the power of the white noise, in decibels; None
            for no noise.

    Raises:
        ValueError: an unknown code, a clip too short for the slowest signal, a sample rate
            below 4,000, or an snr_db that is not finite.

    Sources: ITU-R M.1677-1 (2009), International Morse code; ITU-T Q.23 (1988), Technical
    features of push-button telephone sets.
    """

    code: str = "morse"
    sample_rate: int = 8000
    seconds: float = 1.0
    snr_db: float | None = None

    def __post_init__(self) -> None:
        check_known("code", self.code, _CODES)
        slowest = {"morse": 19 * 1.2 / MORSE_SPEEDS[0], "dtmf": DTMF_DURATIONS[1]}
        check_range("seconds", self.seconds, round(slowest[self.code], 6))
        check_range("sample_rate", self.sample_rate, 4000)
        check_snr(self.snr_db)

    def __call__(self, scene: Scene, generator: torch.Generator) -> Tensor:
        """Render a scene; see the class."""
        starts, ends, frequencies = _CODES[self.code](scene.labels, generator)
        offset = _uniform((0, 1), (len(starts), 1), generator) * (self.seconds - ends[:, -1:])
        clip = self._envelope(starts + offset, ends + offset) * self._tone(frequencies, generator)
        peak = _uniform(PEAKS, (len(clip), 1), generator)
        if self.snr_db is not None:
            tone_power = frequencies.shape[1] / 2  # a sine of amplitude 1 has power 1/2
            deviation = (tone_power * 10 ** (-self.snr_db / 10)) ** 0.5
            clip += deviation * torch.randn(clip.shape, generator=generator)
        return clip * (peak / clip.abs().amax(dim=1, keepdim=True))

    def _times(self) -> Tensor:
        return torch.arange(round(self.seconds * self.sample_rate)) / self.sample_rate

    def _envelope(self, starts: Tensor, ends: Tensor) -> Tensor:
        """Return 1 inside a pulse and 0 outside, with raised-cosine ramps."""
        times = self._times()
        inside = torch.full((len(starts), len(times)), -1.0)  # seconds from the nearest edge
        for start, end in zip(starts.T[..., None], ends.T[..., None], strict=True):
            inside = torch.maximum(inside, torch.minimum(times - start, end - times))
        return 0.5 - 0.5 * torch.cos(pi * (inside / RAMP).clamp(0, 1))

    def _tone(self, frequencies: Tensor, generator: torch.Generator) -> Tensor:
        phases = _uniform((0, 2 * pi), frequencies.shape, generator)
        angles = 2 * pi * frequencies[..., None] * self._times() + phases[..., None]
        return angles.sin().sum(dim=1)


def _morse(labels: Tensor, generator: torch.Generator) -> Keying:
    lengths = torch.tensor([[3 if c == "-" else 1 for c in signals] for signals in MORSE_SIGNALS])
    ends = (lengths + 1).cumsum(dim=1) - 1
    dot = 1.2 / _uniform(MORSE_SPEEDS, (len(labels), 1), generator)
    pitches = _uniform(MORSE_PITCHES, (len(labels), 1), generator)
    return Keying((ends - lengths)[labels] * dot, ends[labels] * dot, pitches)


def _dtmf(labels: Tensor, generator: torch.Generator) -> Keying:
    ends = _uniform(DTMF_DURATIONS, (len(labels), 1), generator)
    frequencies = torch.tensor([DTMF_ROWS, DTMF_COLUMNS]).T
    return Keying(torch.zeros_like(ends), ends, frequencies[labels])


_CODES: dict[str, Callable[[Tensor, torch.Generator], Keying]] = {"morse": _morse, "dtmf": _dtmf}


def _uniform(
    bounds: tuple[float, float], shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(shape, generator=generator)
