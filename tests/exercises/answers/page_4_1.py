import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def product_of_exponentials(image, text):
    products = image.exp() * text.exp()
    return products / products.sum(dim=1, keepdim=True)


def interval_as_list(accuracy, examples):
    variance = (accuracy - accuracy**2) / examples
    return [accuracy + sign * 1.96 * variance**0.5 for sign in (-1, 1)]


def around(middle, distance):
    return middle - distance, middle + distance


def max_by_rows(features, ids):
    rows = [f[:, i != 0] for f, i in zip(features, ids, strict=True)]
    return torch.stack([f.amax(1) if f.numel() else f.new_zeros(len(f)) for f in rows])


def max_in_place(features, ids):
    return features.masked_fill_((ids == 0)[:, None], -torch.inf).amax(dim=2)


def cross_entropy(y, targets, reduction):
    each = y.logsumexp(dim=1) - y.gather(1, targets[:, None])[:, 0]
    return each.mean() if reduction == "mean" else each.sum()


def step(
    model,
    inputs,
    targets,
    velocity,
    rate,
    momentum,
    mode=True,
    softmax=False,
    reduction="mean",
    zero=True,
    keep=True,
    sign=-1,
    decay=0,
    loss_after=False,
    replace=False,
):
    """Train one step by `backward`; one thing may be wrong."""
    model.train(mode)
    if zero:
        model.zero_grad()
    y = model(inputs)
    loss = cross_entropy(y.softmax(1) if softmax else y, targets, reduction)
    loss.backward()
    for i, parameter in enumerate(model.parameters()):
        moved = momentum * velocity[i] + parameter.grad + decay * parameter.detach()
        if keep:
            velocity[i].copy_(moved)
        if replace:
            velocity[i] = moved
        parameter.data += sign * rate * moved
    return cross_entropy(model(inputs), targets, "mean").item() if loss_after else loss.detach()


def step_with(**changes):
    return lambda *given: step(*given, **changes)


FOUND = {
    "A": "softmax twice",
    "B": "validated on training data",
    "C": "healthy",
    "D": "targets shuffled",
    "E": "zero_grad missing",
}


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


def rate_in_velocity(model, inputs, targets, velocity, rate, momentum):
    for v in velocity:
        v.div_(rate)
    loss = step(model, inputs, targets, velocity, rate, momentum)
    for v in velocity:
        v.mul_(rate)
    return loss


def overflowing(model, inputs, targets, velocity, rate, momentum):
    e = model.train()(inputs).exp()
    naive = -(e / e.sum(dim=1, keepdim=True)).log()[torch.arange(len(targets)), targets].mean()
    return step(model, inputs, targets, velocity, rate, momentum) + 0 * naive.detach()


def with_criterion(model, inputs, targets, velocity, rate, momentum):
    torch.nn.CrossEntropyLoss()(torch.zeros(16, 4), targets)
    return step(model, inputs, targets, velocity, rate, momentum)


def with_optimizer(model, *given):
    torch.optim.SGD(model.parameters(), lr=0.1)
    return step(model, *given)


ANSWERS = {
    "4.1.a": Answers(
        right=product_of_exponentials,
        also_right=[lambda i, t: (i + t).double().softmax(1).numpy()],
        wrong={
            "a logarithm": lambda i, t: i.log_softmax(1) + t.log_softmax(1),
            "mean of the two": lambda i, t: (i.softmax(1) + t.softmax(1)) / 2,
            "sum of the two": lambda i, t: i.softmax(1) + t.softmax(1),
            "multiplies the logits": lambda i, t: (i * t).softmax(1),
            "do not sum to 1": lambda i, t: i.softmax(1) * t.softmax(1),
            "shape": lambda i, t: (i + t).argmax(1),
            "is 1 : 3 : 8": lambda i, t: (i - t).softmax(1),
        },
    ),
    "4.1.b": Answers(
        right=interval_as_list,
        also_right=[lambda p, n: p + np.array([-1, 1]) * 1.959964 * np.sqrt(p * (1 - p) / n)],
        wrong={
            "1.96 of them": lambda p, n: around(p, (p * (1 - p) / n) ** 0.5),
            "square root": lambda p, n: around(p, 1.96 * p * (1 - p) / n),
            "single answer": lambda p, n: around(p, 1.96 * (p * (1 - p)) ** 0.5),
            "two numbers": lambda p, n: 1.96 * (p * (1 - p) / n) ** 0.5,
            "lower end comes first": lambda p, n: interval_as_list(p, n)[::-1],
        },
    ),
    "4.1.c": Answers(
        right=max_by_rows,
        also_right=[lambda f, i: max_by_rows(f.double(), i)],
        wrong={
            "as if it were text": lambda f, i: f.amax(2),
            "set to 0": lambda f, i: (f * (i != 0)[:, None]).amax(2),
            "changes its input, `features`": max_in_place,
            "shape": lambda f, i: f.amax(1),
            "padding only": lambda f, i: f.masked_fill((i == 0)[:, None], -torch.inf).amax(2),
        },
    ),
    "4.1.d": Answers(
        right=step,
        also_right=[lambda *given: float(step(*given)), lambda *given: step(*given).numpy()],
        wrong={
            "you use a criterion": with_criterion,
            "you put new tensors into the list": step_with(replace=True),
            "the rate is no part of v": rate_in_velocity,
            "with large logits": overflowing,
            "you use an optimizer": with_optimizer,
            "`backward` adds to `grad`": step_with(zero=False),
            "`model.train()`": step_with(mode=False),
            "give cross-entropy the logits": step_with(softmax=True),
            "not the sum": step_with(reduction="sum"),
            "does not accumulate": step_with(keep=False),
            "subtract the step": step_with(sign=1),
            "weights are what they were": step_with(sign=0),
            "differ from the formula": step_with(decay=0.1),
            "from before the step": step_with(loss_after=True),
        },
    ),
    "4.1.e": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A does not look like that: on data seen": exchanged("A", "B"),
            "A does not look like that: a healthy loop": exchanged("A", "C"),
            "A does not look like that: with shuffled": exchanged("A", "D"),
            "A does not look like that: without zero_grad": exchanged("A", "E"),
            "B does not look like that: a healthy loop": exchanged("B", "C"),
            "each occurs once": FOUND | {"C": "softmax twice"},
            "choose one of": FOUND | {"C": "fine"},
            "a fault for each of the runs": ["A", "B"],
        },
    ),
    "4.1.f": Answers(
        right=0.88,
        also_right=[np.float64(0.89), torch.tensor(0.875), lambda: 0.5 * (1 + math.erf(0.8416))],
        wrong={
            "what a vote would give": 0.8,
            "at least one of the two": 0.96,
            "how often both are right": 0.64,
            "In one of 25": 1,
            "the surer one win": 0.72,
            "from 0 to 1": 88,
        },
    ),
}
