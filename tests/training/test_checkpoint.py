"""A run that is killed and resumed ends with the very same parameters."""

import math
import multiprocessing
import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from mmtutor.training import History, NonFiniteLossError, fit

EXAMPLES, BATCHES = 24, 3


class Points(Dataset):
    """Random points with labels; the process kills itself when it reads the given example."""

    def __init__(self, kill_at_read: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.points = torch.randn(EXAMPLES, 4, generator=generator)
        self.reads = 0
        self.kill_at_read = kill_at_read

    def __len__(self) -> int:
        return EXAMPLES

    def __getitem__(self, index: int) -> tuple[dict[str, Tensor], int]:
        self.reads += 1
        if self.reads == self.kill_at_read:
            os.kill(os.getpid(), signal.SIGKILL)
        # Augmentation draws from all three global generators.
        noise = torch.randn(4) + random.random() + np.random.rand()
        return {"x": self.points[index] + 0.1 * noise}, int(self.points[index, 0] > 0)


class Net(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, width), nn.BatchNorm1d(width), nn.Dropout(0.5), nn.Linear(width, 2)
        )

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.layers(inputs["x"])


def run(
    checkpoint: Path | None,
    kill_at_read: int | None = None,
    kill_at_save: int | None = None,
    *,
    epochs: int = 4,
    width: int = 8,
    lr: float = 0.05,
    **options,
) -> tuple[dict[str, Tensor], History]:
    """Train from fixed seeds, shuffled, with dropout; return the model's state and history."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    model = Net(width)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    points = Points(kill_at_read)
    if kill_at_save is not None:
        kill_when_replacing(kill_at_save)
    loader = DataLoader(points, EXAMPLES // BATCHES, shuffle=True, generator=torch.Generator())
    settings = {"schedule": lr_scheduler.StepLR(optimizer, 1, 0.9), "optimizer": optimizer}
    settings |= {"epochs": epochs, "checkpoint": checkpoint} | options
    history = fit(model, loader, DataLoader(Points(), EXAMPLES), **settings)
    return model.state_dict(), history


def kill_when_replacing(count: int) -> None:
    """Kill this process when it is about to put the count-th checkpoint in its place."""
    replace, calls = os.replace, []

    def fatal(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    os.replace = fatal


def killed(*arguments, **options) -> None:
    """Run in a process of its own, which must die from SIGKILL."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run, args=arguments, kwargs=options)
    process.start()
    process.join(timeout=60)
    exitcode = process.exitcode
    process.kill()  # if it hangs
    assert exitcode == -signal.SIGKILL


def same(state: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(state[name], other[name]) for name in state | other)


