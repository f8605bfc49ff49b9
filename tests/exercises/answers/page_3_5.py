import torch

from tests.exercises.answers.answers import Answers


def mapped(features, factors):
    ones = [torch.cat([h, torch.ones(len(h), 1)], dim=1) for h in features]
    return torch.stack(
        [torch.einsum("bd,rds->brs", h, W) for h, W in zip(ones, factors, strict=True)]
    )


def rank_by_rank(features, factors, bias):
    total = bias
    for rank in range(len(factors[0])):
        term = 1
        for h, W in zip(features, factors, strict=True):
            term = term * (h @ W[rank, :-1] + W[rank, -1])
        total = total + term
    return total


def one_in_front(features, factors, bias):
    moved = [torch.cat([W[:, 1:], W[:, :1]], dim=1) for W in factors]
    return rank_by_rank(features, moved, bias)


ANSWERS = {
    "3.5.a": Answers(
        right=lambda: [-2, 0.5, -1, 0],
        wrong={
            "which c takes the 1 away": lambda: (1, -1, 0, 0),
            "turn one sign": lambda: (1, 1, -1, 0),
            "does not depend on the text": lambda: (1, 0, -1, 0),
            "moves all four corners": lambda: (1, -1, -1, 1),
            "picture is not used": lambda: (0, 1, -1, 0),
            "return four numbers": lambda: (1, -1),
            "should give": lambda: (1, -2, -1, 0),
        },
    ),
    "3.5.b": Answers(
        right=rank_by_rank,
        wrong={
            "before you multiply": lambda features, factors, bias: (
                mapped(features, factors).sum(dim=2).prod(dim=0) + bias
            ),
            "that is the sum again": lambda features, factors, bias: (
                mapped(features, factors).sum(dim=(0, 2)) + bias
            ),
            "bias is missing": lambda features, factors, bias: (
                mapped(features, factors).prod(dim=0).sum(dim=1)
            ),
            "the 1 stands in front": one_in_front,
            "two modalities only": lambda features, factors, bias: rank_by_rank(
                features[:2], factors[:2], bias
            ),
            "four ranks is left": lambda features, factors, bias: (
                mapped(features, factors).prod(dim=0) + bias
            ),
            "differ from the formula": lambda features, factors, bias: rank_by_rank(
                features, factors, -bias
            ),
        },
    ),
}
