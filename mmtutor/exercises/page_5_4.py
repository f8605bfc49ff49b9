"""Exercises of page 5.4, Unsupervised multimodal learning."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, beside
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.losses import info_nce

Choose = Callable[[Tensor, float, int], Tensor]
Loss = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def choose(labels: Tensor, share: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    rows = []
    for label in labels.unique():
        own = order[labels[order] == label]
        rows.append(own[: max(1, round(share * len(own)))])
    return torch.cat(rows)


def _check_choose(answer: Choose) -> None:
    sizes = (40, 20, 4)
    labels = torch.cat([torch.full((size,), label) for label, size in enumerate(sizes)])
    labels = labels[torch.randperm(64, generator=torch.Generator().manual_seed(0))]
    state = torch.get_rng_state()
    few = _rows(answer, labels, 0.1, 0)
    moved = not torch.equal(state, torch.get_rng_state())
    torch.rand(1)
    again = _rows(answer, labels, 0.1, 0)
    expect(
        set(few) == set(again),
        "the same seed gave other rows: two methods would be compared on different labels",
    )
    expect(
        not moved,
        "torch's global random numbers have moved: draw from a torch.Generator of your own",
    )
    expect(len(few) == len(set(few)), "a row occurs twice, so it uses up two labels")
    for label, wanted in enumerate((4, 2, 1)):
        count = sum(int(labels[row]) == label for row in few)
        expect(count > 0, f"class {label} has no label: every class needs at least one")
        expect(
            count == wanted,
            f"class {label} has {sizes[label]} examples, so a tenth gives it {wanted} labels; "
            f"it got {count}",
        )
    expect(
        set(few) != set(_rows(answer, labels, 0.1, 1)),
        "seeds 0 and 1 choose the same rows: nothing is drawn",
    )
    expect(
        set(few) <= set(_rows(answer, labels, 0.5, 0)),
        "the rows for 10 % are not all among those for 50 %: the curve would mix two causes, "
        "more labels and other labels",
    )
    _check_other_labels(answer)


def _check_other_labels(answer: Choose) -> None:
    """Try classes of any number, and several shares and seeds."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.tensor([3, 7, 12, 40])[torch.randint(4, (90,), generator=generator)]
    drawn: set[int] = set()
    for seed in range(20):
        smaller: set[int] = set()
        for share in (0.01, 0.13, 0.4, 1.0):
            rows = _rows(answer, labels, share, seed)
            drawn |= set(rows if share == 0.13 else [])
            for label in (3, 7, 12, 40):
                n = int((labels == label).sum())
                wanted, count = max(1, round(share * n)), sum(labels[r] == label for r in rows)
                expect(
                    count == wanted and len(set(rows)) == len(rows),
                    f"for a share of {share:g}, a class of {n} examples gets {wanted}, each once; "
                    f"got {count}",
                )
            expect(
                smaller <= set(rows),
                f"the rows for {share:g} lack some of those for a smaller share",
            )
            smaller = set(rows)
    # With 20 seeds, a row is drawn for 13 % with probability 0.94.
    expect(len(drawn) > 60, "some rows are never drawn, whatever the seed: draw among all of them")


def _rows(answer: Choose, labels: Tensor, share: float, seed: int) -> list[int]:
    rows = answer(labels, share, seed)
    numbers = as_floats(rows)
    is_mask = isinstance(rows[0], bool) or getattr(rows, "dtype", None) in (torch.bool, bool)
    expect(
        numbers.ndim == 1 and not is_mask and bool((numbers == numbers.round()).all()),
        "return the positions in `labels` as one int64 tensor",
    )
    expect(
        bool(((numbers >= 0) & (numbers < len(labels))).all()),
        f"positions go from 0 to {len(labels) - 1}; got {numbers.min():g} to {numbers.max():g}",
    )
    return [int(row) for row in numbers]


