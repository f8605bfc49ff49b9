"""How much observations tell about a target, computed exactly from tables of probabilities.

A *joint table* holds the probability of each combination of values. It has one axis for each
observed variable, and the target is on the last axis; the sum over an axis leaves its variable
out. What a variable adds to the others is therefore a difference, for the second of two
`mutual_information(joint) - mutual_information(joint.sum(1))`.

Source: Cover and Thomas 2006, Elements of Information Theory, 2nd edition, chapter 2.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data.checks import check_range

LARGEST_TABLE = 1_000_000  # numbers, 8 MB: five modalities and the target, ten values each


class Truth(NamedTuple):
    """What some modalities tell about the target.

    Attributes:
        bits: their mutual information with the target.
        accuracy: how often the best possible prediction from them is right.
    """

    bits: float
    accuracy: float


def entropy(table: Tensor | ArrayLike) -> float:
    """Return the entropy, in bits, of a table of probabilities with any number of axes.

    Raises:
        ValueError: the numbers are no probabilities, or do not sum to 1.
    """
    return torch.special.entr(_probabilities(table)).sum().item() / math.log(2)


def mutual_information(joint: Tensor | ArrayLike) -> float:
    """Return what all the observed variables together tell about the target, in bits.

    Args:
        joint: `(values, …, target values)`, the probability of each combination.

    Raises:
        ValueError: no joint table of probabilities.
    """
    joint = joint_of(joint)
    target = joint.sum(dim=tuple(range(joint.ndim - 1)))
    information = entropy(joint.sum(dim=-1)) + entropy(target) - entropy(joint)
    return max(information, 0.0)  # rounding can leave a little less than nothing


def best_accuracy(joint: Tensor | ArrayLike) -> float:
    """Return how often the best possible prediction is right: the Bayes accuracy.

    The best prediction is the likeliest value of the target, given all that is observed.

    Args:
        joint: `(values, …, target values)`, the probability of each combination.

    Raises:
        ValueError: no joint table of probabilities.
    """
    return min(joint_of(joint).amax(dim=-1).sum().item(), 1.0)  # rounding can leave a little more


def truths(joint: Tensor | ArrayLike, names: Sequence[str]) -> dict[tuple[str, ...], Truth]:
    """Return what every non-empty subset of the observed variables tells about the target.

    Args:
        joint: `(values, …, target values)`, the probability of each combination.
        names: of the observed variables, in the order of their axes.

    Returns:
        subset → truth, the smaller subsets first; the names in a subset keep their order.

    Raises:
        ValueError: no joint table of probabilities, or another number of names.
    """
    joint = joint_of(joint)
    if len(names) != joint.ndim - 1:
        raise ValueError(
            f"names must name each axis but the last, {joint.ndim - 1} in all; got {list(names)}"
        )
    result = {}
    for size in range(1, len(names) + 1):
        for axes in combinations(range(len(names)), size):
            others = tuple(axis for axis in range(len(names)) if axis not in axes)
            part = joint.sum(dim=others) if others else joint
            subset = tuple(names[axis] for axis in axes)
            result[subset] = Truth(mutual_information(part), best_accuracy(part))
    return result


def joint_table(*variables: Tensor) -> Tensor:
    """Return the share of the examples that have each combination of values.

    What is estimated from a table of n examples is a little too high: the mutual information
    of two independent variables with a and b values comes out as `(a - 1) (b - 1) / (2 n ln 2)`
    bits on average, for large n.

    Args:
        variables: `(examples,)`, or `(examples, …)` where each row is one value; the target last.

    Returns:
        float64, an axis for each variable, with the values that occur in sorted order.

    Raises:
        ValueError: no variable, no examples, or unequal numbers of examples.
    """
    lengths = [len(variable) for variable in variables]
    if len(set(lengths)) != 1 or 0 in lengths:
        raise ValueError(
            "joint_table needs variables of the same number of examples, and at least one of "
            f"each; got {len(lengths)} variables with {lengths} examples"
        )
    rows = [variable.reshape(len(variable), -1) for variable in variables]
    # A constant column more: torch.unique refuses rows without any.
    values = [torch.unique(F.pad(x, (0, 1)), dim=0, return_inverse=True)[1] for x in rows]
    counts = torch.zeros([int(x.max()) + 1 for x in values], dtype=torch.float64)
    counts.index_put_(tuple(values), torch.ones((), dtype=torch.float64), accumulate=True)
    return counts / lengths[0]


def noisy_channels(
    reliability: Mapping[str, float], classes: int = 10
) -> dict[tuple[str, ...], Truth]:
    """Return what modalities that are sometimes wrong tell about an evenly distributed label.

    Each modality shows the label with its reliability r, otherwise a class that is drawn evenly
    from all K; so it shows the label with probability r + (1 - r) / K. Given the label, the
    modalities are independent. One modality alone is right that often at best, and with
    c = r + (1 - r) / K its mutual information is
    log2 K + c log2 c + (1 - c) log2 ((1 - c) / (K - 1)) bits.

    Two such modalities together tell more bits, but allow no better prediction than the more
    reliable one alone: where they disagree, it is the one to follow. Three can outvote one.

    Args:
        reliability: modality → probability from 0 to 1.
        classes: K, the number of classes.

    Returns:
        subset → truth for every non-empty subset, the smaller ones first; the names in a subset
        are in the order of `reliability`.

    Raises:
        TypeError: `reliability` is no mapping.
        ValueError: no modality, a reliability outside [0, 1], fewer than two classes, or so many
            modalities and classes that their joint table becomes too large.
    """
    if not isinstance(reliability, Mapping):
        raise TypeError(
            'reliability must map each modality to a probability, like {"image": 0.9}; got '
            f"{reliability!r}"
        )
    check_range("classes", classes, 2)
    for name, probability in reliability.items():
        check_range(f"the reliability of {name!r}", probability, 0, 1)
    size = classes ** (len(reliability) + 1)
    if not reliability or size > LARGEST_TABLE:
        raise ValueError(
            f"{len(reliability)} modalities and {classes} classes need a table of {size:,} "
            f"numbers; give at least one modality, and at most {LARGEST_TABLE:,} numbers"
        )
    joint = torch.full((classes,), 1 / classes, dtype=torch.float64)
    for r in reliability.values():
        channel = torch.full((classes, classes), (1 - r) / classes, dtype=torch.float64)
        channel.diagonal().add_(r)  # (shown, label)
        joint = joint[..., None, :] * channel
    return truths(joint, tuple(reliability))


def _probabilities(table: Tensor | ArrayLike) -> Tensor:
    """Return the table in float64."""
    table = torch.as_tensor(table, dtype=torch.float64)
    total = table.sum().item()
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(
            f"probabilities must sum to 1, these sum to {total:g}; divide counts by their sum"
        )
    if (table < 0).any():
        raise ValueError(f"probabilities must be at least 0, the least is {table.min():g}")
    return table


def joint_of(table: Tensor | ArrayLike) -> Tensor:
    """Return the table in float64, with an axis for the target and for at least one other."""
    table = _probabilities(table)
    if table.ndim < 2:
        raise ValueError(
            "a joint table must have an axis for each observed variable and one, the last, for "
            f"the target; got the shape {tuple(table.shape)}"
        )
    return table
