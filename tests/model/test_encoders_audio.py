"""Spectrograms against sines, noise and a Fourier transform written out; networks over sounds."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmtutor.blocks import Block, PlainBlock, PreActivationBlock, ResidualBlock
from mmtutor.encoders import AudioResNet, LogSpectrogram

WINDOW, HOP = 64, 32
BIN = 10  # the sines below have this many periods in a window
FRONTENDS = ["spectrogram", "waveform"]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def decibels(level: float) -> float:
    """Return the amplitude of a level under full scale."""
    return 10 ** (level / 20)


def sine(level: float = 0.0, samples: int = 8 * WINDOW, frequency: float = BIN) -> Tensor:
    times = torch.arange(samples, dtype=torch.float64)
    return decibels(level) * torch.sin(2 * math.pi * frequency * times / WINDOW)[None]


def inner(x: Tensor, floor_db: float = -60.0) -> Tensor:
    """Return the spectrogram of one sound, `(frequencies, windows)`, where windows are full."""
    return LogSpectrogram(WINDOW, HOP, floor_db).double()(x)[0, :, 1:-1]


# --- the spectrogram -------------------------------------------------------------------------


def test_a_full_scale_sine_is_1_at_its_frequency() -> None:
    # A Hann window gives the two neighbors half the magnitude, a quarter of the power, and
    # all others nothing.
    s = inner(sine())
    quarter = math.log(1 + 0.25e6) / math.log(1e6)
    assert s[BIN] == pytest.approx(1.0, abs=1e-6)
    assert s[BIN - 1] == pytest.approx(quarter, abs=1e-6)
    assert s[BIN + 1] == pytest.approx(quarter, abs=1e-6)
    others = [k for k in range(WINDOW // 2 + 1) if abs(k - BIN) > 1]
    assert s[others].abs().max() < 1e-6


def test_the_phase_of_a_sine_does_not_matter() -> None:
    shifted = sine(samples=8 * WINDOW + 3)[:, 3:]
    torch.testing.assert_close(inner(shifted), inner(sine()), atol=1e-6, rtol=0)


def test_a_network_built_without_memory_and_then_filled_hears_the_same() -> None:
    network, x = AudioResNet().eval(), torch.randn(2, 1000)
    with torch.device("meta"):
        filled = AudioResNet()
    filled = filled.to_empty(device="cpu").eval()
    filled.load_state_dict(network.state_dict())
    assert torch.equal(filled(x), network(x))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_sounds_of_half_precision_have_nearly_the_same_spectrogram(kind: torch.dtype) -> None:
    x = 0.3 * torch.randn(2, 1000)
    s = LogSpectrogram(WINDOW, HOP)(x.to(kind))
    assert s.dtype == kind
    torch.testing.assert_close(s.float(), LogSpectrogram(WINDOW, HOP)(x), atol=0.01, rtol=0)
    assert AudioResNet().to(kind).eval()(x.to(kind)).isfinite().all()


def test_silence_is_exactly_0() -> None:
    assert LogSpectrogram()(torch.zeros(2, 1000)).abs().max() == 0


@pytest.mark.parametrize("level", [-10.0, -20.0, -30.0])
def test_a_weaker_sine_is_lower_by_its_share_of_the_60_decibels(level: float) -> None:
    # 20 dB weaker is lower by 20/60; above the floor, 1 + p / floor is nearly p / floor.
    assert inner(sine(level))[BIN] == pytest.approx(1 + level / 60, abs=1e-4)


@pytest.mark.parametrize("floor_db", [-60.0, -40.0])
def test_a_sine_at_the_floor_is_nearly_silence_and_one_below_it_silence(floor_db: float) -> None:
    # At the floor 1 + p / floor is 2; 20 dB below, 1.01.
    scale = -floor_db / 10 * math.log(10)
    at, below = (inner(sine(floor_db - down), floor_db)[BIN] for down in (0, 20))
    assert at == pytest.approx(math.log(2) / scale)
    assert below == pytest.approx(math.log(1.01) / scale)
    assert below.max() < 0.002


def test_each_column_is_the_fourier_transform_of_the_window_around_its_sample() -> None:
    x = torch.randn(1, 5 * HOP + 7, dtype=torch.float64)
    s = LogSpectrogram(WINDOW, HOP).double()(x)[0]
    n = torch.arange(WINDOW, dtype=torch.float64)
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * n / WINDOW)
    around = torch.cat([torch.zeros(WINDOW // 2), x[0], torch.zeros(WINDOW)])
    assert s.shape == (WINDOW // 2 + 1, 6)
    for column in range(6):  # centered on the samples 0, 32, …, 160
        piece = hann * around[column * HOP : column * HOP + WINDOW]
        for k in (0, 1, BIN, WINDOW // 2):
            angles = 2 * math.pi * k * n / WINDOW
            real, imaginary = (piece * angles.cos()).sum(), (piece * angles.sin()).sum()
            power = (real**2 + imaginary**2) * (2 / hann.sum()) ** 2
            assert s[k, column].item() == pytest.approx(math.log(1 + 1e6 * power) / math.log(1e6))


@pytest.mark.parametrize(("samples", "windows"), [(1, 1), (31, 1), (32, 2), (63, 2), (320, 11)])
def test_a_window_begins_at_every_hop_and_one_at_the_start(samples: int, windows: int) -> None:
    assert LogSpectrogram(WINDOW, HOP)(torch.randn(3, samples)).shape == (3, 33, windows)


def test_a_sound_that_falls_silent_is_silent_one_window_later() -> None:
    sound, silence = torch.randn(1, 4 * HOP), torch.zeros(1, 5 * HOP)
    s = LogSpectrogram(WINDOW, HOP)(torch.cat([sound, silence], dim=1))[0]
    torch.testing.assert_close(s[:, :5], LogSpectrogram(WINDOW, HOP)(sound)[0])
    assert s[:, 5:].abs().max() == 0


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ((1, 1), "got 1, 1 and -60.0"),
        ((33, 16), "got 33, 16 and -60.0"),  # the windows would not be those that lengths mean
        ((32, 0), "got 32, 0 and -60.0"),
        ((32, 16, 0.0), "got 32, 16 and 0.0"),
        ((32, 16, -math.inf), "got 32, 16 and -inf"),
        ((32, 16, math.nan), "got 32, 16 and nan"),
    ],
)
def test_an_impossible_spectrogram_is_refused(arguments: tuple, got: str) -> None:
    with pytest.raises(ValueError, match=f"an even window of at least 2 samples, .* {got}"):
        LogSpectrogram(*arguments)


# --- the network -----------------------------------------------------------------------------


def test_a_spectrogram_is_halved_three_times_and_a_waveform_six_times() -> None:
    # 129 frequencies and 8000 // 128 + 1 = 63 windows; 8000 samples, of which the stem takes
    # every 16th. All halvings round up.
    sounds = torch.randn(2, 8000)
    assert AudioResNet().feature_map(sounds).shape == (2, 64, 17, 8)
    assert AudioResNet(frontend="waveform").feature_map(sounds).shape == (2, 64, 125)
    deep = AudioResNet(widths=(8, 12), depths=(2, 1), window=512, hop=80)
    assert deep.feature_map(sounds).shape == (2, 12, 65, 26)  # of 257 × 101
    assert deep(sounds).shape == (2, deep.out_features) == (2, 12)


def test_only_a_network_over_spectrograms_has_a_spectrogram() -> None:
    assert AudioResNet(window=32, hop=8).spectrogram.window == 32
    assert AudioResNet(frontend="waveform").spectrogram is None
    dims = {frontend: AudioResNet(frontend=frontend).stages[0][0].dims for frontend in FRONTENDS}
    assert dims == {"spectrogram": 2, "waveform": 1}


def change(network: nn.Module, x: Tensor, factor: float) -> float:
    """Return how far a louder sound moves the features, relative to their size."""
    features = network.eval()(x)
    return ((network(factor * x) - features).norm() / features.norm()).item()


def test_a_louder_noise_has_nearly_the_same_spectrogram_features() -> None:
    # Where the sound is above the floor, twice the amplitude adds 6.02/60 = 0.1 everywhere,
    # which is taken off with the mean. A waveform's features double.
    noise = 0.1 * torch.randn(4, 4000)
    assert change(AudioResNet(), noise, 2.0) < 0.1
    assert change(AudioResNet(frontend="waveform"), noise, 2.0) == pytest.approx(1, abs=1e-3)


def test_loudness_still_matters_where_a_sound_is_partly_silent() -> None:
    # Silence stays 0 while the tone rises, so the mean cannot take all of it off.
    half_silent = torch.cat([sine(-10.0), torch.zeros(1, 8 * WINDOW)], dim=1).float()
    assert 0.1 < change(AudioResNet(), half_silent, 2.0) < 0.6


def test_a_constant_over_the_whole_spectrogram_makes_no_difference() -> None:
    network = AudioResNet().eval()
    x = torch.randn(2, 1000)
    expected = network(x)

    class Louder(LogSpectrogram):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 0.5

    network.spectrogram = Louder()
    torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize("block", [PlainBlock, ResidualBlock, PreActivationBlock])
@pytest.mark.parametrize("frontend", FRONTENDS)
def test_with_channel_norm_batch_mates_change_no_feature(frontend: str, block: type[Block]) -> None:
    network = AudioResNet(frontend=frontend, norm="channel", block=block).train()
    sounds = torch.randn(3, 700)
    torch.testing.assert_close(network(sounds)[:1], network(sounds[:1]))


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_mixed_precision_works(frontend: str) -> None:
    network = AudioResNet(frontend=frontend)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = network(torch.randn(3, 700), torch.tensor([700, 0, 300]))
    features.float().sum().backward()
    assert features.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.rand(700), r"got a float32 tensor \(700,\)\. A single example needs a .*x\[None\]"),
        (torch.rand(2, 1, 700), r"\(2, 1, 700\)\. It must have these 2 axes"),
        (torch.rand(2, 0), r"\(2, 0\)\. No axis after the batch may be empty"),
        (torch.zeros(2, 700, dtype=torch.int16), r"got a int16 tensor .* x\.float\(\) / 32768"),
        (torch.zeros(2, 700).double(), r"got a float64 tensor .* x\.to\(torch\.float32\)"),
        (torch.zeros(2, 700).numpy(), r"got a ndarray\. .* torch\.from_numpy\(x\)\.float\(\)"),
    ],
)
@pytest.mark.parametrize("frontend", FRONTENDS)
def test_wrong_sounds_are_named(frontend: str, wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"takes a float tensor \(batch, samples\); .*{message}"):
        AudioResNet(frontend=frontend)(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frontend": "mel"}, '"spectrogram" or "waveform", got \'mel\''),
        ({"hop": 0}, "a hop of at least 1 .* got 256, 0 and -60.0"),
        ({"widths": (4, 8)}, r"one depth for each width; got \(4, 8\) and \(1, 1, 1\)"),
        ({"widths": ()}, r"one depth for each width; got \(\)"),
        ({"factorized": True}, "are for dims=3, got dims=2"),
        ({"norm": "layer"}, "got 'layer'"),
    ],
)
def test_a_network_that_cannot_be_built_says_why(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudioResNet(**options)
