"""One pass over a loader: losses, metrics, modes, against numbers worked out by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from mmtutor.batch import Batch
from mmtutor.training import NonFiniteLossError, evaluate, fit, predict, train
from tests.training.models import Scale, batch, sgd


def test_train_returns_the_mean_loss_per_example_not_per_batch() -> None:
    model = Scale(2.0)
    loader = [batch([1.0, 2.0], [0.0, 0.0]), batch([3.0], [0.0])]
    loss = train(model, loader, nn.MSELoss(), sgd(model, lr=0.0), "cpu")
    assert loss == pytest.approx((4 + 16 + 36) / 3)


def test_train_takes_one_sgd_step_for_each_batch() -> None:
    model = Scale(2.0)
    loader = [batch([1.0, 2.0], [0.0, 0.0]), batch([3.0], [0.0])]
    loss = train(model, loader, nn.MSELoss(), sgd(model, lr=0.1))
    # First batch: loss 10, gradient 2·2·(1 + 4)/2 = 10, so w = 2 - 1 = 1.
    # Second batch: loss 9, gradient 2·1·9 = 18, so w = 1 - 1.8 = -0.8.
    assert model.w.item() == pytest.approx(-0.8)
    assert loss == pytest.approx((2 * 10 + 9) / 3)


def test_long_gradients_are_shortened_to_clip_norm_and_short_ones_are_not() -> None:
    model = Scale(2.0)
    # Gradients 2·w·x² as above: of (1, 2), 10 at w = 2; of 0.5, 0.75 at w = 1.5.
    loader = [batch([1.0, 2.0], [0.0, 0.0]), batch([0.5], [0.0])]
    train(model, loader, nn.MSELoss(), sgd(model, lr=0.5), clip_norm=1.0)
    assert model.w.item() == pytest.approx(2 - 0.5 * 1 - 0.5 * 0.75)


def test_clip_norm_is_of_all_parameters_that_the_optimizer_holds_together() -> None:
    model, bias = Scale(0.0), nn.Parameter(torch.tensor(0.0))

    def criterion(outputs: Tensor, targets: Tensor) -> Tensor:
        return (3 * outputs + 4 * bias).mean()  # gradients 3 and 4, of norm 5

    optimizer = torch.optim.SGD([model.w, bias], lr=1.0)
    train(model, [batch([1.0], [0.0])], criterion, optimizer, clip_norm=1.0)
    assert [model.w.item(), bias.item()] == pytest.approx([-3 / 5, -4 / 5])


def test_train_turns_train_mode_on() -> None:
    model, criterion = Scale(1.0).eval(), nn.MSELoss().eval()
    train(model, [batch([1.0], [0.0])], criterion, sgd(model, lr=0.0))
    assert model.training and criterion.training


class Doubled(nn.MSELoss):
    """Twice the squared error while it trains."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return super().forward(outputs, targets) * (2 if self.training else 1)


def test_the_criterion_is_evaluated_in_eval_mode_too_and_its_mode_is_put_back() -> None:
    criterion = Doubled()
    assert evaluate(Scale(1.0), [batch([3.0], [0.0])], criterion)["loss"] == 9
    assert criterion.training


def test_norms_are_clipped_over_all_parameter_groups_together() -> None:
    model, bias = Scale(0.0), nn.Parameter(torch.tensor(0.0))

    def criterion(outputs: Tensor, targets: Tensor) -> Tensor:
        return (3 * outputs + 4 * bias).mean()  # gradients 3 and 4, of norm 5

    optimizer = torch.optim.SGD([{"params": [model.w]}, {"params": [bias]}], lr=1.0)
    train(model, [batch([1.0], [0.0])], criterion, optimizer, clip_norm=1.0)
    assert [model.w.item(), bias.item()] == pytest.approx([-3 / 5, -4 / 5])


def test_presence_and_lengths_reach_the_model() -> None:
    pair, present = batch([1.0, 2.0], [0.0, 0.0]), {"x": torch.tensor([True, False])}
    lengths = {"x": torch.tensor([5, 2])}
    outputs = [
        predict(Scale(3.0), [given]).outputs.tolist()
        for given in ((*pair, present), (*pair, None, lengths), Batch(*pair, present, lengths))
    ]
    assert outputs == [[3.0, 0.0], [15.0, 12.0], [15.0, 0.0]]


class ArrivedError(Exception):
    """Raised to stop where computing on the meta device must end."""


