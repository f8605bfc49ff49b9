"""Sounds and videos of unequal length: what stands in the padding, and how much, never matters."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmtutor.blocks import Block, PreActivationBlock, ResidualBlock
from mmtutor.encoders import AudioResNet, VideoResNet
from mmtutor.encoders.base import Stem
from mmtutor.layers import convolution


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def spectrogram(**options: Any) -> AudioResNet:
    return AudioResNet(window=32, hop=8, **options)


def waveform(**options: Any) -> AudioResNet:
    return AudioResNet(frontend="waveform", **options)


def video(**options: Any) -> VideoResNet:
    return VideoResNet(**options)


def factorized(**options: Any) -> VideoResNet:
    return VideoResNet(factorized=True, **options)


WAVE = torch.linspace(0, 40, 5 * 9 * 35).square().sin()
# What builds an encoder → five examples for it.
INPUTS: dict[Callable[..., AudioResNet | VideoResNet], Tensor] = {
    spectrogram: WAVE[: 5 * 160].view(5, 160),
    waveform: WAVE[: 5 * 200].view(5, 200),
    video: WAVE.view(5, 1, 9, 7, 5),
    factorized: WAVE.view(5, 1, 9, 7, 5),
}

kinds = pytest.mark.parametrize("block", [ResidualBlock, PreActivationBlock])
norms = pytest.mark.parametrize("norm", ["batch", "channel"])
sequences = pytest.mark.parametrize("build", INPUTS)


def padded(build: Callable, filler: float) -> tuple[Tensor, Tensor]:
    """Return an input whose examples are real for all, 5/9, 1/9, none and one of its steps."""
    x = INPUTS[build]
    steps = x.shape[2] if x.ndim == 5 else x.shape[1]
    lengths = torch.tensor([steps, steps * 5 // 9, steps // 9, 0, 1])
    real = torch.arange(steps) < lengths[:, None]
    mask = real[:, None, :, None, None] if x.ndim == 5 else real
    return torch.where(mask, x, filler), lengths


def cut(x: Tensor, length: int) -> Tensor:
    return x[:, :, :length] if x.ndim == 5 else x[:, :length]


@norms
@kinds
@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@sequences
def test_what_stands_in_the_padding_changes_nothing(
    build: Callable, train: bool, block: type[Block], norm: str
) -> None:
    network = build(widths=[4, 6], depths=[1, 1], block=block, norm=norm).train(train)
    results = []
    for filler in (0.0, torch.nan, 1e30):
        twin = deepcopy(network)
        x, lengths = padded(build, filler)
        x.requires_grad_()
        features = twin(x, lengths)
        features.square().sum().backward()
        gradients = [x.grad, *(parameter.grad for parameter in twin.parameters())]
        results.append([features, *gradients, *twin.buffers()])
        assert all(value.isfinite().all() for value in results[-1])
        assert x.grad[3].abs().max() == 0  # of nothing but padding
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=0, atol=0)


@norms
@kinds
@sequences
def test_how_much_padding_there_is_changes_nothing(
    build: Callable, block: type[Block], norm: str
) -> None:
    network = build(widths=[4, 6], depths=[1, 1], block=block, norm=norm)
    network(INPUTS[build])  # leaves statistics that are not those of the start
    x, lengths = padded(build, torch.nan)
    short, lengths = cut(x[1:], int(lengths[1])), lengths[1:]
    twin = deepcopy(network)
    torch.testing.assert_close(network(x[1:], lengths), twin(short, lengths))
    torch.testing.assert_close(network.state_dict(), twin.state_dict())
    together = network.eval()(x[1:], lengths)
    for i, length in enumerate(lengths):
        if length:
            alone = network(cut(x[1 + i : 2 + i], int(length)))
            torch.testing.assert_close(together[i : i + 1], alone)


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@sequences
def test_an_example_of_length_0_has_features_of_0_and_changes_no_other(
    build: Callable, train: bool
) -> None:
    network, (x, lengths) = build().train(train), padded(build, torch.nan)
    others = lengths > 0
    features = network(x, lengths)
    assert features[~others].tolist() == [[0.0] * 64]
    torch.testing.assert_close(features[others], network(x[others], lengths[others]))


@sequences
def test_the_feature_map_is_0_at_the_padding(build: Callable) -> None:
    network, (x, lengths) = build().eval(), padded(build, torch.nan)
    last = -3 if x.ndim == 5 else -1  # the axis of time
    maps = network.feature_map(x, lengths).movedim(last, 1).flatten(2).abs().amax(2)
    # The steps after the stem are halved twice, rounding up: of a waveform, every 16th of the
    # samples [200, 111, 22, 0]; of a spectrogram, every second of the windows [21, 12, 3, 0];
    # of a video, the frames [9, 5, 1, 0].
    assert (maps > 0).sum(1)[:4].tolist() == [maps.shape[1], 2, 1, 0]


def test_padding_wins_no_maximum_in_the_pooling_of_a_stem() -> None:
    stem = Stem(convolution(1, 1, 4, stride=2), "channel", pool=True)
    nn.init.ones_(stem.layer[1].bias)  # what the norm makes of padding is not 0
    x, mask = torch.randn(2, 1, 21), torch.tensor([1] * 9 + [0] * 12).expand(2, 1, 21)
    y, thinned = stem(x, mask)
    assert thinned.tolist() == [[[1, 1, 1, 0, 0, 0]]] * 2  # of the positions 0, 4, …, 20
    torch.testing.assert_close(y[..., :3], stem(x[..., :9]))


@sequences
def test_lengths_that_are_all_whole_change_nothing(build: Callable) -> None:
    network, x = build(), INPUTS[build]
    twin = deepcopy(network)
    lengths = torch.full((5,), x.shape[2] if x.ndim == 5 else x.shape[1])
    torch.testing.assert_close(network(x, lengths), twin(x))
    torch.testing.assert_close(network.state_dict(), twin.state_dict())


@sequences
def test_a_converted_network_refuses_to_learn_from_padding(build: Callable) -> None:
    network, (x, lengths) = build(), padded(build, 0.0)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(deepcopy(network))
    torch.testing.assert_close(converted(x), deepcopy(network)(x))
    with pytest.raises(TypeError, match="SyncBatchNorm would take padding into its statistics"):
        converted(x, lengths)
    network.load_state_dict(converted.state_dict())
    torch.testing.assert_close(converted.eval()(x, lengths), network.eval()(x, lengths))


@sequences
def test_a_batch_of_nothing_but_padding_has_no_statistics(build: Callable) -> None:
    nothing = torch.zeros(5, dtype=torch.int64)
    with pytest.raises(ValueError, match="at least two real positions .* norm='channel'"):
        build()(INPUTS[build], nothing)
    for network in (build().eval(), build(norm="channel")):
        assert network(INPUTS[build], nothing).abs().max() == 0


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([3] * 5, TypeError, "got a list"),
        (torch.ones(5), ValueError, r"got a float32 tensor \(5,\)"),
        (torch.ones(5, dtype=torch.int32), ValueError, r"got a int32 tensor \(5,\)"),
        (torch.ones(4, dtype=torch.int64), ValueError, r"got a int64 tensor \(4,\)"),
        (torch.ones(5, 1, dtype=torch.int64), ValueError, r"got a int64 tensor \(5, 1\)"),
        (torch.tensor([1, 2, 0, -1, 3]), ValueError, "got -1 to 3"),
        (torch.tensor([1, 2, 0, 201, 3]), ValueError, "got 0 to 201"),
    ],
)
@sequences
def test_wrong_lengths_are_named(
    build: Callable, lengths: Any, error: type[Exception], message: str
) -> None:
    x = INPUTS[build]
    steps = f"numbers of frames, 0 to {x.shape[2]}" if x.ndim == 5 else "samples"
    wanted = rf"lengths must be an int64 tensor \(5,\) of .*{steps}"
    with pytest.raises(error, match=f"{wanted}.*; {message}"):
        build()(x, lengths)
