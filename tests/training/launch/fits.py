"""Runs for test_distributed.py, which starts this file with torchrun: python fits.py folder names.

Each process writes into the folder what its runs gave, or the errors that they raised. The
processes begin with different parameters and random states, as careless scripts do.
"""

import contextlib
import io
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from mmtutor.balancing import UnimodalHeads
from mmtutor.fusion import SumFusion
from mmtutor.network import FinalClassifier, MultiModalNet
from mmtutor.processes import all_reduce_sum
from mmtutor.training import History, evaluate, fit, predict, train

RANK = int(os.environ.get("RANK", 0))
if "KILL_AT_READ" in os.environ:
    # torchrun asks the survivor to end as soon as it notices; let it say first what it knows.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Batch = tuple[dict[str, Tensor], Tensor]


class Net(nn.Module):
    """A network without batch statistics: what it gives for an example depends on it alone."""

    def __init__(self, outputs: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(RANK)
        hidden = (nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU(), nn.Dropout(dropout))
        self.layers = nn.Sequential(*hidden, nn.Linear(8, outputs))
        self.double()  # rounding then hides no mistake

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.layers(inputs["x"])


def batches(examples: int, size: int, values: bool = False) -> list[Batch]:
    """Batches of so many examples with labels 0, 1, 2, or with values; the last is smaller."""
    generator = torch.Generator().manual_seed(examples)
    x = torch.randn(examples, 4, generator=generator, dtype=torch.float64)
    targets = x.square().sum(dim=1, keepdim=True) if values else torch.arange(examples) % 3
    return [({"x": a}, b) for a, b in zip(x.split(size), targets.split(size), strict=True)]


def result(model: nn.Module, history: History) -> dict[str, Any]:
    return {"state": model.state_dict(), "rows": history.rows}


def sgd(model: nn.Module, *others: nn.Module) -> torch.optim.SGD:
    parameters = [each for module in (model, *others) for each in module.parameters()]
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


# Runs that give in two processes what they give in one. 21 examples in batches of 8 leave 5,
# which are shared 3 to 2; 11 in batches of 5 leave 1, so that one process has nothing.


def classes(folder: Path) -> dict[str, Any]:
    model = Net()
    return result(model, fit(model, batches(21, 8), batches(11, 5), epochs=3, optimizer=sgd(model)))


def values(folder: Path) -> dict[str, Any]:
    model = Net(outputs=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    loaders = batches(21, 8, values=True), batches(11, 5, values=True)
    schedule = {"schedule": OneCycleLR(optimizer, 0.5, 18), "schedule_every": "batch"}
    settings = {"optimizer": optimizer, "clip_norm": 0.5, "patience": 2, "monitor": "r2"}
    return result(
        model, fit(model, *loaders, epochs=6, criterion=nn.MSELoss(), **settings, **schedule)
    )


def weighted(folder: Path) -> dict[str, Any]:
    """Class weights that differ much, and labels that are ignored: shares count unequally."""
    model = Net()
    criterion = nn.CrossEntropyLoss(torch.tensor([0.1, 9.0, 1.0]).double(), ignore_index=2)
    loaders = batches(21, 8), batches(12, 6)
    return result(model, fit(model, *loaders, epochs=2, criterion=criterion, optimizer=sgd(model)))


class Tempered(nn.CrossEntropyLoss):
    """A criterion that is trained too, and begins with another value in each process."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(1.0 + RANK))

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return super().forward(outputs / self.temperature, targets)


def tempered(folder: Path) -> dict[str, Any]:
    model, criterion = Net(), Tempered()
    history = fit(
        model, batches(21, 8), epochs=2, criterion=criterion, optimizer=sgd(model, criterion)
    )
    return result(criterion, history)


def ignored_share(folder: Path) -> dict[str, Any]:
    """The second half of each batch has no label that counts, for a criterion with a parameter."""
    model, criterion = Net(), Tempered()
    loader = batches(16, 8)
    for _, targets in loader:
        targets[4:] = -100
    settings = {"criterion": criterion, "optimizer": sgd(model, criterion)}
    return result(model, fit(model, loader, loader, epochs=2, **settings))


def unimodal_heads(folder: Path) -> dict[str, Any]:
    """Of one modality the shares have three and one of four, of another two and none."""
    torch.manual_seed(RANK)
    encoders = {"x": nn.Linear(4, 5), "y": nn.Linear(4, 5)}
    fusion = SumFusion({"x": 5, "y": 5}, 6, allow_missing=True)
    model = MultiModalNet(encoders, fusion, FinalClassifier(6, 3)).double()
    weighted = nn.CrossEntropyLoss(torch.tensor([0.1, 9.0, 1.0]).double(), ignore_index=2)
    criterion = UnimodalHeads(model, 3, criterion=weighted).double()
    there = {
        "x": torch.tensor([True, True, True, False, False, False, True, False]),
        "y": torch.arange(8) < 2,
    }
    loader = [({"x": i["x"], "y": -i["x"]}, t, there) for i, t in batches(16, 8)]
    settings = {"criterion": criterion, "optimizer": sgd(model, criterion)}
    found = result(model, fit(model, loader, loader, epochs=2, **settings))
    heads = {f"heads {name}": x for name, x in criterion.state_dict().items()}
    return found | {"state": found["state"] | heads}


class Centered(nn.Module):
    """Subtract the mean over the batches of all processes, as a batch normalization does."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x - all_reduce_sum(x.sum(dim=0)) / all_reduce_sum(torch.tensor(float(len(x))))


class TwoBranches(nn.Module):
    """Uses its second branch only if the batch has an example of it, and its third one never."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(RANK)
        # So wide that gradients are exchanged before all are computed.
        self.first = nn.Sequential(nn.Linear(4, 600), Centered(), nn.Linear(600, 600), Centered())
        self.second = nn.Sequential(nn.Linear(4, 600), nn.Linear(600, 600))
        self.third = nn.Linear(600, 600)
        self.head = nn.Linear(600, 3)
        self.double()

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> Tensor:
        there = present["y"] > 0
        more = self.second(inputs["y"][there]) if there.any() else None
        z = self.first(inputs["x"])
        if more is not None:
            z = z.index_add(0, there.nonzero()[:, 0], more)
        return self.head(z)


def missing(folder: Path) -> dict[str, Any]:
    """Only the first two of eight examples have a second modality: none in the second share."""
    model, mask = TwoBranches(), torch.arange(8) < 2
    loader = [({"x": i["x"], "y": i["x"]}, t, {"y": mask}) for i, t in batches(16, 8)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=0.1)
    rows = fit(model, loader, epochs=2, optimizer=optimizer)
    state = {name: x for name, x in model.state_dict().items() if x.ndim == 1}
    return {"state": state, "rows": rows.rows, "unused": model.third.weight.grad}


ALIKE = {
    run.__name__: run
    for run in (classes, values, weighted, tempered, ignored_share, unimodal_heads, missing)
}


# A run with all that must be put back when it is resumed.


class Points(Dataset):
    """Points with labels; the process 1 of several kills itself at the given read, if any."""

    def __init__(self) -> None:
        self.points = torch.randn(24, 4, generator=torch.Generator().manual_seed(0))
        self.reads_left = int(os.environ.get("KILL_AT_READ", 0)) if RANK == 1 else 0

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> tuple[dict[str, Tensor], int]:
        self.reads_left -= 1
        if self.reads_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": self.points[index]}, int(self.points[index, 0] > 0)


def long_run(checkpoint: Path | None, epochs: int = 4) -> dict[str, Any]:
    model = Net(dropout=0.5).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    loader = DataLoader(Points(), 8, shuffle=True, generator=torch.Generator().manual_seed(0))
    schedule = {"schedule": OneCycleLR(optimizer, 0.5, 12), "schedule_every": "batch"}
    settings = {"optimizer": optimizer, "clip_norm": 0.5, "mixed_precision": True}
    history = fit(
        model, loader, loader, epochs=epochs, checkpoint=checkpoint, **settings, **schedule
    )
    return result(model, history)


def straight(folder: Path) -> dict[str, Any]:
    return long_run(None)


def resumed(folder: Path) -> dict[str, Any]:
    long_run(folder / "resumed.pt", epochs=2)
    return long_run(folder / "resumed.pt")


def killed(folder: Path) -> dict[str, Any]:
    return long_run(folder / "killed.pt")


# What else has to hold when there are several processes.


def one_with_nan(folder: Path) -> None:
    """The second share of the second batch has no finite loss, the first has."""
    loader = batches(16, 8)
    loader[1][0]["x"][7] = math.nan
    fit(Net(), loader, epochs=1, checkpoint=folder / "one_with_nan.pt")


def own_sampler(folder: Path) -> None:
    sampler = DistributedSampler(Points(), num_replicas=2, rank=RANK)
    fit(Net(), DataLoader(Points(), 8, sampler=sampler), epochs=1)


def own_order(folder: Path) -> None:
    torch.manual_seed(RANK)
    fit(Net().float(), DataLoader(Points(), 8, shuffle=True), epochs=1)


def own_number_of_batches(folder: Path) -> None:
    fit(Net(), batches(24, 8)[: 2 + RANK], epochs=1)


def too_few(folder: Path) -> None:
    fit(Net(), batches(9, 8), epochs=1)


def own_group(folder: Path) -> dict[str, Any]:
    """In a group of the script's own; other functions than fit stay in their process."""
    distributed.init_process_group("gloo")
    model = Net()
    given = fit(model, batches(21, 8), batches(11, 5), epochs=3, optimizer=sgd(model))
    if RANK == 0:
        other, loader = Net(), batches(9, 4)
        train(other, loader, nn.CrossEntropyLoss(), sgd(other))
        evaluate(other, loader)
        predict(other, loader)
    stayed = distributed.is_initialized()
    distributed.destroy_process_group()
    return result(model, given) | {"stayed": stayed}


def statistics(folder: Path) -> dict[str, Any]:
    """torch's own batch normalization has the statistics of its share."""
    model = Net()
    model.layers[1] = nn.BatchNorm1d(8).double()
    history = fit(model, batches(16, 8), batches(11, 5), epochs=1)
    return result(model, history) | {"left": not distributed.is_initialized()}


def files_and_bars(folder: Path) -> str:
    model, loader = Net(), batches(16, 8)
    with contextlib.redirect_stderr(io.StringIO()) as bar:
        fit(model, loader, epochs=2, checkpoint=folder / f"of-{RANK}.pt", progress=True)
    return bar.getvalue()


OTHERS = (one_with_nan, own_sampler, own_order, own_number_of_batches, too_few)
OTHERS += (own_group, statistics, files_and_bars, straight, resumed)
RUNS: dict[str, Callable[[Path], Any]] = ALIKE | {run.__name__: run for run in OTHERS}


def main(folder: Path, *names: str) -> None:
    results = {}
    for name in names or RUNS:
        try:
            results[name] = RUNS[name](folder)
        except (RuntimeError, ArithmeticError, ValueError) as error:
            if names:
                raise
            results[name] = f"{type(error).__name__}: {error}"
    torch.save(results, folder / f"process-{RANK}.pt")


if __name__ == "__main__":
    RUNS["killed"] = killed
    main(Path(sys.argv[1]), *sys.argv[2:])
