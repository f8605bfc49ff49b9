import math

import numpy as np
import torch


def widest_by_root(modalities, own, shared, budget):
    squares = 2 * (modalities * own + shared) + modalities
    return math.isqrt(budget // squares)


def widest_by_search(modalities, own, shared, budget):
    w = 0
    while (2 * modalities * own + modalities + 2 * shared) * (w + 1) ** 2 <= budget:
        w += 1
    return w


def widest_by_numpy(modalities, own, shared, budget):
    w = np.arange(0, math.isqrt(budget) + 2)
    needed = (modalities * (2 * own + 1) + 2 * shared) * w**2
    return int(w[needed <= budget].max())


def widest_of(budget, squares, rounded=math.floor):
    return rounded(math.sqrt(budget / squares))


def interaction_by_torch(p):
    odds = p[:, :, 1].log() - p[:, :, 0].log()
    return (odds[0, 0] + odds[1, 1] - odds[0, 1] - odds[1, 0]).abs()


def interaction_by_numpy(p):
    t = np.asarray(p, dtype=np.float64)
    t = t / t.sum(axis=2, keepdims=True)
    return abs(np.diff(np.diff(np.log(t[..., 1] / t[..., 0]), axis=0), axis=1)).item()


def interaction_by_products(p):
    """Take the logarithm of one quotient of eight numbers."""
    t = p.tolist()
    above = below = 1.0
    for left in (0, 1):
        for right in (0, 1):
            no, yes = t[left][right]
            above, below = (above * yes, below * no) if left == right else (above * no, below * yes)
    return abs(math.log(above / below))


def differences(s):
    return s[0, 0] - s[0, 1] - s[1, 0] + s[1, 1]


def spread_after_adding(p):
    """What is left after the best sum: a quarter of the difference of differences."""
    odds = p[..., 1].log() - p[..., 0].log()
    fit = odds.mean(dim=0) + odds.mean(dim=1, keepdim=True) - odds.mean()
    return (odds - fit).abs().max()


RIGHT = {
    "5.8.a": [widest_by_root, widest_by_search, widest_by_numpy],
    "5.8.b": [
        interaction_by_torch,
        interaction_by_numpy,
        interaction_by_products,
        lambda p: p.log().diff(dim=0).diff(dim=1).diff(dim=2).abs().item(),
        lambda p: torch.abs(
            (p.double().log() * torch.tensor([1, -1])).sum(2).mul(2 * torch.eye(2) - 1).sum()
        ),
    ],
}

WRONG = {
    "5.8.a": [
        # One matrix in each block.
        lambda modalities, own, shared, budget: widest_of(
            budget, modalities * own + shared + modalities
        ),
        # The meeting has one matrix.
        lambda modalities, own, shared, budget: widest_of(
            budget, 2 * (modalities * own + shared) + 1
        ),
        # The meeting is forgotten.
        lambda modalities, own, shared, budget: widest_of(
            budget, max(2 * (modalities * own + shared), 1)
        ),
        # Own blocks for one modality only.
        lambda modalities, own, shared, budget: widest_of(budget, 2 * (own + shared) + modalities),
        # Shared blocks for each modality.
        lambda modalities, own, shared, budget: widest_of(
            budget, modalities * (2 * own + 2 * shared + 1)
        ),
        # Rounded to the nearest.
        lambda modalities, own, shared, budget: widest_of(
            budget, 2 * (modalities * own + shared) + modalities, round
        ),
        # Rounded up.
        lambda modalities, own, shared, budget: widest_of(
            budget, 2 * (modalities * own + shared) + modalities, math.ceil
        ),
        # Less than the budget.
        lambda modalities, own, shared, budget: widest_by_root(modalities, own, shared, budget - 1),
        # Not whole.
        lambda modalities, own, shared, budget: widest_of(
            budget, 2 * (modalities * own + shared) + modalities, float
        ),
        # Two modalities.
        lambda modalities, own, shared, budget: widest_by_root(2, own, shared, budget),
        # No root.
        lambda modalities, own, shared, budget: (
            budget // (2 * (modalities * own + shared) + modalities)
        ),
        # At most 50, as on the page.
        lambda modalities, own, shared, budget: min(
            49, widest_by_root(modalities, own, shared, budget)
        ),
    ],
    "5.8.b": [
        # With its sign.
        lambda p: differences(p[..., 1].log() - p[..., 0].log()),
        # Probabilities, not log-odds.
        lambda p: differences(p[..., 1] / p.sum(dim=2)).abs(),
        # Logarithms of the joint probabilities of y = 1 only.
        lambda p: differences(p[..., 1].log()).abs(),
        # Logarithms of the probability of y = 1.
        lambda p: differences((p[..., 1] / p.sum(dim=2)).log()).abs(),
        # In bits.
        lambda p: differences(p[..., 1].log2() - p[..., 0].log2()).abs(),
        # What is left after the best sum.
        spread_after_adding,
        # Half of it.
        lambda p: differences(p[..., 1].log() - p[..., 0].log()).abs() / 2,
        # Odds, not their logarithms.
        lambda p: differences(p[..., 1] / p[..., 0]).abs(),
        # A sum over the corners.
        lambda p: (p[..., 1].log() - p[..., 0].log()).sum().abs(),
        # One difference only.
        lambda p: (p[1, 1, 1] / p[1, 1, 0] / p[0, 0, 1] * p[0, 0, 0]).log().abs(),
        # Overwrites the table.
        lambda p: differences(p.log_()[..., 1] - p[..., 0]).abs(),
    ],
}