@pytest.mark.slow
def test_a_run_killed_in_an_epoch_resumes_bit_for_bit(tmp_path) -> None:
    straight, history = run(None)
    path = tmp_path / "runs" / "net.pt"
    killed(path, 2 * EXAMPLES + EXAMPLES // 2)  # in the middle of epoch 3
    assert len(torch.load(path, weights_only=True)["history"]) == 2
    resumed, resumed_history = run(path)
    assert same(resumed, straight) and resumed_history == history
    assert len(history) == 4


@pytest.mark.slow
def test_a_cycle_goes_on_where_the_run_was_killed(tmp_path) -> None:
    straight, history = run(None, schedule="one-cycle")
    killed(tmp_path / "net.pt", 2 * EXAMPLES + EXAMPLES // 2, schedule="one-cycle")
    resumed, resumed_history = run(tmp_path / "net.pt", schedule="one-cycle")
    assert same(resumed, straight) and resumed_history == history


@pytest.mark.parametrize(
    "option", [{"clip_norm": 0.1}, {"mixed_precision": True}, {"schedule_every": "batch"}]
)
def test_a_run_resumes_bit_for_bit_with_every_option(tmp_path, option) -> None:
    straight, history = run(None, **option)
    assert not same(straight, run(None)[0])
    run(tmp_path / "net.pt", epochs=2, **option)
    resumed, resumed_history = run(tmp_path / "net.pt", **option)
    assert same(resumed, straight) and resumed_history == history


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_run_on_cuda_resumes_with_the_dropout_it_would_have_had(tmp_path) -> None:
    straight, _ = run(None, device="cuda")
    run(tmp_path / "net.pt", epochs=2, device="cuda")
    resumed, _ = run(tmp_path / "net.pt", device="cuda")
    assert same(resumed, straight)


@pytest.mark.slow
def test_a_run_killed_while_it_writes_resumes_from_the_checkpoint_before(tmp_path) -> None:
    straight, history = run(None)
    path = tmp_path / "net.pt"
    killed(path, None, 3)
    assert len(torch.load(path, weights_only=True)["history"]) == 2
    resumed, resumed_history = run(path)
    assert same(resumed, straight) and resumed_history == history
    assert os.listdir(tmp_path) == ["net.pt"]


def test_a_finished_run_returns_its_history_and_parameters_at_once(tmp_path) -> None:
    straight, history = run(tmp_path / "net.pt")
    after = torch.rand(3)
    again, again_history = run(tmp_path / "net.pt", kill_at_read=1)  # reading would be fatal
    assert same(again, straight) and again_history == history
    assert torch.equal(torch.rand(3), after)  # whatever is drawn next is the same as well


def test_a_run_stopped_early_stays_stopped_and_keeps_its_best_parameters(tmp_path) -> None:
    options = {"epochs": 60, "patience": 2}
    straight, history = run(tmp_path / "net.pt", **options)
    assert len(history) < 60
    again, again_history = run(tmp_path / "net.pt", kill_at_read=1, **options)
    assert same(again, straight) and again_history == history


def test_parameters_of_the_criterion_are_resumed_too(tmp_path) -> None:
    class Tempered(nn.CrossEntropyLoss):
        def __init__(self) -> None:
            super().__init__()
            self.temperature = nn.Parameter(torch.ones(()))

        def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return super().forward(outputs / self.temperature, targets)

    def temperature(epochs: int, checkpoint: Path | None) -> float:
        torch.manual_seed(0)
        model, criterion = Net(), Tempered()
        optimizer = torch.optim.SGD([*model.parameters(), *criterion.parameters()], lr=0.1)
        batch = ({"x": torch.ones(4, 4)}, torch.tensor([0, 1, 1, 1]))
        options = {"criterion": criterion, "optimizer": optimizer, "checkpoint": checkpoint}
        fit(model, [batch], epochs=epochs, **options)
        return criterion.temperature.item()

    path = tmp_path / "net.pt"
    assert temperature(2, path) != 1
    assert temperature(4, path) == temperature(4, None)


def test_the_bar_of_a_resumed_run_goes_on_where_it_stood(tmp_path, capfd) -> None:
    run(tmp_path / "net.pt", epochs=3)
    run(tmp_path / "net.pt", epochs=4, progress=True)
    assert "4/4" in capfd.readouterr().err


def test_more_epochs_prolong_a_finished_run(tmp_path) -> None:
    straight, _ = run(None, epochs=5)
    run(tmp_path / "net.pt", epochs=3)
    prolonged, history = run(tmp_path / "net.pt", epochs=5)
    assert same(prolonged, straight) and history["epoch"] == [1, 2, 3, 4, 5]


def test_the_checkpoint_stays_good_when_the_loss_does_not(tmp_path) -> None:
    class Broken(nn.CrossEntropyLoss):
        calls = 0

        def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
            self.calls += outputs.requires_grad
            factor = math.inf if self.calls > 2 * BATCHES + 1 else 1.0
            return factor * super().forward(outputs, targets)

    with pytest.raises(NonFiniteLossError, match="epoch 3, step 2"):
        run(tmp_path / "net.pt", criterion=Broken())
    contents = torch.load(tmp_path / "net.pt", weights_only=True)
    assert len(contents["history"]) == 2
    assert all(value.isfinite().all() for value in contents["states"]["model"].values())


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=9),
        lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=2),
        lambda o: lr_scheduler.MultiStepLR(o, [1, 2]),
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.ConstantLR(o), lr_scheduler.CosineAnnealingLR(o, 5)], [2]
        ),
    ],
)
def test_schedules_resume_where_they_were(tmp_path, schedule) -> None:
    def climb(epochs: int, checkpoint: Path | None) -> list[Tensor]:
        torch.manual_seed(0)
        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        batch = ({"x": torch.ones(4, 4)}, torch.tensor([0, 1, 0, 1]))
        options = {"optimizer": optimizer, "schedule": schedule(optimizer)}
        fit(model, [batch], epochs=epochs, checkpoint=checkpoint, **options)
        return [optimizer.param_groups[0]["lr"], *model.parameters()]

    straight = climb(4, None)
    climb(2, tmp_path / "net.pt")
    resumed = climb(4, tmp_path / "net.pt")
    assert resumed[0] == straight[0]
    assert all(torch.equal(a, b) for a, b in zip(resumed[1:], straight[1:], strict=True))


def own_generator(points: Points) -> RandomSampler:
    return RandomSampler(points, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    "load",
    [
        lambda points: DataLoader(points, 8, sampler=own_generator(points)),
        lambda points: DataLoader(
            points, batch_sampler=BatchSampler(own_generator(points), 8, drop_last=False)
        ),
    ],
)
def test_a_sampler_with_a_generator_of_its_own_goes_on_drawing(tmp_path, load) -> None:
    def losses(epochs: int, checkpoint: Path | None) -> list[float]:
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        return fit(Net(), load(Points()), epochs=epochs, checkpoint=checkpoint)["loss"]

    losses(2, tmp_path / "net.pt")
    assert losses(4, tmp_path / "net.pt") == losses(4, None)


def test_a_run_goes_on_with_the_very_objects_that_it_had(tmp_path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=3)
    batch = ({"x": torch.ones(4, 4)}, torch.tensor([0, 1, 0, 1]))
    for epochs in (2, 4):  # not from a chosen seed either, and the scheduler has moved the rate
        torch.seed()
        options = {"optimizer": optimizer, "schedule": scheduler, "epochs": epochs}
        history = fit(model, [batch], checkpoint=tmp_path / "net.pt", **options)
    assert len(history) == 4
