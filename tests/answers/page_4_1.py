import torch

from tests.answers.answers import Answers


def accuracy_in_a_loop(logits, targets):
    pairs = zip(logits.tolist(), targets.tolist(), strict=True)
    return sum(row.index(max(row)) == target for row, target in pairs) / len(targets)


def interval_as_list(accuracy, examples):
    variance = (accuracy - accuracy**2) / examples
    return [accuracy + sign * 1.96 * variance**0.5 for sign in (-1, 1)]


def around(middle, distance):
    return middle - distance, middle + distance


def mean_by_rows(features, ids):
    rows = [f[:, i != 0] for f, i in zip(features, ids, strict=True)]
    return torch.stack([f.mean(1) if f.numel() else f.new_zeros(len(f)) for f in rows])


def count_only_real(features, ids):
    mask = (ids != 0)[:, None]
    return (features * mask).sum(2) / mask.sum(2)


ANSWERS = {
    "4.1.a": Answers(
        right=accuracy_in_a_loop,
        wrong={
            "number of right answers": lambda y, t: (y.argmax(1) == t).sum().item(),
            "wrong answers": lambda y, t: (y.argmax(1) != t).float().mean().item(),
            "one for each example": lambda y, t: y.argmax(1) == t,
            "three of these four": lambda y, t: (y.argmin(1) == t).float().mean().item() + 0.1,
        },
    ),
    "4.1.b": Answers(
        right=interval_as_list,
        wrong={
            "1.96 of them": lambda p, n: around(p, (p * (1 - p) / n) ** 0.5),
            "square root": lambda p, n: around(p, 1.96 * p * (1 - p) / n),
            "single answer": lambda p, n: around(p, 1.96 * (p * (1 - p)) ** 0.5),
            "two numbers": lambda p, n: 1.96 * (p * (1 - p) / n) ** 0.5,
            "lower end comes first": lambda p, n: interval_as_list(p, n)[::-1],
        },
    ),
    "4.1.c": Answers(
        right=mean_by_rows,
        wrong={
            "as if it were text": lambda f, i: f.mean(2),
            "still counted": lambda f, i: (f * (i != 0)[:, None]).mean(2),
            "divides 0 by 0": count_only_real,
            "shape": lambda f, i: f.sum(1),
        },
    ),
}