def without_twins(h_I: Tensor, h_V: Tensor, twins: Tensor, tau: float) -> Tensor:  # noqa: N803
    s = F.normalize(h_I) @ F.normalize(h_V).T / tau
    own = torch.arange(len(s))
    others = twins & ~torch.eye(len(s), dtype=torch.bool)
    s = s.masked_fill(others, -torch.inf)
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def _check_twins(answer: Loss) -> None:
    generator = torch.Generator().manual_seed(0)
    first, noise = torch.randn(2, 6, 4, generator=generator).unbind()
    first[[1, 5]] = first[[0, 2]] + 0.3 * noise[[0, 2]]  # twins are alike
    second = first + 0.5 * noise
    twins = torch.eye(6, dtype=torch.bool)
    # Not symmetric as data would be, so that rows and columns are told apart.
    twins[0, 1] = twins[1, 0] = twins[2, 5] = True
    loss = as_floats(answer(first, second, twins, 0.5))
    expect(loss.ndim == 0, f"return one number for the batch; got the shape {tuple(loss.shape)}")
    value = float(loss)
    expect(
        math.isfinite(value),
        "the loss is not finite: on the diagonal `twins` is True too, and the own partner "
        "must stay a candidate",
    )

    def is_equal(other: float) -> bool:
        return are_close(value, other)

    s = F.cosine_similarity(first[:, None], second, dim=2) / 0.5
    raw = first @ second.T / 0.5
    wanted = (_left_out(s, twins) + _left_out(s.T, twins.T)) / 2
    plain = _left_out(s, twins & False) + _left_out(s.T, twins & False)
    expect(not is_equal(plain / 2), "the twins are still candidates: this is the plain loss")
    expect(
        not is_equal(_left_out(s, twins)) and not is_equal(_left_out(s.T, twins.T)),
        "this is one direction; the loss is the mean of both",
    )
    expect(not is_equal(2 * wanted), "this is the sum of both directions; the loss is their mean")
    others = twins & ~torch.eye(6, dtype=torch.bool)
    zeroed = s.masked_fill(others, 0.0)
    expect(
        not is_equal((_left_out(zeroed, twins & False) + _left_out(zeroed.T, twins & False)) / 2),
        "a similarity of 0 still counts e⁰ = 1 in the sum; what gives e^s = 0?",
    )
    expect(
        not is_equal((_left_out(raw, twins) + _left_out(raw.T, twins.T)) / 2),
        "these are products, not cosines: make both sides unit vectors first",
    )
    expect(
        not is_equal((_left_out(s / 2, twins) + _left_out(s.T / 2, twins.T)) / 2),
        "the cosines are not divided by the temperature",
    )
    both = float(info_nce(first, second, 0.5, positives=twins))
    expect(
        not is_equal(both), "the twins have become right answers; here they are to be no candidates"
    )
    expect(is_equal(wanted), beside(value, wanted))


def _twins() -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for batch, scans, tau in (
        (1, 1, 0.5),
        (5, 3, 1.0),
        (8, 4, 0.2),
        (6, 100, 0.5),
        (3, 1, 0.5),
        (7, 5, 0.005),
    ):
        h_I, h_V = torch.randn(2, batch, 3, generator=generator)
        scan = torch.randint(scans, (batch,), generator=generator)
        yield h_I, h_V, scan[:, None] == scan, tau
        yield 5 * h_I.double(), h_V.double(), scan[:, None] == scan, tau


def _left_out(s: Tensor, twins: Tensor) -> float:
    """Return the loss of the rows, each computed from its candidates alone."""
    total = 0.0
    for i in range(len(s)):
        candidates = [j for j in range(len(s)) if j == i or not twins[i, j]]
        total += float(s[i, candidates].logsumexp(dim=0) - s[i, i])
    return total / len(s)


EXERCISES = {
    "5.4.a": Exercise(
        check=_check_choose,
        solution=choose,
        hints=(
            "Shuffle all rows once, then look at one class at a time. What do the rows for a "
            "larger share begin with?",
            "`torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))` is an "
            "order; `order[labels[order] == label]` are the rows of one class in that order.",
            "Of each class take the first `max(1, round(share * len(own)))` rows, and join them "
            "with `torch.cat`.",
        ),
        praise="All methods can now be given the same labels, and the curve has one cause.",
    ),
    "5.4.b": Exercise(
        check=_check_twins,
        cases=_twins,
        gradients=frozenset({"h_I", "h_V"}),
        solution=without_twins,
        hints=(
            "A candidate leaves the softmax if its term in the sum is 0. Which similarity makes "
            "it 0?",
            "`s.masked_fill(mask, -torch.inf)`. The mask is `twins` without its diagonal.",
            "`others = twins & ~torch.eye(len(s), dtype=torch.bool)`; then the mean of "
            "`F.cross_entropy` of the filled `s` and of its transpose.",
        ),
        praise="This needed no label: which scan a picture was made from, you always know.",
    ),
}
