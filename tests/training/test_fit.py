"""Whole runs on a model whose every parameter value is known beforehand."""

import math

import pandas
import pytest
import torch
from torch import Tensor, nn

from mmtutor.training import History, NonFiniteLossError, fit
from tests.training.models import Climber, climb, towards


def test_a_history_becomes_a_data_frame() -> None:
    history = climb(Climber(), validation_loader=towards(3.0), epochs=2)
    frame = pandas.DataFrame(history.rows)
    assert frame["epoch"].tolist() == [1, 2]
    assert frame["validation_loss"].tolist() == [2.0, 1.0]


def test_history_has_a_row_for_each_epoch() -> None:
    history = climb(Climber(), validation_loader=towards(3.0), epochs=2)
    assert len(history) == 2
    assert history["epoch"] == [1, 2]
    assert history["loss"] == [100.0, 99.0]  # before each step: w = 0, 1
    assert history["validation_loss"] == [2.0, 1.0]  # after it: w = 1, 2
    assert history["validation_mse"] == [4.0, 1.0]
    names = ["epoch", "loss", "validation_loss", "validation_mse", "validation_mae"]
    assert list(history.rows[0]) == [*names, "validation_r2"]


def test_defaults_are_adam_and_cross_entropy() -> None:
    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logits = nn.Parameter(torch.zeros(2))

        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            return self.logits.expand(len(inputs["x"]), 2)

    model = Logits()
    history = fit(model, [({"x": torch.zeros(3)}, torch.tensor([0, 0, 0]))], epochs=1)
    assert history["loss"] == [pytest.approx(math.log(2))]
    # Adam's first step is the learning rate, 0.001, against the sign of the gradient.
    assert model.logits.tolist() == pytest.approx([0.001, -0.001], rel=1e-4)


def test_the_default_optimizer_trains_the_criterion_too() -> None:
    class Shifted(nn.L1Loss):
        def __init__(self) -> None:
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(()))

        def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return super().forward(outputs + self.shift, targets)

    model, criterion = Climber(), Shifted()
    fit(model, towards(100.0), epochs=1, criterion=criterion)
    assert [model.w.item(), criterion.shift.item()] == pytest.approx([0.001, 0.001])


class Observed(Climber):
    """Shows its features, as MultiModalNet does."""

    def with_features(self, inputs, present=None, lengths=None) -> tuple:
        return self(inputs), {"x": 2 * self.w}, {"x": present["x"]}


class OnFeatures(nn.L1Loss):
    """In training, the L1 loss and the features; notes what it was called with."""

    takes_features = True

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple] = []

    def forward(self, outputs: Tensor, targets: Tensor, *seen) -> Tensor:
        self.calls.append(seen)
        loss = super().forward(outputs, targets)
        return loss + seen[0]["x"] if seen else loss


def test_a_criterion_that_takes_features_gets_them_in_training_only() -> None:
    model, criterion = Observed(), OnFeatures()
    batch = (*towards(100.0)[0], {"x": torch.tensor([True, False])})
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.forward = lambda inputs, present=None: Climber.forward(model, inputs)
    history = fit(model, [batch], [batch], epochs=1, criterion=criterion, optimizer=optimizer)
    training_call, validation_call = criterion.calls
    assert training_call[1]["x"].tolist() == [True, False] and validation_call == ()
    assert history["loss"] == [100] and history["validation_loss"] == [101]
    assert model.w.item() == 1 - 2  # the gradients of −w and of the features


def test_fit_clips_gradients_to_clip_norm() -> None:
    model = Climber()
    climb(model, epochs=3, clip_norm=0.25)  # each gradient is -1
    assert model.w.item() == pytest.approx(0.75)


def test_patience_stops_after_that_many_epochs_without_gain_and_restores_the_best() -> None:
    model = Climber()
    history = climb(model, validation_loader=towards(3.0), epochs=50, patience=2)
    assert history["validation_loss"] == [2, 1, 0, 1, 2]
    assert model.w.item() == 3


def test_patience_restores_the_best_epoch_even_if_the_run_ends_first() -> None:
    model = Climber()
    history = climb(model, validation_loader=towards(3.0), epochs=4, patience=9)
    assert len(history) == 4 and model.w.item() == 3


