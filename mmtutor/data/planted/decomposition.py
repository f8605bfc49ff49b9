"""What two modalities tell about a target, split into four amounts."""

from typing import NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from mmtutor.data.planted.information import joint_of, mutual_information

_TOLERANCE = 1e-7  # bits by which a round has to lower the information
_ROUNDS, _FITS = 5000, 20


class Decomposition(NamedTuple):
    """What two modalities tell about a target, in bits.

    The names are those of the arguments of `planted`, so `planted_truth(**parts._asdict())` says
    what each modality tells.

    Attributes:
        redundancy: what each of the two tells.
        uniqueness: what the first alone tells, and what the second alone tells.
        synergy: what only the two together tell.
    """

    redundancy: float
    uniqueness: tuple[float, float]
    synergy: float


def decompose(joint: Tensor | ArrayLike) -> Decomposition:
    """Split what two modalities tell about a target into redundancy, uniqueness and synergy.

    The information of a modality is its redundancy and its uniqueness, and that of both is the
    sum of all four amounts. These are three equations. The fourth is a definition: uniqueness
    and redundancy depend on the two tables of one modality with the target alone. So among all
    joint tables that have these two tables, the one whose modalities together tell least about
    the target has no synergy, and what it tells is the sum of the other three amounts.

    A table of shares, as `joint_table` counts it, has an error. It is small if each combination
    of values occurs often; otherwise chance looks like synergy.

    Args:
        joint: `(values of the first, values of the second, target values)`, the probability of
            each combination.

    Raises:
        ValueError: no table of probabilities with three axes.

    Source: Bertschinger, Rauh, Olbrich, Jost and Ay 2014, Quantifying unique information,
    definition 1; computed by two alternating steps, in the manner of Banerjee, Rauh and Montúfar
    2018, Computing the unique information.
    """
    table = joint_of(joint)
    if table.ndim != 3:
        raise ValueError(
            "decompose needs a table with three axes, of two modalities and the target; got the "
            f"shape {tuple(table.shape)}"
        )
    first, second = (mutual_information(table.sum(dim)) for dim in (1, 0))
    both = mutual_information(table)
    # The least lies between what the better modality tells and what both do, up to rounding.
    least = min(max(_least_information(table), first, second), both)
    return Decomposition(
        redundancy=max(first + second - least, 0.0),
        uniqueness=(least - second, least - first),
        synergy=both - least,
    )


def _least_information(table: Tensor) -> float:
    """Return the least that both can tell in a table with the same two tables of pairs.

    Both steps lower the divergence of q from p(y) s(first, second), which is convex in q and s:
    the best s for a q is its sum over the target, and the best q for an s is s, rescaled until it
    has the tables of pairs again.
    """
    pairs = table.sum(dim=1, keepdim=True), table.sum(dim=0, keepdim=True)
    # Every combination that the tables of pairs allow is possible in the beginning.
    q = _over(pairs[0] * pairs[1], table.sum(dim=(0, 1), keepdim=True))
    told = float("inf")
    for _ in range(_ROUNDS):
        q = _fitted(q.sum(dim=2, keepdim=True).expand_as(table), pairs)
        before, told = told, mutual_information(q / q.sum())
        if before - told < _TOLERANCE:
            break
    return told


def _fitted(q: Tensor, pairs: tuple[Tensor, Tensor]) -> Tensor:
    """Rescale a table, in turn for each modality, until it nearly has the given tables of pairs."""
    for _ in range(_FITS):
        for pair, other in zip(pairs, (1, 0), strict=True):
            q = q * _over(pair, q.sum(dim=other, keepdim=True))
    return q


def _over(above: Tensor, below: Tensor) -> Tensor:
    """Divide, where 0 / 0 is 0."""
    return torch.where(below > 0, above / below.clamp(min=1e-300), 0.0)
