import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def by_loops(similarity, partners):
    """Go through rows and names one by one."""
    total = 0.0
    for s, right in ((similarity, partners), (similarity.T, partners.T)):
        rows = []
        for row, mask in zip(s, right, strict=True):
            if mask.any():
                rows.append((row.logsumexp(dim=0) - row[mask]).mean())
        total = total + torch.stack(rows).mean() / 2
    return total


def by_soft_targets(similarity, partners):
    """Cross-entropy with equal shares for all that is right."""
    losses = []
    for s, right in ((similarity, partners), (similarity.T, partners.T)):
        some = right.any(dim=1)
        shares = right[some] / right[some].sum(dim=1, keepdim=True)
        losses.append(F.cross_entropy(s[some], shares))
    return sum(losses) / 2


def both(one_way):
    return lambda s, right: (one_way(s, right) + one_way(s.T, right.T)) / 2


def kept(one_way):
    """Leave rows without a partner out."""
    return lambda s, right: one_way(s[right.any(dim=1)], right[right.any(dim=1)])


def mean_of_logs(s, right):
    return -((right * s.log_softmax(dim=1)).sum(dim=1) / right.sum(dim=1)).mean()


def sum_of_logs(s, right):
    return -(right * s.log_softmax(dim=1)).sum(dim=1).mean()


def log_of_sum(s, right):
    return -(right * s.softmax(dim=1)).sum(dim=1).log().mean()


def names_once(s, right):
    return -s.log_softmax(dim=1)[right].mean()


def rows_of_zero(s, right):
    total = (right * s.log_softmax(dim=1)).sum(dim=1)
    return -(total / right.sum(dim=1).clamp(min=1)).mean()


def without_candidates(s, right):
    some = right.any(dim=1)
    return both(mean_of_logs)(s[some], right[some])


def by_exponentials(s, right):
    return both(kept(lambda a, b: mean_of_logs_by_exp(a, b)))(s, right)


def mean_of_logs_by_exp(s, right):
    p = s.exp() / s.exp().sum(dim=1, keepdim=True)
    logs = torch.where(right, p.log(), 0.0)
    return -(logs.sum(dim=1) / right.sum(dim=1)).mean()


READ = {"cognates": "BD", "borrows": "E", "lends": "A", "hard": "C"}
FOUND = {
    "A": "one direction only",
    "B": "all vectors alike",
    "C": "sound",
    "D": "pairs shifted by one",
}


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


ANSWERS = {
    "7.3.a": Answers(
        right=0.973,
        also_right=[np.log(7) / 2, torch.tensor(7.0).log() / 2, lambda: math.log(7) / 2],
        wrong={
            "0 would need": 0,
            "the other one counts": math.log(7),
            "each contributes log 7": math.log(7) / 7,
            "natural logarithms": math.log2(7) / 2,
            "one of them only": math.log(14) / 2,
            "made of logarithms": 1 / 7,
            "a name has its picture for itself": 2.4,
        },
    ),
    "7.3.b": Answers(
        right=by_loops,
        also_right=[by_soft_targets, both(kept(mean_of_logs))],
        wrong={
            "from pictures to names alone": kept(mean_of_logs),
            "from names to pictures alone": lambda s, right: mean_of_logs(s.T, right.T),
            "not their sum": lambda s, right: 2 * by_loops(s, right),
            "the sign is missing": lambda s, right: -by_loops(s, right),
            "its row is the mean over them, not their sum": both(kept(sum_of_logs)),
            "the logarithm of the sum": both(kept(log_of_sum)),
            "each picture counts once": both(names_once),
            "leave its row out": both(mean_of_logs),
            "counts as a loss of 0": both(rows_of_zero),
            "still a candidate": without_candidates,
            "large similarities overflow": by_exponentials,
            "for softmaxes of": lambda s, right: by_loops(s / 0.07, right),
        },
    ),
    "7.3.c": Answers(
        right=READ,
        also_right=[READ | {"cognates": "D, B"}, lambda: READ | {"hard": "c"}],
        wrong={
            "rows are what was trained": READ | {"borrows": "A", "lends": "E"},
            "in one direction only": READ | {"cognates": "AE"},
            "cognates: look for": READ | {"cognates": "BC"},
            "borrows: one cell": READ | {"borrows": "D"},
            "lends: one cell": READ | {"lends": "B"},
            "hard: look along": READ | {"hard": "E"},
            "the languages are A to E": READ | {"hard": "Klingon"},
            "name languages by letters": READ | {"cognates": ["B", "D"]},
            "with the keys": {"cognates": "BD"},
        },
    ),
    "7.3.d": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A does not look like that: a sound": exchanged("A", "C"),
            "A does not look like that: where all": exchanged("A", "B"),
            "A does not look like that: where the rows": exchanged("A", "D"),
            "B does not look like that: where the rows": exchanged("B", "D"),
            "B does not look like that: a sound": exchanged("B", "C"),
            "each occurs once": FOUND | {"D": "sound"},
            "choose one of": FOUND | {"D": "broken"},
            "a verdict for each": "ABCD",
        },
    ),
    "7.3.e": Answers(
        right=73 / 317,
        also_right=[0.23, np.float32(0.2303), lambda: torch.tensor(73 / 317)],
        wrong={
            "knows nothing": 10 / 317,
            "cannot fill ten places": 80 / 317,
            "not over the 8 groups": 0.4248,
            "each group with more than ten": 0.3,
            "is not lost": 1 / 8,
            "not a percentage": 23.03,
            "number of queries": 73,
        },
    ),
}
