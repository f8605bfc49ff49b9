import numpy as np
import torch
from torch import nn

from tests.exercises.answers.answers import Answers


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
}
