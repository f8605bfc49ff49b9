import pytest
import torch
import torchvision

from mmtutor.blocks import PlainBlock, PreActivationBlock, ResidualBlock
from mmtutor.encoders import ImageResNet, TextResNet
from mmtutor.network import MultiModalNet


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_image_features_equal_torchvision_with_the_same_weights(name: str, train: bool) -> None:
    theirs = torchvision.models.get_model(name, weights=None).train(train)
    ours = ImageResNet.preset(name).train(train)
    ours.load_torchvision(theirs.state_dict())
    theirs.fc = torch.nn.Identity()
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = (ours(pictures) - theirs(pictures)).abs().max()
    assert difference < 1e-5
    assert ours.out_features == (2048 if name == "resnet50" else 512)


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


@pytest.mark.parametrize("block", [PlainBlock, ResidualBlock, PreActivationBlock])
@pytest.mark.parametrize("encoder", [ImageResNet, TextResNet])
def test_every_parameter_gets_a_gradient(encoder: type, block: type) -> None:
    torch.manual_seed(0)
    network = encoder(block=block)
    x = torch.rand(4, 1, 16, 16) if encoder is ImageResNet else torch.randint(1, 257, (4, 12))
    network(x).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_with_channel_norm_batch_mates_change_no_image_feature(stem: str) -> None:
    torch.manual_seed(0)
    encoder = ImageResNet(norm="channel", stem=stem).train()
    pictures = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(encoder(pictures)[:1], encoder(pictures[:1]))


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_padding_changes_no_text_feature(mode: str) -> None:
    torch.manual_seed(0)
    encoder = TextResNet()
    encoder.train(mode == "train")
    words = torch.randint(1, 257, (3, 5))
    padded = torch.nn.functional.pad(words, (0, 7))
    torch.testing.assert_close(encoder(words), encoder(padded))


def test_a_longer_neighbour_changes_no_text_feature() -> None:
    torch.manual_seed(0)
    encoder = TextResNet()
    short = torch.tensor([[5, 6, 7, 0, 0, 0]])
    long = torch.randint(1, 257, (1, 6))
    alone, together = encoder(short), encoder(torch.cat([short, long]))[:1]
    torch.testing.assert_close(alone, together)


def test_a_text_without_characters_gives_zero_features() -> None:
    assert TextResNet()(torch.zeros(2, 4, dtype=torch.int64)).abs().max() == 0


def test_the_receptive_field_of_the_default_text_network_is_29_characters() -> None:
    # Two convolutions of 3 taps per block, dilations 1, 2, 4: 1 + 2·2·(1 + 2 + 4) = 29.
    torch.manual_seed(0)
    encoder = TextResNet().eval()
    ids = torch.randint(1, 257, (1, 61))
    centre = encoder.feature_map(ids)[0, :, 30]
    reach = []
    for position in range(61):
        changed = ids.clone()
        changed[0, position] = changed[0, position] % 256 + 1
        moved = not torch.equal(encoder.feature_map(changed)[0, :, 30], centre)
        reach += [position] if moved else []
    assert reach == list(range(30 - 14, 30 + 15))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.rand(4, 16, 16), r"\(4, 16, 16\)\. Grey pictures need a channel axis: x\[:, None\]"),
        (torch.rand(1, 16, 16), r"\(1, 16, 16\)\. A single picture needs a batch axis: x\[None\]"),
        (torch.rand(16, 16), r"\(batch, 1, height, width\); got a float32 tensor \(16, 16\)"),
        (torch.rand(4, 3, 8, 8), r"\(4, 3, 8, 8\)\. Pictures of 3 channels need ImageResNet\(3\)"),
        (torch.zeros(4, 1, 8, 8, dtype=torch.uint8), r"got a uint8 tensor .* x\.float\(\) / 255"),
        (torch.zeros(4, 1, 8, 8).double(), r"got a float64 tensor .* x\.to\(torch\.float32\)"),
    ],
)
def test_wrong_pictures_are_named(wrong: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageResNet()(wrong)


def test_ids_outside_the_vocabulary_are_named() -> None:
    with pytest.raises(ValueError, match="run from 3 to 300, but the vocabulary has ids 0 to 256"):
        TextResNet()(torch.tensor([[3, 300]]))


def test_floats_are_no_token_ids() -> None:
    with pytest.raises(ValueError, match=r"int64 or int32 tensor \(batch, length\).*float32"):
        TextResNet()(torch.rand(2, 5))


def test_ids_of_another_integer_type_are_sent_to_long() -> None:
    with pytest.raises(ValueError, match=r"got a uint8 tensor \(2, 5\)\. .* ids\.long\(\)"):
        TextResNet()(torch.ones(2, 5, dtype=torch.uint8))


@pytest.mark.parametrize("encoder", [ImageResNet, TextResNet])
@pytest.mark.parametrize("name", ["dims", "stride", "dilation"])
def test_what_the_encoder_sets_itself_is_no_option(encoder: type, name: str) -> None:
    with pytest.raises(TypeError, match=f"{encoder.__name__} sets {name} itself"):
        encoder(**{name: 2})


def test_state_dicts_round_trip_without_pickled_code(tmp_path) -> None:
    network, fresh = MultiModalNet(), MultiModalNet()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    fresh.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    inputs = {"image": torch.rand(2, 1, 16, 16), "text": torch.randint(1, 257, (2, 8))}
    assert torch.equal(network.eval()(inputs), fresh.eval()(inputs))
