"""Exercises of page 5.9, Scaling out."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.exercise import Exercise, expect

Merge = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
MostWorkers = Callable[[float, int, float, float, float], int]


def merge(counts: Tensor, means: Tensor, variances: Tensor) -> tuple[Tensor, Tensor]:
    weights = (counts / counts.sum())[:, None]
    mean = (weights * means).sum(dim=0)
    within = (weights * variances).sum(dim=0)
    between = (weights * (means - mean).square()).sum(dim=0)
    return mean, within + between


def _check_merge(answer: Merge) -> None:
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x += torch.arange(12, dtype=torch.float64)[:, None]  # so that the shares differ
    parts = x.split([6, 2, 4])
    counts = torch.tensor([float(len(part)) for part in parts], dtype=torch.float64)
    means = torch.stack([part.mean(dim=0) for part in parts])
    variances = torch.stack([part.var(dim=0, correction=0) for part in parts])
    result = answer(counts, means, variances)
    two = "return two tensors, the mean and the variance of each feature"
    expect(hasattr(result, "__len__") and len(result) == 2, two)
    mean, variance = (as_floats(each) for each in result)
    for name, given in (("mean", mean), ("variance", variance)):
        expect(
            given.shape == (3,),
            f"the {name} must have one number for each of 3 features, so the shape (3,); "
            f"got {tuple(given.shape)}",
        )
    weights = (counts / 12)[:, None]
    expect(
        not _same(mean, means.mean(dim=0)),
        "this is the plain mean of the means: a worker with 6 rows must count three times as "
        "much as one with 2",
    )
    expect(_same(mean, x.mean(dim=0)), f"the mean is {shown(mean)}, not {shown(x.mean(0))}")
    within = (weights * variances).sum(dim=0)
    expect(
        not _same(variance, within) and not _same(variance, variances.mean(dim=0)),
        "the variances are averaged, but the workers' means differ as well, and that is a part "
        "of the spread: with one row for each worker, your variance would be 0",
    )
    expect(
        not _same(variance, within + (means - x.mean(dim=0)).square().mean(dim=0)),
        "the squared distances of the means must be weighted by the counts too",
    )
    expect(
        not _same(variance, x.var(dim=0)),
        "this divides by N − 1; batch normalization divides by N, as the workers here did",
    )
    expect(
        not _same(variance, x.std(dim=0, correction=0)),
        "this is the standard deviation; leave out the square root",
    )
    expect(
        _same(variance, x.var(dim=0, correction=0)),
        f"the variance is {shown(variance)}, not {shown(x.var(dim=0, correction=0))}",
    )


def _same(given: Tensor, other: Tensor) -> bool:
    return are_close(given, other)


def _shares() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for sizes, features in (([5], 2), ([1, 1], 1), ([3, 3], 4), ([1, 9, 2, 4], 3)):
        counts = torch.tensor([float(size) for size in sizes])
        means = 3 * torch.randn(len(sizes), features, generator=generator)
        variances = torch.rand(len(sizes), features, generator=generator) * (counts > 1)[:, None]
        yield counts, means, variances
        yield counts.double(), means.double(), variances.double()
        yield counts.double(), means.double() + 3000, variances.double()


def most_workers(c: float, batch: int, size: float, bandwidth: float, floor: float) -> int:
    most = 1
    for workers in range(2, batch + 1):
        computing = c * batch / workers
        sending = 2 * (workers - 1) / workers * size / bandwidth
        if c * batch / (computing + sending) / workers >= floor:
            most = workers
    return most


# c, batch, size, bandwidth, floor. None lies so close to the floor that rounding could decide.
_CASES = (
    (1e-3, 256, 100e6, 1.25e9, 0.5),
    (1e-3, 256, 100e6, 12.5e9, 0.55),
    (1e-3, 256, 100e6, 12.5e9, 0.8),
    (1e-3, 256, 100e6, 1.25e9, 0.7),
    (1e-3, 16, 1e5, 1e9, 0.5),  # more would do, but for the batch
    (1e-5, 64, 1e6, 1e8, 0.5),  # one
)


def _check_most(answer: MostWorkers) -> None:
    given = [as_number(answer(*case)) for case in _CASES]
    for number in given:
        expect(number == round(number), f"return a whole number of workers; got {number:g}")
    mistakes: dict[str, dict[str, Any]] = {
        "each sends (workers − 1) / workers of the bytes, twice; for two that is half of what "
        "you count": {"whole": True},
        "each byte goes around the ring twice: once to be added, once to be spread": {"times": 1},
        "here every worker gets a whole batch; the task divides one batch among them": {
            "grown": True
        },
        "the bandwidth is in bytes per second already: there is nothing to multiply by 8": {
            "times": 16
        },
        "you compare the speed-up with the floor; the efficiency is the speed-up divided by the "
        "number of workers": {"speed_up": True},
    }
    for message, changes in mistakes.items():
        expect(given != [_most(case, **changes) for case in _CASES], message)
    expect(
        all(number >= 1 for number in given),
        "where not even two workers reach the floor, the answer is 1: a worker alone has "
        "nothing to send, so its efficiency is 1",
    )
    expect(
        all(number <= case[1] for number, case in zip(given, _CASES, strict=True)),
        "a batch cannot be divided among more workers than it has examples",
    )
    for case, number in zip(_CASES, given, strict=True):
        right, shown = most_workers(*case), ", ".join(f"{value:g}" for value in case)
        expect(number == right, f"for ({shown}) expected {right}, got {number:g}")


def _clusters() -> Iterator[tuple[float, int, float, float, float]]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(30):
        a, b, floor = torch.rand(3, generator=generator).tolist()
        case = (10 ** (-4 + 2 * a), int(8 + 300 * b), 1e7, 1e9, 0.2 + 0.75 * floor)
        near = [most_workers(*case[:4], case[4] + shift) for shift in (-1e-4, 1e-4)]
        if near[0] == near[1]:  # so that rounding does not decide
            yield case
    yield 1e-3, 1, 1e7, 1e9, 0.5
    yield 1e-3, 40, 1.0, 1e9, 0.9
    yield 1e-3, 64, 1e6, 1e9, 1.0
    yield 1e-3, 64, 1e6, 1e9, 1.2


def _most(
    case: tuple[float, int, float, float, float],
    *,
    times: int = 2,
    whole: bool = False,
    grown: bool = False,
    speed_up: bool = False,
) -> int:
    """Return the answer with the mistakes that are asked for."""
    c, batch, size, bandwidth, floor = case
    most = 1
    for workers in range(2, batch + 1):
        work = c * batch * (workers if grown else 1)
        sent = times * size * (1 if whole else (workers - 1) / workers)
        gained = work / (work / workers + sent / bandwidth)
        if (gained if speed_up else gained / workers) >= floor:
            most = workers
    return most


EXERCISES = {
    "5.9.a": Exercise(
        check=_check_merge,
        cases=_shares,
        solution=merge,
        hints=(
            "The mean first: it is a weighted mean, with the weights of this page. Then ask by "
            "how much a row differs from it on average: within its share, and because its share "
            "lies elsewhere.",
            "The variance has two parts: the weighted mean of the variances, and the weighted "
            "mean of `(means - mean).square()`.",
            "`weights = (counts / counts.sum())[:, None]`, then "
            "`mean = (weights * means).sum(dim=0)`, and the same with "
            "`variances + (means - mean).square()`.",
        ),
        praise="So three numbers from each worker are enough for the statistics of the whole.",
    ),
    "5.9.b": Exercise(
        check=_check_most,
        cases=_clusters,
        solution=most_workers,
        hints=(
            "Write down the seconds of a step, and from them the efficiency. Then try one number "
            "of workers after the other.",
            "Computing takes `c * batch / workers`, sending takes "
            "`2 * (workers - 1) / workers * size / bandwidth`. The efficiency is what one worker "
            "takes, divided by the sum of both and by `workers`.",
            "Begin with `most = 1`, go through `range(2, batch + 1)`, and set `most = workers` "
            "where the efficiency is at least `floor`.",
        ),
        praise="Ask this before you ask for machines.",
    ),
}
