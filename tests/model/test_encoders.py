"""What holds for every encoder, and what for those of pictures and of texts."""

import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor import blocks, layers
from mmtutor.blocks import Block, PlainBlock, PreActivationBlock, ResidualBlock
from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet, VideoResNet, base
from mmtutor.network import MultiModalNet
from mmtutor.weights import copy_weights

BLOCKS = [PlainBlock, ResidualBlock, PreActivationBlock]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def audio(**options: Any) -> AudioResNet:
    return AudioResNet(window=32, hop=8, **options)


def wave(**options: Any) -> AudioResNet:
    return AudioResNet(frontend="waveform", **options)


def factorized(**options: Any) -> VideoResNet:
    return VideoResNet(factorized=True, **options)


# What builds an encoder → an input for it.
INPUTS: dict[Callable[..., nn.Module], Tensor] = {
    ImageResNet: torch.linspace(0, 20, 5 * 16 * 12).square().sin().view(5, 1, 16, 12),
    TextResNet: torch.arange(1, 61).view(5, 12),
    audio: torch.linspace(0, 30, 5 * 80).square().sin().view(5, 80),
    wave: torch.linspace(0, 30, 5 * 200).square().sin().view(5, 200),
    VideoResNet: torch.linspace(0, 20, 5 * 9 * 35).square().sin().view(5, 1, 9, 7, 5),
    factorized: torch.linspace(0, 20, 5 * 9 * 35).square().sin().view(5, 1, 9, 7, 5),
}


# --- every encoder ---------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("build", INPUTS)
def test_every_parameter_gets_a_gradient(build: Callable, block: type[Block]) -> None:
    network = build(block=block)
    network(INPUTS[build]).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("build", INPUTS)
def test_features_are_the_mean_of_the_feature_map(build: Callable) -> None:
    network, x = build().eval(), INPUTS[build]
    assert network.out_features == 64
    torch.testing.assert_close(network(x), network.feature_map(x).flatten(2).mean(2))


@pytest.mark.parametrize("build", INPUTS)
def test_a_network_in_double_precision_agrees_with_single(build: Callable) -> None:
    network, x = build().eval(), INPUTS[build]
    single = network(x)
    double = network.double()(x.double() if x.is_floating_point() else x)
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("build", INPUTS)
def test_the_memory_layout_does_not_matter(build: Callable) -> None:
    network, x = build().eval(), INPUTS[build]
    expected = network(x)
    turned = x.movedim(0, -1).contiguous().movedim(-1, 0)
    assert not turned.is_contiguous()
    torch.testing.assert_close(network(turned), expected)
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.ndim)
    if layout is not None:
        network = network.to(memory_format=layout)
        torch.testing.assert_close(network(x.to(memory_format=layout)), expected)
        trained = deepcopy(network).train()  # batch statistics too
        torch.testing.assert_close(
            trained(x.to(memory_format=layout)), network.train()(x.contiguous())
        )


@pytest.mark.parametrize("build", INPUTS)
def test_a_network_of_pre_activation_blocks_ends_with_a_normalization_and_a_relu(
    build: Callable,
) -> None:
    network, x = build(block=PreActivationBlock).eval(), INPUTS[build]
    network.last.weight.data.fill_(2.0)
    network.last.bias.data.fill_(0.5)
    seen: list[Tensor] = []
    network.last.register_forward_hook(lambda module, inputs, output: seen.append(output))
    features = network.feature_map(x)
    (normalized,) = (y[0] if isinstance(y, tuple) else y for y in seen)
    assert normalized.min() < 0
    assert torch.equal(features, normalized.clamp(min=0))


@pytest.mark.parametrize("build", [ImageResNet, audio, wave, VideoResNet])
def test_a_stem_starts_with_the_spread_of_he_2015(build: Callable) -> None:
    # Fan-out mode for relu: √(2 / (channels · taps)).
    weight = build(widths=(128, 8, 8)).stem.layer[0].weight
    expected = (2 / (128 * weight[0, 0].numel())) ** 0.5
    assert weight.std().item() == pytest.approx(expected, rel=0.1)


