"""A file from which a run must not go on is refused, and nothing has changed then."""

import copy
import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader

from mmtutor.training import CheckpointError, checkpoint, fit


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
    head_lr: float | None = None,
    step_size: int = 5,
    seed: int = 0,
    **options,
) -> None:
    torch.manual_seed(seed)
    model = model or Net()
    groups = list(model.parameters())[parameters]
    if head_lr is not None:
        groups = [{"params": groups[:2]}, {"params": groups[2:], "lr": head_lr}]
    optimizer = torch.optim.SGD(groups, lr=lr)
    batch = ({"x": torch.ones(4, 4)}, torch.tensor([0, 1, 1, 1]))
    schedule = None if "schedule" in options else StepLR(optimizer, step_size)
    options = {"optimizer": optimizer, "schedule": schedule, **options}
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


def test_a_bit_that_makes_a_record_a_folder_is_noticed(path) -> None:
    """torch would load whatever is in memory then, and zip's checksums are none the wiser."""
    whole = bytearray(path.read_bytes())
    found = [i for i in range(len(whole)) if whole.startswith(b"PK\x01\x02", i)]
    for entry in found:
        whole[entry + 38] ^= 0x10  # the attribute of a folder in DOS
        path.write_bytes(whole)
        assert zipfile.ZipFile(path).testzip() is None
        assert_refused(path, "net.pt is damaged.*delete")
        whole[entry + 38] ^= 0x10
    assert len(found) > 8


class Malicious:
    """Runs a command of somebody else's when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return Path.touch, (self.trace,)


def test_a_file_that_would_run_code_is_refused(path, tmp_path) -> None:
    contents = torch.load(path, weights_only=True)
    contents["best"] = Malicious(tmp_path / "trace")
    memory = io.BytesIO()
    torch.save(contents, memory)
    path.write_bytes(memory.getvalue() + hashlib.sha256(memory.getvalue()).digest())
    assert_refused(path, "net.pt is damaged and cannot be read.*delete")
    assert not (tmp_path / "trace").exists()
    torch.load(path, weights_only=False)  # it does what it threatens
    assert (tmp_path / "trace").exists()


def test_a_path_that_cannot_be_opened_is_not_called_damaged(tmp_path) -> None:
    with pytest.raises(IsADirectoryError):
        run(tmp_path)


def test_a_file_of_weights_is_no_checkpoint(tmp_path) -> None:
    path = tmp_path / "net.pt"
    torch.save(Net().state_dict(), path)
    assert_refused(path, "net.pt is damaged, or not a checkpoint written by fit")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda contents: contents.pop("random"),
        lambda contents: contents.update(random=[]),
        lambda contents: contents.update(identity=None),
        lambda contents: contents.update(best=None),
        lambda contents: contents["states"].pop("optimizer"),
        lambda contents: contents["states"]["model"].popitem(),
        lambda contents: contents["states"]["optimizer"]["state"].clear(),
        lambda contents: contents["states"]["optimizer"]["state"].update(
            {0: {"exp_avg": torch.zeros(3, 3)}}
        ),
    ],
)
def test_a_checkpoint_that_somebody_changed_is_refused(path, spoil) -> None:
    contents = torch.load(path, weights_only=True)
    spoil(contents)
    torch.save(contents, path)
    assert_refused(path, "net.pt is damaged, or not a checkpoint written by fit")


def test_a_checkpoint_of_another_format_is_refused(path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", "mmtutor checkpoint 5")
    assert_refused(path, "net.pt is not a checkpoint written by fit")


def test_a_path_at_which_another_run_writes_is_refused(tmp_path) -> None:
    """A run inside a run stands for one in another process."""
    inner = []

    class Nested(Net):
        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            if self.training and not inner:
                inner.append(True)
                with pytest.raises(CheckpointError, match="another run is writing .*net.pt: wait"):
                    run(tmp_path / "net.pt")
            return super().forward(inputs)

    run(tmp_path / "net.pt", model=Nested())
    assert inner and os.listdir(tmp_path) == ["net.pt"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": Net(9)},
            r"model layers.0.weight: torch.float32 \(8, 4\) in the file, .* \(9, 4\)",
        ),
        ({"lr": 0.01}, "optimizer lr: 0.1 in the file, 0.01 given"),
        ({"head_lr": 0.3}, r"optimizer lr: 0.1 in the file, \[0.1, 0.3\] given"),
        ({"seed": 1}, r"seed: \[0\] in the file, \[1\] given"),
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


def test_another_rate_of_one_parameter_group_is_refused(tmp_path) -> None:
    run(tmp_path / "net.pt", head_lr=0.3)
    message = r"optimizer lr: \[0.1, 0.3\] in the file, \[0.1, 0.2\] given"
    assert_refused(tmp_path / "net.pt", message, head_lr=0.2)


@pytest.mark.parametrize("schedule", ["one-cycle", None])
def test_another_peak_of_one_parameter_group_is_refused(tmp_path, schedule) -> None:
    run(tmp_path / "net.pt", head_lr=0.3, schedule=schedule)
    message = r"optimizer (max_)?lr: \[0.1, 0.3\] in the file, \[0.1, 0.2\] given"
    assert_refused(tmp_path / "net.pt", message, head_lr=0.2, schedule=schedule)


def test_another_seed_of_the_loader_is_refused(tmp_path) -> None:
    def fit_to(seed: int) -> None:
        torch.manual_seed(0)
        points = [({"x": torch.ones(4)}, torch.tensor(label)) for label in (0, 1, 1, 1)]
        generator = torch.Generator().manual_seed(seed)
        loader = DataLoader(points, 2, shuffle=True, generator=generator)
        fit(Net(), loader, epochs=1, checkpoint=tmp_path / "net.pt")

    fit_to(3)
    with pytest.raises(
        CheckpointError, match=r"seed of the loader: \[3\] in the file, \[4\] given"
    ):
        fit_to(4)
    fit_to(3)


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
