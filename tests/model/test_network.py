import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmtutor.encoders import ImageResNet, TextResNet
from mmtutor.fusion import MissingModalityError, SharedRepresentation
from mmtutor.network import FinalClassifier, FinalRegressor, MultiModalNet


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    return {"image": torch.rand(6, 1, 16, 16), "text": torch.randint(1, 257, (6, 9))}


def tolerant() -> MultiModalNet:
    """The default network, but one that allows missing modalities."""
    return MultiModalNet(fusion=SharedRepresentation({"image": 64, "text": 64}, allow_missing=True))


MASK = torch.tensor([True, False, True, True, False, True])

# --- the composition -------------------------------------------------------------------------


def test_the_default_network_classifies_image_and_text_into_ten_classes(
    inputs: dict[str, Tensor],
) -> None:
    network = MultiModalNet()
    assert {name: type(encoder) for name, encoder in network.encoders.items()} == {
        "image": ImageResNet,
        "text": TextResNet,
    }
    assert network(inputs).shape == (6, 10)


def test_the_network_is_the_head_of_the_fusion_of_the_encoders(inputs: dict[str, Tensor]) -> None:
    network = MultiModalNet().eval()
    features = {
        "image": network.encoders["image"](inputs["image"]),
        "text": network.encoders["text"](inputs["text"]),
    }
    z = network.fusion(features)
    assert torch.equal(network.shared(inputs), z)
    assert torch.equal(network(inputs), network.head(z))
    assert torch.equal(network(dict(reversed(inputs.items()))), network(inputs))


def test_every_parameter_gets_a_gradient(inputs: dict[str, Tensor]) -> None:
    network = MultiModalNet()
    nn.functional.cross_entropy(network(inputs), torch.arange(6)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_features_are_what_the_encoders_give_and_the_outputs_come_from_them(
    inputs: dict[str, Tensor],
) -> None:
    network = tolerant().eval()
    features = network.features(inputs, {"image": MASK})
    assert torch.equal(features["text"], network.encoders["text"](inputs["text"]))
    torch.testing.assert_close(
        features["image"][MASK], network.encoders["image"](inputs["image"][MASK])
    )
    assert not features["image"][~MASK].any()
    outputs = network.with_features(inputs, {"image": MASK})
    assert torch.equal(outputs.outputs, network(inputs, {"image": MASK}))
    assert torch.equal(outputs.features["image"], features["image"])
    assert torch.equal(outputs.present["image"], MASK)


@pytest.mark.parametrize("name", ["image", "text"])
def test_one_modality_makes_a_network_too(name: str, inputs: dict[str, Tensor]) -> None:
    encoder = {"image": ImageResNet, "text": TextResNet}[name]()
    network = MultiModalNet({name: encoder}).eval()
    z = network.fusion({name: encoder(inputs[name])})
    assert torch.equal(network({name: inputs[name]}), network.head(z))


def test_own_encoders_fusion_and_head_are_used() -> None:
    encoders = {"a": nn.Linear(3, 4), "b": nn.Linear(2, 5)}
    fusion = SharedRepresentation({"b": 5, "a": 4}, shared_features=8)
    network = MultiModalNet(encoders, fusion, FinalRegressor(8))
    a, b = torch.rand(6, 3), torch.rand(6, 2)
    expected = network.head(fusion({"a": encoders["a"](a), "b": encoders["b"](b)}))
    assert torch.equal(network({"a": a, "b": b}), expected)
    assert expected.shape == (6,)


def test_a_deep_copy_answers_the_same_and_lives_on_its_own(inputs: dict[str, Tensor]) -> None:
    network = MultiModalNet().eval()
    before = network(inputs)
    twin = copy.deepcopy(network)
    assert torch.equal(twin(inputs), before)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(network(inputs), before)


# --- heads -----------------------------------------------------------------------------------


def test_a_regressor_of_one_number_drops_the_last_axis() -> None:
    head = FinalRegressor(2)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[2.0, 3.0]]))
        head.bias.fill_(1.0)
    z = torch.tensor([[1.0, 1.0], [0.0, 2.0]])
    assert head(z).tolist() == [2 + 3 + 1, 6 + 1]
    assert head(z[:1]).shape == (1,)


def test_a_regressor_of_several_numbers_keeps_the_last_axis() -> None:
    assert FinalRegressor(2, out_features=3)(torch.rand(5, 2)).shape == (5, 3)


def test_a_classifier_gives_one_logit_for_each_class() -> None:
    logits = FinalClassifier(2, num_classes=3)(torch.rand(5, 2))
    assert logits.shape == (5, 3)
    assert not torch.allclose(logits.sum(dim=1), torch.ones(5))  # logits, not probabilities


# --- missing modalities ----------------------------------------------------------------------


