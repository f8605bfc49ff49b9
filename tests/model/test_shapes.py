"""Shapes as properties: whatever the sizes, the documented output shape comes out."""

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from mmtutor.blocks import Block, PlainBlock, PreActivationBlock, ResidualBlock, Stage
from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet, VideoResNet
from mmtutor.fusion import SharedRepresentation
from mmtutor.network import MultiModalNet

# Derandomized, so that a failure never depends on the day.
properties = settings(derandomize=True, database=None, deadline=None, max_examples=60)

blocks = st.sampled_from([PlainBlock, ResidualBlock, PreActivationBlock])
norms = st.sampled_from(["batch", "channel"])
options = st.fixed_dictionaries(
    {
        "kernel_size": st.sampled_from([1, 3, 5]),
        "bottleneck": st.booleans(),
        "norm": norms,
    }
)
batches = st.integers(1, 3)
stages = st.lists(st.sampled_from([4, 8]), min_size=1, max_size=3)


def thinned(size: int, stride: int) -> int:
    """Number of the positions 0, stride, 2·stride, … below `size`."""
    return len(range(0, size, stride))


@properties
@given(
    block=blocks,
    options=options,
    batch=batches,
    channels=st.tuples(st.integers(1, 5), st.sampled_from([4, 8])),
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    factorized=st.booleans(),
)
def test_a_block_keeps_every_stride_th_position(
    block: type[Block],
    options: dict[str, Any],
    batch: int,
    channels: tuple[int, int],
    sizes: list[int],
    stride: int,
    dilation: int,
    factorized: bool,
) -> None:
    torch.manual_seed(0)
    inside, outside = channels
    options = {"factorized": factorized and len(sizes) == 3, **options}
    network = block(
        inside, outside, dims=len(sizes), stride=stride, dilation=dilation, **options
    ).eval()
    mask = torch.ones(batch, 1, *sizes)
    y, thinned_mask = network(torch.randn(batch, inside, *sizes), mask)
    positions = [thinned(size, stride) for size in sizes]
    assert y.shape == (batch, outside, *positions)
    assert y.isfinite().all()
    assert thinned_mask.shape == (batch, 1, *positions)


@properties
@given(block=blocks, depth=st.integers(1, 4), stride=st.integers(1, 3), length=st.integers(1, 12))
def test_a_stage_strides_once_whatever_its_depth(
    block: type[Block], depth: int, stride: int, length: int
) -> None:
    torch.manual_seed(0)
    stage = Stage(block, 3, 4, depth, stride=stride, dims=1).eval()
    assert stage(torch.randn(2, 3, length)).shape == (2, 4, thinned(length, stride))


@properties
@given(
    block=blocks,
    batch=batches,
    in_channels=st.integers(1, 3),
    widths=stages,
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    stem=st.sampled_from(["small", "imagenet"]),
)
def test_pictures_of_any_size_give_features(
    block: type[Block],
    batch: int,
    in_channels: int,
    widths: list[int],
    height: int,
    width: int,
    stem: str,
) -> None:
    torch.manual_seed(0)
    encoder = ImageResNet(
        in_channels, widths=widths, depths=[1] * len(widths), stem=stem, block=block
    ).eval()
    x = torch.rand(batch, in_channels, height, width)
    halvings = len(widths) - 1 + (2 if stem == "imagenet" else 0)
    positions = (thinned(height, 2**halvings), thinned(width, 2**halvings))
    assert encoder.feature_map(x).shape == (batch, widths[-1], *positions)
    features = encoder(x)
    assert features.shape == (batch, encoder.out_features)
    assert features.isfinite().all()


@properties
@given(
    block=blocks,
    batch=batches,
    widths=stages,
    samples=st.integers(1, 300),
    window=st.sampled_from([2, 6, 16, 30]),
    hop=st.integers(1, 40),
    frontend=st.sampled_from(["spectrogram", "waveform"]),
)
def test_sounds_of_any_length_give_features(
    block: type[Block],
    batch: int,
    widths: list[int],
    samples: int,
    window: int,
    hop: int,
    frontend: str,
) -> None:
    torch.manual_seed(0)
    depths = [1] * len(widths)
    encoder = AudioResNet(
        frontend=frontend, widths=widths, depths=depths, window=window, hop=hop, block=block
    ).eval()
    x = torch.rand(batch, samples)
    halvings = len(widths) - 1
    if frontend == "waveform":
        positions: tuple[int, ...] = (thinned(samples, 16 * 2**halvings),)
    else:
        sizes = (window // 2 + 1, samples // hop + 1)
        positions = tuple(thinned(size, 2 * 2**halvings) for size in sizes)
    assert encoder.feature_map(x).shape == (batch, widths[-1], *positions)
    features = encoder(x)
    assert features.shape == (batch, encoder.out_features)
    assert features.isfinite().all()


@properties
@given(
    block=blocks,
    batch=batches,
    in_channels=st.integers(1, 3),
    widths=stages,
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    stem=st.sampled_from(["small", "kinetics"]),
    factorized=st.booleans(),
)
def test_videos_of_any_size_give_features(
    block: type[Block],
    batch: int,
    in_channels: int,
    widths: list[int],
    sizes: tuple[int, int, int],
    stem: str,
    factorized: bool,
) -> None:
    torch.manual_seed(0)
    depths = [1] * len(widths)
    encoder = VideoResNet(
        in_channels, widths=widths, depths=depths, stem=stem, block=block, factorized=factorized
    ).eval()
    x = torch.rand(batch, in_channels, *sizes)
    frames, height, width = sizes
    step = 2 ** (len(widths) - 1)
    side = step * (2 if stem == "kinetics" else 1)
    positions = (thinned(frames, step), thinned(height, side), thinned(width, side))
    assert encoder.feature_map(x).shape == (batch, widths[-1], *positions)
    features = encoder(x)
    assert features.shape == (batch, encoder.out_features)
    assert features.isfinite().all()


def assert_padding_changes_nothing(
    encoder: nn.Module, x: Tensor, lengths: list[int], axis: int
) -> None:
    """Padded with NaN, each example has the features that it has alone; without steps, 0."""
    steps = torch.arange(x.shape[axis]).view(-1, *[1] * (x.ndim - axis - 1))
    real = steps < torch.tensor(lengths).view(-1, *[1] * (x.ndim - 1))
    features = encoder(torch.where(real, x, torch.nan), torch.tensor(lengths))
    for example, length, together in zip(x, lengths, features, strict=True):
        if length:
            alone = encoder(example.narrow(axis - 1, 0, length)[None])[0]
            torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)
        else:
            assert together.abs().max() == 0


