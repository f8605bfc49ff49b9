"""Answers on page 3.6; those to d stand in `fusions`."""

import numpy as np
import torch

from tests.exercises.independent import fusions


def with_one(h):
    return torch.cat([h, torch.ones_like(h[:, :1])], dim=1)


def low_rank_by_einsum(features, factors, bias):
    product = 1
    for h, factor in zip(features, factors, strict=True):
        product = product * torch.einsum("bd,rds->brs", with_one(h), factor)
    return product.sum(dim=1) + bias


def low_rank_by_affine_maps(features, factors, bias):
    """Take the last row of each factor as the bias of a linear map."""
    z = bias.clone()
    for i in range(factors[0].shape[0]):
        maps = [h @ f[i, :-1] + f[i, -1] for h, f in zip(features, factors, strict=True)]
        z = z + torch.stack(maps).prod(dim=0)
    return z


def low_rank_by_matmul(features, factors, bias):
    projected = [with_one(h) @ f for h, f in zip(features, factors, strict=True)]
    result = projected[0]
    for more in projected[1:]:
        result = torch.mul(result, more)
    return torch.add(result.sum(0), bias)


def low_rank_by_numpy_like_loops(features, factors, bias):
    rank, _, shared = factors[0].shape
    columns = []
    for s in range(shared):
        total = 0
        for r in range(rank):
            term = 1
            for h, f in zip(features, factors, strict=True):
                term = term * (with_one(h) * f[r, :, s]).sum(dim=1)
            total = total + term
        columns.append(total + bias[s])
    return torch.stack(columns, dim=-1)


def one_in_front(features, factors, bias):
    z = 0
    for i in range(len(factors[0])):
        term = 1
        for h, f in zip(features, factors, strict=True):
            term = term * (torch.cat([torch.ones_like(h[:, :1]), h], dim=1) @ f[i])
        z = z + term
    return z + bias


def summed_modalities(features, factors, bias):
    return sum((with_one(h) @ f).sum(0) for h, f in zip(features, factors, strict=True)) + bias


def product_of_sums(features, factors, bias):
    z = 1
    for h, f in zip(features, factors, strict=True):
        z = z * (with_one(h) @ f.sum(dim=0))
    return z + bias


def first_two_only(features, factors, bias):
    return low_rank_by_einsum(features[:2], factors[:2], bias)


def without_ones(features, factors, bias):
    z = 1
    for h, f in zip(features, factors, strict=True):
        z = z * torch.einsum("bd,rds->brs", h, f[:, :-1])
    return z.sum(dim=1) + bias


def bias_for_each_rank(features, factors, bias):
    return low_rank_by_einsum(features, factors, bias) + (len(factors[0]) - 1) * bias


def ones_appended_to_the_list(features, factors, bias):
    for i, h in enumerate(features):
        features[i] = with_one(h)
    product = 1
    for h, f in zip(features, factors, strict=True):
        product = product * (h @ f)
    return product.sum(dim=0) + bias


RIGHT = {
    "3.6.a": [
        lambda: (1, -1, -1, 0),
        lambda: [-2.0, 0.5, -1.0, 0.0],
        lambda: np.array([4, -0.25, -1, 0]),
        lambda: torch.tensor([-1.0, 1.0, -1.0, 0.0]),
    ],
    "3.6.b": [
        low_rank_by_einsum,
        low_rank_by_affine_maps,
        low_rank_by_matmul,
        low_rank_by_numpy_like_loops,
    ],
    "3.6.c": [0.9, 9 / 10, torch.tensor(0.9), np.float32(0.89), lambda: 1 - 0.1],
    "3.6.d": fusions.RIGHT,
}

WRONG = {
    "3.6.a": [
        # Gives +1 where both agree.
        lambda: (1, 1, -1, 0),
        # The image is not taken out of the sum.
        lambda: (1, -1, 0, 0),
        # A constant too many.
        lambda: (1, -1, -1, 1),
        # The text does not control anything.
        lambda: (-1, 0, 0, 0),
        # In another order: v, c, w, beta.
        lambda: (-1, -1, 1, 0),
        # Half of the size.
        lambda: (1, -0.5, -1, 0),
        # The image is ignored.
        lambda: (0, -1, -1, 0),
        # Three numbers.
        lambda: (1, -1, -1),
        # The numbers of the other sign: 1 + c is 2.
        lambda: (1, -1, 1, 0),
    ],
    "3.6.b": [
        # The 1 stands in front.
        one_in_front,
        # Modalities are added.
        summed_modalities,
        # Ranks are added before the product.
        product_of_sums,
        # For two modalities.
        first_two_only,
        # Nothing appended.
        without_ones,
        # The bias in each rank.
        bias_for_each_rank,
        # No bias.
        lambda features, factors, bias: low_rank_by_einsum(features, factors, 0 * bias),
        # The mean over ranks.
        lambda features, factors, bias: (
            (low_rank_by_einsum(features, factors, 0 * bias)) / len(factors[0]) + bias
        ),
        # Changes the list.
        ones_appended_to_the_list,
        # The factors learn, the features do not.
        lambda features, factors, bias: low_rank_by_einsum(
            [h.detach() for h in features], factors, bias
        ),
        # Ranks are not added.
        lambda features, factors, bias: low_rank_by_einsum(
            features, [f[:1] for f in factors], bias
        ),
    ],
    "3.6.c": [
        # As for an even XOR.
        0.75,
        # A guess between two classes.
        0.5,
        # All.
        1.0,
        # The larger class.
        0.6,
        # Three corners, each with 30 %, but one of them lost.
        0.7,
        # In per cent.
        90,
        # The share that is wrong.
        0.1,
        # Two corners.
        0.4,
    ],
    "3.6.d": fusions.WRONG,
}
