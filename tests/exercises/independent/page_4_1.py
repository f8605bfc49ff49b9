"""Answers on page 4.1; those to d stand in `steps`."""

import collections
import math

import numpy as np
import torch
from scipy.stats import norm

from tests.exercises.independent import steps


def product_by_softmax(image_logits, text_logits):
    return torch.softmax(image_logits + text_logits, dim=1)


def product_in_float64(image_logits, text_logits):
    p = image_logits.double().softmax(dim=-1) * text_logits.double().softmax(dim=-1)
    return p / p.sum(dim=-1, keepdim=True)


def product_by_numpy(image_logits, text_logits):
    total = (image_logits + text_logits).numpy()
    e = np.exp(total - total.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def mean_rule(image_logits, text_logits):
    return (image_logits.softmax(dim=1) + text_logits.softmax(dim=1)) / 2


def product_over_batch(image_logits, text_logits):
    p = image_logits.softmax(dim=1) * text_logits.softmax(dim=1)
    return p / p.sum()


def product_in_place(image_logits, text_logits):
    image_logits += text_logits
    return image_logits.softmax(dim=1)


def interval_by_numpy(accuracy, examples):
    return accuracy + np.array([-1.96, 1.96]) * np.sqrt(accuracy * (1 - accuracy) / examples)


def interval_by_names(accuracy, examples):
    variance = (accuracy - accuracy**2) / examples
    half = 1.96 * variance**0.5
    return [accuracy - half, accuracy + half]


def largest_by_where(features, ids):
    real = (ids != 0).unsqueeze(1)
    largest = torch.where(real, features, -torch.inf).max(dim=2).values
    return torch.where(real.any(dim=2), largest, torch.zeros(()))


def largest_by_rows(features, ids):
    rows = []
    for row, letters in zip(features, ids, strict=True):
        chosen = row[:, letters > 0]
        rows.append(chosen.amax(dim=1) if chosen.shape[1] else row[:, 0] * 0)
    return torch.stack(rows)


def largest_by_infinity(features, ids):
    filled = features.masked_fill((ids == 0)[:, None], -math.inf).amax(dim=-1)
    return filled.masked_fill(filled == -math.inf, 0.0)


def largest_up_to_first_zero(features, ids):
    lengths = (ids == 0).int().argmax(dim=1).tolist()
    rows = zip(features, lengths, strict=True)
    return torch.stack([x[:, :n].amax(dim=1) if n else 0 * x[:, 0] for x, n in rows])


def largest_in_place(features, ids):
    features[(ids == 0)[:, None].expand_as(features)] = -torch.inf
    return torch.where((ids != 0).any(dim=1, keepdim=True), features.amax(dim=2), 0.0)


FAULTS = {
    "A": "softmax twice",
    "B": "validated on training data",
    "C": "healthy",
    "D": "targets shuffled",
    "E": "zero_grad missing",
}


def exchanged(a, b):
    return FAULTS | {a: FAULTS[b], b: FAULTS[a]}


RIGHT = {
    "4.1.a": [product_by_softmax, product_in_float64, product_by_numpy],
    "4.1.b": [
        lambda accuracy, examples: (
            accuracy - 1.96 * math.sqrt(accuracy * (1 - accuracy) / examples),
            accuracy + 1.96 * math.sqrt(accuracy * (1 - accuracy) / examples),
        ),
        interval_by_numpy,
        interval_by_names,
    ],
    "4.1.c": [largest_by_where, largest_by_rows, largest_by_infinity],
    "4.1.d": steps.RIGHT,
    "4.1.e": [
        FAULTS,
        dict(reversed(FAULTS.items())),
        collections.OrderedDict(zip("ABCDE", FAULTS.values(), strict=True)),
    ],
    "4.1.f": [
        0.883,
        norm.cdf(math.sqrt(2) * norm.ppf(0.8)),
        torch.tensor(0.88),
        lambda: np.float64(0.89),
    ],
}

WRONG = {
    "4.1.a": [
        # The mean of both.
        mean_rule,
        # Not summing to 1.
        lambda image_logits, text_logits: image_logits.softmax(dim=1) * text_logits.softmax(dim=1),
        # Logits are multiplied.
        lambda image_logits, text_logits: (image_logits * text_logits).softmax(dim=1),
        # Softmax over the examples.
        lambda image_logits, text_logits: (image_logits + text_logits).softmax(dim=0),
        # Logarithms of the probabilities.
        lambda image_logits, text_logits: (image_logits + text_logits).log_softmax(dim=1),
        # Logits.
        lambda image_logits, text_logits: image_logits + text_logits,
        # Sums to 1 over the whole batch: right for a batch of one.
        product_over_batch,
        # The mean of the logits is half of their sum.
        lambda image_logits, text_logits: ((image_logits + text_logits) / 2).softmax(dim=1),
        # Changes the logits.
        product_in_place,
        # The image alone.
        lambda image_logits, text_logits: image_logits.softmax(dim=1),
    ],
    "4.1.b": [
        # No root.
        lambda accuracy, examples: (
            accuracy - 1.96 * accuracy * (1 - accuracy) / examples,
            accuracy + 1.96 * accuracy * (1 - accuracy) / examples,
        ),
        # One standard deviation.
        lambda accuracy, examples: tuple(
            accuracy + (x - accuracy) / 1.96 for x in interval_by_names(accuracy, examples)
        ),
        # The upper end first.
        lambda accuracy, examples: interval_by_names(accuracy, examples)[::-1],
        # One half of the width only.
        lambda accuracy, examples: interval_by_names(accuracy, examples)[1] - accuracy,
        # Not divided by the number of examples.
        lambda accuracy, examples: interval_by_names(accuracy, 1),
        # The standard deviation of the widest case, one half.
        lambda accuracy, examples: (
            accuracy - 0.98 / examples**0.5,
            accuracy + 0.98 / examples**0.5,
        ),
        # The root of p forgotten around 1 - p.
        lambda accuracy, examples: (
            accuracy - 1.96 * (accuracy / examples) ** 0.5,
            accuracy + 1.96 * (accuracy / examples) ** 0.5,
        ),
        # For 768 examples.
        lambda accuracy, examples: interval_by_names(accuracy, 768),
        # 1.65 standard deviations, which are 90 %.
        lambda accuracy, examples: [
            accuracy + (x - accuracy) * 1.65 / 1.96 for x in interval_by_names(accuracy, examples)
        ],
    ],
    "4.1.c": [
        # Zeros win against negative numbers.
        lambda features, ids: (features * (ids != 0)[:, None]).amax(dim=2),
        # Minus infinity for a text of padding only.
        lambda features, ids: features.masked_fill((ids == 0)[:, None], -torch.inf).amax(dim=2),
        # Padding is not looked at.
        lambda features, ids: features.amax(dim=2),
        # Nothing is left of a text without padding.
        largest_up_to_first_zero,
        # Changes the features.
        largest_in_place,
        # The average.
        lambda features, ids: (
            (features * (ids != 0)[:, None]).sum(dim=2)
            / (ids != 0).sum(dim=1, keepdim=True).clamp(min=1)
        ),
        # The id 1 counts as padding, too.
        lambda features, ids: largest_by_where(features, (ids > 1).long()),
        # Never below zero.
        lambda features, ids: largest_by_where(features, ids).relu(),
        # No gradient.
        lambda features, ids: largest_by_where(features.detach(), ids),
        # Texts of the batch are compared, not positions.
        lambda features, ids: largest_by_where(features, ids).amax(dim=0),
    ],
    "4.1.d": steps.WRONG,
    "4.1.e": [
        # Overfitted, thinks who sees a loss near 0 beside 0.7.
        exchanged("B", "C"),
        # Slow is taken for shuffled.
        exchanged("A", "D"),
        # Rising is taken for a softmax.
        exchanged("A", "E"),
        # Chance is taken for growing gradients.
        exchanged("D", "E"),
        # All healthy.
        dict.fromkeys("ABCDE", "healthy"),
        # One run is not answered.
        {run: FAULTS[run] for run in "ABCD"},
        # From faults to runs.
        {fault: run for run, fault in FAULTS.items()},
        # Only the names, in order.
        list(FAULTS.values()),
        # A name that is not in the list.
        FAULTS | {"E": "zero grad missing"},
    ],
    "4.1.f": [
        # No gain.
        0.8,
        # Wrong only where both are wrong.
        0.96,
        # Right only where both are right.
        0.64,
        # As if the distance were doubled.
        float(norm.cdf(2 * norm.ppf(0.8))),
        # In per cent.
        88.3,
        # A quarter of what is left to gain.
        0.85,
        # The share that is wrong.
        0.117,
        # One half of what can be gained.
        0.92,
    ],
}
