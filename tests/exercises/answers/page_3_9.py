import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def in_one_graph(model, parts):
    logits = torch.cat([model(x) for x, _ in parts])
    loss = F.cross_entropy(logits, torch.cat([y_true for _, y_true in parts]))
    return torch.autograd.grad(loss, list(model.parameters()))


def accumulated(model, parts, weigh=None, before=True, inside=False):
    """Return a gradient summed over the pieces; by default the right one."""
    total = sum(len(y_true) for _, y_true in parts)
    if before:
        model.zero_grad()
    for x, y_true in parts:
        if inside:
            model.zero_grad()
        weight = weigh(y_true) if weigh else len(y_true) / total
        (weight * F.cross_entropy(model(x), y_true)).backward()
    return [parameter.grad for parameter in model.parameters()]


def long_norm(gradients):
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def by_one_vector(gradients, max_norm):
    norm = long_norm(gradients)
    return [g * max_norm / norm for g in gradients] if norm > max_norm else gradients


def numbers_cut(gradients, limit):
    return [g.clamp(-limit, limit) for g in gradients]


def scaled(norm_of):
    def answer(gradients, max_norm):
        factor = torch.clamp(max_norm / (norm_of(gradients) + 1e-6), max=1.0)
        return [factor * gradient for gradient in gradients]

    return answer


def all_at_once(model, parts):
    loss = F.cross_entropy(
        model(torch.cat([x for x, _ in parts])), torch.cat([y_true for _, y_true in parts])
    )
    return torch.autograd.grad(loss, list(model.parameters()))


def in_place(gradients, max_norm):
    norm = long_norm(gradients)
    for g in gradients:
        g.mul_(torch.clamp(max_norm / (norm + 1e-12), max=1.0))
    return gradients


def by_numpy(gradients, max_norm):
    norm = np.sqrt(sum(np.square(g.numpy()).sum() for g in gradients))
    return tuple(g.numpy() * min(1, max_norm / max(norm, 1e-12)) for g in gradients)


ANSWERS = {
    "3.9.a": Answers(
        right=in_one_graph,
        also_right=[accumulated],
        wrong={
            "run one piece at a time": all_at_once,
            "inside the loop": lambda m, p: accumulated(m, p, lambda y: 1, inside=True),
            "from before": lambda m, p: accumulated(m, p, before=False),
            "sum of the means": lambda m, p: accumulated(m, p, lambda y: 1),
            "the same weight": lambda m, p: accumulated(m, p, lambda y: 1 / 3),
            "sum over examples": lambda m, p: accumulated(m, p, len),
            "off by up to": lambda m, p: accumulated(m, p, lambda y: -len(y) / 12),
            "one tensor for each parameter": lambda m, p: accumulated(m, p)[:1],
        },
    ),
    "3.9.b": Answers(
        right=by_one_vector,
        also_right=[by_numpy],
        wrong={
            "changes its input, `gradients`": in_place,
            "on its own, which turns the direction: take": lambda gradients, limit: [
                min(1.0, limit / g.norm()) * g for g in gradients
            ],
            "each number is cut": numbers_cut,
            "tensors do not add up": scaled(lambda gradients: sum(g.norm() for g in gradients)),
            "the root is missing": scaled(lambda gradients: long_norm(gradients) ** 2),
            "nothing changes": lambda gradients, limit: [
                limit * g / (long_norm(gradients) + 1e-9) for g in gradients
            ],
            "must stay 0": lambda gradients, limit: [
                torch.clamp(limit / long_norm(gradients), max=1.0) * g / 1
                if long_norm(gradients) > 0
                else g + float("nan")
                for g in gradients
            ],
            "same shapes": lambda gradients, limit: by_one_vector(gradients, limit)[0],
            "to norm 1, expected": lambda gradients, limit: gradients,
        },
    ),
}
