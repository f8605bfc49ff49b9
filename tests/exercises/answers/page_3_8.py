import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def by_logaddexp(y, y_true):
    return (torch.logaddexp(torch.zeros_like(y), y) - y_true * y).mean()


def each(y, y_true):
    return F.softplus(y) - y_true * y


def naive(y, y_true):
    p = 1 / (1 + torch.exp(-y))
    return -torch.where(y_true > 0, p, 1 - p).log().mean()


def clamped(y, y_true):
    p = y.sigmoid().clamp(1e-7, 1 - 1e-7)
    return -(y_true * p.log() + (1 - y_true) * (1 - p).log()).mean()


def only_class_one(y, y_true):
    return -(y_true * F.logsigmoid(y)).mean()


def of_probabilities(y, y_true):
    return each(y.sigmoid(), y_true).mean()


def by_mixture(y, y_true, eps):
    p = (y - y.logsumexp(dim=1, keepdim=True)).exp()
    hot = torch.eye(y.shape[1])[y_true]
    return ((1 - eps) * (p - hot) + eps * (p - 1 / y.shape[1])) / y.shape[0]


def smoothed(true_share=None, other_share=None, sign=1, mean=True):
    """Return a gradient whose target gives these shares; by default the right ones."""

    def answer(y, y_true, eps):
        classes = y.shape[1]
        true = (true_share or (lambda e, c: 1 - e + e / c))(eps, classes)
        other = (other_share or (lambda e, c: e / c))(eps, classes)
        hot = F.one_hot(y_true, classes)
        gradient = y.softmax(dim=1) - (true * hot + other * (1 - hot))
        return sign * gradient / (len(y) if mean else 1)

    return answer


def by_softplus(y, y_true):
    return float(np.mean(np.logaddexp(0, np.where(y_true.numpy() > 0, -1, 1) * y.numpy())))


def by_torch(y, y_true):
    return F.binary_cross_entropy_with_logits(y, y_true)


def by_autograd(y, y_true, eps):
    y = y.clone().requires_grad_()
    loss = F.cross_entropy(y, y_true, label_smoothing=eps)
    loss.backward()
    return y.grad


def in_double(y, y_true, eps):
    return by_mixture(y.double(), y_true, eps).numpy()


STATES = {
    "A": "softmax twice",
    "B": "certain and wrong at first",
    "C": "labels shuffled",
    "D": "healthy",
}


def exchanged(a, b):
    return STATES | {a: STATES[b], b: STATES[a]}


def examine_against_the_formula(loss):
    """Compare the value of random logits with that of each fault."""
    y = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    y_true = torch.tensor([0, 3, 1, 1, 2])
    healthy = F.cross_entropy(y, y_true)
    candidates = {
        "healthy": healthy,
        "softmax twice": F.cross_entropy(y.softmax(dim=1), y_true),
        "softmax over examples": -y.log_softmax(dim=0)[torch.arange(5), y_true].mean(),
        "sum": 5 * healthy,
        "base 2": healthy / math.log(2),
    }
    value = loss(y, y_true)
    name = min(candidates, key=lambda each: abs(candidates[each] - value))
    large = loss(1000 * y, y_true)
    return name if large.isfinite() else "overflows"


def examine_by_gradients(loss):
    """Look at what a gradient must be: p minus the truth, divided by the number of examples."""
    y = torch.tensor([[3.0, 0.0, 1.0], [0.0, 2.0, 1.0]], requires_grad=True)
    y_true = torch.tensor([1, 1])
    if loss(400 * y, y_true).isnan():
        return "overflows"
    (slope,) = torch.autograd.grad(loss(y, y_true), y)
    p, hot = y.detach().softmax(dim=1), torch.eye(3)[y_true]
    factor = slope[0, 0] / (p - hot)[0, 0]
    if slope.sum(dim=1).abs().max() > 1e-5:
        return "softmax over examples"
    for name, wanted in {"sum": 1.0, "base 2": 0.5 / math.log(2), "healthy": 0.5}.items():
        if torch.isclose(factor, torch.tensor(wanted), atol=1e-4):
            return name
    return "softmax twice"


def except_for(name):
    def examine(loss):
        found = examine_against_the_formula(loss)
        return "healthy" if found == name else found

    return examine


ANSWERS = {
    "3.8.a": Answers(
        right=by_logaddexp,
        also_right=[by_softplus],
        wrong={
            "you use a loss of torch": by_torch,
            "logits of ±1000 give": naive,
            "a clamp hides": clamped,
            "mean over the batch": each,
            "that is the sum": lambda y, y_true: each(y, y_true).sum(),
            "the sign is wrong": lambda y, y_true: -each(y, y_true).mean(),
            "examples of class 0": only_class_one,
            "expected 0.9": of_probabilities,
        },
    ),
    "3.8.b": Answers(
        right=by_mixture,
        also_right=[in_double],
        wrong={
            "you use autograd": by_autograd,
            "mean over the batch": smoothed(mean=False),
            "p minus target": smoothed(sign=-1),
            "without smoothing": smoothed(lambda e, c: 1, lambda e, c: 0),
            "eps / 5, not eps / 4": smoothed(lambda e, c: 1 - e, lambda e, c: e / (c - 1)),
            "do not sum to 1": smoothed(lambda e, c: 1 - e),
            "shape of the logits": lambda y, y_true, eps: smoothed()(y, y_true, eps).sum(dim=1),
            "differs from autograd's": smoothed(lambda e, c: 1 + e),
        },
    ),
    "3.8.c": Answers(
        right=0.9,
        also_right=[0.88, torch.tensor(0.91), lambda: 0.9],
        wrong={
            "That is what 14 gives": 0.1,
            "not a third of the harm": 0.5,
            "what is then left": 0.3,
            "predict a number from 0 to 1": 90,
            "give one number": "much better",
        },
    ),
    "3.8.d": Answers(
        right=STATES,
        also_right=[lambda: dict(reversed(STATES.items()))],
        wrong={
            "A does not look like that: a fresh network begins": exchanged("A", "D"),
            "A does not look like that: who is certain": exchanged("A", "B"),
            "A does not look like that: if the labels": exchanged("A", "C"),
            "B does not look like that: a fresh network": exchanged("B", "D"),
            "each occurs once": STATES | {"B": "healthy"},
            "choose one of": STATES | {"B": "broken"},
            "for each of A, B, C and D": list(STATES.values()),
        },
    ),
    "3.8.e": Answers(
        right=examine_against_the_formula,
        also_right=[examine_by_gradients],
        wrong={
            "'softmax twice' was taken for 'healthy'": except_for("softmax twice"),
            "'softmax over examples' was taken for 'healthy'": except_for("softmax over examples"),
            "'sum' was taken for 'healthy'": except_for("sum"),
            "'base 2' was taken for 'healthy'": except_for("base 2"),
            "'overflows' was taken for 'healthy'": except_for("overflows"),
            "'healthy' was taken for 'sum'": lambda loss: "sum",
            "return one of": lambda loss: True,
            "its code is not to be looked at": lambda loss: loss.__closure__[0].cell_contents,
        },
    ),
}