CASTS: dict[str, tuple[torch.dtype, torch.dtype]] = {
    "float16 into float32": (torch.float16, torch.float32),
    "bfloat16 into float32": (torch.bfloat16, torch.float32),
    "float32 into bfloat16": (torch.float32, torch.bfloat16),
    "float32 into float64": (torch.float32, torch.float64),
}


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("build", [ImageResNet, audio, wave, VideoResNet])
def test_an_input_of_another_type_than_the_weights_is_named(build: Callable, cast: str) -> None:
    given, weights = CASTS[cast]
    message = rf"got a {str(given)[6:]} tensor .* weights are {weights}: x\.to\({weights}\)"
    with pytest.raises(ValueError, match=message):
        build().to(weights)(INPUTS[build].to(given))


@pytest.mark.parametrize("build", [ImageResNet, audio, wave, VideoResNet])
def test_under_autocast_half_precision_enters_a_network_of_single_precision(
    build: Callable,
) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert build()(INPUTS[build].bfloat16()).isfinite().all()
        with pytest.raises(ValueError, match="got a float64 tensor"):
            build()(INPUTS[build].double())


# --- memory layout ---------------------------------------------------------------------------


def layouts_within(network: nn.Module, x: Tensor) -> set[bool]:
    """Return whether the outputs of the convolutions are channels-last."""
    seen: set[bool] = set()

    def look(module: nn.Module, inputs: object, output: Tensor) -> None:
        seen.add(output.is_contiguous(memory_format=torch.channels_last))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(look)
    network(x)
    return seen


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("channels", [1, 3])
def test_convolutions_over_pictures_run_channels_last_from_256_pixels_on(
    channels: int, norm: str
) -> None:
    # Widths of which no output has one position, which is in both layouts.
    network = ImageResNet(channels, widths=(16, 32), depths=(1, 1), norm=norm)
    assert layouts_within(deepcopy(network), torch.rand(2, channels, 16, 16)) == {True}
    assert layouts_within(deepcopy(network), torch.rand(2, channels, 12, 12)) == {False}


def test_beyond_128_channels_convolutions_run_in_the_default_layout() -> None:
    network = ImageResNet(widths=(16, 128, 256), depths=(1, 1, 1))
    assert layouts_within(network.stages[2], torch.rand(2, 128, 16, 16)) == {False}
    assert layouts_within(network.stages[1], torch.rand(2, 16, 16, 16)) == {True}


def test_a_narrow_strided_shortcut_gets_the_default_layout_whatever_came() -> None:
    pictures = torch.rand(2, 8, 24, 24).contiguous(memory_format=torch.channels_last)
    network = ImageResNet(widths=(8, 16), depths=(1, 1))
    assert layouts_within(network.stages[1], pictures) == {False}
    assert layouts_within(network.stages[0], pictures) == {True}


