"""A file from which a run must not go on is refused, and nothing has changed then."""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR

from mmtutor.training import CheckpointError, fit


class Net(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.layers(inputs["x"])


def run(
    path: Path,
    epochs: int = 2,
    *,
    model: Net | None = None,
    parameters: slice = slice(None),
    lr: float = 0.1,
    step_size: int = 5,
    **options,
) -> None:
    model = model or Net()
    optimizer = torch.optim.SGD(list(model.parameters())[parameters], lr=lr)
    batch = ({"x": torch.ones(4, 4)}, torch.tensor([0, 1, 1, 1]))
    options = {"optimizer": optimizer, "schedule": StepLR(optimizer, step_size), **options}
    fit(model, [batch], [batch], epochs=epochs, checkpoint=path, **options)


def assert_refused(path: Path, message: str, *, model: Net | None = None, **options) -> None:
    """The run stops before it has changed the model or the file."""
    model = model or Net()
    parameters, file = copy.deepcopy(model.state_dict()), path.read_bytes()
    with pytest.raises(CheckpointError, match=message):
        run(path, model=model, **options)
    assert all(torch.equal(parameters[name], now) for name, now in model.state_dict().items())
    assert path.read_bytes() == file


@pytest.fixture
def path(tmp_path) -> Path:
    """The checkpoint of two epochs."""
    run(tmp_path / "net.pt")
    return tmp_path / "net.pt"


def test_fewer_epochs_than_the_checkpoint_holds_are_refused(path) -> None:
    assert_refused(path, "net.pt holds 2 epochs already", epochs=1)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_damaged_file_is_named_with_a_remedy(path, damage) -> None:
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[:-100], "empty": b"", "text": b"hello"}[damage])
    assert_refused(path, "net.pt is damaged.*delete")


def test_one_flipped_bit_in_a_parameter_is_noticed(path) -> None:
    weight = torch.load(path, weights_only=True)["states"]["model"]["layers.0.weight"]
    whole = bytearray(path.read_bytes())
    whole[whole.index(weight.numpy().tobytes())] ^= 1
    path.write_bytes(whole)
    assert_refused(path, "net.pt is damaged.*delete")


def test_a_path_that_cannot_be_opened_is_not_called_damaged(tmp_path) -> None:
    with pytest.raises(IsADirectoryError):
        run(tmp_path)


def test_a_file_of_weights_is_no_checkpoint(tmp_path) -> None:
    path = tmp_path / "net.pt"
    torch.save(Net().state_dict(), path)
    assert_refused(path, "net.pt is not a checkpoint written by fit")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda contents: contents.pop("random"), "not a checkpoint written by fit"),
        (lambda contents: contents["states"].pop("optimizer"), "parts: model, criterion, sched"),
        (lambda contents: contents["states"]["model"].popitem(), "model layers.2.bias: none in"),
    ],
)
def test_a_checkpoint_that_lacks_something_is_refused(path, spoil, message) -> None:
    contents = torch.load(path, weights_only=True)
    spoil(contents)
    torch.save(contents, path)
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": Net(9)},
            r"model layers.0.weight: torch.float32 \(8, 4\) in the file, .* \(9, 4\)",
        ),
        ({"lr": 0.01}, "optimizer lr: 0.1 in the file, 0.01 given"),
        ({"parameters": slice(2)}, r"optimizer parameters: \[4\] in the file, \[2\] given"),
        ({"step_size": 50}, "scheduler step_size: 5 in the file, 50 given"),
        ({"criterion": nn.MultiMarginLoss()}, "criterion: CrossEntropyLoss in the file, Multi"),
        (
            {"criterion": nn.CrossEntropyLoss(label_smoothing=0.5)},
            "criterion label_smoothing: 0.0 in the file, 0.5 given",
        ),
        ({"clip_norm": 1.0}, "clip_norm: None in the file, 1.0 given"),
        ({"mixed_precision": True}, "mixed precision: False in the file, True given"),
        ({"schedule_every": "batch"}, "schedule_every: epoch in the file, batch given"),
        ({"patience": 3}, "early stopping: None in the file, validation_loss given"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(path, options, message) -> None:
    assert_refused(path, f"(?s)net.pt is the checkpoint of another run.*{message}", **options)


def test_other_class_weights_are_refused(tmp_path) -> None:
    def weighted(*weights: float) -> nn.CrossEntropyLoss:
        return nn.CrossEntropyLoss(weight=torch.tensor(weights))

    run(tmp_path / "net.pt", criterion=weighted(1.0, 2.0))
    message = r"criterion weight: \(1.0, 2.0\) in the file, \(1.0, 9.0\) given"
    assert_refused(tmp_path / "net.pt", message, criterion=weighted(1.0, 9.0))


def test_another_function_as_criterion_is_refused(tmp_path) -> None:
    run(tmp_path / "net.pt", criterion=F.cross_entropy)
    message = "criterion: cross_entropy in the file, multi_margin_loss given"
    assert_refused(tmp_path / "net.pt", message, criterion=F.multi_margin_loss)
