"""Whole runs on a model whose every parameter value is known beforehand."""

import math

import pandas
import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

from mmtutor.training import History, NonFiniteLossError, fit


class Climber(nn.Module):
    """Output w for every example. Under L1 loss to a far target, SGD of rate 1 adds 1 a step."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.w.expand(len(inputs["x"]))


def towards(target: float) -> list[tuple[dict[str, Tensor], Tensor]]:
    """One batch of two examples."""
    return [({"x": torch.zeros(2)}, torch.full((2,), target))]


def climb(model: nn.Module, train_loader=None, validation_loader=None, **options) -> History:
    options = {"optimizer": torch.optim.SGD(model.parameters(), lr=1.0), **options}
    return fit(
        model, train_loader or towards(100.0), validation_loader, criterion=nn.L1Loss(), **options
    )


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


def test_the_schedule_steps_once_an_epoch() -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    two_batches = towards(100.0) * 2
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    climb(model, two_batches, optimizer=optimizer, schedule=scheduler, epochs=3)
    assert model.w.item() == 2 * (1 + 0.5 + 0.25)


def test_the_schedule_can_step_once_a_batch() -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    settings = {"optimizer": optimizer, "schedule_every": "batch", "epochs": 2}
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    climb(model, towards(100.0) * 2, schedule=scheduler, **settings)
    assert model.w.item() == 1 + 0.5 + 0.25 + 0.125


def test_a_one_cycle_schedule_passes_its_peak_in_the_middle_of_the_run() -> None:
    model, rates = Climber(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    optimizer.register_step_post_hook(lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    settings = {"optimizer": optimizer, "schedule_every": "batch", "epochs": 2}
    scheduler = OneCycleLR(optimizer, 1.0, total_steps=10, pct_start=0.5, cycle_momentum=False)
    climb(model, towards(100.0) * 5, schedule=scheduler, **settings)
    assert rates == sorted(rates[:5]) + sorted(rates[5:], reverse=True)
    assert max(rates) == rates[4] == 1 and rates[-1] < rates[0] < 0.1


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
        ({"epochs": 0}, "epochs must be at least 1; got 0"),
        ({"epochs": 1, "patience": 0}, "patience must be at least 1"),
        ({"epochs": 1, "patience": 2}, "give a validation_loader"),
        ({"epochs": 1, "monitor": "acuracy"}, "one of loss, mse, mae, accuracy, r2; got 'acuracy'"),
    ],
)
def test_settings_without_sense_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        climb(Climber(), **options)


def test_the_schedule_of_another_optimizer_is_refused() -> None:
    other = StepLR(torch.optim.SGD(Climber().parameters(), lr=1.0), step_size=1)
    with pytest.raises(ValueError, match="belongs to another optimizer"):
        climb(Climber(), schedule=other, epochs=1)


@pytest.mark.parametrize("schedule", [StepLR, ReduceLROnPlateau])
def test_a_schedule_that_cannot_be_stepped_is_refused_before_training(schedule) -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = schedule(optimizer) if schedule is ReduceLROnPlateau else schedule
    with pytest.raises(TypeError, match=f"steps without arguments.*got {schedule.__name__}"):
        climb(model, optimizer=optimizer, schedule=scheduler, epochs=1)
    assert model.w.item() == 0


def test_a_metric_that_is_not_measured_is_refused() -> None:
    with pytest.raises(KeyError, match="validation_accuracy.*has epoch, loss, validation_loss"):
        climb(Climber(), validation_loader=towards(3.0), epochs=2, patience=1, monitor="accuracy")


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
