"""Exercises of page 5.8, Knowledge fusion."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect


def widest(modalities: int, own: int, shared: int, budget: int) -> int:
    squares = 2 * (modalities * own + shared) + modalities
    return math.isqrt(budget // squares)


def _width(squares: int, budget: int) -> int:
    return math.isqrt(budget // squares)


def _check_widest(answer: Callable[[int, int, int, int], int]) -> None:
    # In the first case, each mistake below gives another width.
    for modalities, own, shared, budget in ((3, 1, 2, 1_000_000), (2, 4, 1, 9000), (2, 3, 0, 1400)):
        w = as_number(answer(modalities, own, shared, budget))
        case = f"M={modalities}, own={own}, shared={shared}, budget={budget:,}"
        blocks, per_block = modalities * own + shared, 2
        squares = per_block * blocks + modalities
        right = _width(squares, budget)
        mistakes = {
            per_block * (own + shared) + modalities: (
                "each modality has its own blocks: M times as many before the meeting"
            ),
            per_block * modalities * (own + shared) + modalities: (
                "you count the shared blocks for each modality; there is one set of them"
            ),
            per_block * blocks: "the meeting has a matrix for each modality, too",
            per_block * blocks + 1: "the meeting has a matrix for each modality, not one in all",
            blocks + modalities: "a block has two matrices",
        }
        expect(
            w not in (budget / squares, budget // squares),
            "that is the number of weights in each matrix, w²: take its root",
        )
        expect(
            not (w != right and math.ceil(math.sqrt(budget / squares)) == w),
            f"for {case}, w={w:g} is already over the budget: round down",
        )
        for count, mistake in mistakes.items():
            expect(w == right or w != _width(count, budget), mistake)
        expect(
            w == right or int(w) != right,
            f"for {case}, a width is a whole number; got {w:g}",
        )
        expect(w == right, f"for {case}, the widest is {right}; got {w:g}")


def _networks() -> Iterator[tuple[int, int, int, int]]:
    for modalities, own, shared in ((1, 1, 1), (2, 0, 3), (4, 2, 0), (3, 5, 2)):
        squares = 2 * (modalities * own + shared) + modalities
        for width in (0, 1, 6, 128):
            for more in (0, 2 * width * squares, squares - 1):
                yield modalities, own, shared, squares * width**2 + more


def interaction(p: Tensor) -> Tensor:
    odds = p[:, :, 1].log() - p[:, :, 0].log()
    return (odds[0, 0] - odds[0, 1] - odds[1, 0] + odds[1, 1]).abs()


def _corners(scores: Tensor) -> float:
    return (scores[0, 0] - scores[0, 1] - scores[1, 0] + scores[1, 1]).abs().item()


def _check_interaction(answer: Callable[[Tensor], Tensor | float]) -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(2, 2, 2, generator=generator).double() + 0.2
    p = p / p.sum()
    odds = p[:, :, 1].log() - p[:, :, 0].log()
    given = p / p.sum(dim=2, keepdim=True)
    value = as_floats(answer(p))
    expect(value.numel() == 1, f"return one number; got the shape {tuple(value.shape)}")
    found = float(value)
    mistakes = (
        (
            _corners(given[..., 1]),
            "that is the interaction of the probabilities; take that of the log-odds",
        ),
        (_corners(p[..., 1] - p[..., 0]), "take logarithms before you subtract"),
        (
            _corners(given[..., 1].log()),
            "ln p(1 | l, r) alone is only half of the log-odds: subtract ln p(0 | l, r)",
        ),
        (
            _corners(p[..., 1].log()),
            "ln p(l, r, 1) alone is only half of the log-odds: subtract that of class 0",
        ),
        (
            abs(odds.sum().item()),
            "you add all four corners; two of them count with a minus",
        ),
        (
            abs((odds[0, 0] - odds[1, 1]).item()),
            "one difference is not enough: both sides of the square are needed",
        ),
    )
    for wrong, mistake in mistakes:
        expect(not are_close(abs(found), wrong), mistake)
    wanted = _corners(odds)
    expect(
        not are_close(found, -wanted),
        "return its size, without a sign",
    )
    expect(are_close(found, wanted), f"for the log-odds of this table, {beside(found, wanted)}")
    sides = (torch.rand(s, generator=generator).double() + 0.2 for s in ((2,), (2, 2), (2, 2)))
    apart = torch.einsum("y,ly,ry->lry", *sides)
    expect(
        abs(as_number(answer(apart / apart.sum()))) < 1e-4,
        "for sides that are independent given the class it should be 0",
    )


def _joint() -> Iterator[tuple[Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(8):
        p = torch.rand(2, 2, 2, generator=generator) + 0.05
        yield (p / p.sum(),)
        yield ((p / p.sum()).double(),)


EXERCISES = {
    "5.8.a": Exercise(
        check=_check_widest,
        cases=_networks,
        solution=widest,
        hints=(
            "How many matrices of w × w are there in all? Count those before, at and after the "
            "meeting.",
            "Before: 2 · M · own. At the meeting: M. After it: 2 · shared.",
            "`math.isqrt(budget // count)` is the largest w with count · w² at most the budget.",
        ),
        praise="Equal widths would have given the later meeting more weights.",
    ),
    "5.8.b": Exercise(
        check=_check_interaction,
        cases=_joint,
        solution=interaction,
        hints=(
            "ln p(1 | l, r) − ln p(0 | l, r) is also ln p(l, r, 1) − ln p(l, r, 0): what both are "
            "divided by drops out.",
            "Make a table of log-odds, `p[:, :, 1].log() - p[:, :, 0].log()`, of shape (2, 2).",
            "Take `odds[0, 0] - odds[0, 1] - odds[1, 0] + odds[1, 1]`, and of that `.abs()`.",
        ),
        praise="Zero means that added answers can be perfect; how far from zero, what they miss.",
    ),
}