def test_missing_examples_do_not_enter_the_batch_statistics(inputs: dict[str, Tensor]) -> None:
    network, twin = (tolerant().train() for _ in range(2))
    twin.load_state_dict(network.state_dict())
    network(inputs, {"image": MASK})
    twin.encoders["image"](inputs["image"][MASK])
    ours, theirs = (dict(n.encoders["image"].named_buffers()) for n in (network, twin))
    assert any("running_mean" in name for name in ours)
    torch.testing.assert_close(ours, theirs)


def test_a_missing_image_changes_no_other_example_in_training(inputs: dict[str, Tensor]) -> None:
    network = tolerant().train()
    whole = network(inputs, {"image": MASK})
    only = network({name: x[MASK] for name, x in inputs.items()})
    torch.testing.assert_close(whole[MASK], only)
    assert not torch.allclose(network(inputs)[MASK], only)  # their pictures would have mattered


@pytest.mark.parametrize("placeholder", [torch.nan, 1e30, 0.0])
def test_the_placeholder_of_a_missing_image_does_not_matter(
    placeholder: float, inputs: dict[str, Tensor]
) -> None:
    network = tolerant().train()
    expected = network(inputs, {"image": MASK})
    inputs["image"][~MASK] = placeholder
    outputs = network(inputs, {"image": MASK})
    assert torch.equal(outputs, expected)
    outputs.sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name


def test_an_example_without_its_image_is_answered_from_its_text(
    inputs: dict[str, Tensor],
) -> None:
    network = tolerant().eval()
    outputs = network(inputs, {"image": MASK})
    from_text = network({"text": inputs["text"]})
    torch.testing.assert_close(outputs[~MASK], from_text[~MASK])
    assert not torch.allclose(outputs[MASK], from_text[MASK])


def test_a_modality_that_every_example_lacks_is_as_good_as_absent(
    inputs: dict[str, Tensor],
) -> None:
    network = tolerant().train()
    before = copy.deepcopy(network.encoders["image"].state_dict())
    outputs = network(inputs, {"image": torch.zeros(6, dtype=torch.bool)})
    torch.testing.assert_close(outputs, network({"text": inputs["text"]}))
    torch.testing.assert_close(network.encoders["image"].state_dict(), before)


def test_a_mask_without_gaps_changes_nothing(inputs: dict[str, Tensor]) -> None:
    network = tolerant().eval()
    everyone = {name: torch.ones(6, dtype=torch.bool) for name in inputs}
    assert torch.equal(network(inputs, everyone), network(inputs))


@pytest.mark.parametrize("mask", [MASK, torch.zeros(6, dtype=torch.bool)])
def test_missing_examples_work_in_double_precision(mask: Tensor, inputs: dict[str, Tensor]) -> None:
    network = tolerant().double().eval()
    inputs["image"] = inputs["image"].double()
    assert network(inputs, {"image": mask}).dtype == torch.float64


def test_missing_examples_work_in_mixed_precision() -> None:
    encoders = {"a": nn.Linear(3, 4), "b": nn.Linear(3, 4)}
    network = MultiModalNet(encoders, SharedRepresentation({"a": 4, "b": 4}, allow_missing=True))
    inputs = {"a": torch.rand(6, 3), "b": torch.rand(6, 3)}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert encoders["a"](inputs["a"]).dtype == torch.bfloat16
        assert network(inputs, {"a": MASK}).isfinite().all()


# --- forms of the same input -----------------------------------------------------------------


def test_the_memory_layout_does_not_matter() -> None:
    encoders = {"image": ImageResNet(3), "text": TextResNet()}
    network = MultiModalNet(encoders).eval()
    image, text = torch.rand(4, 3, 16, 12), torch.randint(1, 257, (4, 9))
    expected = network({"image": image, "text": text})
    turned = image.transpose(2, 3).contiguous().transpose(2, 3)
    every_other = text.repeat_interleave(2, dim=1)[:, ::2]
    assert not turned.is_contiguous() and not every_other.is_contiguous()
    torch.testing.assert_close(network({"image": turned, "text": every_other}), expected)
    channels_last = image.to(memory_format=torch.channels_last)
    torch.testing.assert_close(network({"image": channels_last, "text": text}), expected)
    network.to(memory_format=torch.channels_last)
    torch.testing.assert_close(network({"image": channels_last, "text": text}), expected)