@properties
@given(
    block=blocks,
    norm=norms,
    lengths=st.lists(st.integers(0, 120), min_size=1, max_size=3),
    padding=st.integers(1, 60),
    window=st.sampled_from([2, 6, 16, 30]),
    hop=st.integers(1, 40),
    frontend=st.sampled_from(["spectrogram", "waveform"]),
)
def test_sound_features_depend_on_the_real_samples_only(
    block: type[Block],
    norm: str,
    lengths: list[int],
    padding: int,
    window: int,
    hop: int,
    frontend: str,
) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"widths": [4, 8], "depths": [1, 1], "block": block, "norm": norm}
    encoder = AudioResNet(frontend=frontend, window=window, hop=hop, **options).eval()
    x = torch.randn(len(lengths), max(lengths) + padding)
    assert_padding_changes_nothing(encoder, x, lengths, axis=1)


@properties
@given(
    block=blocks,
    norm=norms,
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    padding=st.integers(1, 5),
    sides=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    stem=st.sampled_from(["small", "kinetics"]),
    factorized=st.booleans(),
)
def test_video_features_depend_on_the_real_frames_only(
    block: type[Block],
    norm: str,
    lengths: list[int],
    padding: int,
    sides: tuple[int, int],
    stem: str,
    factorized: bool,
) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"widths": [4, 8], "depths": [1, 1], "block": block, "norm": norm}
    encoder = VideoResNet(stem=stem, factorized=factorized, **options).eval()
    x = torch.randn(len(lengths), 1, max(lengths) + padding, *sides)
    assert_padding_changes_nothing(encoder, x, lengths, axis=2)


@properties
@given(
    block=blocks,
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    padding=st.integers(1, 9),
    dilations=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    kernel_size=st.sampled_from([1, 3, 5]),
)
def test_text_features_depend_on_the_real_characters_only(
    block: type[Block],
    lengths: list[int],
    padding: int,
    dilations: list[int],
    kernel_size: int,
) -> None:
    torch.manual_seed(0)
    encoder = TextResNet(
        embedding_features=4, width=8, dilations=dilations, block=block, kernel_size=kernel_size
    )
    ids = torch.zeros(len(lengths), max(lengths) + padding, dtype=torch.int64)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = torch.randint(1, 257, (length,))
    features = encoder(ids)
    assert features.shape == (len(lengths), 8)
    for row, length, together in zip(ids, lengths, features, strict=True):
        if length:
            alone = encoder(row[None, :length])[0]
            torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)
        else:
            assert together.abs().max() == 0


@properties
@given(
    sizes=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 6), min_size=1),
    shared=st.integers(1, 6),
    batch=batches,
    data=st.data(),
)
def test_a_fusion_takes_any_modalities_and_any_of_them_may_be_missing(
    sizes: dict[str, int], shared: int, batch: int, data: st.DataObject
) -> None:
    torch.manual_seed(0)
    fusion = SharedRepresentation(sizes, shared, allow_missing=True)
    here = data.draw(st.sets(st.sampled_from(sorted(sizes)), min_size=1))
    masked = data.draw(st.sets(st.sampled_from(sorted(sizes))))
    features = {name: torch.randn(batch, sizes[name]) for name in here}
    present = {name: torch.rand(batch) < 0.5 for name in masked}
    z = fusion(features, present)
    assert z.shape == (batch, shared)
    assert z.isfinite().all()


@properties
@given(
    batch=batches,
    side=st.integers(1, 12),
    length=st.integers(1, 12),
    here=st.sets(st.sampled_from(["image", "text"]), min_size=1),
    masked=st.sets(st.sampled_from(["image", "text"])),
)
def test_the_network_takes_any_sizes_and_any_modality_may_be_missing(
    batch: int, side: int, length: int, here: set[str], masked: set[str]
) -> None:
    torch.manual_seed(0)
    encoders = {"image": ImageResNet(widths=[4], depths=[1]), "text": TextResNet(width=8)}
    fusion = SharedRepresentation({"image": 4, "text": 8}, allow_missing=True)
    network = MultiModalNet(encoders, fusion).eval()
    inputs = {
        "image": torch.rand(batch, 1, side, side),
        "text": torch.randint(0, 257, (batch, length)),
    }
    present = {name: torch.rand(batch) < 0.5 for name in masked}
    outputs = network({name: inputs[name] for name in here}, present)
    assert outputs.shape == (batch, 10)
    assert outputs.isfinite().all()