def test_patience_can_watch_a_metric_that_should_rise() -> None:
    model = Climber()
    targets = torch.tensor([1.0, 5.0])  # r2 of a constant w is -((w - 3) / 2)²
    validation = [({"x": torch.zeros(2)}, targets)]
    history = climb(model, validation_loader=validation, epochs=50, patience=1, monitor="r2")
    assert history["validation_r2"] == [-1, -0.25, 0, -0.25]
    assert model.w.item() == 3


def test_without_patience_the_last_parameters_stay() -> None:
    model = Climber()
    climb(model, validation_loader=towards(3.0), epochs=5)
    assert model.w.item() == 5


@pytest.mark.parametrize("name", ["sampler", "batch_sampler"])
def test_a_sampler_is_told_each_epoch_from_zero(name) -> None:
    class Sampler:
        def __init__(self) -> None:
            self.epochs: list[int] = []

        def set_epoch(self, epoch: int) -> None:
            self.epochs.append(epoch)

    class Loader(list):
        pass

    loader, sampler = Loader(towards(100.0)), Sampler()
    setattr(loader, name, sampler)
    climb(Climber(), loader, epochs=3)
    assert sampler.epochs == [0, 1, 2]


def test_the_error_of_a_non_finite_loss_names_epoch_and_step() -> None:
    class Spoilt:
        epoch = 0

        def __iter__(self):
            self.epoch += 1
            return iter(towards(100.0) + towards(math.nan if self.epoch == 2 else 100.0))

    model = Climber()
    with pytest.raises(NonFiniteLossError, match="^epoch 2, step 2: the loss is nan"):
        climb(model, Spoilt(), epochs=3)
    assert model.w.item() == 3


def test_nothing_is_printed_unless_progress_is_asked_for(capfd) -> None:
    climb(Climber(), epochs=2)
    assert capfd.readouterr() == ("", "")
    climb(Climber(), epochs=2, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "2/2" in err and "loss=99" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 1, "schedule_every": "step"}, '"epoch" or "batch"; got .step'),
        ({"epochs": 0}, "epochs must be at least 1, and whole; got 0"),
        ({"epochs": 1, "patience": 0}, "patience must be at least 1"),
        ({"epochs": 1, "patience": 2}, "give a validation_loader"),
        ({"epochs": math.nan}, "epochs must be at least 1, and whole; got nan"),
        ({"epochs": 1.5}, "epochs must be at least 1, and whole; got 1.5"),
        ({"epochs": 1, "patience": math.nan}, "patience must be at least 1 epoch.*got nan"),
        ({"epochs": 1, "monitor": "acuracy"}, "must be one of loss, mse, mae, r2; got 'acuracy'"),
        ({"epochs": 1, "monitor": "mae"}, "monitor='mae' says what patience .* give patience"),
        ({"epochs": 1, "rate": 0.1}, "has a learning rate already: give it rate as its lr"),
        ({"epochs": 1, "rate": 0.0, "optimizer": None}, "rate must be above 0, or None; got 0.0"),
    ],
)
def test_settings_without_sense_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        climb(Climber(), **options)


def test_a_metric_that_is_not_measured_is_refused_before_training_where_the_loss_is_known() -> None:
    model, options = Climber(), {"epochs": 2, "patience": 1, "monitor": "accuracy"}
    with pytest.raises(ValueError, match="must be one of loss, mse, mae, r2; got 'accuracy'"):
        climb(model, validation_loader=towards(3.0), **options)
    assert model.w.item() == 0
    own = {"criterion": lambda outputs, targets: (outputs - targets).abs().mean(), **options}
    with pytest.raises(KeyError, match="validation_accuracy.*has epoch, loss, validation_loss"):
        fit(model, towards(3.0), towards(3.0), **own)


def test_a_generator_as_loader_is_refused_once_it_is_used_up() -> None:
    with pytest.raises(ValueError, match="generator that was used up"):
        climb(Climber(), iter(towards(100.0)), epochs=2)


def test_the_best_row_is_the_lowest_loss_or_the_highest_accuracy_and_never_nan() -> None:
    names = ("loss", "validation_accuracy")
    numbers = [(math.nan, math.nan), (2.0, 0.5), (1.0, 0.9), (1.0, 0.9), (3.0, 0.1)]
    history = History([dict(zip(names, row, strict=True)) for row in numbers])
    assert history.best("loss") is history.rows[2]
    assert history.best("validation_accuracy") is history.rows[2]


def test_an_empty_history_has_no_best_row() -> None:
    with pytest.raises(ValueError, match="empty"):
        History().best("loss")