class Customs(nn.Module):
    """A criterion that checks that it, outputs and targets are on the meta device."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(2))

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        assert {self.weight.device.type, outputs.device.type, targets.device.type} == {"meta"}
        raise ArrivedError


def test_model_batches_and_criterion_are_moved_to_the_device() -> None:
    loader = [(*batch([1.0, 2.0], [0.0, 0.0]), {"x": torch.tensor([True, False])})]
    model = Scale(1.0)
    with pytest.raises(ArrivedError):
        evaluate(model, loader, Customs(), "meta")
    assert model.w.is_meta
    with pytest.raises(ArrivedError):
        fit(Scale(1.0), loader, criterion=Customs(), epochs=1, device="meta")


def test_by_default_the_model_stays_where_it_is() -> None:
    model, loader = Scale(1.0).to("meta"), [batch([1.0, 2.0], [0.0, 0.0])]
    with pytest.raises(ArrivedError):
        evaluate(model, loader, Customs())
    with pytest.raises(ArrivedError):
        fit(model, loader, criterion=Customs(), epochs=1)
    assert model.w.is_meta


def test_evaluate_uses_eval_mode_and_puts_each_modules_mode_back() -> None:
    class Dropped(Scale):
        def __init__(self) -> None:
            super().__init__(1.0)
            self.dropout = nn.Dropout(0.999)
            self.frozen = nn.BatchNorm1d(1).eval()

        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            assert not torch.is_grad_enabled()
            return self.dropout(inputs["x"])

    model = Dropped()
    assert evaluate(model, [batch([1.0] * 9, [1.0] * 9)])["mse"] == 0
    assert model.training and model.dropout.training and not model.frozen.training


def test_predict_keeps_the_loaders_order_and_needs_no_gradient() -> None:
    result = predict(Scale(2.0), [batch([3.0, 1.0], [0, 1]), batch([2.0], [2])])
    assert result.outputs.tolist() == [6.0, 2.0, 4.0]
    assert result.targets.tolist() == [0, 1, 2]
    assert not result.outputs.requires_grad


def test_a_nan_input_stops_before_the_step_and_names_its_modality() -> None:
    model = Scale(2.0)
    inputs = {"x": torch.tensor([1.0, math.nan, math.inf, 3.0]), "clean": torch.zeros(4)}
    loader = [batch([1.0, 2.0], [0.0, 0.0]), (inputs, torch.zeros(4))]
    with pytest.raises(NonFiniteLossError) as caught:
        train(model, loader, nn.MSELoss(), sgd(model, lr=0.1))
    assert model.w.item() == pytest.approx(1.0)  # after the first batch, as worked out above
    assert caught.value.step == 2 and math.isnan(caught.value.loss)
    message = str(caught.value)
    assert "step 2: the loss is nan" in message
    assert "inputs['x']: float32 (4,), min 1, max 3, mean 2, 50.00% NaN or infinite" in message
    assert "inputs['clean']: float32 (4,), min 0, max 0, mean 0, 0.00% NaN or infinite" in message
    assert "remove or replace the NaN and infinite values of inputs['x']." in message


def test_a_nan_target_is_named() -> None:
    model = Scale(2.0)
    with pytest.raises(
        NonFiniteLossError, match="targets: .* no finite value.*\n.*\n.* of targets"
    ):
        train(model, [batch([1.0], [math.nan])], nn.MSELoss(), sgd(model, lr=0.1))


def test_an_overflow_with_clean_data_advises_a_lower_learning_rate() -> None:
    model = Scale(1e30)
    with pytest.raises(NonFiniteLossError, match="loss is inf.*\n(.*\n)*.*lower the learning rate"):
        train(model, [batch([1.0], [0.0])], nn.MSELoss(), sgd(model, lr=0.1))
    assert model.w.item() == pytest.approx(1e30)


def test_running_statistics_that_the_batch_spoilt_are_named() -> None:
    class Normed(Scale):
        def __init__(self) -> None:
            super().__init__(1.0)
            self.norm = nn.BatchNorm1d(1)

        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            return self.w * self.norm(inputs["x"])

    model = Normed()
    with pytest.raises(NonFiniteLossError, match="norm.running_mean.*make the model anew"):
        train(model, [batch([[math.nan], [1.0]], [[0.0], [0.0]])], nn.MSELoss(), sgd(model, 0.1))


def test_a_gradient_that_is_not_finite_is_noticed_though_the_loss_is() -> None:
    model = Scale(0.0)
    with pytest.raises(NonFiniteLossError, match="a gradient was NaN or infinite.* in w"):
        train(model, [batch([1.0], [0.0])], lambda o, t: o.abs().sqrt().mean(), sgd(model, 0.1))
