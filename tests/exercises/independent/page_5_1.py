"""Answers on page 5.1; those to b stand in `averages`."""

import numpy as np
import torch

from tests.exercises.independent import averages


def rank_by_torch(W, share):
    squares = torch.linalg.svdvals(W.double()).square()
    kept = squares.cumsum(dim=0) / squares.sum()
    r = int((kept < share).sum()) + 1
    m, n = W.shape
    return r, m * n - r * (m + n)


def rank_by_numpy(W, share):
    A = np.asarray(W.detach(), dtype=np.float64)
    energy = np.linalg.svd(A, compute_uv=False) ** 2
    r = 1
    while energy[:r].sum() < share * (A**2).sum():
        r += 1
    return [r, A.size - r * sum(A.shape)]


def rank_by_eigenvalues(W, share):
    A = W.double() if W.shape[0] <= W.shape[1] else W.double().T
    values = torch.linalg.eigvalsh(A @ A.T).flip(0).clamp(min=0)
    total = values.sum().item()
    kept, r = 0.0, 0
    for value in values.tolist():
        kept, r = kept + value, r + 1
        if kept >= share * total:
            break
    return torch.tensor([r, W.numel() - r * (W.shape[0] + W.shape[1])])


def rank_of(W, share, power=2, more=1):
    sizes = torch.linalg.svdvals(W.double()) ** power
    r = int((sizes.cumsum(dim=0) / sizes.sum() < share).sum()) + more
    return r, W.numel() - r * sum(W.shape)


def with_saving(W, share, saving):
    r, _ = rank_by_torch(W, share)
    return r, saving(r, *W.shape)


def in_place(W, share):
    answer = rank_by_torch(W, share)
    W /= W.norm()
    return answer


RIGHT = {
    "5.1.a": [rank_by_torch, rank_by_numpy, rank_by_eigenvalues],
    "5.1.b": averages.RIGHT,
}

WRONG = {
    "5.1.a": [
        # Singular values are not squared.
        lambda W, share: rank_of(W, share, power=1),
        # One too few.
        lambda W, share: rank_of(W, share, more=0),
        # One too many.
        lambda W, share: rank_of(W, share, more=2),
        # The share of the norm, not of its square.
        lambda W, share: rank_of(W, share**2),
        # Nine tenths, whatever was asked.
        lambda W, share: rank_by_torch(W, 0.9),
        # Never negative.
        lambda W, share: with_saving(W, share, lambda r, m, n: max(0, m * n - r * (m + n))),
        # The parameters that are left.
        lambda W, share: with_saving(W, share, lambda r, m, n: r * (m + n)),
        # Negative where it saves.
        lambda W, share: with_saving(W, share, lambda r, m, n: r * (m + n) - m * n),
        # For square matrices.
        lambda W, share: with_saving(W, share, lambda r, m, n: m * m - 2 * r * m),
        # The rank only.
        lambda W, share: rank_by_torch(W, share)[0],
        # Counts the singular values, too.
        lambda W, share: with_saving(W, share, lambda r, m, n: m * n - r * (m + n + 1)),
        # Changes the matrix.
        in_place,
    ],
    "5.1.b": averages.WRONG,
}
