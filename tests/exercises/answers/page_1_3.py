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
    "1.3.b": Answers(
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
}
