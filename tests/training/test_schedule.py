"""How `fit` moves the learning rate, on a model whose every parameter value is known beforehand."""

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

from mmtutor.training import fit
from tests.training.models import Climber, climb, towards


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


def steps_of(optimizer: torch.optim.Optimizer, *names: str) -> list[tuple]:
    """Note these settings of all parameter groups at each step."""
    seen: list[tuple] = []
    optimizer.register_step_post_hook(
        lambda *_: seen.append(tuple(g[name] for g in optimizer.param_groups for name in names))
    )
    return seen


def test_one_cycle_by_name_is_torchs_over_all_batches_of_the_run() -> None:
    model, other = Climber(), Climber()
    adam = torch.optim.Adam(other.parameters())
    by_hand = {"schedule": OneCycleLR(adam, 0.5, total_steps=10), "schedule_every": "batch"}
    climb(other, towards(100.0) * 5, epochs=2, optimizer=adam, **by_hand)
    options = {"optimizer": None, "schedule": "one-cycle", "rate": 0.5}
    history = climb(model, towards(100.0) * 5, epochs=2, **options)
    assert model.w.item() == other.w.item() > 1 and len(history) == 2


def test_one_cycle_has_its_peak_after_a_third_and_puts_the_rates_back() -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    seen = steps_of(optimizer, "lr", "momentum")
    for _ in range(2):  # a second cycle is like the first
        seen.clear()
        climb(model, towards(9.0) * 5, optimizer=optimizer, schedule="one-cycle", epochs=2)
        rates = [rate for rate, _ in seen]
        assert rates == sorted(rates[:3]) + sorted(rates[3:], reverse=True)
        assert rates[2] == 1 and rates[0] == pytest.approx(1 / 25) and rates[-1] < 1e-4
        assert {momentum for _, momentum in seen} == {0}  # it has none
        assert optimizer.param_groups[0]["lr"] == 1


def test_each_parameter_group_has_a_peak_of_its_own_unless_a_rate_is_given() -> None:
    first, second = Climber(), Climber()
    model = nn.ModuleList([first, second])
    model.forward = first.forward
    groups = [{"params": first.parameters()}, {"params": second.parameters(), "lr": 0.2}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    seen = steps_of(optimizer, "lr")
    options = {"optimizer": optimizer, "schedule": "one-cycle", "epochs": 2}
    climb(model, towards(100.0) * 5, **options)
    assert seen[2] == (0.1, 0.2)
    climb(model, towards(100.0) * 5, rate=0.7, **options)
    assert seen[12] == (0.7, 0.7)


def test_the_rate_of_the_default_optimizer_can_be_given() -> None:
    model = Climber()
    climb(model, optimizer=None, rate=0.25, epochs=1)
    assert model.w.item() == pytest.approx(0.25)  # Adam's first step is its rate


def test_a_plateau_of_what_is_monitored_lowers_the_rate() -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    options = {"optimizer": optimizer, "schedule": plateau, "monitor": "mae"}
    history = climb(model, validation_loader=towards(2.0), epochs=4, **options)
    # Past its target in epoch 3, it climbs by half a step from then on.
    assert history["validation_mae"] == [1, 0, 1, 1.5]


def test_a_plateau_has_nothing_to_watch_after_a_batch() -> None:
    model = Climber()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    options = {"optimizer": optimizer, "schedule": ReduceLROnPlateau(optimizer)}
    with pytest.raises(ValueError, match="comes after an epoch: leave out schedule_every"):
        climb(model, epochs=1, schedule_every="batch", **options)
    assert model.w.item() == 0


@pytest.mark.parametrize("batches", [[], (batch for batch in towards(1.0))])
def test_one_cycle_needs_a_loader_with_a_length(batches) -> None:
    with pytest.raises(ValueError, match="know the number of batches beforehand"):
        fit(Climber(), batches, epochs=1, criterion=nn.L1Loss(), schedule="one-cycle")


def test_the_schedule_of_another_optimizer_is_refused() -> None:
    other = StepLR(torch.optim.SGD(Climber().parameters(), lr=1.0), step_size=1)
    with pytest.raises(ValueError, match="belongs to another optimizer"):
        climb(Climber(), schedule=other, epochs=1)


@pytest.mark.parametrize(("schedule", "found"), [(StepLR, "StepLR"), ("cosine", "'cosine'")])
def test_what_is_no_schedule_is_refused_before_training(schedule, found) -> None:
    model = Climber()
    with pytest.raises(TypeError, match=f'must be "one-cycle" or a schedule.*got {found}'):
        climb(model, schedule=schedule, epochs=1)
    assert model.w.item() == 0
