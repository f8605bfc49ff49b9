"""A network that is told how much of each example is real."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmtutor.encoders import AudioResNet, TextResNet, VideoResNet
from mmtutor.fusion import SharedRepresentation
from mmtutor.network import MultiModalNet

LENGTHS = torch.tensor([90, 0, 33, 100, 2])
HERE = LENGTHS > 0
WHOLE = torch.full((5,), 100)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    """Sounds with NaN in their padding, and texts."""
    sounds = torch.where(torch.arange(100) < LENGTHS[:, None], torch.rand(5, 100), torch.nan)
    return {"sound": sounds, "text": torch.randint(1, 257, (5, 9))}


def make(allow_missing: bool = False) -> MultiModalNet:
    encoders = {"sound": AudioResNet(window=32, hop=8), "text": TextResNet()}
    fusion = SharedRepresentation({"sound": 64, "text": 64}, allow_missing=allow_missing)
    return MultiModalNet(encoders, fusion)


def test_lengths_reach_the_encoder(inputs: dict[str, Tensor]) -> None:
    network = make().eval()
    given = {name: x[HERE] for name, x in inputs.items()}
    sound = network.encoders["sound"](given["sound"], LENGTHS[HERE])
    text = network.encoders["text"](given["text"])
    expected = network.head(network.fusion({"sound": sound, "text": text}))
    assert torch.equal(network(given, lengths={"sound": LENGTHS[HERE]}), expected)
    assert expected.isfinite().all()


def test_lengths_need_no_fusion_that_allows_missing_modalities() -> None:
    network = make().eval()
    inputs = {"sound": torch.rand(5, 100), "text": torch.randint(1, 257, (5, 9))}
    torch.testing.assert_close(network(inputs, lengths={"sound": WHOLE}), network(inputs))
    assert not torch.allclose(network(inputs, lengths={"sound": WHOLE // 2}), network(inputs))


def test_who_lacks_a_sound_is_said_by_presence_and_its_length_does_not_matter(
    inputs: dict[str, Tensor],
) -> None:
    network = make(allow_missing=True).eval()
    outputs = network(inputs, {"sound": HERE}, {"sound": LENGTHS})
    from_text = network({"text": inputs["text"]})
    torch.testing.assert_close(outputs[~HERE], from_text[~HERE])
    assert not torch.isclose(outputs[HERE], from_text[HERE]).all(dim=1).any()
    other = torch.where(HERE, LENGTHS, 77)
    assert torch.equal(network(inputs, {"sound": HERE}, {"sound": other}), outputs)


def test_each_example_is_answered_as_if_it_were_alone(inputs: dict[str, Tensor]) -> None:
    network = make(allow_missing=True).eval()
    outputs = network(inputs, {"sound": HERE}, {"sound": LENGTHS})
    for i, length in enumerate(LENGTHS.tolist()):
        alone = {"sound": inputs["sound"][i : i + 1, :length], "text": inputs["text"][i : i + 1]}
        if length == 0:
            del alone["sound"]
        torch.testing.assert_close(outputs[i : i + 1], network(alone))


def test_an_example_without_a_sound_changes_no_other_in_training(inputs: dict[str, Tensor]) -> None:
    network = make(allow_missing=True)
    twin = copy.deepcopy(network)
    whole = network(inputs, {"sound": HERE}, {"sound": LENGTHS})
    only = twin({n: x[HERE] for n, x in inputs.items()}, lengths={"sound": LENGTHS[HERE]})
    torch.testing.assert_close(whole[HERE], only)
    torch.testing.assert_close(network.state_dict(), twin.state_dict())
    whole.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_a_batch_without_any_sound_is_answered_from_its_texts(inputs: dict[str, Tensor]) -> None:
    network = make(allow_missing=True)
    before = copy.deepcopy(network.encoders["sound"].state_dict())
    nobody = {"sound": torch.zeros(5, dtype=torch.bool)}
    outputs = network(inputs, nobody, {"sound": torch.zeros(5, dtype=torch.int64)})
    torch.testing.assert_close(outputs, network({"text": inputs["text"]}))
    torch.testing.assert_close(network.encoders["sound"].state_dict(), before)


def test_one_modality_may_have_lengths_and_another_a_mask(inputs: dict[str, Tensor]) -> None:
    encoders = {
        "sound": AudioResNet(frontend="waveform"),
        "video": VideoResNet(),
        "text": TextResNet(),
    }
    fusion = SharedRepresentation(dict.fromkeys(encoders, 64), allow_missing=True)
    network = MultiModalNet(encoders, fusion).eval()
    inputs["video"] = torch.rand(5, 1, 4, 6, 6)
    frames, has_text = torch.tensor([4, 2, 0, 1, 3]), torch.tensor([True, True, False, True, True])
    inputs["video"][2] = torch.nan
    present = {"sound": HERE, "video": frames > 0, "text": has_text}
    outputs = network(inputs, present, {"sound": LENGTHS, "video": frames})
    # Of the third example there is only the sound, of the second no sound.
    third = network({"sound": inputs["sound"][2:3, :33]})
    second = network({"video": inputs["video"][1:2, :, :2], "text": inputs["text"][1:2]})
    torch.testing.assert_close(outputs[2:3], third)
    torch.testing.assert_close(outputs[1:2], second)


def test_an_own_encoder_gets_lengths_if_it_says_that_it_takes_them() -> None:
    class Mean(nn.Module):
        out_features = 2
        takes_lengths = True

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            real = torch.arange(x.shape[1]) < lengths[:, None]
            return torch.where(real[..., None], x, 0).sum(1) / lengths[:, None]

    network = MultiModalNet({"path": Mean()})
    paths = torch.tensor([[[1.0, 4.0], [3.0, 6.0]], [[5.0, 7.0], [9.0, 9.0]]])
    expected = network.fusion({"path": torch.tensor([[2.0, 5.0], [5.0, 7.0]])})
    assert torch.equal(
        network.shared({"path": paths}, lengths={"path": torch.tensor([2, 1])}), expected
    )


def test_a_compiled_encoder_gets_lengths_too(inputs: dict[str, Tensor]) -> None:
    network = make().eval()
    given = {name: x[HERE] for name, x in inputs.items()}, None, {"sound": LENGTHS[HERE]}
    expected = network(*given)
    network.encoders["sound"] = torch.compile(network.encoders["sound"], backend="eager")
    torch.testing.assert_close(network(*given), expected)


# --- bad input -------------------------------------------------------------------------------


def test_lengths_for_an_encoder_that_takes_none_are_named(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(TypeError, match="lengths of text, but TextResNet takes none: .* attribute"):
        make()(inputs, lengths={"text": torch.full((5,), 9)})
    linear = MultiModalNet({"a": nn.Linear(3, 4)})
    with pytest.raises(TypeError, match="lengths of a, but Linear takes none"):
        linear({"a": torch.rand(2, 3)}, lengths={"a": torch.tensor([3, 3])})


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (torch.tensor([5, 5, -1, 5, 5]), "must be numbers from 1; got -1. Which .* lack sound"),
        (LENGTHS, "must be numbers from 1; got 0. Which examples lack sound, say in present"),
        (torch.tensor([5, 5, 5]), r"an int64 tensor \(5,\); got int64 \(3,\)"),
        (torch.full((5, 1), 5), r"got int64 \(5, 1\)"),
        (torch.tensor([5, 5, 101, 5, 5]), "numbers of samples, 0 to 100; got 5 to 101"),
        (WHOLE.int(), r"an int64 tensor \(5,\); got int32 \(5,\)"),
        (HERE, r"an int64 tensor \(5,\); got bool \(5,\). Say in present who has it, and in"),
    ],
)
def test_wrong_lengths_are_named(lengths: Any, message: str, inputs: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match=message):
        make(allow_missing=True)(inputs, lengths={"sound": lengths})


def test_lengths_given_as_presence_are_told_where_they_belong(inputs: dict[str, Tensor]) -> None:
    message = r"mask of sound must be a bool tensor \(5,\); got int64 \(5,\). Say in present"
    with pytest.raises(ValueError, match=message):
        make(allow_missing=True)(inputs, {"sound": LENGTHS})


def test_lengths_that_are_no_tensor_or_no_mapping_are_named(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(TypeError, match=r"lengths of sound must be an int64 tensor .* got a list"):
        make()(inputs, lengths={"sound": [5] * 5})
    with pytest.raises(TypeError, match="lengths must map a modality to its tensor"):
        make()(inputs, lengths=WHOLE)
