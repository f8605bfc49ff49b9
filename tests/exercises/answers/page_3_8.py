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
}
