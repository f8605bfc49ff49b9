"""Exercises of page 5.2, Harder tasks: retrieval and annotation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mmtutor.exercises.exercise import Exercise, expect


def fair_recall(scores: Tensor, own: Tensor, k: int) -> Tensor:
    above = (scores > own[:, None]).sum(dim=1)
    tied = (scores == own[:, None]).sum(dim=1)
    return ((k - above) / tied).clamp(0, 1).mean()


def _check_recall(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    # The ranks are 1, 4 and 4.
    clear = torch.tensor([[0.9, 0.1, 0.2, 0.3], [0.4, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]])
    given = _number(answer(clear, clear[:, 0], 2))
    ranks = "without ties, the ranks of the first query set are 1, 4 and 4, and Recall@2 is 1/3"
    expect(
        not math.isclose(given, 2 / 3, abs_tol=1e-6),
        f"{ranks}, not 2/3: no query can count more than 1",
    )
    expect(
        not math.isclose(given, -1 / 3, abs_tol=1e-6) and not math.isclose(given, 0, abs_tol=1e-6),
        f"{ranks}, not {given:.2g}: an answer that comes too late counts 0, not less",
    )
    expect(math.isclose(given, 1 / 3, abs_tol=1e-6), f"{ranks}; got {given:.4g}")
    same = torch.zeros(3, 8)
    two, five = (_number(answer(same, same[:, 0], k)) for k in (2, 5))
    expect(
        not (two == 1 and five == 1),
        "an engine that knows nothing has Recall@2 = 1: you count every tie in its favor",
    )
    expect(
        not (two == 0 and five == 0),
        "8 equal scores give Recall@2 = 0: you count every tie against the engine",
    )
    expect(
        not (two == 0 and five == 1),
        "the mean rank of 8 equal scores is 4.5, but Recall@2 is not 0: average the hits over the "
        "places, not the places",
    )
    expect(
        not math.isclose(two, 2 / 9, abs_tol=1e-6),
        "the right answer is one of those that have its score: you count it twice",
    )
    expect(
        math.isclose(two, 2 / 8, abs_tol=1e-6) and math.isclose(five, 5 / 8, abs_tol=1e-6),
        f"for 8 equal scores Recall@2 is 2/8 and Recall@5 is 5/8; got {two:.4g} and {five:.4g}",
    )
    mixed = torch.tensor([[0.9, 0.5, 0.5, 0.5, 0.1]])
    given = _number(answer(mixed, mixed[:, 1], 2))
    expect(
        math.isclose(given, 1 / 3, abs_tol=1e-6),
        f"one above and three tied share the places 2, 3 and 4: Recall@2 is 1/3; got {given:.4g}",
    )


def cluster_error(hits: Tensor, letter: Tensor) -> Tensor:
    member = letter.unique(return_inverse=True)[1]
    off = hits - hits.mean()
    sums = torch.zeros(int(member.max()) + 1).index_add(0, member, off)
    return sums.square().sum().sqrt() / len(hits)


def _check_error(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    # The recall is 2/3; the letters' sums of deviations are 1, -4/3 and 1/3.
    hits = torch.tensor([1.0, 1, 1, 0, 0, 1])
    letter = torch.tensor([7, 7, 7, 3, 3, 9])
    given, right = _number(answer(hits, letter)), math.sqrt(26) / 18
    close = {"rel_tol": 1e-3, "abs_tol": 1e-6}
    expect(
        not math.isclose(given, math.sqrt(12) / 18, **close),
        "this is the naive error, which takes the pictures of a letter for independent: add up "
        "the deviations of a letter before you square",
    )
    expect(not math.isclose(given, right * 6, **close), "divide by the number of queries, 6")
    expect(
        not math.isclose(given, right * 2, **close),
        "you divide by the number of letters; the recall is a mean over the queries",
    )
    expect(
        not math.isclose(given, right**2, **close) and not math.isclose(given, 26 / 54, **close),
        "the square root is missing",
    )
    expect(
        not math.isclose(given, 0, **close),
        "all deviations together sum to 0: square the sum of each letter first",
    )
    expect(
        not math.isclose(given, math.sqrt(10) / 6, **close),
        "these are sums of hits: take the recall away from each hit first",
    )
    expect(math.isclose(given, right, **close), f"expected {right:.4f}, got {given:.4f}")


def _number(value: Tensor | float) -> float:
    result = torch.as_tensor(value)
    expect(result.numel() == 1, f"return one number; got the shape {tuple(result.shape)}")
    return float(result)


EXERCISES = {
    "5.2.a": Exercise(
        check=_check_recall,
        solution=fair_recall,
        hints=(
            "If a score is above the own in `above` candidates and equal to it in `tied`, the own "
            "one included, which places can the right answer get?",
            "Each of the places above + 1 to above + tied, all alike likely. How many of them are "
            "among the first k?",
            "`(k - above) / tied`, but not below 0 and not above 1; then the mean.",
        ),
        praise="Equal scores now give k/n, exactly what guessing gives.",
    ),
    "5.2.b": Exercise(
        check=_check_error,
        solution=cluster_error,
        hints=(
            "The deviation of a hit is `hits - hits.mean()`. Which deviations belong together?",
            "`letter.unique(return_inverse=True)[1]` numbers the letters from 0; `index_add` adds "
            "the deviations of each.",
            "Square the sums, add them, take the root, and divide by `len(hits)`.",
        ),
        praise="The recall plus and minus 1.96 of these is nearly the interval of the bootstrap.",
    ),
}
