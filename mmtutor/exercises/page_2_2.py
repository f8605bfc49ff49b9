"""Exercises of page 2.2, Shared representations."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mmtutor.exercises.exercise import Exercise, expect


def range_of_redundancy(left: float, right: float, both: float) -> tuple[float, float]:
    least = max(0.0, left + right - both)
    largest = min(left, right)
    return least, largest


def _check_range(answer: Callable[[float, float, float], Sequence[float]]) -> None:
    # 2 + 3 - 4 = 1 bit is counted twice; more redundancy than the left tells is impossible.
    ends = answer(2.0, 3.0, 4.0)
    expect(not isinstance(ends, int | float), "return two numbers, the least and the largest R")
    expect(len(ends) == 2, f"return two numbers, the least and the largest R; got {len(ends)}")
    least, largest = (float(end) for end in ends)
    expect(least <= largest, "the least R comes first")
    expect(least != -1, "this is S - R; turn it round, and R is at least R - S")
    expect(
        least != 0,
        "of 2 and 3 bits only 4 are left when both are known: one bit at least was told twice",
    )
    expect(largest != 4, "what both tell together is no limit; a redundant bit is told by each")
    expect(largest != 3, "R is a part of what the left tells, too: U_l = left - R is not negative")
    right = math.isclose(least, 1) and math.isclose(largest, 2)
    expect(right, f"2, 3 and 4 bits allow R from 1 to 2; got {least:g} to {largest:g}")
    least, largest = (float(end) for end in answer(0.0, 0.0, 1.0))
    expect(least >= 0, f"for a pure XOR your least R is {least:g}; no amount is negative")
    expect(least == largest == 0, "for a pure XOR, which neither side tells, R is 0")


def xor(left: Tensor, right: Tensor) -> Tensor:
    total = left + right
    return torch.relu(total) - 2 * torch.relu(total - 1)


def _check_xor(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    left = torch.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
    right = torch.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    result = answer(left, right)
    expect(isinstance(result, Tensor), "return a tensor, one number for each example")
    expect(result.shape == (4,), f"the result has shape (batch,), not {tuple(result.shape)}")
    values = result.tolist()
    expect(values != [0, 1, 1, 2], "1 and 1 give 2: subtract something that is 0 elsewhere")
    expect(values != [0, 0, 1, 0], "left 0 and right 1 give 0: they differ in that order as well")
    expect(values != [0, 1, -1, 0], "the sign tells which one is larger; the answer is 1 for both")
    expect(values != [0, 0, 0, 1], "this is AND: 1 where both are 1")
    wanted = [0, 1, 1, 0]
    expect(
        torch.allclose(result.float(), torch.tensor(wanted).float(), atol=1e-5),
        f"(0,0), (0,1), (1,0), (1,1) should give {wanted}; got {values}",
    )
    expect(result.requires_grad, "a comparison has no gradient: nothing could be learnt through it")
    line = torch.linspace(0, 1, 33)
    bends = answer(line, line).diff(n=2).abs() > 1e-4
    expect(
        bends.sum() <= 8,
        "between the corners this is curved, so left and right are multiplied with each other; "
        "relus of sums are enough",
    )
    gradients = torch.autograd.grad(result[1:3].sum(), (left, right), allow_unused=True)
    through = all(each is not None and each.abs().sum() > 0 for each in gradients)
    expect(through, "no gradient reaches left or right; do not detach them")


EXERCISES = {
    "2.2.a": Exercise(
        check=_check_range,
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
    "2.2.b": Exercise(
        check=_check_xor,
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
