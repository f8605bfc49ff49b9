"""Every encoder with every fusion and every head: all learn, are stored, copied and exported."""

import copy
import itertools
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from mmtutor import fusion
from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet, VideoResNet
from mmtutor.network import FinalClassifier, FinalRegressor, MultiModalNet

FUSIONS = [
    fusion.SharedRepresentation,
    fusion.SumFusion,
    fusion.GatedFusion,
    fusion.FiLMFusion,
    fusion.TensorFusion,
    fusion.LowRankFusion,
    fusion.ResidualFusion,
    fusion.CrossAttentionFusion,
    fusion.BottleneckFusion,
]
SMALL = {"widths": (4, 6), "depths": (1, 1)}
ENCODERS = {
    "image": lambda: ImageResNet(**SMALL),
    "text": lambda: TextResNet(width=8, dilations=(1, 2)),
    "audio": lambda: AudioResNet(**SMALL),
    "video": lambda: VideoResNet(**SMALL),
}
# Every pair, and all four: some fusions need at least two.
CHOICES = [*itertools.combinations(ENCODERS, 2), tuple(ENCODERS)]


def inputs_of(names: tuple[str, ...], batch: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    inputs = {
        "image": torch.rand(batch, 1, 8, 8, generator=generator),
        "text": torch.randint(1, 257, (batch, 5), generator=generator),
        "audio": torch.rand(batch, 1000, generator=generator) - 0.5,
        "video": torch.rand(batch, 1, 4, 8, 8, generator=generator),
    }
    return {name: inputs[name] for name in names}


def network_of(
    names: tuple[str, ...], kind: type[fusion.Fusion], head: nn.Module | None = None
) -> MultiModalNet:
    torch.manual_seed(0)
    encoders = {name: ENCODERS[name]() for name in names}
    sizes = {name: encoder.out_features for name, encoder in encoders.items()}
    return MultiModalNet(encoders, kind(sizes, 8, allow_missing=True), head or FinalClassifier(8))


@pytest.mark.parametrize("head", [FinalClassifier, FinalRegressor])
@pytest.mark.parametrize("kind", FUSIONS)
@pytest.mark.parametrize("names", CHOICES, ids="+".join)
def test_every_parameter_gets_a_gradient(
    names: tuple[str, ...], kind: type[fusion.Fusion], head: type[nn.Linear]
) -> None:
    network = network_of(names, kind, head(8))
    network(inputs_of(names)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", FUSIONS)
def test_a_state_dict_round_trips_without_pickled_code(
    kind: type[fusion.Fusion], tmp_path: Path
) -> None:
    network = network_of(tuple(ENCODERS), kind)
    inputs = inputs_of(tuple(ENCODERS))
    network(inputs)  # so that the batch statistics are not those of a fresh network
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    torch.manual_seed(1)
    fresh = network_of(tuple(ENCODERS), kind)
    fresh.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(network.eval()(inputs), fresh.eval()(inputs))


@pytest.mark.parametrize("kind", FUSIONS)
def test_a_deep_copy_shares_nothing_and_answers_alike(kind: type[fusion.Fusion]) -> None:
    network = network_of(tuple(ENCODERS), kind).eval()
    inputs = inputs_of(tuple(ENCODERS))
    expected = network(inputs)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert torch.equal(twin(inputs), expected)


@pytest.mark.parametrize("kind", FUSIONS)
def test_all_of_a_network_moves_to_another_device(kind: type[fusion.Fusion]) -> None:
    # The meta device holds shapes but no values: whatever stays behind fails to mix with it.
    network = network_of(tuple(ENCODERS), kind).eval().to("meta")
    inputs = {name: x.to("meta") for name, x in inputs_of(tuple(ENCODERS)).items()}
    outputs = network(inputs)
    assert outputs.device.type == "meta" and outputs.shape == (3, 10)


@pytest.mark.slow
@pytest.mark.parametrize("with_lengths", [False, True])
def test_an_exported_network_takes_batches_of_any_size(with_lengths: bool) -> None:
    names = tuple(ENCODERS)
    network = network_of(names, fusion.SharedRepresentation).eval()

    def arguments(batch: int) -> tuple[object, ...]:
        lengths = {
            "audio": torch.arange(batch) * 100 + 300,
            "video": torch.arange(batch) % 4 + 1,
        }
        inputs = inputs_of(names, batch)
        return (inputs, None, lengths) if with_lengths else (inputs,)

    batch = torch.export.Dim("batch", min=2, max=64)
    shapes = {"inputs": {name: {0: batch} for name in names}}
    if with_lengths:
        shapes |= {"present": None, "lengths": {"audio": {0: batch}, "video": {0: batch}}}
    program = torch.export.export(network, arguments(3), dynamic_shapes=shapes)
    for size in (2, 7):
        torch.testing.assert_close(program.module()(*arguments(size)), network(*arguments(size)))


def assert_same_in_onnx(module: nn.Module, argument: str, tensors: dict[str, Tensor]) -> None:
    expected = module(tensors).detach().numpy()
    program = torch.onnx.export(module, (), kwargs={argument: tensors}, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    names = [wanted.name for wanted in session.get_inputs()]
    given = {name: x.numpy() for name, x in zip(names, tensors.values(), strict=True)}
    (outputs,) = session.run(None, given)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@pytest.mark.slow
def test_a_network_of_all_encoders_exported_to_onnx_gives_the_same_outputs() -> None:
    network = network_of(tuple(ENCODERS), fusion.SharedRepresentation).eval()
    assert_same_in_onnx(network, "inputs", inputs_of(tuple(ENCODERS)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FUSIONS)
def test_a_fusion_exported_to_onnx_gives_the_same_outputs(kind: type[fusion.Fusion]) -> None:
    torch.manual_seed(0)
    sizes = {"image": 3, "text": 4, "audio": 2}
    features = {name: torch.randn(2, size) for name, size in sizes.items()}
    assert_same_in_onnx(kind(sizes, 8).eval(), "features", features)
