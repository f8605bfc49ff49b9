"""Mixed precision: bfloat16 as the CPU has it, and float16 with its scale, made to run there."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from mmtutor.training import NonFiniteLossError, evaluate, fit, precision, train
from mmtutor.training.precision import low_precision


class Linear(nn.Module):
    """Output w · x by a matrix product, which autocast computes in 16 bits."""

    def __init__(self, w: float = 1.0) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[w]]))
        self.seen: set[torch.dtype] = set()

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        outputs = nn.functional.linear(inputs["x"], self.w)
        self.seen.add(outputs.dtype)
        return outputs


def one(x: float = 1.0, target: float = 0.0) -> list[tuple[dict[str, Tensor], Tensor]]:
    """One batch of one example."""
    return [({"x": torch.tensor([[x]])}, torch.tensor([[target]]))]


def sgd(model: nn.Module, lr: float) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


def times(slope: float):
    """A criterion whose gradient for each output is the slope."""
    return lambda outputs, targets: slope * (outputs - targets).mean()


@pytest.fixture
def float16(monkeypatch) -> None:
    """Compute as on a GPU that has no bfloat16."""
    monkeypatch.setattr(precision, "low_precision", lambda device: torch.float16)


# Between 1 and 1 + 1/128, bfloat16 has no number: 1 + 1/256 becomes 1.
BETWEEN = 1 + 1 / 256


def test_the_model_computes_in_bfloat16_and_the_criterion_sees_float32() -> None:
    model = Linear(BETWEEN)

    def criterion(outputs: Tensor, targets: Tensor) -> Tensor:
        assert outputs.dtype == targets.dtype == torch.float32
        return nn.functional.mse_loss(outputs, targets)

    loss = train(model, one(), criterion, sgd(model, lr=0.25), mixed_precision=True)
    assert model.seen == {torch.bfloat16} and model.w.dtype == torch.float32
    assert loss == 1  # in float32, (1 + 1/256)²
    # The gradient is 2, of the rounded weight; the step is taken from the exact one.
    assert model.w.item() == BETWEEN - 0.25 * 2


def test_the_squared_error_of_a_small_difference_is_not_rounded_away() -> None:
    model = Linear()
    loss = train(model, one(target=BETWEEN), nn.MSELoss(), sgd(model, 0.0), mixed_precision=True)
    assert loss == 1 / 256**2  # the target stays float32


def test_a_criterion_with_layers_takes_the_16_bits_that_the_model_computed() -> None:
    model, layer = Linear(), nn.Linear(1, 1, bias=False)

    def criterion(outputs: Tensor, targets: Tensor) -> Tensor:
        loss = layer(outputs.bfloat16()).squeeze()
        assert loss.dtype == torch.bfloat16
        return loss

    train(model, one(), criterion, sgd(model, lr=1.0), mixed_precision=True)
    assert model.w.item() == 1 - layer.weight.bfloat16().item()


def test_fit_validates_in_mixed_precision_and_evaluate_does_not() -> None:
    model = Linear(BETWEEN)
    settings = {"criterion": nn.MSELoss(), "optimizer": sgd(model, lr=0.0)}
    history = fit(model, one(), one(), epochs=1, mixed_precision=True, **settings)
    assert history["validation_mse"] == history["validation_loss"] == [1]
    assert evaluate(model, one())["mse"] == BETWEEN**2
    assert model.seen == {torch.bfloat16, torch.float32}


def test_cross_entropy_learns_in_bfloat16() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 8)
    layer = nn.Linear(8, 2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            return self.layer(inputs["x"])

    batch = ({"x": x}, (x[:, 0] > 0).long())
    settings = {"optimizer": torch.optim.Adam(layer.parameters(), lr=0.1)}
    history = fit(Net(), [batch], [batch], epochs=30, mixed_precision=True, **settings)
    assert history["validation_accuracy"][-1] > 0.95


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((7, 5), torch.float16), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)],
)
def test_gpus_before_capability_8_compute_in_float16(monkeypatch, capability, dtype) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert low_precision(torch.device("cuda", 0)) == dtype
    assert low_precision(torch.device("cpu")) == torch.bfloat16


def test_a_gradient_too_small_for_float16_is_saved_by_the_scale(float16) -> None:
    model, slope = Linear(), 2.0**-26  # float16 ends at 2**-24
    train(model, one(), times(slope), sgd(model, lr=1 / slope), mixed_precision=True)
    assert model.seen == {torch.float16}
    assert model.w.item() == 1 - 1


def test_steps_whose_gradients_overflow_are_left_out_and_the_schedule_waits(float16) -> None:
    # float16 ends at 65504. The scale begins at 65536 and is halved 14 times, to 4, until
    # 10000 times the scale is less.
    model = Linear()
    optimizer = sgd(model, lr=1.0)
    schedule = {"schedule": StepLR(optimizer, step_size=1), "schedule_every": "batch"}
    settings = {"optimizer": optimizer, "mixed_precision": True, "criterion": times(10000.0)}
    fit(model, one() * 14, epochs=1, **settings, **schedule)
    assert model.w.item() == 1 and schedule["schedule"].last_epoch == 0
    fit(model, one() * 15, epochs=1, **settings, **schedule)
    assert model.w.item() == 1 - 10000 and schedule["schedule"].last_epoch == 1


def test_gradients_are_clipped_without_their_scale(float16) -> None:
    model = Linear(2.0)
    settings = {"mixed_precision": True, "clip_norm": 0.5}
    train(model, one(), times(0.25), sgd(model, lr=1.0), **settings)
    assert model.w.item() == 2 - 0.25  # shorter than 0.5
    train(model, one(), times(0.75), sgd(model, lr=1.0), **settings)
    assert model.w.item() == pytest.approx(1.75 - 0.5)


def test_a_loss_that_is_not_finite_is_an_error_in_float16_too(float16) -> None:
    model = Linear(300.0)
    with pytest.raises(NonFiniteLossError, match="step 1: the loss is inf"):
        train(model, one(x=300.0), nn.MSELoss(), sgd(model, lr=1.0), mixed_precision=True)
    assert model.w.item() == 300


def test_gradients_that_are_nan_at_every_scale_are_an_error_in_float16(float16) -> None:
    model = Linear(0.0)
    criterion = lambda outputs, targets: outputs.abs().sqrt().mean()  # noqa: E731
    with pytest.raises(NonFiniteLossError, match="left out all those steps.*a root"):
        train(model, one() * 40, criterion, sgd(model, lr=1.0), mixed_precision=True)


def test_the_scale_is_part_of_the_checkpoint(float16, tmp_path) -> None:
    def run(epochs: int, checkpoint=None) -> tuple[float, list[float]]:
        model = Linear()
        settings = {"criterion": times(10000.0), "optimizer": sgd(model, lr=1e-6)}
        settings |= {"epochs": epochs, "checkpoint": checkpoint, "mixed_precision": True}
        losses = fit(model, one(), **settings)["loss"]
        return model.w.item(), losses

    straight = run(20)
    run(10, tmp_path / "net.pt")
    saved = torch.load(tmp_path / "net.pt", weights_only=True)["states"]["precision"]
    assert saved["scale"] == 65536 / 2**10
    assert run(20, tmp_path / "net.pt") == straight
    # As worked out above, the first step is the 15th.
    assert straight[1][0] == straight[1][14] > straight[1][15]


def test_a_run_goes_on_where_the_device_has_another_format(tmp_path, monkeypatch) -> None:
    path, formats = tmp_path / "net.pt", [torch.bfloat16, torch.float16, torch.bfloat16]
    for epochs, dtype in enumerate(formats, start=1):
        monkeypatch.setattr(precision, "low_precision", lambda device, dtype=dtype: dtype)
        settings = {"criterion": nn.MSELoss(), "mixed_precision": True, "checkpoint": path}
        history = fit(Linear(), one(), epochs=epochs, **settings)
    assert len(history) == 3 and all(map(math.isfinite, history["loss"]))
