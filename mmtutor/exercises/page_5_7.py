"""Exercises of page 5.7, Model complexity."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.exercise import Exercise, expect


def largest_batch(parameters: int, kept: int, memory: int) -> int:
    left = memory - 16 * parameters
    return max(0, left // kept)


def _check_batch(answer: Callable[[int, int, int], int]) -> None:
    batch = as_number(answer(1000, 3000, 100_000))
    expect(batch != 33, "the weights need memory too: 16 bytes for each with Adam")
    expect(batch != 32, "a float32 weight has 4 bytes, and Adam keeps four such numbers for each")
    expect(
        batch != 30,
        "with 8 bytes you count weight and gradient; Adam adds two averages for each weight",
    )
    expect(
        batch != 29,
        "12 bytes are three numbers: weight, gradient and two averages are four",
    )
    expect(batch == 28, f"(1000, 3000, 100_000): 84,000 bytes are left for 28; got {batch:g}")
    batch = as_number(answer(1000, 3000, 99_999))
    expect(batch == int(batch), f"a batch is a whole number; got {batch:g}")
    expect(batch != 28, "28 examples need one byte more than there is: round down")
    expect(batch == 27, f"(1000, 3000, 99_999): 27 fit; got {batch:g}")
    batch = as_number(answer(1000, 3000, 10_000))
    expect(batch >= 0, f"where not even the weights fit, the answer is 0; got {batch:g}")
    expect(batch == 0, f"16,000 bytes of weights do not fit into 10,000; got {batch:g}")


def _machines() -> Iterator[tuple[int, int, int]]:
    for parameters, kept in ((10, 7), (500, 1000), (1000, 3001), (123_456, 98_765)):
        weights = 16 * parameters
        for batch in (0, 1, 2, 17):
            for more in (0, kept - 1, kept // 2):
                yield parameters, kept, weights + batch * kept + more
        yield parameters, kept, weights - 1


def shares(
    rows: Tensor, rate: float, bandwidth: float, overhead: float
) -> tuple[float, float, float]:
    arithmetic, transport = rows[:, 0] / rate, rows[:, 1] / bandwidth
    is_busy = arithmetic > transport
    return (
        arithmetic[is_busy].sum().item(),
        transport[~is_busy].sum().item(),
        overhead * len(rows),
    )


# Operations and bytes of three calls. At 10 and 2 per second: 6 s against 2 s, 1 s against 4 s,
# 0 s against 3 s.
_ROWS = ((60.0, 4.0), (10.0, 8.0), (0.0, 6.0))


def _check_shares(
    answer: Callable[[Tensor, float, float, float], Sequence[float]],
) -> None:
    given = answer(torch.tensor(_ROWS, dtype=torch.float64), 10.0, 2.0, 0.5)
    expect(
        as_floats(given).shape == (3,),
        "return three numbers: arithmetic, memory, overhead",
    )
    seconds = tuple(round(value, 4) for value in as_floats(given).tolist())
    expect(
        seconds != (7.0, 9.0, 1.5),
        "these are the times of all calls; arithmetic and transport go on at once, so count a "
        "call only where it takes longer",
    )
    expect(seconds[2] != 0.5, "the overhead is paid once for each call")
    expect(
        seconds != (7.0, 7.0, 1.5) and seconds != (0.0, 9.0, 1.5),
        "decide call by call which limit binds, not once for the whole network",
    )
    expect(seconds != (7.0, 6.0, 1.5), "memory and arithmetic are in the wrong order")
    expect(seconds != (1.0, 2.0, 1.5), "you took the faster of both; the slower one decides")
    expect(
        are_close(given, [6.0, 7.0, 1.5]),
        f"at 10 operations and 2 bytes a second, the calls {_ROWS} take 6, 7 and 1.5 s; "
        f"got {seconds}",
    )


def _ledgers() -> Iterator[tuple[Tensor, float, float, float]]:
    generator = torch.Generator().manual_seed(1)
    for calls in (1, 4, 20):
        rows = 1000 * torch.rand(calls, 2, generator=generator)
        for rate, bandwidth, overhead in ((3.0, 2.0, 0.5), (1e3, 5.0, 1.0), (2.0, 1e3, 0.0)):
            yield rows, rate, bandwidth, overhead
            yield rows.double(), rate, bandwidth, overhead


EXERCISES = {
    "5.7.a": Exercise(
        check=_check_batch,
        cases=_machines,
        solution=largest_batch,
        hints=(
            "Two things need memory: the weights, whatever the batch, and the maps, once for "
            "each example.",
            "Adam keeps four float32 numbers for each weight: itself, its gradient, two averages.",
            "Subtract `16 * parameters` from the memory, and see how often `kept` goes into the "
            "rest. It may be negative.",
        ),
        praise="Halve the maps and you double the batch; halve the weights and little changes.",
    ),
    "5.7.b": Exercise(
        check=_check_shares,
        cases=_ledgers,
        solution=shares,
        hints=(
            "First the two times of every call: operations over rate, bytes over bandwidth.",
            "Compare both columns, call by call: `longer = arithmetic > transport` is a mask.",
            "Sum `arithmetic[longer]` and `transport[~longer]`; the overhead is paid for each row.",
        ),
        praise="The largest of the three says which remedy to try first.",
    ),
}
