import numpy as np
import torch
from torch import nn

from tests.exercises.answers.answers import Answers

READ = {
    "A": "nothing for certain",
    "B": "all four amounts",
    "C": "synergy for certain",
    "D": "redundancy for certain",
}


def misread(a, b):
    return READ | {a: READ[b], b: READ[a]}


def range_by_cases(left, right, both):
    told_twice = left + right - both
    return [told_twice if told_twice > 0 else 0, left if left < right else right]


def distance(left, right):
    return torch.relu(left - right) + torch.relu(right - left)


def left_is_smaller(left, right, both):
    return max(0, left + right - both), left


def by_products(left, right):
    return torch.relu(left - right) + torch.relu(right - left) + 0 * left * right


def right_detached(left, right):
    right = right.detach()
    return torch.relu(left - right) + torch.relu(right - left)


def flat_at_the_corners(left, right):
    total = torch.relu(left + right - 0.25) - torch.relu(left + right - 0.75)
    return 2 * (total - torch.relu(left + right - 1.25) + torch.relu(left + right - 1.75))


def table(*cells):
    result = torch.zeros(2, 2, 2)
    for left, right, label in cells:
        result[left, right, label] += 1 / len(cells)
    return result


COPY = table((0, 0, 0), (1, 1, 1))
XOR = table((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
AND = table((0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1))


def examine_step_by_step(decompose):
    copied, split, both = (decompose(each) for each in (COPY, XOR, AND))
    if abs(copied[0] - 0.693) < 0.02:
        return "counts in nats"
    if split[3] < 0.5:
        return "never turns"
    if copied[0] > 1.5:
        return "forgets the label"
    return "healthy" if both[3] > 0.45 else "turns to independence"


def examine_by_or(decompose):
    """Take an OR, and double precision, and one number of four."""
    synergy = decompose(1.0 * AND.double().flip(0, 1, 2))[3]
    known = dict(zip((0.5, 0.0, 0.27, 0.811, 0.347), NAMES, strict=True))
    return known[min(known, key=lambda each: abs(each - synergy))]


NAMES = ("healthy", "never turns", "turns to independence", "forgets the label", "counts in nats")


def pure_cases_only(decompose):
    found = examine_step_by_step(decompose)
    return "healthy" if found == "turns to independence" else found


def exactly(decompose):
    found = examine_by_or(decompose)
    exact = abs(decompose(XOR)[3] - 1) < 1e-6
    return found if found != "healthy" or exact else "turns to independence"


def looks_inside(decompose):
    return decompose.__closure__[1].cell_contents


def without_nats(decompose):
    found = examine_by_or(decompose)
    return "healthy" if found == "counts in nats" else found


def without_turning(decompose):
    found = examine_by_or(decompose)
    return "healthy" if found == "never turns" else found


def without_label(decompose):
    found = examine_by_or(decompose)
    return "healthy" if found == "forgets the label" else found


ANSWERS = {
    "2.3.a": Answers(
        right=range_by_cases,
        also_right=[
            lambda left, right, both: np.array(
                [np.maximum(left + right - both, 0), np.minimum(left, right)]
            )
        ],
        wrong={
            "for (0.25, 0, 0.25) expected": left_is_smaller,
            "told twice": lambda left, right, both: (0, min(left, right)),
            "no amount is negative": lambda left, right, both: (
                left + right - both,
                min(left, right),
            ),
            "this is S - R": lambda left, right, both: (both - left - right, min(left, right)),
            "no limit": lambda left, right, both: (max(0, left + right - both), both),
            "U_l = left - R": lambda left, right, both: (
                max(0, left + right - both),
                max(left, right),
            ),
            "return two numbers": lambda left, right, both: left + right - both,
            "comes first": lambda left, right, both: range_by_cases(left, right, both)[::-1],
        },
    ),
    "2.3.b": Answers(
        right=distance,
        also_right=[
            flat_at_the_corners,
            lambda left, right: nn.ReLU()(left + right - 2 * (left + right - 1).relu()),
        ],
        wrong={
            "you use `abs`": lambda left, right: (left - right).abs(),
            "reaches right": right_detached,
            "1 and 1 give 2": lambda left, right: torch.relu(left + right),
            "in that order as well": lambda left, right: torch.relu(left - right),
            "which one is larger": lambda left, right: right - left,
            "this is AND": lambda left, right: left * right,
            "comparison has no gradient": lambda left, right: (left != right).float(),
            "multiplied with each other": lambda left, right: left + right - 2 * left * right,
        },
    ),
    "2.3.c": Answers(
        right=0.75,
        also_right=[lambda: 3 / 4, torch.tensor(0.74), np.float32(0.77)],
        wrong={
            "never right at all four": 1.0,
            "on the training shares": 0.9,
            "With equal shares chance decides": 0.5,
            "the corner that is lost": 0.25,
            "Count corners": 0.7,
            "cheapest to give up": 0.6,
            "predict a number from 0 to 1": 75,
            "give one number": "three of four",
        },
    ),
    "2.3.d": Answers(
        right=READ,
        also_right=[lambda: dict(reversed(READ.items()))],
        wrong={
            "A does not show that: that needs a side": misread("A", "B"),
            "A does not show that: both do not tell more": misread("A", "C"),
            "A does not show that: left and right added up": misread("A", "D"),
            "B does not show that: left and right added up": misread("B", "D"),
            "each occurs once": READ | {"B": "redundancy for certain"},
            "choose one of": READ | {"A": "unknown"},
            "for each of A, B, C and D": {"A": "nothing for certain"},
        },
    ),
    "2.3.e": Answers(
        right=examine_step_by_step,
        also_right=[examine_by_or],
        wrong={
            "'turns to independence' was taken for 'healthy'": pure_cases_only,
            "'never turns' was taken for 'healthy'": without_turning,
            "'forgets the label' was taken for 'healthy'": without_label,
            "'counts in nats' was taken for 'healthy'": without_nats,
            "right, up to 0.005 bits": exactly,
            "its code is not to be looked at": looks_inside,
            "return one of": lambda decompose: True,
            "'healthy' was taken for": lambda decompose: "never turns",
        },
    ),
}
