import math

import torch

from tests.exercises.answers.answers import Answers


def count_term_by_term(in_channels, out_channels, stride):
    total = 9 * out_channels * (in_channels + out_channels) + 4 * out_channels
    if in_channels != out_channels or stride != 1:
        total += out_channels * (in_channels + 2)
    return total


def zero(*names, freeze=False):
    """Return an answer that zeroes these parameters of the branch."""

    def answer(branch):
        for name in names:
            torch.nn.init.zeros_(branch.get_parameter(name))
        return branch.requires_grad_(not freeze)

    return answer


def share_by_recursion(blocks, longest):
    if longest < 0:
        return 0.0
    if blocks == 0:
        return 1.0
    counts = [1]
    for _ in range(blocks):
        counts = [a + b for a, b in zip([0, *counts], [*counts, 0], strict=True)]
    return sum(counts[: longest + 1]) / sum(counts)


def count(norms=True, projection=True, projection_norm=True, second_from_input=False):
    def formula(i, o, stride):
        total = 9 * i * o + 9 * (i if second_from_input else o) * o + 4 * o * norms
        if projection and (stride != 1 or i != o):
            total += i * o + 2 * o * projection_norm
        return total

    return formula


def ignore_stride(i, o, stride):
    return count_term_by_term(i, o, 1)


ANSWERS = {
    "2.1.a": Answers(
        right=count_term_by_term,
        wrong={
            "weight and a bias": count(norms=False),
            "shortcut is a projection": count(projection=False),
            "projection has a normalization": count(projection_norm=False),
            "second convolution": count(second_from_input=True),
            "stride alone": ignore_stride,
        },
    ),
    "2.1.b": Answers(
        right=zero("conv2.weight", "norm2.bias"),
        wrong={
            "bias of norm2": zero("norm2.weight"),
            "it goes up to": zero("norm2.bias"),
            "wait for each other": zero("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"),
            "cannot learn": zero("norm2.weight", "norm2.bias", freeze=True),
            "nothing has been changed": lambda branch: branch,
            "change the branch that you are given": lambda branch: torch.nn.Identity(),
        },
    ),
    "2.1.c": Answers(
        right=share_by_recursion,
        wrong={
            "all paths": lambda n, k: sum(math.comb(n, i) for i in range(k + 1)),
            "no branch at all": lambda n, k: sum(math.comb(n, i) for i in range(1, k + 1)) / 2**n,
            "ends before": lambda n, k: sum(math.comb(n, i) for i in range(k)) / 2**n,
            "not equally likely": lambda n, k: (k + 1) / (n + 1),
        },
    ),
}
