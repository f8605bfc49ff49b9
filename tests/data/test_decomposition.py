"""Redundancy, uniqueness and synergy, from tables of probabilities."""

import pytest
import torch

from mmtutor.data import decompose, mutual_information, planted_truth


def table(kind, values):
    """Count what a function of four fair coins shows and asks: (left, right, label)."""
    joint = torch.zeros(values)
    for coins in torch.cartesian_prod(*[torch.arange(2)] * 4):
        joint[kind(*coins)] += 1 / 16
    return joint


def about(value):
    return pytest.approx(value, abs=2e-3)


COPY = table(lambda a, b, c, d: (a, a, a), (2, 2, 2))
LEFT = table(lambda a, b, c, d: (a, b, a), (2, 2, 2))
RIGHT = table(lambda a, b, c, d: (a, b, b), (2, 2, 2))
XOR = table(lambda a, b, c, d: (a, b, a ^ b), (2, 2, 2))
AND = table(lambda a, b, c, d: (a, b, a & b), (2, 2, 2))
BOTH = table(lambda a, b, c, d: (a, b, 2 * a + b), (2, 2, 4))
COPY_AND_XOR = table(lambda a, b, c, d: (2 * a + b, 2 * a + c, 2 * a + (b ^ c)), (4, 4, 4))


@pytest.mark.parametrize(
    ("joint", "redundancy", "uniqueness", "synergy"),
    [
        (COPY, 1, (0, 0), 0),
        (LEFT, 0, (1, 0), 0),
        (RIGHT, 0, (0, 1), 0),
        (XOR, 0, (0, 0), 1),
        (AND, 0.3113, (0, 0), 0.5),  # Bertschinger et al. 2014, table 1
        (BOTH, 0, (1, 1), 0),
        (COPY_AND_XOR, 1, (0, 0), 1),
    ],
    ids=["copy", "left", "right", "xor", "and", "both", "copy and xor"],
)
def test_pure_cases_have_the_amounts_that_are_published(joint, redundancy, uniqueness, synergy):
    parts = decompose(joint)
    assert parts.redundancy == about(redundancy)
    assert parts.uniqueness == about(uniqueness)
    assert parts.synergy == about(synergy)


def test_two_noisy_copies_have_synergy_and_nothing_unique():
    channel = 0.8 * torch.eye(10) + 0.02
    joint = torch.einsum("ay,by->aby", channel, channel) / 10
    parts = decompose(joint)
    assert parts.uniqueness == about((0, 0))
    assert parts.synergy == about(mutual_information(joint) - mutual_information(joint.sum(0)))


@pytest.mark.parametrize("seed", range(5))
def test_the_amounts_add_up_to_what_is_measured(seed):
    joint = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(seed)).double() ** 3
    joint[0, 1] = 0
    joint[:, 2, 3] = 0
    joint /= joint.sum()
    redundancy, (left, right), synergy = decompose(joint)
    assert min(redundancy, left, right, synergy) >= 0
    exactly = {"abs": 1e-9}
    measured = [mutual_information(joint.sum(1)), mutual_information(joint.sum(0))]
    assert redundancy + left == pytest.approx(measured[0], **exactly)
    assert redundancy + right == pytest.approx(measured[1], **exactly)
    assert redundancy + left + right + synergy == pytest.approx(
        mutual_information(joint), **exactly
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_table_with_the_same_pairs_tells_less(seed):
    joint = torch.rand(2, 2, 2, generator=torch.Generator().manual_seed(seed)).double()
    joint /= joint.sum()
    # Of two binary modalities, one number for each label is free.
    swap = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).double()
    told = []
    for steps in torch.cartesian_prod(*[torch.linspace(-0.5, 0.5, 401).double()] * 2):
        other = joint + swap[..., None] * steps
        if (other >= 0).all():
            told.append(mutual_information(other))
    parts = decompose(joint)
    found = parts.redundancy + sum(parts.uniqueness)
    assert found == pytest.approx(min(told), abs=2e-3)


def test_the_amounts_are_named_like_those_that_are_planted():
    truth = planted_truth(**decompose(COPY_AND_XOR)._asdict())
    assert [each.bits for each in truth.values()] == [about(1), about(1), about(2)]


def test_a_table_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"three axes, .* shape \(2, 2\)"):
        decompose([[0.5, 0.0], [0.0, 0.5]])
    with pytest.raises(ValueError, match="must sum to 1"):
        decompose(torch.ones(2, 2, 2))
