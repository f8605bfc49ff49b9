"""Networks over videos: torchvision's, motion, (2+1)D convolutions, shapes."""

from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from mmtutor.blocks import Block, PlainBlock, PreActivationBlock, ResidualBlock
from mmtutor.encoders import ImageResNet, VideoResNet
from mmtutor.layers import FactorizedConvolution


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- presets ---------------------------------------------------------------------------------


def test_video_features_equal_torchvision_with_the_same_weights() -> None:
    theirs = torchvision.models.video.r3d_18(weights=None).double()
    ours = VideoResNet.preset("r3d_18").double()
    state = theirs.state_dict()
    ours.load_torchvision({f"module.{name}": state[name] for name in sorted(state)})
    theirs.fc = nn.Identity()
    videos = torch.randn(2, 3, 4, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        for train in (True, False):  # the second time with the statistics of the first
            features, expected = ours.train(train)(videos), theirs.train(train)(videos)
            torch.testing.assert_close(features, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close([*ours.buffers()], [*theirs.buffers()])
    assert ours.out_features == 512


@pytest.mark.parametrize("name", ["mc3_18", "r2plus1d_18"])
def test_weights_of_another_torchvision_network_are_refused(name: str) -> None:
    other = torchvision.models.get_model(name, weights=None)
    with pytest.raises(ValueError, match="same layers"):
        VideoResNet.preset("r3d_18").load_torchvision(other)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="must be one of r3d_18; got 'r3d_50'"):
        VideoResNet.preset("r3d_50")


def test_a_preset_takes_further_options() -> None:
    small = VideoResNet.preset("r3d_18", 1, widths=(4, 8), depths=(1, 1), norm="channel")
    assert small.in_channels == 1
    assert small.feature_map(torch.rand(1, 1, 4, 16, 16)).shape == (1, 8, 2, 4, 4)


# --- motion ----------------------------------------------------------------------------------


def test_a_video_network_sees_motion_and_a_mean_over_frames_does_not() -> None:
    # A dot that moves right, and the same clip backwards: the frames are the same ones.
    clip = torch.zeros(1, 1, 6, 8, 8)
    for frame in range(6):
        clip[0, 0, frame, 4, frame + 1] = 1.0
    backwards = clip.flip(2)
    with torch.no_grad():
        by_frame = ImageResNet().eval()
        still = [by_frame(x[0].movedim(1, 0)).mean(0) for x in (clip, backwards)]
        video = VideoResNet().eval()
        moving = [video(x)[0] for x in (clip, backwards)]
    torch.testing.assert_close(still[0], still[1])
    assert (moving[0] - moving[1]).norm() > 0.1 * moving[0].norm()


# --- (2+1)D ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [PlainBlock, ResidualBlock, PreActivationBlock])
def test_factorized_every_convolution_of_a_block_is_in_two_steps(block: type[Block]) -> None:
    network = VideoResNet(factorized=True, block=block)
    layers = [layer for stage in network.stages for layer in stage[0].layers]
    for layer in layers:
        assert sum(isinstance(part, FactorizedConvolution) for part in layer) == 1
    assert len(layers) == 6


def test_a_factorized_network_has_nearly_as_many_parameters() -> None:
    # With the normalizations between, it has some more channels to scale and to shift.
    widths = (32, 64, 128)
    whole, factorized = (count(VideoResNet(widths=widths, factorized=f)) for f in (False, True))
    assert 0.98 * whole < factorized < 1.02 * whole


# --- shapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("factorized", [False, True])
def test_the_feature_map_halves_frames_and_sides_twice(factorized: bool) -> None:
    encoder = VideoResNet(factorized=factorized)
    videos = torch.zeros(2, 1, 9, 8, 6)
    assert encoder.feature_map(videos).shape == (2, 64, 3, 2, 2)  # rounded up
    assert encoder(videos).shape == (2, encoder.out_features)


def test_the_kinetics_stem_halves_the_sides_once_more() -> None:
    encoder = VideoResNet(3, stem="kinetics", widths=(4, 8), depths=(1, 1))
    assert encoder.feature_map(torch.zeros(2, 3, 9, 16, 12)).shape == (2, 8, 5, 4, 3)


@pytest.mark.parametrize("stem", ["small", "kinetics"])
def test_with_channel_norm_batch_mates_change_no_feature(stem: str) -> None:
    encoder = VideoResNet(norm="channel", stem=stem).train()
    videos, lengths = torch.rand(3, 1, 4, 8, 8), torch.tensor([3, 4, 1])
    torch.testing.assert_close(encoder(videos, lengths)[:1], encoder(videos[:1, :, :3]))


def test_lengths_work_with_the_kinetics_stem_too() -> None:
    encoder = VideoResNet(stem="kinetics").eval()
    videos, lengths = torch.rand(2, 1, 6, 9, 9), torch.tensor([6, 3])
    videos[1, :, 3:] = torch.nan
    torch.testing.assert_close(encoder(videos, lengths)[1:], encoder(videos[1:, :, :3]))


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.rand(4, 9, 8, 8), r"\(4, 9, 8, 8\)\. A batch of one channel .* x\[:, None\]"),
        (torch.rand(1, 9, 8, 8), r"\(1, 9, 8, 8\)\. A single example .* x\[None\]"),
        (torch.rand(8, 8), r"got a float32 tensor \(8, 8\)\. It must have these 5 axes"),
        (torch.rand(4, 3, 9, 8, 8), r"\(4, 3, 9, 8, 8\)\. For 3 channels, build VideoResNet\(3\)"),
        (torch.rand(4, 9, 1, 8, 8), r"If axis 2 holds the channels: x\.movedim\(2, 1\)"),
        (torch.rand(4, 1, 0, 8, 8), r"\(4, 1, 0, 8, 8\)\. No axis after the batch may be empty"),
        (torch.zeros(4, 1, 9, 8, 8, dtype=torch.uint8), r"a uint8 tensor .* x\.float\(\) / 255"),
        (torch.zeros(4, 1, 9, 8, 8).double(), r"a float64 tensor .* x\.to\(torch\.float32\)"),
        (torch.zeros(4, 1, 9, 8, 8).numpy(), r"got a ndarray\. .* torch\.from_numpy\(x\)"),
    ],
)
def test_wrong_videos_are_named(wrong: Any, message: str) -> None:
    takes = r"VideoResNet takes a float tensor \(batch, 1, frames, height, width\)"
    with pytest.raises(ValueError, match=rf"{takes}; .*{message}"):
        VideoResNet()(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stem": "imagenet"}, '"small" or "kinetics", got \'imagenet\''),
        ({"widths": (4, 8)}, r"one depth for each width; got \(4, 8\) and \(1, 1, 1\)"),
        ({"widths": ()}, r"one depth for each width; got \(\)"),
        ({"kernel_size": 4, "factorized": True}, "kernel_size must be odd, got 4"),
        ({"norm": "layer"}, "got 'layer'"),
    ],
)
def test_a_network_that_cannot_be_built_says_why(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VideoResNet(**options)
