"""Residual network over sounds."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.blocks import Block, ResidualBlock
from mmtutor.encoders.base import PositionsAndMask, ResidualEncoder
from mmtutor.encoders.checks import check_input, check_lengths
from mmtutor.layers import masked_mean

_STEMS = {"spectrogram": ((5, 5), (2, 2)), "waveform": ((65,), (16,))}  # kernel size and stride


class LogSpectrogram(nn.Module):
    """The power of a sound by frequency and time, in decibels scaled to 0 to 1.

    s = log(1 + p / floor) / log(1 / floor), where p is the squared magnitude of the short-time
    Fourier transform under a Hann window, 1 for a full-scale sine. Silence is 0, so a padded
    sound is a sound that falls silent.

    Args:
        window: samples in a window, an even number; a power of two is fastest.
        hop: samples from one window to the next.
        floor_db: the power below which all counts as silence, in decibels under full scale.

    Raises:
        ValueError: a window that is odd or below 2, a hop below 1, or a floor that is not below
            0 dB.
    """

    def __init__(self, window: int = 256, hop: int = 128, floor_db: float = -60.0) -> None:
        super().__init__()
        if window < 2 or window % 2 or hop < 1 or not -math.inf < floor_db < 0:
            raise ValueError(
                "a spectrogram needs an even window of at least 2 samples, a hop of at least 1 "
                f"and a floor below 0 dB; got {window}, {hop} and {floor_db}"
            )
        self.window, self.hop, self.floor = window, hop, 10 ** (floor_db / 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map sounds `(batch, samples)` to `(batch, window // 2 + 1, samples // hop + 1)`."""
        # The Fourier transform knows no half precision; a decibel is lost in it anyway.
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        hann = torch.hann_window(self.window, dtype=values.dtype, device=x.device)
        spectrum = torch.stft(
            values, self.window, self.hop, window=hann, pad_mode="constant", return_complex=True
        )
        # A sine of amplitude 1 has half the window's sum as its magnitude.
        power = torch.view_as_real(spectrum * (2 / hann.sum())).square().sum(dim=-1)
        return (torch.log1p(power / self.floor) / -math.log(self.floor)).to(x.dtype)


class AudioResNet(ResidualEncoder):
    """Residual network over sounds, f_A: x_A → h_A.

    Maps float `(batch, samples)` in [-1, 1], and perhaps `lengths` in samples, to
    `(batch, out_features)`. The positions of the feature map are frequencies and frames, or for
    a waveform one axis of time.

    Args:
        frontend: `"spectrogram"` (2-D blocks over the `LogSpectrogram` less its mean) or
            `"waveform"` (1-D blocks over the samples themselves, after a stem of stride 16).
        widths: channels of each stage; the last is `out_features`.
        depths: number of blocks in each stage.
        window, hop: as in `LogSpectrogram`.
        block, options: as in `ImageResNet`.

    Raises:
        TypeError: an option that the encoder sets itself.
        ValueError: an unknown frontend, an impossible window or hop, or not one depth for each
            width.
    """

    takes_lengths = True

    def __init__(
        self,
        *,
        frontend: str = "spectrogram",
        widths: Sequence[int] = (16, 32, 64),
        depths: Sequence[int] = (1, 1, 1),
        window: int = 256,
        hop: int = 128,
        block: type[Block] = ResidualBlock,
        **options: Any,
    ) -> None:
        if frontend not in _STEMS:
            raise ValueError(f'frontend must be "spectrogram" or "waveform", got {frontend!r}')
        super().__init__(1, *_STEMS[frontend], widths, depths, block, options)
        self.spectrogram = LogSpectrogram(window, hop) if frontend == "spectrogram" else None

    def _through_blocks(self, x: Tensor, lengths: Tensor | None = None) -> PositionsAndMask:
        scale = "Turn 16-bit samples into numbers from -1 to 1: x.float() / 32768"
        check_input(self, x, {"samples": None}, scale)
        check_lengths(lengths, x.shape[0], x.shape[1], "samples")
        if lengths is not None:
            real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
            x = torch.where(real, x, 0.0)
        if self.spectrogram is None:
            return self.trunk(x[:, None], None if lengths is None else real[:, None])
        x, mask = self.spectrogram(x)[:, None], None
        if lengths is not None:
            frames = torch.where(lengths > 0, lengths // self.spectrogram.hop + 1, 0)
            real = torch.arange(x.shape[3], device=x.device) < frames[:, None]
            mask = real[:, None, None, :].expand(-1, -1, x.shape[2], -1)
        # How loud a sound is adds about a constant; without it, the network learns sooner.
        return self.trunk(x - masked_mean(x, mask)[..., None, None], mask)
