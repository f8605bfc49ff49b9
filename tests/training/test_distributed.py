"""Two processes, started by torchrun, train as one does."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmtutor.criteria import Traits
from mmtutor.training import CheckpointError
from mmtutor.training.distributed import _ended, own_device
from tests.training.launch import fits
from tests.training.launch.program import run_to_end

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not torch.distributed.is_available(),
        reason="this torch was built without torch.distributed",
    ),
]
TOLERANCE = 1e-12  # of numbers of the size of 1, in float64


def launch(folder: Path, *names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start two processes; a monitor that looks each second lets the survivor speak."""
    program = "-m torch.distributed.run --standalone --nproc-per-node 2 --monitor-interval 1"
    command = [sys.executable, *program.split(), fits.__file__, str(folder), *names]
    return run_to_end(command, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment)


class Results:
    """What each process gave, by run."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.launched = launch(folder, *names)
        assert self.launched.returncode == 0, self.launched.stderr
        self.processes = [torch.load(folder / f"process-{rank}.pt") for rank in (0, 1)]

    def __getitem__(self, name: str) -> tuple[Any, Any]:
        first, second = (process[name] for process in self.processes)
        return first, second


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    return Results(tmp_path_factory.mktemp("results"))


def assert_same(run: dict[str, Any], other: dict[str, Any], tolerance: float = 0) -> None:
    torch.testing.assert_close(run["state"], other["state"], rtol=0, atol=tolerance)
    assert len(run["rows"]) == len(other["rows"])
    for row, other_row in zip(run["rows"], other["rows"], strict=True):
        assert row == pytest.approx(other_row, rel=0, abs=tolerance)


@pytest.mark.parametrize("name", fits.ALIKE)
def test_two_processes_give_what_one_gives(results, tmp_path, name) -> None:
    first, second = results[name]
    assert_same(first, second)
    assert_same(first, fits.ALIKE[name](tmp_path), TOLERANCE)


def test_the_runs_that_are_compared_learn_something(results) -> None:
    for name in fits.ALIKE:
        losses = [row["loss"] for row in results[name][0]["rows"]]
        assert losses[-1] < losses[0] - 0.01, name


def test_a_parameter_without_use_in_any_process_gets_no_gradient(results) -> None:
    assert results["missing"][0]["unused"] is None


def test_a_group_of_the_scripts_own_is_used_and_left_alone(results) -> None:
    for given, expected in zip(results["own_group"], results["classes"], strict=True):
        assert given["stayed"]
        assert_same(given, expected)


def test_statistics_of_a_share_become_those_of_the_first_process(results) -> None:
    first, second = results["statistics"]
    assert_same(first, second)
    assert first["state"]["layers.1.running_mean"].abs().max() > 0
    assert first["left"] and second["left"]


def test_only_the_first_process_writes_and_shows_a_bar(results) -> None:
    first, second = results["files_and_bars"]
    assert "2/2" in first and second == ""
    assert (results.folder / "of-0.pt").exists() and not (results.folder / "of-1.pt").exists()


def test_no_warning_of_the_backend_reaches_the_reader(results) -> None:
    assert "find_unused_parameters" not in results.launched.stderr


def test_a_loss_that_is_nan_in_one_process_ends_the_run_in_all(results) -> None:
    first, second = results["one_with_nan"]
    assert second.startswith("NonFiniteLossError: epoch 1, step 2: the loss is nan")
    assert first.startswith("DistributedError: another process of this run ended")
    assert "give fit a checkpoint" in first  # no epoch was finished


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_sampler", "ValueError: a loader has a DistributedSampler, .* shares every batch"),
        ("own_order", "ValueError: the processes got different batches.*manual_seed"),
        ("own_number_of_batches", "ValueError: the processes got different batches"),
        ("too_few", "ValueError: a batch of 1 cannot be shared by 2 processes.*drop_last=True"),
    ],
)
def test_what_cannot_be_shared_is_refused_by_all_processes(results, name, message) -> None:
    for given in results[name]:
        assert re.match(message, given), given


def test_a_run_resumes_bit_for_bit_with_the_random_states_of_all_processes(results) -> None:
    for given, expected in zip(results["resumed"], results["straight"], strict=True):
        assert_same(given, expected)


def test_a_run_resumes_with_as_many_processes_only(results) -> None:
    with pytest.raises(CheckpointError, match="processes: 2 in the file, 1 given"):
        fits.long_run(results.folder / "resumed.pt")


def test_a_killed_process_ends_the_run_and_the_same_command_goes_on(results, tmp_path) -> None:
    # 24 examples are read to train and 24 to validate: the third epoch has begun.
    broken = launch(tmp_path, "killed", KILL_AT_READ="110")
    assert broken.returncode != 0
    assert "Signal 9 (SIGKILL)" in broken.stderr
    assert "DistributedError: another process of this run ended" in broken.stderr
    assert f"{tmp_path / 'killed.pt'}: run the same command again" in broken.stderr
    assert len(torch.load(tmp_path / "killed.pt", weights_only=True)["history"]) == 2
    again = Results(tmp_path, "killed")
    for given, expected in zip(again["killed"], results["straight"], strict=True):
        assert_same(given, expected)


def test_the_surviving_process_says_how_to_go_on(tmp_path) -> None:
    checkpoint = tmp_path / "run.pt"
    checkpoint.touch()
    message = str(_ended(checkpoint))
    assert message.startswith("another process of this run ended")
    assert message.endswith(f"{checkpoint}: run the same command again to go on")


def test_each_process_takes_a_gpu_of_its_own(monkeypatch) -> None:
    assert own_device("cuda") == "cuda"
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device("cuda") == torch.device("cuda", 3)
    assert [own_device(given) for given in ("cuda:1", "cpu", None)] == ["cuda:1", "cpu", None]


@pytest.mark.parametrize(
    ("criterion", "counted"),
    [
        (nn.MSELoss(), 4),
        (nn.CrossEntropyLoss(), 3),  # -100 is ignored
        (F.cross_entropy, 3),
        (partial(F.cross_entropy, ignore_index=0), 3),
        (nn.CrossEntropyLoss(ignore_index=1), 2),  # -100 is then refused elsewhere
        (nn.NLLLoss(torch.tensor([2.0, 0.5])), 2 + 0.5 + 0.5),
    ],
)
def test_a_share_counts_by_what_its_criterion_averages_over(criterion, counted) -> None:
    assert Traits(criterion).divisor(torch.tensor([0, 1, 1, -100])) == counted
