"""Exercises of page 5.2, Harder tasks: retrieval and annotation."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect


def fair_recall(scores: Tensor, own: Tensor, k: int) -> Tensor:
    above = (scores > own[:, None]).sum(dim=1)
    tied = (scores == own[:, None]).sum(dim=1)
    return ((k - above) / tied).clamp(0, 1).mean()


def _check_recall(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    # The ranks are 1, 4 and 4.
    clear = torch.tensor([[0.9, 0.1, 0.2, 0.3], [0.4, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]])
    given = as_number(answer(clear, clear[:, 0], 2))
    ranks = "without ties, the ranks of the first query set are 1, 4 and 4, and Recall@2 is 1/3"
    expect(
        not are_close(given, 2 / 3)
        or not are_close(as_number(answer(clear, clear[:, 0], 1)), 1 / 3),
        f"{ranks}, not 2/3: no query can count more than 1",
    )
    expect(
        not are_close(given, -1 / 3) and not are_close(given, 0.0),
        f"{ranks}, not {given:.2g}: an answer that comes too late counts 0, not less",
    )
    expect(are_close(given, 1 / 3), f"{ranks}; got {given:.6g}")
    same = torch.zeros(3, 8)
    two, five = (as_number(answer(same, same[:, 0], k)) for k in (2, 5))
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
        not are_close(two, 2 / 9),
        "the right answer is one of those that have its score: you count it twice",
    )
    expect(
        are_close([two, five], [2 / 8, 5 / 8]),
        f"for 8 equal scores Recall@2 is 2/8 and Recall@5 is 5/8; got {two:.4g} and {five:.4g}",
    )
    mixed = torch.tensor([[0.9, 0.5, 0.5, 0.5, 0.1]])
    given = as_number(answer(mixed, mixed[:, 1], 2))
    expect(
        are_close(given, 1 / 3),
        f"one above and three tied share the places 2, 3 and 4: Recall@2 is 1/3; got {given:.4g}",
    )


def _searches() -> Iterator[tuple[Tensor, Tensor, int]]:
    generator = torch.Generator().manual_seed(1)
    for queries, n, values in ((1, 1, 2), (5, 4, 3), (12, 9, 4), (20, 6, 1000)):
        scores = torch.randint(values, (queries, n), generator=generator) / 8
        right = torch.randint(n, (queries,), generator=generator)
        own = scores[torch.arange(queries), right]
        for k in {1, min(2, n), n}:
            yield scores, own, k
            yield scores.double() - 3, own.double() - 3, k


def cluster_error(hits: Tensor, letter: Tensor) -> Tensor:
    member = letter.unique(return_inverse=True)[1]
    off = hits - hits.mean()
    sums = torch.zeros(int(member.max()) + 1).index_add(0, member, off)
    return sums.square().sum().sqrt() / len(hits)


def _check_error(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    # The recall is 2/3; the letters' sums of deviations are 1, -4/3 and 1/3.
    hits = torch.tensor([1.0, 1, 1, 0, 0, 1])
    letter = torch.tensor([7, 7, 7, 3, 3, 9])
    given, right = as_number(answer(hits, letter)), math.sqrt(26) / 18
    expect(
        not are_close(given, math.sqrt(12) / 18),
        "this is the naive error, which takes the pictures of a letter for independent: add up "
        "the deviations of a letter before you square",
    )
    expect(not are_close(given, right * 6), "divide by the number of queries, 6")
    expect(
        not are_close(given, right * 2),
        "you divide by the number of letters; the recall is a mean over the queries",
    )
    expect(
        not are_close(given, right**2) and not are_close(given, 26 / 54),
        "the square root is missing",
    )
    expect(
        not are_close(given, 0.0),
        "all deviations together sum to 0: square the sum of each letter first",
    )
    expect(
        not are_close(given, math.sqrt(10) / 6),
        "these are sums of hits: take the recall away from each hit first",
    )
    expect(are_close(given, right), beside(given, right))


def _letters() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for queries, letters in ((4, 2), (15, 5), (30, 30), (8, 1)):
        hits = (torch.rand(queries, generator=generator) < 0.6).float()
        letter = torch.randint(letters, (queries,), generator=generator)
        yield hits, letter
        yield hits, 5 - 9 * letter


EXERCISES = {
    "5.2.a": Exercise(
        check=_check_recall,
        cases=_searches,
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
        cases=_letters,
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
