"""Exercises of page 2.3, Shared representations."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, Mistake, expect
from mmtutor.exercises.forbidding import listening


def range_of_redundancy(left: float, right: float, both: float) -> tuple[float, float]:
    least = max(0.0, left + right - both)
    largest = min(left, right)
    return least, largest


def _check_range(answer: Callable[[float, float, float], Sequence[float]]) -> None:
    # 2 + 3 - 4 = 1 bit is counted twice; more redundancy than the left tells is impossible.
    ends = answer(2.0, 3.0, 4.0)
    shape = as_floats(ends).shape
    expect(shape == (2,), "return two numbers, the least and the largest R")
    least, largest = as_floats(ends).tolist()
    expect(least <= largest, "the least R comes first")
    expect(least != -1, "this is S - R; turn it round, and R is at least R - S")
    expect(
        least != 0,
        "of 2 and 3 bits only 4 are left when both are known: one bit at least was told twice",
    )
    expect(largest != 4, "what both tell together is no limit; a redundant bit is told by each")
    expect(largest != 3, "R is a part of what the left tells, too: U_l = left - R is not negative")
    right = are_close(ends, [1.0, 2.0])
    expect(right, f"2, 3 and 4 bits allow R from 1 to 2; got {least:g} to {largest:g}")
    least, largest = as_floats(answer(0.0, 0.0, 1.0)).tolist()
    expect(least >= 0, f"for a pure XOR your least R is {least:g}; no amount is negative")
    expect(
        are_close([least, largest], [0.0, 0.0]), "for a pure XOR, which neither side tells, R is 0"
    )


def _measured() -> Iterator[tuple[float, float, float]]:
    yield 0.311, 0.311, 0.811
    amounts = (0.0, 0.25, 1.5, 2.0)
    for redundant, synergy in ((0.0, 0.0), (0.0, 0.75), (1.0, 0.5), (0.5, 2.0), (1.0, 0.0)):
        for left in amounts:
            for right in amounts:
                both = redundant + left + right + synergy
                yield redundant + left, redundant + right, both


def xor(left: Tensor, right: Tensor) -> Tensor:
    total = left + right
    return torch.relu(total) - 2 * torch.relu(total - 1)


def _check_xor(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    left = torch.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
    right = torch.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    result = answer(left, right)
    numbers = as_floats(result)
    expect(numbers.shape == (4,), f"the result has shape (batch,), not {tuple(numbers.shape)}")
    values = numbers.tolist()
    expect(values != [0, 1, 1, 2], "1 and 1 give 2: subtract something that is 0 elsewhere")
    expect(values != [0, 0, 1, 0], "left 0 and right 1 give 0: they differ in that order as well")
    expect(values != [0, 1, -1, 0], "the sign tells which one is larger; the answer is 1 for both")
    expect(values != [0, 0, 0, 1], "this is AND: 1 where both are 1")
    wanted = [0, 1, 1, 0]
    expect(
        are_close(numbers, torch.tensor(wanted).float()),
        f"(0,0), (0,1), (1,0), (1,1) should give {wanted}; got {values}",
    )
    expect(
        isinstance(result, Tensor) and result.requires_grad,
        "a comparison has no gradient, and neither has a copy: nothing could be learnt through it",
    )
    _expect_no_curve(answer)
    # Relus may be flat at the corners, so that a gradient is looked for between them, too.
    grid = torch.linspace(0.05, 0.95, 10)
    between = (grid.repeat(10).requires_grad_(), grid.repeat_interleave(10).requires_grad_())
    total = result.sum() + answer(*between).sum()
    sides = (left, between[0]), (right, between[1])
    for name, inputs in zip(("left", "right"), sides, strict=True):
        slopes = torch.autograd.grad(
            total, inputs, allow_unused=True, materialize_grads=True, retain_graph=True
        )
        through = any(slope.abs().sum() > 0 for slope in slopes)
        expect(through, f"no gradient reaches {name}; do not detach it")
    listening(answer, _only_sums_and_relus)(left, right)


def _expect_no_curve(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    line = torch.linspace(0, 1, 33)
    for left, right in ((line, line), (line, 1 - line), (line, 0.5 + 0 * line)):
        bends = answer(left, right).diff(n=2).abs() > 1e-4
        expect(
            bends.sum() <= 8,
            "between the corners this is curved, so left and right are multiplied with each other; "
            "relus of sums are enough",
        )


_OTHERS = frozenset(
    "abs absolute max maximum amax min minimum amin clamp clip sign eq ne gt lt ge le where pow "
    "square sqrt exp log tanh sigmoid sin cos round floor ceil remainder fmod prod heaviside "
    "logical_xor bitwise_xor xor float_power fmax fmin sgn".split()
)


def _only_sums_and_relus(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    bare = name.strip("_")
    is_relu = bare == "clamp" and [*args[1:], *kwargs.values()] in ([0], [0.0])
    if bare in _OTHERS and not is_relu:
        raise Mistake(f"use only sums, multiples by constants and torch.relu; you use `{bare}`")


def _corners() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples in (1, 7, 20):
        left, right = torch.randint(2, (2, examples), generator=generator).float()
        yield left, right


EXERCISES = {
    "2.3.a": Exercise(
        check=_check_range,
        cases=_measured,
        solution=range_of_redundancy,
        hints=(
            "Write U_l, U_r and S as functions of R and the three measurements. None is negative.",
            "U_l = left - R and U_r = right - R bound R from above; S = both - left - right + R "
            "bounds it from below.",
            "The largest is `min(left, right)`; the least is `left + right - both`, or 0 if that "
            "is negative.",
        ),
        praise="AND allows everything from 0 to 0.311: the three measurements say that there is "
        "synergy, and leave open whether there is redundancy.",
    ),
    "2.3.b": Exercise(
        check=_check_xor,
        cases=_corners,
        solution=xor,
        hints=(
            "The sum is 0, 1, 1, 2. What has to be taken away, and from which corner only?",
            "`torch.relu(left + right - 1)` is 0 at three corners and 1 at the last.",
            "Take it away twice from the sum.",
        ),
        praise="Two hidden units that see both sides: what no pair of separate networks can add "
        "up to.",
    ),
}
