import math

import numpy as np
import torch
from torch import nn

from tests.exercises.answers.answers import Answers


def diagnose_by_differences(shallow, deep):
    training, validation = (d - s for s, d in zip(shallow, deep, strict=True))
    verdict = "overfitting" if validation > 0 else "neither"
    return "degradation" if training > 0 else verdict


def validation_only(shallow, deep):
    return "overfitting" if deep[1] > shallow[1] else "neither"


def both_must_be_worse(shallow, deep):
    if deep[0] > shallow[0] and deep[1] > shallow[1]:
        return "degradation"
    return validation_only(shallow, deep)


def gap(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    return "overfitting" if deep[1] > deep[0] else "neither"


def strictly_better(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    return "overfitting" if deep[0] < shallow[0] and deep[1] > shallow[1] else "neither"


def swapped(shallow, deep):
    return diagnose_by_differences(deep, shallow)


def layers(first, last, first_bias=0.0, last_bias=0.0):
    chain = nn.Sequential(nn.Linear(*first.T.shape), nn.ReLU(), nn.Linear(*last.T.shape))
    with torch.no_grad():
        chain[0].weight.copy_(first)
        chain[2].weight.copy_(last)
        chain[0].bias.fill_(first_bias)
        chain[2].bias.fill_(last_bias)
    return chain


def interleaved(n):
    pair = torch.tensor([[1.0], [-1.0]])
    return layers(torch.kron(torch.eye(n), pair), torch.kron(torch.eye(n), pair.T))


def biases_as_they_came(n):
    chain = interleaved(n)
    nn.init.constant_(chain[2].bias, 0.1)
    return chain


def absolute(n):
    eye = torch.eye(n)
    return layers(torch.cat([eye, -eye]), torch.cat([eye, eye], dim=1))


def better_is_neither(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    grows = deep[1] - deep[0] > shallow[1] - shallow[0]
    return "overfitting" if grows and deep[1] >= shallow[1] else "neither"


def gap_grows(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    return "overfitting" if deep[1] - deep[0] > shallow[1] - shallow[0] else "neither"


def five_only(n):
    return interleaved(5)


def in_double(n):
    return interleaved(n).double()


def by_products(weights, x, gradient, skip):
    """Multiply the derivatives of all layers, one example after the other."""
    rows = []
    for row, g in zip(x.double(), gradient.double(), strict=True):
        total = torch.eye(len(row)).double()
        for W in weights:
            before = W.double() @ row
            step = torch.diag((before > 0).double()) @ W.double()
            step = step + torch.eye(len(row)) if skip else step
            row = row + before.relu() if skip else before.relu()
            total = step @ total
        rows.append(g @ total)
    return torch.stack(rows)


def backwards(weights, x, gradient, skip, *, mask=True, turn=True, reverse=True, masks="own"):
    opened, given = [], x
    for W in weights:
        branch = (x @ W.T).relu()
        opened.append(((given if masks == "first" else x) @ W.T > 0) if mask else branch > -1)
        x = x + branch if skip else branch
    layers = list(zip(weights, opened, strict=True))
    for W, is_open in layers[::-1] if reverse else layers:
        through = (gradient * is_open) @ (W if turn else W.T)
        gradient = gradient + through if skip else through
    return gradient


def with_autograd(weights, x, gradient, skip):
    x = x.clone().requires_grad_()
    y = x
    for W in weights:
        y = y + (y @ W.T).relu() if skip else (y @ W.T).relu()
    return torch.autograd.grad(y, x, gradient)[0]


def never_skips(weights, x, gradient, skip):
    return backwards(weights, x, gradient, False)


ANSWERS = {
    "1.3.a": Answers(
        right=diagnose_by_differences,
        also_right=[
            lambda shallow, deep: (
                "degradation"
                if deep[0] > shallow[0]
                else ["neither", "overfitting"][deep[1] > shallow[1]]
            )
        ],
        wrong={
            "for ((": gap_grows,
            "compare the training losses first": validation_only,
            "whatever the validation loss": both_must_be_worse,
            "a gap between training and validation": gap,
            "an equal training loss": strictly_better,
            "0.6 in training": swapped,
            "return one of": lambda shallow, deep: deep[0] > shallow[0],
        },
    ),
    "1.3.c": Answers(
        right=interleaved,
        also_right=[in_double],
        wrong={
            "not for n = 1": five_only,
            "a linear layer, a relu and a linear layer": lambda n: nn.Identity(),
            "a bias has not been set": biases_as_they_came,
            "negative numbers are lost": lambda n: layers(torch.eye(n), torch.eye(n)),
            "this is |x|": absolute,
            "a shift only moves": lambda n: layers(torch.eye(n), torch.eye(n), 100.0, -100.0),
            "the output differs": lambda n: layers(-torch.eye(n), -torch.eye(n)),
        },
    ),
    "1.3.b": Answers(
        right=0.8165,
        also_right=[np.float64(0.816), torch.tensor(0.82), lambda: math.sqrt(2 / 3)],
        wrong={
            "half of the relus are closed": 1.1547,
            "a third of its square": 1.414,
            "the relu is missing": 1.333,
            "take the root": 0.6667,
            "it is the largest weight": 3.162,
            "PyTorch's default": 0.408,
            "this is what 54 layers do": 0.8165**54,
            "put n = 100": 0.75,
        },
    ),
    "1.3.d": Answers(
        right=0.98,
        also_right=[1, np.float64(0.97), lambda: 0.99],
        wrong={
            "A random matrix keeps angles": 0,
            "there are 54": 0.5,
            "That is what one layer does, 1/π": 0.32,
            "54 times over": 0.8,
            "predict a number from 0 to 1": 54,
        },
    ),
    "1.3.e": Answers(
        right=by_products,
        also_right=[backwards],
        wrong={
            "the first relu is closed": lambda *given: backwards(*given, mask=False),
            "on the way back stands Wᵀ": lambda *given: backwards(*given, turn=False),
            "go through the layers in reverse": lambda *given: backwards(*given, reverse=False),
            "with the skip, the gradient": never_skips,
            "as the layers before it made it": lambda *given: backwards(*given, masks="first"),
            "you let autograd do it": with_autograd,
            "a gradient for each number": lambda *given: backwards(*given).sum(dim=1),
        },
    ),
}
