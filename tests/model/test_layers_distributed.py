"""Two processes that train together compute what one computes with the whole batch."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, multiprocessing, nn

from mmtutor.encoders import AudioResNet, ImageResNet, VideoResNet
from mmtutor.fusion import SharedRepresentation
from mmtutor.layers import BatchNorm1d
from mmtutor.network import FinalRegressor, MultiModalNet

pytestmark = pytest.mark.slow

Present = dict[str, Tensor]

ALL = torch.tensor([True] * 5)
SOUNDS = torch.tensor([70, 64, 0, 33, 48])
VIDEOS = torch.tensor([3, 1, 2, 4, 2])

# Which examples have a modality in each case, or how much of it each has; the size of the batch
# is that of these tensors. The first process gets 2 of 4 examples, or 3 of 5.
CASES: dict[str, Present] = {
    "even shares": {"picture": ALL[:4]},
    "uneven shares": {"picture": ALL},
    "lengths": {"sound": SOUNDS, "video": VIDEOS},
    "some pictures missing": {"picture": torch.tensor([True, False, True, True, False])},
    "no picture in one share": {"picture": torch.tensor([True, True, True, False, False])},
    "no sound in one share": {"sound": torch.tensor([0, 0, 0, 20, 50])},
    "no picture in the batch": {"picture": ~ALL},
}


def make_network() -> MultiModalNet:
    """Return a network with batch normalization in one, two and three dimensions."""
    torch.manual_seed(0)
    small: dict[str, Any] = {"widths": [4, 6], "depths": [1, 1]}
    encoders = {
        "sound": AudioResNet(frontend="waveform", **small),
        "picture": ImageResNet(**small),
        "video": VideoResNet(factorized=True, **small),
    }
    fusion = SharedRepresentation(dict.fromkeys(encoders, 6), 8, allow_missing=True)
    return MultiModalNet(encoders, fusion, FinalRegressor(8)).double()


def make_batch(present: Present) -> dict[str, Tensor]:
    """Return inputs of as many examples as `present` speaks of."""
    generator = torch.Generator().manual_seed(1)
    shapes = {"sound": (70,), "picture": (1, 6, 7), "video": (1, 4, 5, 3)}
    count = len(next(iter(present.values())))
    return {
        name: torch.randn(count, *shape, generator=generator, dtype=torch.float64)
        for name, shape in shapes.items()
    }


def learn(present: Present, share: Callable[[Tensor], Tensor], processes: int) -> dict[str, Any]:
    """Take one step with the share of a batch, and return all that follows from it.

    The loss is weighed so that the mean of the processes' gradients, which DDP takes, is that
    of the whole batch's mean loss.
    """
    network = make_network().train()
    inputs = make_batch(present)
    batch = len(inputs["sound"])
    inputs = {name: share(x) for name, x in inputs.items()}
    there = {name: share(values > 0) for name, values in present.items()}
    lengths = {n: share(values) for n, values in present.items() if values.dtype == torch.int64}
    outputs = network(inputs, there, lengths)
    loss = outputs.square().sum() / len(outputs)
    (loss * processes * len(outputs) / batch).backward()
    gradients = [
        torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for parameter in network.parameters()
    ]
    return {"outputs": outputs.detach(), "gradients": gradients, "buffers": [*network.buffers()]}


def refusal(norm: nn.Module, x: Tensor, mask: Tensor) -> str:
    try:
        norm(x, mask)
    except ValueError as error:
        return str(error)
    return "none"


def work(rank: int, folder: Path) -> None:
    """Compute a share of every case; what one of two processes runs."""
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=120),
    )
    answers: dict[str, Any] = {
        name: learn(present, lambda x: x.tensor_split(2)[rank], processes=2)
        for name, present in CASES.items()
    }
    norm, x, mask = BatchNorm1d(1, eps=0), torch.tensor([[[3.0, 99.0]]]), torch.tensor([[[1, 0]]])
    answers["too few"] = refusal(norm, x, mask if rank == 0 else 0 * mask)
    answers["one each"] = norm(x + 4 * rank, mask)[0][0, 0, 0].item()
    if rank == 0:  # would wait for the other process in vain if it asked for anything
        answers["alone"] = norm.eval()(x, mask)[0][0, 0, 0].item()
    torch.save(answers, folder / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """Return the answers of both processes."""
    folder = tmp_path_factory.mktemp("processes")
    multiprocessing.spawn(work, (folder,), nprocs=2, daemon=True)  # they end with the tests
    yield [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case: str, both: list[dict[str, Any]]) -> None:
    whole = learn(CASES[case], lambda x: x, processes=1)
    first, second = (answers[case] for answers in both)
    close = {"rtol": 1e-10, "atol": 1e-10}
    outputs = torch.cat([first["outputs"], second["outputs"]])
    torch.testing.assert_close(outputs, whole["outputs"], **close)
    for ours, theirs, expected in zip(
        first["gradients"], second["gradients"], whole["gradients"], strict=True
    ):
        torch.testing.assert_close((ours + theirs) / 2, expected, **close)
    for answers in (first, second):
        torch.testing.assert_close(answers["buffers"], whole["buffers"], **close)


def test_the_real_positions_are_counted_over_all_processes(both: list[dict[str, Any]]) -> None:
    # One process has 3, the other 7: mean 5, standard deviation 2.
    assert [answers["one each"] for answers in both] == [-1.0, 1.0]
    for answers in both:
        assert "at least two real positions in a batch to learn from; got 1" in answers["too few"]


def test_in_eval_mode_a_process_computes_on_its_own(both: list[dict[str, Any]]) -> None:
    # The running mean is 0.1 · 5, the running variance 0.9 + 0.1 · 4 · 2 / (2 − 1) = 1.7.
    assert both[0]["alone"] == pytest.approx((3 - 0.5) / 1.7**0.5)
