import torch

from tests.exercises.answers.answers import Answers


def range_by_cases(left, right, both):
    told_twice = left + right - both
    return [told_twice if told_twice > 0 else 0, left if left < right else right]


def distance(left, right):
    return torch.relu(left - right) + torch.relu(right - left)


ANSWERS = {
    "2.2.a": Answers(
        right=range_by_cases,
        wrong={
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
    "2.2.b": Answers(
        right=distance,
        wrong={
            "1 and 1 give 2": lambda left, right: torch.relu(left + right),
            "in that order as well": lambda left, right: torch.relu(left - right),
            "which one is larger": lambda left, right: right - left,
            "this is AND": lambda left, right: left * right,
            "comparison has no gradient": lambda left, right: (left != right).float(),
            "multiplied with each other": lambda left, right: left + right - 2 * left * right,
        },
    ),
}