@pytest.mark.slow
def test_narrow_networks_survive_their_training_with_two_threads() -> None:
    # In the other layout they crashed on most processors, and learned from wrong gradients on
    # some: what a strided shortcut writes beyond its memory, see `layers.fast_layout`.
    train = (
        "import torch; from mmtutor.encoders import ImageResNet\n"
        "torch.set_num_threads(2); network = ImageResNet(widths=(4, 8, 16), depths=(1, 1, 1))\n"
        "for i in range(60): network(torch.rand(40 + i % 20, 1, 24, 24)).square().sum().backward()"
    )
    subprocess.run([sys.executable, "-c", train], check=True)


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("build", [ImageResNet, audio, VideoResNet, factorized])
def test_the_layout_within_changes_no_number(
    build: Callable, train: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, x = build(widths=(4, 8), depths=(1, 1)).train(train), INPUTS[build]
    results = []
    for choose in (layers.fast_layout, lambda x, *channels: x):
        for module in (base, blocks):
            monkeypatch.setattr(module, "fast_layout", choose)
        twin = deepcopy(network)
        features = twin(x)
        features.square().sum().backward()
        results.append([features, *(parameter.grad for parameter in twin.parameters())])
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("build", INPUTS)
@pytest.mark.parametrize("name", ["dims", "stride", "dilation"])
def test_what_the_encoder_sets_itself_is_no_option(build: Callable, name: str) -> None:
    with pytest.raises(TypeError, match=rf"ResNet sets {name} itself, block by block"):
        build(**{name: 2})


# --- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_image_features_equal_torchvision_with_the_same_weights(name: str, train: bool) -> None:
    theirs = torchvision.models.get_model(name, weights=None).train(train)
    ours = ImageResNet.preset(name).train(train)
    ours.load_torchvision(theirs)
    theirs.fc = torch.nn.Identity()
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    twins = deepcopy(ours).double(), deepcopy(theirs).double()
    with torch.no_grad():
        features, expected = ours(pictures), theirs(pictures)
        exact, wanted = (twin(pictures.double()) for twin in twins)
    torch.testing.assert_close(exact, wanted, rtol=1e-10, atol=1e-10)
    if not train:  # where single precision is not magnified by statistics of 2 · 2 · 2 values
        assert (features - expected).abs().max() < 1e-5 * expected.abs().max()
    assert ours.out_features == (2048 if name == "resnet50" else 512)


def trained_resnet18() -> nn.Module:
    """Return a network whose normalizations have other statistics than at the start."""
    network = torchvision.models.resnet18(weights=None)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
        network(torch.randn(8, 3, 32, 32))
    return network


GIVEN: dict[str, Callable[[nn.Module], object]] = {
    "a network": lambda network: network,
    "a network within DataParallel": nn.DataParallel,
    "a compiled network": torch.compile,
    "a state dict": lambda network: network.state_dict(),
    "sorted names": lambda network: dict(sorted(network.state_dict().items())),
    "biases before weights": lambda network: dict(reversed(network.state_dict().items())),
    "no counters": lambda network: {
        name: values
        for name, values in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    },
    "under a key": lambda network: {"epoch": 3, "state_dict": network.state_dict()},
}


@pytest.mark.parametrize("given", GIVEN)
def test_weights_of_torchvision_are_taken_by_name(given: str) -> None:
    theirs = trained_resnet18().eval()
    ours = ImageResNet.preset("resnet18").eval()
    ours.load_torchvision(GIVEN[given](theirs))
    pictures = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(theirs.fc(ours(pictures)), theirs(pictures))


@pytest.mark.parametrize("kind", [str, Path])
def test_weights_of_torchvision_are_read_from_a_file(kind: type, tmp_path: Path) -> None:
    theirs = trained_resnet18()
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    ours = ImageResNet.preset("resnet18")
    ours.load_torchvision(kind(tmp_path / "weights.pth"))
    assert torch.equal(ours.stem.layer[1].running_mean, theirs.bn1.running_mean)


def test_a_file_that_could_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet18(weights=None), tmp_path / "network.pth")
    with pytest.raises(ValueError, match=r"network\.pth is no file of weights alone: .* could run"):
        ImageResNet.preset("resnet18").load_torchvision(tmp_path / "network.pth")


