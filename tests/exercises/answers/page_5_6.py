import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def by_examples(y, y_true, seen, met):
    right = (y - (seen / met).log()).max(dim=1).indices == y_true
    return (met / y_true.bincount(minlength=len(met)).clamp(min=1))[y_true] @ right.double()


def elsewhere(shift=lambda seen, met: met.log() - seen.log(), weigh=lambda y_true, met: met):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(y, y_true, seen, met):
        right = ((y + shift(seen, met)).argmax(dim=1) == y_true).double()
        weights = weigh(y_true, met)
        own = [right[y_true == k] for k in range(len(met))]
        return sum(w * each.mean() for w, each in zip(weights, own, strict=True) if len(each))

    return answer


def with_nan(y, y_true, seen, met):
    right = ((y + met.log() - seen.log()).argmax(dim=1) == y_true).double()
    return met @ torch.stack([right[y_true == k].mean() for k in range(len(met))])


def of_each_class(y, y_true, seen, met):
    right = ((y + met.log() - seen.log()).argmax(dim=1) == y_true).double()
    return torch.stack([right[y_true == k].mean() for k in range(3)])


def example_by_example(own, other, w, y_true, weight):
    rows = []
    for mine, yours, label in zip(own, other, y_true, strict=True):
        difference = (mine + yours).softmax(dim=0) + weight * mine.softmax(dim=0)
        difference[label] -= 1 + weight
        rows.append(w.T @ difference)
    return torch.stack(rows) / len(rows)


def pulled(parts, scale=1.0, mean=True):
    """Return an answer that adds the gradients of these logits.

    Args:
        parts: takes the own logits, the sum and the weight; returns pairs (factor, logits).
        scale: of the whole.
        mean: whether to divide by the number of examples.
    """

    def answer(own, other, w, y_true, weight):
        one_hot = F.one_hot(y_true, own.shape[1])
        pairs = parts(own, own + other, weight)
        total = sum(factor * (y.softmax(dim=1) - one_hot) for factor, y in pairs)
        return scale * total @ w / (len(y_true) if mean else 1)

    return answer


def right_parts(own, both, weight):
    return [(1, both), (weight, own)]


def at_the_logits(own, other, w, y_true, weight):
    one_hot = F.one_hot(y_true, own.shape[1])
    of_sum, of_own = (y.softmax(dim=1) - one_hot for y in (own + other, own))
    return (of_sum + weight * of_own) / len(y_true)


def by_numpy(y, y_true, seen, met):
    with np.errstate(divide="ignore"):
        shifted = y.numpy() + np.log(met.numpy()) - np.log(seen.numpy())
    right = shifted.argmax(axis=1) == y_true.numpy()
    each = [
        right[y_true.numpy() == k].mean() if (y_true == k).any() else 0 for k in range(len(met))
    ]
    return np.dot(met.numpy(), each)


def by_autograd(own, other, w, y_true, weight):
    own = own.clone().requires_grad_()
    loss = F.cross_entropy(own + other, y_true) + weight * F.cross_entropy(own, y_true)
    return torch.autograd.grad(loss, own)[0] @ w


def in_floats(own, other, w, y_true, weight):
    one_hot = F.one_hot(y_true, own.shape[1]).float()
    parts = (own + other).softmax(1) - one_hot, own.softmax(1) - one_hot
    return torch.einsum("nc,cf->nf", parts[0] + weight * parts[1], w.float()) / len(own)


ANSWERS = {
    "5.6.a": Answers(
        right=by_examples,
        also_right=[by_numpy],
        wrong={
            "0 × nan is nan": with_nan,
            "return one number": of_each_class,
            "the logits are not shifted": elsewhere(lambda seen, met: 0 * met),
            "right for equal frequencies": elsewhere(lambda seen, met: -seen.log()),
            "log `seen` is still in the logits": elsewhere(lambda seen, met: met.log()),
            "sign is turned round": elsewhere(lambda seen, met: seen.log() - met.log()),
            "not of the frequencies": elsewhere(lambda seen, met: met - seen),
            "share of right answers in these": elsewhere(
                weigh=lambda y_true, met: y_true.bincount(minlength=4) / len(y_true)
            ),
            "this is the balanced accuracy": elsewhere(weigh=lambda y_true, met: (met > 0) / 3),
        },
    ),
    "5.6.b": Answers(
        right=example_by_example,
        also_right=[in_floats],
        wrong={
            "you use autograd": by_autograd,
            "you stop at the logits": at_the_logits,
            "divide by the number of examples": pulled(right_parts, mean=False),
            "own loss is missing": pulled(lambda own, both, weight: [(1, both)]),
            "counts `weight` times": pulled(lambda own, both, weight: [(1, both), (1, own)]),
            "without those of the word": pulled(
                lambda own, both, weight: [(1, both), (weight, both)]
            ),
            "the word is missing": pulled(lambda own, both, weight: [(1, own), (weight, own)]),
            "the gradient points uphill": pulled(right_parts, scale=-1.0),
        },
    ),
}
