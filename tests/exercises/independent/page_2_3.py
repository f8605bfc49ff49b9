import numpy as np
import torch


def range_by_names(left, right, both):
    surplus = left + right - both  # R - S
    least = surplus if surplus > 0 else 0.0
    return [least, left if left < right else right]


def range_by_numpy(left, right, both):
    return np.array([np.clip(left + right - both, 0, None), np.minimum(left, right)])


def xor_in_one_relu(left, right):
    return left + right - 2 * torch.relu(left + right - 1)


def xor_from_overflow(left, right):
    total = left + right
    return torch.relu(total) - 2 * torch.relu(total + -1)


def xor_rounded(left, right):
    return (torch.relu(left - right) + torch.relu(right - left)).round()


def xor_in_place(left, right):
    left -= right
    return torch.relu(left) + torch.relu(-left)


RIGHT = {
    "2.3.a": [
        lambda left, right, both: (max(0, left + right - both), min(left, right)),
        range_by_names,
        range_by_numpy,
        lambda left, right, both: torch.tensor([max(left + right, both) - both, min(left, right)]),
    ],
    "2.3.b": [
        lambda left, right: torch.relu(left - right) + torch.relu(right - left),
        xor_in_one_relu,
        xor_from_overflow,
    ],
}

WRONG = {
    "2.3.a": [
        # The least may be any number above zero.
        lambda left, right, both: (0, min(left, right)),
        # The least may be negative.
        lambda left, right, both: (left + right - both, min(left, right)),
        # More than one side tells.
        lambda left, right, both: (max(0, left + right - both), max(left, right)),
        # The largest first.
        lambda left, right, both: (min(left, right), max(0, left + right - both)),
        # The synergy, not the redundancy.
        lambda left, right, both: (max(0, both - left - right), min(left, right)),
        # As much as both tell.
        lambda left, right, both: (max(0, left + right - both), both),
        # The example.
        lambda left, right, both: (0.0, 0.311),
        # Right only where both sides tell the same.
        lambda left, right, both: (max(0, 2 * left - both), left),
    ],
    "2.3.b": [
        # No gradient.
        lambda left, right: (left != right).float(),
        # Two where both are one.
        lambda left, right: torch.relu(left + right),
        # One of the two cases only.
        lambda left, right: torch.relu(left - right),
        # Equal instead of different.
        lambda left, right: 1 - torch.relu(left - right) - torch.relu(right - left),
        # No gradient gets through to the right.
        lambda left, right: xor_in_one_relu(left, right.detach()),
        # A product of both, which is not allowed.
        lambda left, right: left + right - 2 * left * right,
        # An absolute value, which is not allowed.
        lambda left, right: (left - right).abs(),
        # Rounding stops the gradient.
        xor_rounded,
        # Changes its input.
        xor_in_place,
    ],
}
