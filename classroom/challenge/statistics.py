"""What chance could do: intervals of accuracies, and comparisons on the same examples."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

CONFIDENCE = 0.95
Right = NDArray[np.bool_]  # for each example, whether it was answered right


class Estimate(NamedTuple):
    """A measured value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def accuracy(right: Right) -> Estimate:
    """Return the share of right answers with Wilson's interval.

    Raises:
        ValueError: there are no examples.
    """
    if not len(right):
        raise ValueError("an accuracy needs at least one example; got none")
    test = binomtest(int(right.sum()), len(right))
    bounds = test.proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(float(right.mean()), float(bounds.low), float(bounds.high))


def difference(first: Right, second: Right) -> Estimate:
    """Return how much more accurate the first is than the second, on different examples.

    Source: Newcombe 1998, *Interval estimation for the difference between independent
    proportions*, method 10, which takes its bounds from the two intervals of Wilson.
    """
    a, b = accuracy(first), accuracy(second)
    gap = a.value - b.value
    below = np.hypot(a.value - a.low, b.high - b.value)
    above = np.hypot(a.high - a.value, b.value - b.low)
    return Estimate(gap, float(gap - below), float(gap + above))


def same_within_chance(first: Right, second: Right) -> bool:
    """Return whether two teams' answers to the same examples differ by no more than chance.

    Of the examples that only one of them has right, each should have about half (McNemar's
    exact test, at the level 0.05).
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if only_first + only_second == 0:
        return True
    return bool(binomtest(only_first, only_first + only_second).pvalue >= 1 - CONFIDENCE)


def shared_ranks(sorted_right: list[Right]) -> list[int]:
    """Return the rank of each team, the best first.

    A team that cannot be told from the first of a rank shares it. The comparison is with the
    first and not with the neighbor, or a long chain of small differences would end in one rank
    for teams that differ clearly.

    Args:
        sorted_right: for each team, by falling accuracy, which of the same examples are right.
    """
    ranks: list[int] = []
    for position, right in enumerate(sorted_right):
        first = ranks[-1] - 1 if ranks else position
        ranks.append(first + 1 if same_within_chance(sorted_right[first], right) else position + 1)
    return ranks
