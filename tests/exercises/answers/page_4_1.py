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


ANSWERS = {
    "4.1.a": Answers(
        right=product_of_exponentials,
        wrong={
            "a logarithm": lambda i, t: i.log_softmax(1) + t.log_softmax(1),
            "mean of the two": lambda i, t: (i.softmax(1) + t.softmax(1)) / 2,
            "multiplies the logits": lambda i, t: (i * t).softmax(1),
            "do not sum to 1": lambda i, t: i.softmax(1) * t.softmax(1),
            "shape": lambda i, t: (i + t).argmax(1),
            "is 1 : 3 : 8": lambda i, t: (i - t).softmax(1),
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
        right=max_by_rows,
        wrong={
            "as if it were text": lambda f, i: f.amax(2),
            "set to 0": lambda f, i: (f * (i != 0)[:, None]).amax(2),
            "changes the features": max_in_place,
            "shape": lambda f, i: f.amax(1),
            "padding only": lambda f, i: f.masked_fill((i == 0)[:, None], -torch.inf).amax(2),
        },
    ),
}
