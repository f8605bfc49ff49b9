import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def step_by_step(modalities, own, shared, budget):
    w = 0
    while (2 * (modalities * own + shared) + modalities) * (w + 1) ** 2 <= budget:
        w += 1
    return w


def root_of(count):
    def answer(modalities, own, shared, budget):
        return math.isqrt(budget // count(modalities, own, shared))

    return answer


def matrices(modalities, own, shared):
    return 2 * (modalities * own + shared) + modalities


def by_conditionals(p):
    given = p / p.sum(dim=2, keepdim=True)
    odds = torch.logit(given[..., 1])
    return torch.diff(torch.diff(odds, dim=0), dim=1).abs().item()


def corners(scores):
    return (scores[0, 0] - scores[0, 1] - scores[1, 0] + scores[1, 1]).abs()


def odds(p):
    return p[..., 1].log() - p[..., 0].log()


ANSWERS = {
    "5.8.a": Answers(
        right=step_by_step,
        also_right=[lambda *given: np.floor(np.sqrt(given[3] / matrices(*given[:3])))],
        wrong={
            "each modality has its own blocks": root_of(
                lambda m, own, shared: 2 * (own + shared) + m
            ),
            "one set of them": root_of(lambda m, own, shared: 2 * m * (own + shared) + m),
            "the meeting has a matrix for each modality, too": root_of(
                lambda m, own, shared: 2 * (m * own + shared)
            ),
            "a block has two matrices": root_of(lambda m, own, shared: m * own + shared + m),
            "take its root": lambda m, own, shared, budget: budget // matrices(m, own, shared),
            "round down": lambda m, own, shared, budget: math.ceil(
                math.sqrt(budget / matrices(m, own, shared))
            ),
            "a whole number": lambda m, own, shared, budget: math.sqrt(
                budget / matrices(m, own, shared)
            ),
        },
    ),
    "5.8.b": Answers(
        right=by_conditionals,
        also_right=[lambda p: np.abs(np.log(p.numpy()) @ [-1, 1] @ [1, -1] @ [1, -1])],
        wrong={
            "of the probabilities": lambda p: corners((p / p.sum(dim=2, keepdim=True))[..., 1]),
            "logarithms before": lambda p: corners(p[..., 1] - p[..., 0]),
            "ln p(1 | l, r) alone": lambda p: corners(
                (p / p.sum(dim=2, keepdim=True))[..., 1].log()
            ),
            "ln p(l, r, 1) alone": lambda p: corners(p[..., 1].log()),
            "two of them count with a minus": lambda p: odds(p).sum(),
            "one difference is not enough": lambda p: odds(p)[0, 0] - odds(p)[1, 1],
            "one number": odds,
            "without a sign": lambda p: odds(p)[0, 1] + odds(p)[1, 0] - odds(p).trace(),
            "for the log-odds of this table": lambda p: 2 * corners(odds(p)),
        },
    ),
}
