"""Exercises of page 5.5, Adaptive multimodal learning."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.exercise import Exercise, expect

Combine = Callable[[Tensor, Tensor, Tensor], Tensor]
Choose = Callable[[Tensor, Tensor, Tensor, Tensor, float], float]


def combine(m: Tensor, sigma: Tensor, present: Tensor) -> Tensor:
    precision = torch.where(present, 1 / sigma**2, 0.0)
    total = (precision * torch.where(present, m, 0.0)).sum(dim=1)
    weight = precision.sum(dim=1)
    return torch.where(weight > 0, total / weight, 0.0)


def _check_combine(answer: Combine) -> None:
    m = torch.tensor([[2.0, 6.0, 4.0], [1.0, 5.0, 9.0]])
    sigma = torch.tensor([[1.0, 2.0, 0.5], [3.0, 1.0, 2.0]])
    everything = torch.ones(2, 3, dtype=torch.bool)
    result = as_floats(answer(m, sigma, everything))
    expect(
        result.shape == (2,),
        "return one number for each example, a tensor (batch,)",
    )
    expect(
        not are_close(result, m.mean(dim=1)),
        "this is the plain mean: a measurement with a small sigma must count more",
    )
    expect(
        not are_close(result, _mean(m, sigma**2)),
        "the noisy measurements count more: the weight is the *inverse* variance",
    )
    expect(
        not are_close(result, _mean(m, 1 / sigma)),
        "these are weights 1 / sigma; the variance is sigma squared",
    )
    expect(
        are_close(result, _mean(m, 1 / sigma**2)),
        f"all present: expected {shown(_mean(m, 1 / sigma**2))}, got {shown(result)}",
    )
    present = torch.tensor([[True, False, True], [False, True, False]])
    result = as_floats(answer(m, sigma, present))
    diluted = _mean(m, 1 / sigma**2 * present) * (1 / sigma**2 * present).sum(dim=1)
    expect(
        not are_close(result, diluted / (1 / sigma**2).sum(dim=1)),
        "with one missing, the weights no longer sum to 1: divide by those that are there",
    )
    expect(
        are_close(result, _mean(m, 1 / sigma**2 * present)),
        "a missing measurement must have the weight 0",
    )
    holes = answer(
        torch.where(present, m, math.nan), torch.where(present, sigma, math.nan), present
    )
    expect(
        are_close(holes, _mean(m, 1 / sigma**2 * present)),
        "nan where a measurement is missing reaches the result: 0 times nan is nan, so choose "
        "with torch.where, before you multiply",
    )
    none = as_floats(answer(m, sigma, ~everything))
    expect(
        are_close(none, torch.zeros(2)),
        f"an example without any measurement gives 0; got {shown(none)}",
    )


def _measurements() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for batch, count in ((1, 1), (4, 2), (7, 5)):
        m = 10 * torch.randn(batch, count, generator=generator)
        sigma = 0.2 + 3 * torch.rand(batch, count, generator=generator)
        present = torch.rand(batch, count, generator=generator) < 0.6
        yield m, sigma, present
        yield m.double(), sigma.double(), present | True
        holes = torch.where(present, 1.0, torch.nan)
        yield m * holes, sigma * holes, present
        yield m, torch.where(present, sigma, 0.0), present


def _mean(m: Tensor, weights: Tensor) -> Tensor:
    return (weights * m).sum(dim=1) / weights.sum(dim=1)


def choose_threshold(
    sure: Tensor, first: Tensor, last: Tensor, thresholds: Tensor, loss: float
) -> float:
    wanted = last.double().mean() - loss
    for t in thresholds:
        if torch.where(sure > t, first, last).double().mean() >= wanted:
            return t.item()
    raise ValueError("no threshold is good enough; the last one should stop nobody")


def _check_threshold(answer: Choose) -> None:
    # Ten examples, from the surest down.
    sure = torch.tensor([0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.65, 0.60, 0.50, 0.40])
    first = torch.tensor([True, True, True, False, True, False, True, False, False, False])
    last = torch.tensor([True, True, False, True, True, True, True, True, False, False])
    thresholds = torch.tensor([0.30, 0.45, 0.55, 0.62, 0.67, 0.72, 0.77, 0.82, 0.87, 1.0])
    # Accuracy, by hand: 0.5, 0.5, 0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.7, 0.7.
    order = torch.tensor([4, 0, 9, 2, 7, 5, 1, 8, 3, 6])
    data = (sure[order], first[order], last[order], thresholds)
    values = {loss: _number(answer(*data, loss)) for loss in (0.0, 0.15)}

    def gives(at_0: float, at_15: float) -> bool:
        return are_close(values[0.0], at_0) and are_close(values[0.15], at_15)

    expect(
        not gives(1.0, 1.0),
        "this is the dearest threshold, at which nobody stops; the cheapest is the lowest one",
    )
    expect(not gives(0.82, 0.82), "this is the most accurate threshold, not the cheapest")
    expect(
        not gives(0.72, 0.72),
        "`loss` makes no difference: with 0.15, six of ten right are enough",
    )
    expect(
        not gives(0.62, 0.45),
        "you look only at those that stop; those that go on count too, with the last exit",
    )
    expect(
        not gives(0.3, 0.3),
        "the lowest threshold of all: have you let those stop that are *un*sure?",
    )
    expect(gives(0.72, 0.62), f"expected 0.72 for loss 0 and 0.62 for 0.15; got {shown(values)}")


def _exits() -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    thresholds = torch.tensor([0.1, 0.3, 0.5, 0.6, 0.75, 0.9, 1.0])
    for n in (3, 25, 120, *range(8, 20)):
        sure = torch.rand(n, generator=generator)
        sure[0] = 0.5
        first = torch.rand(n, generator=generator) < sure
        last = torch.rand(n, generator=generator) < 0.8
        for loss in (0.0, 0.043, 0.107, 0.313):
            yield sure, first, last, thresholds, loss
        yield sure, last, last, thresholds, 0.0


def _number(value: object) -> float:
    expect(as_floats(value).numel() == 1, "return one threshold, not one for each example")
    return as_number(value)


EXERCISES = {
    "5.5.a": Exercise(
        check=_check_combine,
        cases=_measurements,
        gradients=frozenset({"m"}),
        solution=combine,
        hints=(
            "A missing measurement is one with an infinite sigma. What is its precision, and what "
            "happens to the sum of the precisions?",
            "`torch.where(present, 1 / sigma**2, 0.0)` are the precisions. The values need a "
            "`where` of their own, for 0 times `nan` is `nan`.",
            "Divide the sum of precision times value by the sum of the precisions; where that sum "
            "is 0, `torch.where` gives 0.",
        ),
        praise="This is the gate of a missing sense, with log-precisions for scores.",
    ),
    "5.5.b": Exercise(
        check=_check_threshold,
        cases=_exits,
        solution=choose_threshold,
        hints=(
            "For one threshold t: who answers for an example that stops, and who for one that "
            "goes on?",
            "`torch.where(sure > t, first, last)` says who is right. Its mean is the accuracy.",
            "Go through the thresholds from the lowest, which stops most, and return the first "
            "whose accuracy is at least the mean of `last` less `loss`.",
        ),
        praise="Chosen on validation data; now the test set may be read, once.",
    ),
}
