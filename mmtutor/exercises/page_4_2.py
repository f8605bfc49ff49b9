"""Exercises of page 4.2, Regression with MSE."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, Mistake, expect
from mmtutor.exercises.forbidding import listening

Batches = Sequence[tuple[Tensor, Tensor]]


def r2_of_batches(batches: Batches) -> Tensor:
    sums = torch.zeros(4, dtype=torch.float64)
    for y, y_true in batches:
        y, y_true = y.double(), y_true.double()
        terms = (torch.ones_like(y), (y - y_true) ** 2, y_true, y_true**2)
        sums += torch.stack([term.sum() for term in terms])
    count, error, total, squares = sums
    return 1 - error / (squares - total**2 / count)


def _check_r2(answer: Callable[[Batches], Tensor]) -> None:
    batches = _batches()
    given = as_number(answer(batches))
    y, y_true = (torch.cat(parts) for parts in zip(*batches, strict=True))
    each = [1 - _squares(y - t) / _squares(t - t.mean()) for y, t in batches]
    sizes = [len(t) for _, t in batches]
    weighted = sum(n * r for n, r in zip(sizes, each, strict=True)) / sum(sizes)
    centered = sum(_squares(t - t.mean()) for _, t in batches)
    _expect_apart(given, sum(each) / len(each), "that is the mean of the batches' own R²")
    _expect_apart(
        given,
        weighted,
        "that weighs each batch's own R² by its size, but each R² still compares with the mean of "
        "its own batch",
    )
    _expect_apart(
        given,
        1 - _squares(y - y_true) / centered,
        "you compare with each batch's own mean; the constant answer is one number for all",
    )
    _expect_apart(
        given,
        1 - _squares(y - y_true) / _squares(y_true),
        "the sum below is that of the squared targets: take the mean of the targets off first",
    )
    _expect_apart(
        given,
        _squares(y - y_true) / _squares(y_true - y_true.mean()),
        "that is the share that is left unexplained; R² is one minus it",
    )
    right = 1 - _squares(y - y_true) / _squares(y_true - y_true.mean())
    expect(are_close(given, right), beside(given, right))
    _expect_one_pass(answer, batches, right)
    far = [(y + 1e5, y_true + 1e5) for y, y_true in batches]
    expect(
        are_close(answer(far), r2_of_batches(far), 1e-2),
        "right near zero, but wrong for targets near 100,000, where large squares are subtracted "
        "from one another: add up in 64 bits",
    )


def _expect_one_pass(answer: Callable[[Batches], Tensor], batches: Batches, right: float) -> None:
    told = "you join the batches: each is to be looked at once, and then forgotten"

    def heard(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if name in ("cat", "concat", "concatenate", "hstack"):
            expect(sum(part.numel() for part in args[0]) < 15, told)

    given = listening(answer, heard)(_OnePass(batches))
    expect(are_close(given, right), told)


class _OnePass(Sequence[tuple[Tensor, Tensor]]):
    """Batches, each of which may be looked at until the next one comes."""

    def __init__(self, batches: Batches) -> None:
        self.batches = [(y.clone(), y_true.clone()) for y, y_true in batches]
        self.at = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(len(self))[i]]
        if i >= len(self):
            raise IndexError(i)  # ends a loop over the batches
        i %= len(self)
        if i < self.at:
            raise Mistake("you look at a batch again, after the next one: one pass is enough")
        for seen in self.batches[self.at : i]:
            for forgotten in seen:
                forgotten.fill_(torch.nan)
        self.at = i
        return self.batches[i]


def _test_sets() -> Iterator[tuple[_OnePass]]:
    generator = torch.Generator().manual_seed(1)
    for sizes in ([4], [1, 1, 3], [5, 2, 7, 1], [16, 16]):
        y_true = [2 + torch.randn(size, generator=generator) for size in sizes]
        y = [t + 0.5 * torch.randn(len(t), generator=generator) for t in y_true]
        yield (_OnePass(list(zip(y, y_true, strict=True))),)


def group_widths(residuals: Tensor, groups: Tensor, coverage: float) -> Tensor:
    widths = torch.full((int(groups.max()) + 1,), math.inf)
    for group in groups.unique().tolist():
        errors = residuals[groups == group].abs().sort().values
        rank = math.ceil((len(errors) + 1) * coverage)
        if rank <= len(errors):
            widths[group] = errors[rank - 1]
    return widths


def _check_widths(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    residuals = torch.tensor([0.1, -3.0, 5.0, 1.0, -0.5, -2.0, 0.2, -4.0, 0.3, 0.4])
    groups = torch.tensor([0, 1, 1, 1, 0, 1, 0, 1, 0, 0])
    given = as_floats(answer(residuals, groups, 0.7))
    expect(
        given.shape == (2,),
        f"return one width for each group, a tensor (2,); got {tuple(given.shape)}",
    )
    sizes = [residuals[groups == group].abs().sort().values for group in (0, 1)]
    pooled = residuals.abs().sort().values[math.ceil(11 * 0.7) - 1]
    expect(
        not are_close(given, pooled.expand(2)),
        "both groups have the width of all residuals together: sort each group apart",
    )
    short = torch.stack([errors[math.ceil(5 * 0.7) - 1] for errors in sizes])
    expect(
        not are_close(given, short),
        "the rank is that of the new example among n + 1, so ⌈(n + 1) · coverage⌉, not ⌈n · "
        "coverage⌉",
    )
    signed = torch.stack([residuals[groups == g].sort().values[4] for g in (0, 1)])
    expect(
        not are_close(given, signed),
        "you sort the residuals with their signs, so large negative ones count as small",
    )
    quantiles = torch.stack([errors.quantile(0.7) for errors in sizes])
    expect(
        not are_close(given, quantiles),
        "torch.quantile knows nothing of the new example: take the ⌈(n + 1) · coverage⌉-th "
        "smallest",
    )
    right = torch.stack([errors[4] for errors in sizes])
    expect(are_close(given, right), beside(given, right))
    few = as_floats(answer(residuals, groups, 0.9))
    expect(
        few.isinf().all(),
        "for 90 % the rank is 6 of 5 residuals: no width is sure to be wide enough, so return "
        f"infinity; got {few.tolist()}",
    )


def _residuals() -> Iterator[tuple[Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for sizes in ([7], [3, 12], [20, 1, 9], [2, 30, 5, 14]):
        groups = torch.cat([torch.full((size,), group) for group, size in enumerate(sizes)])
        groups = groups[torch.randperm(len(groups), generator=generator)]
        residuals = torch.randn(len(groups), generator=generator)
        for coverage in (0.33, 0.64, 0.83, 0.97):
            yield residuals, groups, coverage
            yield residuals, 2 * groups, coverage  # nobody is in group 1


def _batches() -> Batches:
    generator = torch.Generator().manual_seed(0)
    batches = []
    for size, shift in ((9, 0.0), (4, 6.0), (2, 15.0)):
        y_true = shift + 3 * torch.rand(size, generator=generator)
        batches.append((y_true + torch.randn(size, generator=generator), y_true))
    return batches


def _squares(x: Tensor) -> float:
    return x.square().sum().item()


def _expect_apart(given: float, wrong: float, mistake: str) -> None:
    expect(not are_close(given, wrong), mistake)


EXERCISES = {
    "4.2.a": Exercise(
        check=_check_r2,
        cases=_test_sets,
        solution=r2_of_batches,
        hints=(
            "Which sums over all examples does R² need? Each batch can add to them; the division "
            "comes once, at the end.",
            "Σ (y_true − mean)² = Σ y_true² − (Σ y_true)² / N, so that the mean need not be known "
            "while the batches pass.",
            "Add up four numbers: N, Σ (y − y_true)², Σ y_true and Σ y_true². Return 1 − the "
            "second over (the fourth − the third squared over N).",
        ),
        praise="`training.evaluate` adds up the same sums, counted from a target, in float64.",
    ),
    "4.2.b": Exercise(
        check=_check_widths,
        cases=_residuals,
        solution=group_widths,
        hints=(
            "It is the width of the page, computed for the residuals of one group at a time.",
            "Sort the absolute residuals of a group of n and take the one of rank "
            "k = ⌈(n + 1) · coverage⌉. What if k > n?",
            "Begin with `torch.full((groups.max() + 1,), math.inf)`. For each group with k ≤ n, "
            "put in `residuals[groups == group].abs().sort().values[k - 1]`.",
        ),
        praise="Each group now has its own promise, and pays with fewer residuals to keep it.",
    ),
}