def changed(name: str, values: Tensor | None) -> dict[str, Tensor]:
    """Return the weights of a resnet18 with one of them set, or left out."""
    state = torchvision.models.resnet18(weights=None).state_dict()
    return {k: v for k, v in {**state, name: values}.items() if v is not None}


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([torch.zeros(1)], TypeError, "its state dict .* or the path of one; got a list"),
        ({"conv1.weight": 1.0}, TypeError, "got a dict"),
        (
            changed("bn1.bias", None),
            ValueError,
            r"lack what ImageResNet calls stem\.layer\.1\.bias",
        ),
        (changed("layer1.0.se.weight", torch.ones(1)), ValueError, r"no place for layer1\.0\.se"),
        (
            changed("layer1.0.bn2.bias", torch.ones(8)),
            ValueError,
            r"layer1\.0\.bn2\.bias has shape \(8,\), but ImageResNet needs \(64,\)",
        ),
        (
            changed("layer2.0.downsample.0.weight", torch.ones(64, 128, 1, 1)),
            ValueError,
            r"has shape \(64, 128, 1, 1\), but ImageResNet needs \(128, 64, 1, 1\)",
        ),
    ],
    ids=["list", "number", "missing", "unknown", "size", "shape"],
)
def test_other_weights_are_refused_and_nothing_is_copied(
    weights: Any, error: type[Exception], message: str
) -> None:
    network = ImageResNet.preset("resnet18")
    before = deepcopy(network.state_dict())
    with pytest.raises(error, match=message):
        network.load_torchvision(weights)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def downloaded(folder: Path, weights: torchvision.models.WeightsEnum) -> nn.Module:
    """Put a network's random weights where torchvision looks for those it has downloaded."""
    network = torchvision.models.resnet18(weights=None)
    file = folder / "hub" / "checkpoints" / weights.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    torch.save(network.state_dict(), file)
    return network


@pytest.mark.parametrize("name", ["DEFAULT", "IMAGENET1K_V1"])
def test_pretrained_weights_are_those_that_torchvision_has_downloaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    theirs = downloaded(tmp_path, torchvision.models.ResNet18_Weights[name]).eval()
    pictures = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        features = ImageResNet.pretrained("resnet18", name).eval()(pictures)
        torch.testing.assert_close(theirs.fc(features), theirs(pictures))


@pytest.mark.parametrize(("kind", "name"), [(ImageResNet, "resnet18"), (VideoResNet, "r3d_18")])
def test_without_weights_pretrained_is_a_random_preset(
    kind: type[ImageResNet | VideoResNet],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    first, second = (kind.pretrained(name, weights=None) for _ in range(2))
    assert not any(tmp_path.iterdir())
    assert first.state_dict().keys() == kind.preset(name).state_dict().keys()
    assert not torch.equal(first.stem.layer[0].weight, second.stem.layer[0].weight)


def test_pretrained_refuses_names_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="resnet18, resnet34, resnet50; got 'vgg11'"):
        ImageResNet.pretrained("vgg11")
    with pytest.raises(KeyError, match="IMAGENET1K_V9"):
        ImageResNet.pretrained("resnet18", "IMAGENET1K_V9")


def test_weights_of_another_torchvision_network_are_refused() -> None:
    state = torchvision.models.resnet34(weights=None).state_dict()
    with pytest.raises(ValueError, match="same layers"):
        ImageResNet.preset("resnet18").load_torchvision(state)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="resnet18, resnet34, resnet50; got 'resnet19'"):
        ImageResNet.preset("resnet19")


