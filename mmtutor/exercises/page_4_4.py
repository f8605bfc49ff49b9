"""Exercises of page 4.4, Reading the results honestly."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect


def clustered_sd(right: Tensor, cluster: Tensor) -> Tensor:
    residuals = right.double() - right.double().mean()
    _, number = cluster.unique(return_inverse=True)
    sums = residuals.new_zeros(int(number.max()) + 1).index_add(0, number, residuals)
    return sums.square().sum().sqrt() / len(right)


def _check_clustered(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    right = torch.tensor([1.0, 1, 1, 1, 0, 0, 1, 0])
    cluster = torch.tensor([0, 0, 0, 1, 2, 2, 1, 2])
    # The mean is 5/8. The sums are 3 · 3/8, 2 · 3/8 and -3 · 5/8.
    expected = (9**2 + 6**2 + 15**2) ** 0.5 / 8 / 8
    given = as_number(answer(right, cluster))
    expect(
        not _near(given, (15 / 64 / 8) ** 0.5),
        "that is the usual formula, as if all eight were independent: sum within clusters first",
    )
    expect(not _near(given, expected**2), "that is the variance; its root is asked for")
    expect(not _near(given, expected * 8), "that is the sd of the sum; p̂ is the sum divided by n")
    expect(
        not _near(given, expected * 8 / 3),
        "divide by the number of examples, n = 8, not by the number of clusters",
    )
    expect(
        not _near(given, (3**2 + 2**2) ** 0.5 / 8),
        "the sums are of `right` itself: take the mean away first",
    )
    expect(_near(given, expected), beside(given, expected))
    far = as_number(answer(right, 1000 * cluster + 7))
    expect(
        _near(far, expected),
        "the clusters may have any numbers, such as 7 and 2007; yours must be 0, 1, 2",
    )


def _clusters() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples, clusters in ((5, 2), (12, 30), (40, 6), (25, 25)):
        right = (torch.rand(examples, generator=generator) < 0.7).float()
        cluster = torch.randint(clusters, (examples,), generator=generator)
        yield right, cluster
        yield right.double(), 100 - 7 * cluster
        yield right, torch.arange(examples)


def follows(y: Tensor, image_digit: Tensor, text_digit: Tensor) -> tuple[float, float]:
    answer, contradict = y.argmax(dim=1), image_digit != text_digit
    image, text = (
        (answer == told)[contradict].double().mean().item() for told in (image_digit, text_digit)
    )
    return image, text


def _check_follows(answer: Callable[[Tensor, Tensor, Tensor], tuple[float, float]]) -> None:
    answers = torch.tensor([3, 3, 7, 1, 1, 5, 5, 9])
    image_digit = torch.tensor([3, 3, 4, 2, 1, 5, 5, 9])
    text_digit = torch.tensor([7, 7, 7, 0, 8, 5, 5, 9])
    y = torch.nn.functional.one_hot(answers, 10).double() - 4
    given = answer(y, image_digit, text_digit)
    expect(
        as_floats(given).shape == (2,),
        "return two numbers, first the image's share, then the text's",
    )
    image, text = as_floats(given).tolist()
    expect(
        not (_near(image, 6 / 8) and _near(text, 4 / 8)),
        "leave out the examples in which image and text agree: they follow both",
    )
    expect(
        not (_near(image, 3 / 8) and _near(text, 1 / 8)),
        "divide by the number of contradicting examples, 5, not by all 8",
    )
    expect(not (_near(image, 1 / 5) and _near(text, 3 / 5)), "image and text are interchanged")
    expect(
        not _near(image + text, 1),
        "the two shares need not sum to 1: an answer may follow neither",
    )
    expect(
        _near(image, 3 / 5) and _near(text, 1 / 5),
        f"expected 0.6 and 0.2, got {image:.6g} and {text:.6g}",
    )
    try:
        empty = answer(y[5:], image_digit[5:], text_digit[5:])
    except ZeroDivisionError:
        empty = (0.0, 0.0)
    expect(
        bool(as_floats(empty).isnan().all()),
        "without any contradiction, both shares are nan: nothing was measured",
    )


def _digits() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes in ((1, 2), (8, 3), (40, 10), (15, 2)):
        y = torch.randn(examples, classes, generator=generator)
        image, text = torch.randint(classes, (2, examples), generator=generator)
        yield y, image, text
        yield y, image, (image + 1) % classes
        yield y.double(), image, image


def _near(a: float, b: float) -> bool:
    return are_close(a, b)


EXERCISES = {
    "4.4.a": Exercise(
        check=_check_clustered,
        cases=_clusters,
        solution=clustered_sd,
        hints=(
            "What has to be added up within each cluster before anything is squared?",
            "`index_add` sums residuals into clusters, if these are numbered 0, 1, 2, …; "
            "`cluster.unique(return_inverse=True)` numbers them so.",
            "`sums = torch.zeros(count).index_add(0, number, right - right.mean())`, then "
            "`sums.square().sum().sqrt() / len(right)`.",
        ),
        praise="Residuals of one sign within a cluster add up; that is what widens the interval.",
    ),
    "4.4.b": Exercise(
        check=_check_follows,
        cases=_digits,
        solution=follows,
        hints=(
            "Which examples can tell the two apart at all?",
            "`contradict = image_digit != text_digit` is a mask; use it to index both comparisons.",
            "`(y.argmax(dim=1) == image_digit)[contradict].double().mean()`, and the same for the "
            "text. The mean of no numbers is nan by itself.",
        ),
        praise="What is missing to 1 is the share that followed neither.",
    ),
}
