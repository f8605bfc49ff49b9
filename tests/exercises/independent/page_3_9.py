import math

import torch
from torch import nn
from torch.nn import functional as F


def parts_by_grad(model, parts):
    count = sum(len(y_true) for _, y_true in parts)
    parameters = list(model.parameters())
    total = [torch.zeros_like(p) for p in parameters]
    for x, y_true in parts:
        loss = F.cross_entropy(model(x), y_true, reduction="sum") / count
        for whole, part in zip(total, torch.autograd.grad(loss, parameters), strict=True):
            whole += part
    return total


def parts_by_backward(model, parts):
    count = sum(len(y_true) for _, y_true in parts)
    model.zero_grad()
    for x, y_true in parts:
        (F.cross_entropy(model(x), y_true) * len(y_true) / count).backward()
    return [p.grad.clone() for p in model.parameters()]


def parts_by_running_mean(model, parts):
    mean, seen = [0.0 for _ in model.parameters()], 0
    for x, y_true in parts:
        seen += len(x)
        gradients = torch.autograd.grad(F.cross_entropy(model(x), y_true), [*model.parameters()])
        weight = len(x) / seen
        mean = [(1 - weight) * m + weight * g for m, g in zip(mean, gradients, strict=True)]
    return mean


def parts_plain_mean(model, parts):
    sums = [torch.zeros_like(p) for p in model.parameters()]
    for part in parts:
        sums = [s + g for s, g in zip(sums, parts_by_grad(model, [part]), strict=True)]
    return [s / len(parts) for s in sums]


def parts_at_once(model, parts):
    x, y_true = (torch.cat(each) for each in zip(*parts, strict=True))
    return list(torch.autograd.grad(F.cross_entropy(model(x), y_true), [*model.parameters()]))


def parts_on_top(model, parts):
    count = sum(len(y_true) for _, y_true in parts)
    for x, y_true in parts:
        (F.cross_entropy(model(x), y_true) * len(y_true) / count).backward()
    return [p.grad for p in model.parameters()]


def parts_of_last(model, parts):
    count = sum(len(y_true) for _, y_true in parts)
    for x, y_true in parts:
        model.zero_grad()
        (F.cross_entropy(model(x), y_true) * len(y_true) / count).backward()
    return [p.grad for p in model.parameters()]


def parts_in_evaluation(model, parts):
    return parts_by_grad(model.eval(), parts)


@torch.no_grad()
def parts_with_step(model, parts):
    with torch.enable_grad():
        gradients = parts_by_grad(model, parts)
    for p, g in zip(model.parameters(), gradients, strict=True):
        p -= 0.1 * g
    return gradients


def parts_of_equal_size(model, parts):
    size = len(parts[0][1])
    sums = parts_by_grad(model, parts)
    count = sum(len(y_true) for _, y_true in parts)
    return [s * count / (size * len(parts)) for s in sums]


def clipped_by_loop(gradients, max_norm):
    norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in gradients]


def clipped_at_once(gradients, max_norm):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [g * torch.clamp(max_norm / norm.clamp(min=1e-30), max=1.0) for g in gradients]


def clipped_by_torch(gradients, max_norm):
    leaves = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for leaf, g in zip(leaves, gradients, strict=True):
        leaf.grad = g.clone()
    nn.utils.clip_grad_norm_(leaves, max_norm)
    return [leaf.grad for leaf in leaves]


def clipped_one_by_one(gradients, max_norm):
    return [g * (max_norm / g.norm().clamp(min=1e-12)).clamp(max=1) for g in gradients]


def clipped_in_place(gradients, max_norm):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    if norm > max_norm:
        for g in gradients:
            g *= max_norm / norm
    return gradients


def scaled_always(gradients, max_norm):
    norm = torch.cat([g.flatten() for g in gradients]).norm().clamp(min=1e-30)
    return [g * max_norm / norm for g in gradients]


def clipped_by_order(gradients, max_norm, order):
    norm = torch.cat([g.flatten() for g in gradients]).norm(order).clamp(min=1e-30)
    return [g * (max_norm / norm).clamp(max=1) for g in gradients]


def clipped_with_nan(gradients, max_norm):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    scaled = [g / norm for g in gradients]
    return [g * torch.minimum(norm, torch.tensor(max_norm)) for g in scaled]


def clipped_by_sum_of_norms(gradients, max_norm):
    norm = sum(g.norm() for g in gradients).clamp(min=1e-30)
    return [g * (max_norm / norm).clamp(max=1) for g in gradients]


def clipped_by_square(gradients, max_norm):
    square = sum(g.square().sum() for g in gradients).clamp(min=1e-30)
    return [g * (max_norm / square).clamp(max=1) for g in gradients]


def clipped_by_largest(gradients, max_norm):
    norm = max(g.norm() for g in gradients).clamp(min=1e-30)
    return [g * (max_norm / norm).clamp(max=1) for g in gradients]


RIGHT = {
    "3.9.a": [parts_by_grad, parts_by_backward, parts_by_running_mean],
    "3.9.b": [clipped_by_loop, clipped_at_once, clipped_by_torch],
}

WRONG = {
    "3.9.a": [
        # Small pieces count as much as large ones.
        parts_plain_mean,
        # Runs the whole batch at once, which does not fit.
        parts_at_once,
        # Adds to what was there before.
        parts_on_top,
        # The last piece only.
        parts_of_last,
        # The model is in evaluation mode from now on.
        parts_in_evaluation,
        # Makes a step.
        parts_with_step,
        # Takes all pieces to be as large as the first.
        parts_of_equal_size,
        # The gradient of the sum of losses.
        lambda model, parts: [
            g * sum(len(y_true) for _, y_true in parts) for g in parts_by_grad(model, parts)
        ],
        # The first piece only.
        lambda model, parts: parts_by_grad(model, parts[:1]),
        # One long vector.
        lambda model, parts: torch.cat([g.flatten() for g in parts_by_grad(model, parts)]),
        # In the opposite order.
        lambda model, parts: parts_by_grad(model, parts)[::-1],
    ],
    "3.9.b": [
        # Each by itself, which turns the direction.
        clipped_one_by_one,
        # Number by number.
        lambda gradients, max_norm: [g.clamp(-max_norm, max_norm) for g in gradients],
        # Lengthens short gradients.
        scaled_always,
        # Changes the gradients that were given.
        clipped_in_place,
        # The sum of sizes in place of the norm.
        lambda gradients, max_norm: clipped_by_order(gradients, max_norm, 1),
        # The largest number in place of the norm.
        lambda gradients, max_norm: clipped_by_order(gradients, max_norm, float("inf")),
        # NaN, if all gradients are zero.
        clipped_with_nan,
        # The sum of the norms.
        clipped_by_sum_of_norms,
        # The square of the norm.
        clipped_by_square,
        # The largest of the norms.
        clipped_by_largest,
        # Nothing is shortened.
        lambda gradients, max_norm: list(gradients),
        # Zero, if too long.
        lambda gradients, max_norm: [g * float(g.norm() <= max_norm) for g in gradients],
    ],
}
