"""Exercises of page 2.3, What two modalities know together."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, Mistake, expect
from mmtutor.exercises.forbidding import expect_no_look_inside, listening
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


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


_CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_LABELS = torch.tensor([0.0, 1.0, 1.0, 0.0])


def corners_right() -> float:
    # The score is a sum, so the four margins add up to zero: one corner at least is wrong. The
    # loss gives up the one that costs least, the rare corner. Three of four remain.
    return 0.75


def _uneven_corners() -> float:
    """Return the accuracy, over equal corners, of a sum that was fitted to unequal ones."""
    shares = torch.tensor([0.3, 0.3, 0.3, 0.1])
    weights = torch.zeros(3, requires_grad=True)
    inputs = torch.cat([_CORNERS, torch.ones(4, 1)], dim=1)
    for _ in range(500):
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            inputs @ weights, _LABELS, reduction="none"
        )
        (slope,) = torch.autograd.grad((shares * losses).sum(), weights)
        weights = (weights - slope).detach().requires_grad_()
    return ((inputs @ weights > 0) == (_LABELS == 1)).float().mean().item()


def _check_corners(answer: Any) -> str:
    return compare_prediction(
        "2.3.c",
        answer,
        _uneven_corners,
        right_within=0.05,
        mistakes={
            1.0: "A sum of two scores is never right at all four corners.",
            0.9: "That is its accuracy on the training shares, 0.3 + 0.3 + 0.3; the test has as "
            "many examples of each corner.",
            0.5: "With equal shares chance decides, and two corners are right on average. Here "
            "one corner is cheaper to give up than the others.",
            0.25: "That is the share of the corner that is lost.",
            0.7: "Count corners, all four of which are equally frequent in the test.",
        },
        otherwise="How many of the four corners can a sum get right, and which one is cheapest to "
        "give up?",
        highest=1.0,
    )


CONCLUSIONS = (
    "synergy for certain",
    "redundancy for certain",
    "nothing for certain",
    "all four amounts",
)
_TOLD = {
    "A": (0.7, 0.5, 1.2),
    "B": (0.9, 0.4, 0.9),
    "C": (0.6, 0.5, 1.4),
    "D": (0.9, 0.7, 1.1),
}


def four_pairs() -> dict[str, dict[str, float]]:
    """Return what left, right and both tell about a label, in bits, for four made-up pairs."""
    return {
        name: dict(zip(("left", "right", "both"), told, strict=True))
        for name, told in _TOLD.items()
    }


def read_the_pairs() -> dict[str, str]:
    return {
        # 0.7 + 0.5 = 1.2: R and S are equal, and may be 0 or not.
        "A": "nothing for certain",
        # The right adds nothing: U_r = S = 0, so R = 0.4 and U_l = 0.5.
        "B": "all four amounts",
        # 1.4 - 0.6 - 0.5 = 0.3 bits more than can be had one by one.
        "C": "synergy for certain",
        # 0.9 + 0.7 - 1.1 = 0.5 bits were counted twice.
        "D": "redundancy for certain",
    }


_WHY_NOT = {
    "synergy for certain": "both do not tell more than left and right added up",
    "redundancy for certain": "left and right added up do not tell more than both, or still more "
    "is known than that",
    "nothing for certain": "something follows: compare both with the sum of left and right",
    "all four amounts": "that needs a side that adds nothing to the other, so that two of the "
    "amounts are 0",
}


def _check_pairs(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_TOLD),
        "give a dict with a conclusion for each of A, B, C and D",
    )
    for name, said in found.items():
        expect(said in CONCLUSIONS, f"{name}: choose one of {', '.join(CONCLUSIONS)}; got {said!r}")
    values = list(found.values())
    twice = [each for each in CONCLUSIONS if values.count(each) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    right = read_the_pairs()
    for name, said in sorted(found.items()):
        expect(said == right[name], f"{name} does not show that: {_WHY_NOT[said]}")


Estimator = Callable[[Tensor], tuple[float, float, float, float]]
FAULTS = ("healthy", "never turns", "turns to independence", "forgets the label", "counts in nats")


def _told(table: Tensor) -> float:
    """Return what the first two axes of a table tell about the last, in bits."""
    apart = table.sum(-1, keepdim=True) * table.sum((0, 1), keepdim=True)
    here = table > 0
    return (table[here] * (table[here] / apart[here]).log2()).sum().item()


def _independent(table: Tensor) -> Tensor:
    """Return the table with the same pairs whose sides are independent, given the label."""
    label = table.sum((0, 1), keepdim=True)
    product = table.sum(1, keepdim=True) * table.sum(0, keepdim=True)
    return torch.where(label > 0, product / label.clamp(min=1e-300), 0.0)


def _least(table: Tensor) -> Tensor:
    """Return the table with the same pairs that tells least; the two steps are on the page."""
    return _least_of(tuple(table.flatten().tolist()), tuple(table.shape))


@cache  # the estimators of an examination are asked about the same few tables
def _least_of(numbers: tuple[float, ...], shape: tuple[int, ...]) -> Tensor:
    table = torch.tensor(numbers, dtype=torch.double).reshape(shape)
    q = _independent(table)
    for _ in range(300):
        q = q.sum(2, keepdim=True).expand_as(table)
        for _ in range(20):
            for axis in (1, 0):
                now = q.sum(axis, keepdim=True)
                wanted = table.sum(axis, keepdim=True)
                q = q * torch.where(now > 0, wanted / now.clamp(min=1e-300), 0.0)
    return q


def _estimator(fault: str, error: float) -> Estimator:
    """Return an estimator of the four amounts with one fault, and with a small error."""

    def decompose(table: Tensor) -> tuple[float, float, float, float]:
        p = torch.as_tensor(table).double()
        p = p / p.sum()
        left, right = _told(p.sum(1, keepdim=True)), _told(p.sum(0, keepdim=True))
        both = _told(p)
        if fault == "never turns":
            least = both
        elif fault == "forgets the label":
            least = 0.0
        else:
            least = _told((_independent if fault == "turns to independence" else _least)(p))
        amounts = (left + right - least, least - right, least - left, both - least)
        unit = math.log(2) if fault == "counts in nats" else 1.0
        signs = (error, -error, error / 2, -error / 2)
        first, second, third, fourth = (
            unit * each + off for each, off in zip(amounts, signs, strict=True)
        )
        return first, second, third, fourth

    return decompose


def examine_estimator(decompose: Estimator) -> str:
    table = torch.zeros(2, 2, 2)
    table[0, 0, 0] = table[0, 1, 0] = table[1, 0, 0] = table[1, 1, 1] = 0.25
    redundancy, _, _, synergy = decompose(table)
    known = {
        (0.311, 0.5): "healthy",
        (-0.189, 0.0): "never turns",
        (0.082, 0.27): "turns to independence",
        (0.623, 0.811): "forgets the label",
        (0.216, 0.347): "counts in nats",
    }
    return min(known.items(), key=lambda each: math.dist(each[0], (redundancy, synergy)))[1]


_CLUES = {
    "healthy": "its amounts are right, up to 0.005 bits, also for an AND",
    "never turns": "it takes the table itself for the one that tells least, so it never finds any "
    "synergy, not even in an XOR, and redundancy can come out below 0",
    "turns to independence": "it looks right on copies, single bits and an XOR; look at an AND, "
    "where independent sides are not yet the ones that tell least",
    "forgets the label": "its least is 0, so what is unique to one side comes out below 0",
    "counts in nats": "one bit is 0.693 nats: try a copy or an XOR, which have exactly one bit",
}


def _check_examination(answer: Callable[[Estimator], str]) -> None:
    expect_no_look_inside(answer)
    for error in (0.0, 0.004, -0.004):
        for fault in FAULTS:
            said = answer(_estimator(fault, error))
            expect(
                isinstance(said, str) and said in FAULTS,
                f"return one of {', '.join(map(repr, FAULTS))}; got {said!r}",
            )
            expect(said == fault, f"{fault!r} was taken for {said!r}: {_CLUES[fault]}")


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
        kind="derive",
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
        kind="write",
    ),
    "2.3.c": Exercise(
        check=_check_corners,
        is_value=True,
        solution=corners_right,
        hints=(
            "The page shows that one number of corners cannot be reached, whatever the training.",
            "The loss is a mean over training examples. Which corner costs least if it is wrong?",
            "One corner is given up. In the test it is as frequent as each of the others.",
        ),
        praise="The loss spends its one wrong corner where it costs least: on the rare case.",
        kind="predict",
    ),
    "2.3.d": Exercise(
        check=_check_pairs,
        is_value=True,
        solution=read_the_pairs,
        hints=(
            "Add the bars of left and right in your head, and compare the sum with both.",
            "More than the sum needs S above 0, less than the sum needs R above 0.",
            "In one panel a side adds nothing to the other. Then two amounts are 0, and the three "
            "equations give the rest.",
        ),
        praise="Three numbers rarely tell everything; only a side that adds nothing does.",
        kind="read",
    ),
    "2.3.e": Exercise(
        check=_check_examination,
        solution=examine_estimator,
        hints=(
            "Which tables of the page have amounts that you know by heart?",
            "A copy, a single bit and an XOR do not tell all five apart. One more table of the "
            "page does.",
            "Compute by hand what each of the five would answer for the AND, and choose the name "
            "whose R and S are nearest.",
        ),
        praise="A test on pure cases only would have passed an estimator that stops halfway.",
        kind="diagnose",
    ),
}

QUIZ = (
    Question(
        "Each modality alone is right in half of all cases, which is chance, and both together "
        "are always right. Which information is that?",
        (
            Answer(
                "Unique information, since each side must bring something that the other lacks.",
                "What is unique to a side is told by that side alone; here it tells nothing.",
            ),
            Answer(
                "Synergy, since neither side alone tells anything about the label.",
                "Both circles of the map are empty, so everything lies in the frame.",
                right=True,
            ),
            Answer(
                "Redundancy, since both sides are equally good and could replace each other.",
                "What is redundant is told by each side alone, so each would beat chance.",
            ),
        ),
    ),
    Question(
        "A second lying sensor adds more than half a bit, and no answer becomes better. What are "
        "these bits about?",
        (
            Answer(
                "About the true class, in cases where the first sensor has lied.",
                "There the two disagree, and nothing says which of them is right.",
            ),
            Answer(
                "About how the sensor works, which has nothing to do with the label.",
                "Mutual information with the label counts only what says something about it.",
            ),
            Answer(
                "About how sure the answer is: whether both agree tells when to trust it.",
                "Entropy falls where they agree; the likeliest class stays the same.",
                right=True,
            ),
        ),
    ),
    Question(
        "On your data a residual joint layer is no better than a linear one. What follows?",
        (
            Answer(
                "There is no synergy in these data, because synergy needs more than adding.",
                "AND has half a bit of synergy, and a sum of two scores solves it.",
            ),
            Answer(
                "Adding is enough as far as this network has learned; more cannot be said.",
                "There may be no interaction, or one that these data and steps did not teach.",
                right=True,
            ),
            Answer(
                "The two modalities are redundant, so one of them can be left out.",
                "One bit on each side is solved by adding, and needs both.",
            ),
        ),
    ),
)
