import math

import numpy as np
import torch
from torch.nn import functional as F

from mmtutor import losses
from tests.exercises.answers.answers import Answers

STATES = {"A": "pairs slipped", "B": "not trained", "C": "collapsed", "D": "trained"}


def exchanged(a, b):
    return STATES | {a: STATES[b], b: STATES[a]}


def one_way(s, partners):
    p = s.exp() / s.exp().sum(dim=1, keepdim=True)
    return torch.stack([-p[i, row].log().mean() for i, row in enumerate(partners)]).mean()


def by_rows(left, right, labels, temperature, unit=F.normalize):
    s = unit(left) @ unit(right).T / temperature
    partners = labels[:, None] == labels
    return (one_way(s, partners) + one_way(s.T, partners)) / 2


def by_division(left, right, labels, temperature):
    left = left / left.norm(dim=1, keepdim=True)
    right = right / right.norm(dim=1, keepdim=True)
    s = left @ right.T / temperature
    weights = torch.eq(labels.unsqueeze(0), labels.unsqueeze(1)).float()
    weights = weights / weights.sum(dim=0)
    rows, columns = s - s.logsumexp(1, keepdim=True), s - s.logsumexp(0, keepdim=True)
    return -(weights * (rows + columns)).sum() / (2 * len(s))


def one_direction(left, right, labels, temperature):
    s = F.normalize(left) @ F.normalize(right).T / temperature
    return one_way(s, labels[:, None] == labels)


def summed_partners(left, right, labels, temperature):
    s = F.normalize(left) @ F.normalize(right).T / temperature
    partners = labels[:, None] == labels
    return sum(-(x.log_softmax(1) * partners).sum(1).mean() for x in (s, s.T)) / 2


def summed_inside(left, right, labels, temperature):
    s = F.normalize(left) @ F.normalize(right).T / temperature
    partners = labels[:, None] == labels
    return sum(-(x.softmax(1) * partners).sum(1).log().mean() for x in (s, s.T)) / 2


def mean_of_all_pairs(left, right, labels, temperature):
    s = F.normalize(left) @ F.normalize(right).T / temperature
    partners = labels[:, None] == labels
    return sum(-x.log_softmax(1)[partners].mean() for x in (s, s.T)) / 2


def packaged(left, right, labels, temperature):
    return losses.info_nce(left, right, temperature, labels[:, None] == labels)


def random(count=4):
    return torch.randn(2, count, 6, generator=torch.Generator().manual_seed(3))


def examine_in_another_order(loss, temperature):
    """Look at separate pairs first, then at lengths, directions and gradients."""
    apart = torch.eye(4)
    low, high = loss(apart, apart), loss(apart, apart.roll(-1, dims=0))
    if low > high:
        return "partners slipped"
    if abs(low - math.log(1 + 3 * math.exp(-temperature))) < 1e-4:
        return "temperature multiplied"
    left, right = random().requires_grad_()
    value = loss(left, right)
    if not torch.isclose(loss(left, 3 * right), value):
        return "not normalized"
    if not torch.isclose(loss(right, left), value, atol=1e-5):
        return "one direction"
    leaf = right.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(left, leaf), leaf, allow_unused=True)
    return "right detached" if slope is None else "healthy"


def examine_against_the_formula(loss, temperature):
    left, right = random(5)
    right.requires_grad_()
    a, b = F.normalize(left), F.normalize(right)
    own = torch.arange(5)

    def both(s, partner, back):
        return (F.cross_entropy(s, partner) + F.cross_entropy(s.T, back)) / 2

    s = a @ b.T / temperature
    candidates = {
        "healthy": both(s, own, own),
        "not normalized": both(left @ right.T / temperature, own, own),
        "one direction": F.cross_entropy(s, own),
        "temperature multiplied": both(s * temperature**2, own, own),
        "partners slipped": both(s, own.roll(1), own.roll(-1)),
    }
    value = loss(left, right)
    name = min(candidates, key=lambda each: abs(candidates[each] - value))
    if name == "healthy" and not value.requires_grad:
        return "right detached"
    return name


def except_for(name):
    def examine(loss, temperature):
        found = examine_in_another_order(loss, temperature)
        return "healthy" if found == name else found

    return examine


ANSWERS = {
    "2.4.a": Answers(
        right=math.log(6),
        also_right=[1.79, np.float64(1.792), torch.tensor(6.0).log(), lambda: -math.log(1 / 6)],
        wrong={
            "0 needs one candidate that fits": 0,
            "knows nothing": math.log(60),
            "what is left": math.log(10),
            "this is in bits": math.log2(6),
            "its negative logarithm": 1 / 6,
            "count it, too": math.log(5),
            "among how many words": 3.0,
            "give one number": [1.79, 1.79],
        },
    ),
    "2.4.b": Answers(
        right=by_rows,
        also_right=[by_division],
        wrong={
            "bring each vector to length 1": lambda *given: by_rows(*given, unit=lambda x: x),
            "looks for the right sides only": one_direction,
            "looks for the left sides only": lambda left, right, *rest: one_direction(
                right, left, *rest
            ),
            "not their sum": lambda *given: 2 * by_rows(*given),
            "divide by the temperature": lambda left, right, labels, t: by_rows(
                left, right, labels, 1 / t
            ),
            "the sign is wrong": lambda *given: -by_rows(*given),
            "the labels change nothing": lambda left, right, labels, t: by_rows(
                left, right, torch.arange(len(left)), t
            ),
            "divide by the number of partners": summed_partners,
            "the mean of their logarithms": summed_inside,
            "every vector counts the same": mean_of_all_pairs,
            "calls the packaged loss": packaged,
            "no gradient reaches `right`": lambda left, right, *rest: by_rows(
                left, right.detach(), *rest
            ),
            "return one number": lambda *given: by_rows(*given).repeat(2),
        },
    ),
    "2.4.c": Answers(
        right=2,
        also_right=[1.85, torch.tensor(1.9), lambda: math.log2(4)],
        wrong={
            "cannot show them": 4,
            "Chance would be ln 4": 0,
            "one of four": 1,
            "in bits it is more": 1.386,
            "How far can the loss fall": 3,
            "give one number": None,
        },
    ),
    "2.4.d": Answers(
        right=STATES,
        also_right=[lambda: dict(reversed(STATES.items()))],
        wrong={
            "A does not look like that: after training": exchanged("A", "D"),
            "A does not look like that: without training": exchanged("A", "B"),
            "A does not look like that: after a collapse": exchanged("A", "C"),
            "B does not look like that: after a collapse": exchanged("B", "C"),
            "each occurs once": STATES | {"B": "collapsed"},
            "choose one of": STATES | {"B": "broken"},
            "for each of A, B, C and D": ["pairs slipped"],
        },
    ),
    "2.4.e": Answers(
        right=examine_in_another_order,
        also_right=[examine_against_the_formula],
        wrong={
            "'not normalized' was taken for 'healthy'": except_for("not normalized"),
            "'one direction' was taken for 'healthy'": except_for("one direction"),
            "'right detached' was taken for 'healthy'": except_for("right detached"),
            "'temperature multiplied' was taken for": except_for("temperature multiplied"),
            "'partners slipped' was taken for 'healthy'": except_for("partners slipped"),
            "'healthy' was taken for": lambda loss, temperature: "one direction",
            "return one of": lambda loss, temperature: True,
            "its code is not to be looked at": lambda loss, temperature: (
                loss.__closure__[0].cell_contents
            ),
        },
    ),
}
