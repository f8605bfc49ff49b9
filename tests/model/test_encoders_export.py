"""Encoders leave Python: for torch.export, ONNX and the compiler, with a batch of any size."""

from collections.abc import Callable
from typing import Any

import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet, VideoResNet

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"widths": (4, 8), "depths": (1, 1)}


def image() -> nn.Module:
    return ImageResNet(**SMALL)


def text() -> nn.Module:
    return TextResNet(embedding_features=4, width=8)


def sound() -> nn.Module:
    return AudioResNet(window=32, hop=8, **SMALL)


def waveform() -> nn.Module:
    return AudioResNet(frontend="waveform", **SMALL)


def video() -> nn.Module:
    return VideoResNet(**SMALL)


# What builds an encoder → three examples, and lengths where it takes them.
CASES: list[tuple[Callable[[], nn.Module], tuple[Tensor, ...]]] = [
    (image, (torch.linspace(0, 9, 3 * 256).sin().view(3, 1, 16, 16),)),
    (text, (torch.tensor([[5, 6, 7, 0], [0, 0, 0, 0], [9, 8, 7, 6]]),)),
    (sound, (torch.linspace(0, 99, 600).sin().view(3, 200), torch.tensor([200, 0, 77]))),
    (waveform, (torch.linspace(0, 99, 600).sin().view(3, 200), torch.tensor([200, 0, 77]))),
    (video, (torch.linspace(0, 9, 960).sin().view(3, 1, 5, 8, 8), torch.tensor([5, 0, 2]))),
]
modalities = pytest.mark.parametrize(
    ("build", "arguments"), [case for case in CASES if case[0] is not waveform]
)
with_lengths = pytest.mark.parametrize(("build", "arguments"), CASES[2:])


def exported(network: nn.Module, arguments: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    """Export a network for batches of any size."""
    shapes = tuple({0: Dim("batch")} for _ in arguments)
    return export(network, arguments, dynamic_shapes=shapes)


@modalities
def test_exported_an_encoder_takes_batches_of_any_size_in_torch_and_in_onnx(
    build: Callable[[], nn.Module], arguments: tuple[Tensor, ...]
) -> None:
    torch.manual_seed(0)
    network = build().eval()
    program = exported(network, arguments)
    onnx = torch.onnx.export(program, dynamo=True, verbose=False)
    assert onnx is not None
    session = onnxruntime.InferenceSession(onnx.model_proto.SerializeToString())
    names = [node.name for node in session.get_inputs()]
    larger = tuple(torch.cat([x, x.flip(0)]) for x in arguments)
    for batch in (arguments, larger):
        expected = network(*batch).detach()
        torch.testing.assert_close(program.module()(*batch), expected)
        values = dict(zip(names, (x.numpy() for x in batch), strict=True))
        (outputs,) = session.run(None, values)
        torch.testing.assert_close(torch.from_numpy(outputs), expected, atol=1e-5, rtol=1e-4)


@with_lengths
def test_without_lengths_too_the_batch_may_be_of_any_size(
    build: Callable[[], nn.Module], arguments: tuple[Tensor, ...]
) -> None:
    network, x = build().eval(), arguments[0]
    larger = torch.cat([x, x.flip(0)])
    torch.testing.assert_close(exported(network, (x,)).module()(larger), network(larger))


@with_lengths
def test_one_graph_holds_a_training_step_with_lengths(
    build: Callable[[], nn.Module], arguments: tuple[Tensor, ...]
) -> None:
    torch.compiler.reset()
    network = build()
    assert network.takes_lengths
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    assert compiled.takes_lengths  # what a MultiModalNet asks for
    torch.testing.assert_close(compiled(*arguments), network(*arguments))
