"""What is asked about two digits, how often, and how far one gets without seeing everything."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data.checks import check_known

SIDES = ("left", "right")
GRAMMARS = ("seen", "unseen")

# One closed vocabulary for every question: digits, sums and doubles, truth, sides.
ANSWERS = (*map(str, range(19)), "yes", "no", *SIDES)

Digits = Mapping[str, int]  # side → the digit that stands there
Slots = Mapping[str, str]  # the name of a gap in a wording → what fills it
Pairs = Mapping[tuple[int, int], Fraction]  # (left, right) → probability


def evenly(pairs: Iterable[tuple[int, int]]) -> Pairs:
    """Return these pairs, each alike likely."""
    chosen = list(pairs)
    return dict.fromkeys(chosen, Fraction(1, len(chosen)))


_ALL = [(left, right) for left in range(10) for right in range(10)]
ALL_PAIRS = evenly(_ALL)
UNEQUAL = evenly((left, right) for left, right in _ALL if left != right)
OF_TWO_PARITIES = evenly((left, right) for left, right in _ALL if (left - right) % 2)
HALF_EQUAL = {
    pair: share / 2
    for pairs in (UNEQUAL, evenly((digit, digit) for digit in range(10)))
    for pair, share in pairs.items()
}


class Case(NamedTuple):
    """One of the examples that can be drawn.

    Attributes:
        probability: how likely it is.
        left: the digit on the left.
        right: the digit on the right.
        kind: of question.
        text: the question to answer.
        answer: one of `ANSWERS`.
        context: what was said before.
        opening: the kind of question that was asked before.
    """

    probability: Fraction
    left: int
    right: int
    kind: str
    text: str
    answer: str
    context: str = ""
    opening: str = ""


class Grammar:
    """All the examples that can be drawn, and how likely each is.

    Args:
        cases: the examples, whose probabilities sum to 1.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        shares = [case.probability for case in self.cases]
        # In whole numbers, draws are exactly as likely as the cases say, and sums are fast.
        self._whole = math.lcm(*{share.denominator for share in shares})
        self._weights = [s.numerator * (self._whole // s.denominator) for s in shares]
        self._ends = torch.tensor(self._weights).cumsum(dim=0)

    def draw(self, count: int, generator: torch.Generator) -> list[Case]:
        """Return `count` independent draws."""
        draws = torch.randint(self._whole, (count,), generator=generator)
        places = torch.searchsorted(self._ends, draws, right=True)
        return [self.cases[place] for place in places.tolist()]

    def ceiling(self, *known: str) -> Fraction:
        """Return how often the best possible answer is right, given some facts alone.

        Args:
            known: fields of `Case`, like `"left", "right"`; none for the commonest answer.

        Returns:
            The exact probability: that of the likeliest answer to the facts, on average.
        """
        answers: dict[tuple, Counter] = defaultdict(Counter)
        for case, weight in zip(self.cases, self._weights, strict=True):
            answers[tuple(getattr(case, field) for field in known)][case.answer] += weight
        return Fraction(sum(max(tally.values()) for tally in answers.values()), self._whole)


def ids_of(names: Iterable[str], choices: Sequence[str]) -> Tensor:
    """Return the place of each name among the choices, int64."""
    places = {name: place for place, name in enumerate(choices)}
    return torch.tensor([places[name] for name in names])


def check_grammar(grammar: str, split: str) -> None:
    """Raise ValueError for an unknown grammar, or for the unseen one of the training split."""
    check_known("grammar", grammar, GRAMMARS)
    if grammar == "unseen" and split == "train":
        raise ValueError(
            "the training split must not hold the unseen grammar, got split='train'; choose "
            "grammar='seen', or the split validation or test"
        )


def filled(**slots: Sequence[str]) -> tuple[Slots, ...]:
    """Return each way to fill the slots, a slot that is named `side` with its `other` side."""
    ways = [dict(zip(slots, words, strict=True)) for words in product(*slots.values())]
    opposite = dict(zip(SIDES, reversed(SIDES), strict=True))
    return tuple(way | {"other": opposite[way["side"]]} if "side" in way else way for way in ways)


def yes_no(true: bool) -> str:
    """Return the answer to a question about truth."""
    return "yes" if true else "no"
