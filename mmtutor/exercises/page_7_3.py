"""Exercises of page 7.3, Emoji in many languages."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_number
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.question import Answer, Question


def lowest_loss() -> float:
    names = 7
    from_pictures = math.log(names)  # each name can get a probability of 1/7 at most
    from_names = 0.0
    return (from_pictures + from_names) / 2


_LOWEST = {
    0.0: "0 would need a probability of 1 for each of seven names at once; they share it",
    math.log(7): "log 7 is the direction from pictures to names; the other one counts as well",
    math.log(7) / 7: "the mean over the seven names is taken already: each contributes log 7",
    math.log2(7) / 2: "the loss is made of natural logarithms",
    math.log10(7) / 2: "the loss is made of natural logarithms",
    math.log(14) / 2: "two directions have two softmaxes; the seven names share one of them only",
    1 / 7: "1/7 is the probability of each name; the loss is made of logarithms",
}


def _check_lowest(answer: Any) -> None:
    given = as_number(answer() if callable(answer) else answer)
    for value, mistake in _LOWEST.items():
        expect(not are_close(given, value, 2e-3), mistake)
    expect(
        math.isclose(given, math.log(7) / 2, abs_tol=0.003),
        "take the mean of the two directions: seven names share the probability of a picture, "
        f"and a name has its picture for itself; got {given:.4g}",
    )


def loss_of_pairs(similarity: Tensor, partners: Tensor) -> Tensor:
    def one_way(s: Tensor, right: Tensor) -> Tensor:
        total = torch.where(right, s.log_softmax(dim=1), 0.0).sum(dim=1)
        count = right.sum(dim=1)
        return -(total[count > 0] / count[count > 0]).mean()

    return (one_way(similarity, partners) + one_way(similarity.T, partners.T)) / 2


# Two pictures; the first has two names.
_SHARES = torch.tensor([[4.0, 2.0, 2.0], [1.0, 1.0, 6.0]])
_PARTNERS = torch.tensor([[True, True, False], [False, False, True]])


def _by_picture(s: Tensor, right: Tensor, how: str = "mean") -> float:
    """Return the direction from pictures to names, as asked or with one of three mistakes."""
    p = s.softmax(dim=1)
    total = torch.where(right, p.log(), 0.0).sum(dim=1)
    if how == "mean":
        rows = total / right.sum(dim=1)
    elif how == "sum":
        rows = total
    elif how == "inside":
        rows = (p * right).sum(dim=1).log()
    else:  # each name as one term
        return float(-total.sum() / right.sum())
    return float(-rows.mean())


def _check_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    s, right = _SHARES.log(), _PARTNERS
    got = as_number(answer(s.clone(), right.clone()))
    ways = {how: _by_picture(s, right, how) for how in ("mean", "sum", "inside", "names")}
    back = _by_picture(s.T, right.T)
    wanted = (ways["mean"] + back) / 2
    expect(math.isfinite(got), f"it is {got} where all numbers are small; is a log taken of 0?")
    expect(not are_close(got, ways["mean"]), "this is the direction from pictures to names alone")
    expect(not are_close(got, back), "this is the direction from names to pictures alone")
    expect(not are_close(got, 2 * wanted), "take the mean of the two directions, not their sum")
    expect(not are_close(got, -wanted), "a loss is −log p: the sign is missing")
    told = "the first picture has two names, and its row is the mean over them, "
    expect(not are_close(got, (ways["sum"] + back) / 2), told + "not their sum")
    expect(
        not are_close(got, (ways["inside"] + back) / 2),
        "the logarithm of the sum of both names' probabilities is content when one of them has "
        "everything; take the mean of their logarithms",
    )
    expect(
        not are_close(got, (ways["names"] + back) / 2),
        "each picture counts once, however many names it has; here each name counts once",
    )
    expect(
        are_close(got, wanted),
        f"for softmaxes of (4, 2, 2)/8 and (1, 1, 6)/8 it is {wanted:.4f}; got {got:.4f}",
    )
    alone = as_number(answer(torch.cat([s, torch.zeros(1, 3)]), _with_an_empty_row()))
    expect(
        math.isfinite(alone),
        "a picture without a name in the batch makes the loss NaN: leave its row out",
    )
    three = torch.cat([s, torch.zeros(1, 3)])
    columns = _by_picture(three.T, _with_an_empty_row().T)
    expect(
        not are_close(alone, (ways["mean"] * 2 / 3 + columns) / 2),
        "a picture without a name counts as a loss of 0; leave it out of the mean",
    )
    expect(
        not are_close(alone, wanted),
        "a picture without a name is still a candidate for the names of others",
    )
    expect(
        are_close(alone, (ways["mean"] + columns) / 2),
        "a picture without a name has no row of its own, and is a candidate for all names; "
        f"expected {(ways['mean'] + columns) / 2:.4f}, got {alone:.4f}",
    )
    large = as_number(answer(200 * torch.eye(3) - 100, torch.eye(3) > 0))
    expect(math.isfinite(large), "large similarities overflow: use log_softmax")


def _with_an_empty_row() -> Tensor:
    return F.pad(_PARTNERS, (0, 0, 0, 1))


def _loss_cases() -> Iterable[tuple[Any, ...]]:
    generator = torch.Generator().manual_seed(0)
    for pictures, names in ((3, 3), (4, 9), (6, 5)):
        own = torch.randint(pictures, (names,), generator=generator)
        own[0] = 0
        partners = torch.arange(pictures)[:, None] == own
        yield 5 * torch.randn(pictures, names, generator=generator), partners


# Rows: the language of training; columns: that of the test.
TRANSFER = {
    "A": {"A": 0.46, "B": 0.07, "C": 0.05, "D": 0.05, "E": 0.21},
    "B": {"A": 0.08, "B": 0.48, "C": 0.06, "D": 0.29, "E": 0.05},
    "C": {"A": 0.05, "B": 0.06, "C": 0.19, "D": 0.05, "E": 0.04},
    "D": {"A": 0.06, "B": 0.31, "C": 0.05, "D": 0.45, "E": 0.06},
    "E": {"A": 0.07, "B": 0.06, "C": 0.06, "D": 0.06, "E": 0.44},
}
_READ = {"cognates": "BD", "borrows": "E", "lends": "A", "hard": "C"}


def read_the_matrix() -> dict[str, str]:
    return {
        "cognates": "BD",  # each helps the other: two bright cells, mirrored at the diagonal
        "borrows": "E",  # the bright cell in row A …
        "lends": "A",  # … has a dark mirror image
        "hard": "C",  # dark even on the diagonal
    }


def _check_matrix(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_READ),
        "give a dict with the keys cognates, borrows, lends and hard",
    )
    letters = {}
    for key, value in found.items():
        expect(isinstance(value, str), f"{key}: name languages by letters, like 'C'; got {value!r}")
        letters[key] = "".join(sorted(value.upper().replace(",", "").replace(" ", "")))
        expect(
            letters[key] and set(letters[key]) <= set(TRANSFER),
            f"{key}: the languages are A to E; got {value!r}",
        )
    expect(
        (letters["borrows"], letters["lends"]) != ("A", "E"),
        "rows are what was trained, columns what was tested: training on A helps in E",
    )
    expect(
        letters["cognates"] != "AE",
        "A and E help in one direction only; of cognates each helps the other",
    )
    for key, letter in _READ.items():
        expect(
            letters[key] == letter,
            {
                "cognates": "cognates: look for two bright cells that are mirrored at the diagonal",
                "borrows": "borrows: one cell beside the diagonal is bright and its mirror image "
                "is not; which column is it in?",
                "lends": "lends: one cell beside the diagonal is bright and its mirror image is "
                "not; which row is it in?",
                "hard": "hard: look along the diagonal for a language that is found badly even "
                "after training on it",
            }[key],
        )


VERDICTS = ("sound", "all vectors alike", "pairs shifted by one", "one direction only")
_SEARCHES = {
    "A": "one direction only",
    "B": "all vectors alike",
    "C": "sound",
    "D": "pairs shifted by one",
}
MEASURES = ("picture → name", "name → picture", "right pairs", "wrong pairs")


def four_searches() -> dict[str, dict[str, list[float]]]:
    """Make four searches over 200 pictures and their names, and measure each.

    Returns:
        Search → measure → its value in each of three draws: Recall@10 in both directions, and
        the mean cosine of right and of wrong pairs.
    """
    return {
        name: {
            measure: [_measure(kind, seed)[i] for seed in range(3)]
            for i, measure in enumerate(MEASURES)
        }
        for name, kind in _SEARCHES.items()
    }


def _measure(kind: str, seed: int) -> tuple[float, ...]:
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    meaning = drawn(200, 32)
    pictures, names = meaning + 0.8 * drawn(200, 32), meaning + 0.8 * drawn(200, 32)
    if kind == "pairs shifted by one":
        names = names.roll(1, dims=0)
    elif kind == "all vectors alike":
        common = drawn(1, 32)
        pictures, names = common + 0.02 * drawn(200, 32), common + 0.02 * drawn(200, 32)
    cosines = F.normalize(pictures) @ F.normalize(names).T
    if kind == "one direction only":
        # Pictures that are near to every name take the first places in all columns.
        cosines = cosines + F.pad(torch.full((20, 1), 0.75), (0, 0, 0, 180))
        cosines = cosines / cosines.max()
    own = cosines.diag()
    recalls = [
        ((cosines >= own.unsqueeze(axis)).sum(dim=axis) <= 10).float().mean().item()
        for axis in (1, 0)
    ]
    wrong = cosines[~torch.eye(200, dtype=torch.bool)]
    return (*recalls, own.mean().item(), wrong.mean().item())


def name_the_searches() -> dict[str, str]:
    return {
        # Pictures find their names, and most names do not find their pictures.
        "A": "one direction only",
        # Right and wrong pairs are equally near, and very near.
        "B": "all vectors alike",
        # Both directions work, and right pairs are nearer than wrong ones.
        "C": "sound",
        # As bad as guessing, though the vectors differ: right pairs are as far as wrong ones.
        "D": "pairs shifted by one",
    }


_SIGNS = {
    "sound": "a sound search has two high recalls, and right pairs nearer than wrong ones",
    "all vectors alike": "where all vectors are alike, all cosines are near 1, those of wrong "
    "pairs too",
    "pairs shifted by one": "where the rows of the table are shifted, pairs that are called right "
    "are no nearer than any others, and the cosines are small",
    "one direction only": "a search that was trained in one direction has one high recall and "
    "one low one",
}


def _check_searches(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_SEARCHES),
        "give a dict with a verdict for each of the searches A, B, C and D",
    )
    for name, verdict in found.items():
        expect(verdict in VERDICTS, f"{name}: choose one of {', '.join(VERDICTS)}; got {verdict!r}")
    twice = [verdict for verdict in VERDICTS if list(found.values()).count(verdict) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, verdict in sorted(found.items()):
        expect(verdict == _SEARCHES[name], f"{name} does not look like that: {_SIGNS[verdict]}")


def recall_of_the_group() -> float:
    sizes = (60, 24, 80, 52, 8, 31, 5, 57)
    return sum(size * min(1, 10 / size) for size in sizes) / sum(sizes)


_SIZES = (60, 24, 80, 52, 8, 31, 5, 57)
_GROUPS = {
    10 / 317: "10/317 is the search that knows nothing; this one looks into one group only",
    80 / 317: "two groups have fewer than ten pictures, and cannot fill ten places",
    sum(min(1, 10 / size) for size in _SIZES) / 8: "large groups have more queries: take the mean "
    "over the 317 queries, not over the 8 groups",
    1 / 8: "in the right group the right picture is not lost; ask how often it is among ten of it",
    7300 / 317: "give a share from 0 to 1, not a percentage",
    73: "73 is the expected number of hits; divide by the number of queries",
}


def _check_group(answer: Any) -> None:
    given = as_number(answer() if callable(answer) else answer)
    for value, mistake in _GROUPS.items():
        expect(not math.isclose(given, value, abs_tol=4e-4 * max(1.0, value)), mistake)
    expect(
        math.isclose(given, 73 / 317, abs_tol=0.0015),
        "each group with more than ten pictures has ten hits to expect, a smaller one finds all; "
        f"got {given:.4g}",
    )


EXERCISES = {
    "7.3.a": Exercise(
        check=_check_lowest,
        is_value=True,
        solution=lowest_loss,
        hints=(
            "Take one direction at a time. What would a perfect search say about a picture, and "
            "what about a name?",
            "The probabilities in a row sum to 1, and seven of them are right. How large can the "
            "smallest of the seven be?",
            "From pictures to names, each of the seven gets 1/7 at best. From names to pictures, "
            "nothing has to be shared.",
        ),
        praise="So losses with different numbers of names in a batch cannot be compared.",
        kind="derive",
    ),
    "7.3.b": Exercise(
        check=_check_loss,
        solution=loss_of_pairs,
        hints=(
            "Write one direction as a function of a matrix and its mask. The other is the same "
            "function, of both transposed.",
            "`log_softmax(dim=1)` gives log p for all names of each picture; the mask says which "
            "of them to average.",
            "Count the partners of each row, and go on with the rows that have some. The softmax "
            "has been taken before, over all.",
        ),
        praise="This is the loss of this page, and it accepts pictures that have no name today.",
        kind="write",
        cases=_loss_cases,
        gradients=frozenset({"similarity"}),
    ),
    "7.3.c": Exercise(
        check=_check_matrix,
        is_value=True,
        solution=read_the_matrix,
        hints=(
            "Begin with the diagonal, where training and test have the same language.",
            "Beside the diagonal there are three bright cells. Two of them are mirror images of "
            "each other.",
            "The third is in row A and column E: somebody who learned A does well in E, and not "
            "the other way round.",
        ),
        praise="Transfer has a direction, and a dark diagonal says more about the data of a "
        "language than about its relatives.",
        kind="read",
    ),
    "7.3.d": Exercise(
        check=_check_searches,
        is_value=True,
        solution=name_the_searches,
        hints=(
            "Guessing finds 10 of 200, which is 0.05. In which searches does a direction do no "
            "better?",
            "Two searches are near guessing in both directions. Compare their cosines.",
            "If all vectors are alike, wrong pairs have cosines near 1. If rows are shifted, the "
            "vectors differ, but the diagonal is nothing special.",
        ),
        praise="Both recalls and both means of the cosines together name the fault.",
        kind="diagnose",
    ),
    "7.3.e": Exercise(
        check=_check_group,
        is_value=True,
        solution=recall_of_the_group,
        hints=(
            "Take a group of 60 pictures in random order. How likely is the right one among the "
            "first ten?",
            "60 queries with a probability of 10/60 each: how many hits does this group have to "
            "expect? And a group of 24?",
            "Each group contributes 10 hits, whatever its size, if it has ten pictures or more. "
            "What do the two small ones contribute?",
        ),
        praise="Knowing eight groups, and nothing else, is worth seven times the recall of "
        "guessing.",
        kind="derive",
    ),
}


QUIZ = (
    Question(
        "In a batch, a picture comes with its English and its Chinese name. Why must the loss be "
        "told that both are right?",
        (
            Answer(
                "Else the Chinese name counts as wrong for the picture, and is pushed away.",
                "In the row of the picture all names but the one that is called right are pushed "
                "away.",
                right=True,
            ),
            Answer(
                "Else the softmax has two right columns, and is no probability distribution.",
                "It is one whatever is right: its entries are positive and their sum is 1.",
            ),
            Answer(
                "Else the two names get the same vector, and the languages cannot be told apart.",
                "Two names of one thing may have one vector: nobody asks for the language.",
            ),
        ),
    ),
    Question(
        "A search finds the right one of 317 test pictures among its first ten for a quarter of "
        "the names. What does it know at least?",
        (
            Answer(
                "What each picture shows, since guessing would give 3 % only.",
                "Whoever knows the group alone gets as much: ten places cover much of a group.",
            ),
            Answer(
                "Nothing, because a quarter of eight groups can be guessed.",
                "Guessing among 317 pictures gives 10/317, about 3 %.",
            ),
            Answer(
                "To which of the eight groups a name belongs, or something worth as much.",
                "Ten hits can be expected in each of eight groups: 80 of 317, a quarter.",
                right=True,
            ),
        ),
    ),
    Question(
        "A network was never trained on French, and still finds pictures by French names better "
        "than by guessing. What is the most likely reason?",
        (
            Answer(
                "It has learned what words mean, independently of the language they belong to.",
                "Then Arabic and Chinese, left out in the same way, would be found too.",
            ),
            Answer(
                "French names share pieces of words with those of other languages it has read.",
                "Its text encoder sees pieces of bytes; where none is shared, little is found.",
                right=True,
            ),
            Answer(
                "The pictures look the same in all languages, so the language does not matter.",
                "The picture is only one side: its vector must be near to that of the name.",
            ),
        ),
    ),
)