def test_a_batch_of_one_trains(inputs: dict[str, Tensor]) -> None:
    network = MultiModalNet().train()
    network({name: x[:1] for name, x in inputs.items()}).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_a_batch_of_one_that_has_no_statistics_is_an_error(inputs: dict[str, Tensor]) -> None:
    # 4 × 4 pixels are 1 × 1 at the last stage: one value for each channel, so no variance.
    with pytest.raises(ValueError, match="more than 1 value per channel when training"):
        MultiModalNet()({"image": torch.rand(1, 1, 4, 4), "text": inputs["text"][:1]})


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.rand(2, 1, 8, 8),), r'like {"image": …, "text": …}; got Tensor and NoneType'),
        (([1, 2],), "got list and NoneType"),
        ((torch.rand(2, 1, 8, 8), torch.ones(2, 5)), "got Tensor and Tensor"),
        (({}, torch.tensor([True, False])), "got dict and Tensor"),
    ],
)
def test_positional_tensors_are_answered_with_the_right_form(
    arguments: tuple, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        MultiModalNet()(*arguments)


def test_a_missing_modality_is_an_error_by_default(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(
        MissingModalityError, match=r"takes image, text; got image\. .*allow_missing"
    ):
        MultiModalNet()({"image": inputs["image"]})
    with pytest.raises(MissingModalityError, match="and a presence mask"):
        MultiModalNet()(inputs, {"image": MASK})


def test_an_unknown_modality_is_named(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(
        ValueError, match="unknown modality 'audio'; this network takes image, text"
    ):
        MultiModalNet()({**inputs, "audio": torch.rand(6, 100)})


def test_batches_of_different_sizes_are_named(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"text have shape \(5, 64\); expected \(6, 64\)"):
        MultiModalNet()({"image": inputs["image"], "text": inputs["text"][:5]})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("text", ["seven"] * 6, "TextResNet takes an int64 .* got a list"),
        ("text", torch.ones(6, 0, dtype=torch.int64), r"length at least 1; got .* \(6, 0\)"),
        ("image", np.zeros((6, 1, 16, 16)), "ImageResNet takes a float tensor .* got a ndarray"),
    ],
)
def test_an_input_that_an_encoder_cannot_take_is_named(
    name: str, value: object, message: str, inputs: dict[str, Tensor]
) -> None:
    with pytest.raises(ValueError, match=message):
        MultiModalNet()({**inputs, name: value})


@pytest.mark.parametrize(
    ("mask", "error", "got"),
    [
        (torch.tensor([False] * 5), ValueError, r"got bool \(5,\)"),
        (torch.tensor([False] * 6 + [True]), ValueError, r"got bool \(7,\)"),
        (MASK[:, None], ValueError, r"got bool \(6, 1\)"),
        (MASK.float(), ValueError, r"got float32 \(6,\)"),
        (MASK.tolist(), TypeError, "got a list"),
    ],
)
def test_a_wrong_mask_is_named_before_any_example_is_picked(
    mask: Tensor, error: type[Exception], got: str, inputs: dict[str, Tensor]
) -> None:
    with pytest.raises(error, match=rf"mask of image must be a bool tensor \(6,\); {got}"):
        tolerant()(inputs, {"image": mask})


def test_a_fusion_of_other_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"give {'a': 4}, but the fusion takes {'a': 5}"):
        MultiModalNet({"a": nn.Linear(3, 4)}, SharedRepresentation({"a": 5}))


@pytest.mark.parametrize("head", [FinalClassifier(32), FinalRegressor(32), nn.Linear(32, 10)])
def test_a_head_for_another_shared_size_is_refused(head: nn.Module) -> None:
    kind = type(head).__name__
    with pytest.raises(ValueError, match=rf"gives 64 .* takes 32: build {kind}\(64, …\)"):
        MultiModalNet(head=head)


def test_a_head_that_learns_its_size_from_the_input_is_taken(inputs: dict[str, Tensor]) -> None:
    assert MultiModalNet(head=nn.LazyLinear(3))(inputs).shape == (6, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([nn.Linear(3, 4)],), TypeError, "encoders must map the name of each modality"),
        ((nn.Linear(3, 4),), TypeError, "encoders must map the name of each modality"),
        (({0: nn.Linear(3, 4)},), TypeError, "encoders must map the name of each modality"),
        ((None, SharedRepresentation), TypeError, "fusion must be one, such as SumFusion"),
        (
            (None, None, 10),
            TypeError,
            r"head must be a module, such as FinalClassifier\(\); got 10",
        ),
        (({"a.b": nn.Linear(3, 4)},), ValueError, "'a.b' cannot name a modality"),
        (({"keys": nn.Linear(3, 4)},), ValueError, "'keys' cannot name a modality"),
    ],
)
def test_parts_that_are_of_another_kind_are_named(
    arguments: tuple, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        MultiModalNet(*arguments)


def test_an_encoder_that_returns_a_tuple_is_named(inputs: dict[str, Tensor]) -> None:
    encoder = nn.LSTM(3, 4)
    encoder.out_features = 4
    with pytest.raises(
        TypeError, match=r"features of a must be a tensor \(batch, 4\); got a tuple"
    ):
        MultiModalNet({"a": encoder})({"a": torch.rand(2, 5, 3)})


def test_a_classifier_of_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="needs at least 2 classes, got 1"):
        FinalClassifier(8, 1)


def test_an_encoder_that_does_not_say_its_size_is_named() -> None:
    with pytest.raises(TypeError, match="encoder of a, a Flatten, has no attribute out_features"):
        MultiModalNet({"a": nn.Flatten()})