@pytest.mark.parametrize("side", [8, 9, 16, 64])
def test_the_feature_map_halves_the_picture_twice(side: int) -> None:
    encoder = ImageResNet()
    quarter = -(-side // 4)  # rounded up
    assert encoder.feature_map(torch.zeros(2, 1, side, side)).shape == (2, 64, quarter, quarter)
    assert encoder(torch.zeros(2, 1, side, side)).shape == (2, encoder.out_features)


@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_with_channel_norm_batch_mates_change_no_image_feature(stem: str) -> None:
    encoder = ImageResNet(norm="channel", stem=stem).train()
    pictures = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(encoder(pictures)[:1], encoder(pictures[:1]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            torch.rand(4, 16, 16),
            r"\(4, 16, 16\)\. A batch of one channel needs an axis for it: x\[:, None\]",
        ),
        (torch.rand(1, 16, 16), r"\(1, 16, 16\)\. A single example needs a batch axis: x\[None\]"),
        (torch.rand(16, 16), r"\(batch, 1, height, width\); got a float32 tensor \(16, 16\)"),
        (torch.rand(4, 3, 8, 8), r"\(4, 3, 8, 8\)\. For 3 channels, build ImageResNet\(3\)"),
        (
            torch.rand(4, 8, 9, 1),
            r"\(4, 8, 9, 1\)\. If axis 3 holds the channels: x\.movedim\(3, 1\)",
        ),
        (torch.zeros(4, 1, 8, 8, dtype=torch.uint8), r"got a uint8 tensor .* x\.float\(\) / 255"),
        (torch.zeros(4, 1, 8, 8).double(), r"got a float64 tensor .* x\.to\(torch\.float32\)"),
    ],
)
def test_wrong_pictures_are_named(wrong: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageResNet()(wrong)


# --- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_padding_changes_no_text_feature(mode: str) -> None:
    encoder = TextResNet()
    encoder.train(mode == "train")
    words = torch.randint(1, 257, (3, 5))
    padded = torch.nn.functional.pad(words, (0, 7))
    torch.testing.assert_close(encoder(words), encoder(padded))


def test_a_longer_neighbor_changes_no_text_feature() -> None:
    encoder = TextResNet()
    short = torch.tensor([[5, 6, 7, 0, 0, 0]])
    long = torch.randint(1, 257, (1, 6))
    alone, together = encoder(short), encoder(torch.cat([short, long]))[:1]
    torch.testing.assert_close(alone, together)


def test_a_text_without_characters_gives_zero_features() -> None:
    assert TextResNet()(torch.zeros(2, 4, dtype=torch.int64)).abs().max() == 0


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("block", BLOCKS)
def test_the_feature_map_of_a_text_is_0_at_the_padding(block: type[Block], norm: str) -> None:
    words = torch.randint(1, 257, (3, 9))
    words[0, 4:], words[1, 7:] = 0, 0
    features = TextResNet(block=block, norm=norm).feature_map(words)
    assert torch.equal(features.abs().amax(1) > 0, words > 0)


def test_padding_may_have_another_id() -> None:
    encoder, other = TextResNet(), TextResNet(padding_id=1)
    words = torch.randint(2, 257, (3, 5))
    copy_weights(encoder, other)
    padded = F.pad(words, (0, 7), value=1)
    torch.testing.assert_close(other(padded), encoder(words))
    torch.testing.assert_close(other.feature_map(padded)[..., :5], encoder.feature_map(words))
    assert other(torch.ones(2, 4, dtype=torch.int64)).abs().max() == 0
    assert TextResNet(padding_id=1).embedding.weight[1].abs().max() == 0


def test_the_receptive_field_of_the_default_text_network_is_29_characters() -> None:
    # Two convolutions of 3 taps per block, dilations 1, 2, 4: 1 + 2·2·(1 + 2 + 4) = 29.
    encoder = TextResNet().eval()
    ids = torch.randint(1, 257, (1, 61))
    center = encoder.feature_map(ids)[0, :, 30]
    reach = []
    for position in range(61):
        changed = ids.clone()
        changed[0, position] = changed[0, position] % 256 + 1
        moved = not torch.equal(encoder.feature_map(changed)[0, :, 30], center)
        reach += [position] if moved else []
    assert reach == list(range(30 - 14, 30 + 15))


def test_ids_outside_the_vocabulary_are_named() -> None:
    with pytest.raises(ValueError, match="run from 3 to 300, but the vocabulary has ids 0 to 256"):
        TextResNet()(torch.tensor([[3, 300]]))


def test_floats_are_no_token_ids() -> None:
    with pytest.raises(ValueError, match=r"int64 or int32 tensor \(batch, length\).*float32"):
        TextResNet()(torch.rand(2, 5))


def test_ids_of_another_integer_type_are_sent_to_long() -> None:
    with pytest.raises(ValueError, match=r"got a uint8 tensor \(2, 5\)\. .* ids\.long\(\)"):
        TextResNet()(torch.ones(2, 5, dtype=torch.uint8))


def test_state_dicts_round_trip_without_pickled_code(tmp_path) -> None:
    network, fresh = MultiModalNet(), MultiModalNet()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    fresh.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    inputs = {"image": torch.rand(2, 1, 16, 16), "text": torch.randint(1, 257, (2, 8))}
    assert torch.equal(network.eval()(inputs), fresh.eval()(inputs))
