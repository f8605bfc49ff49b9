"""Exercises of page 4.1, The program."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mmtutor.exercises.exercise import Exercise, expect


def product_rule(image_logits: Tensor, text_logits: Tensor) -> Tensor:
    return (image_logits + text_logits).softmax(dim=1)


def _check_product(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    # Logits that are logarithms of small numbers: 1 : 1 : 2 and 1 : 3 : 4 make 1 : 3 : 8.
    image = torch.tensor([[1.0, 1.0, 2.0], [4.0, 1.0, 1.0]]).log()
    text = torch.tensor([[1.0, 3.0, 4.0], [1.0, 1.0, 1.0]]).log()
    p = answer(image, text)
    expect(isinstance(p, Tensor), f"return a tensor, not a {type(p).__name__}")
    expect(p.shape == (2, 3), f"the result has shape (batch, classes), not {tuple(p.shape)}")
    expect((p >= 0).all(), "a logarithm of a probability is negative; return the probability")
    mean = (image.softmax(dim=1) + text.softmax(dim=1)) / 2
    expect(not torch.allclose(p, mean), "this is the mean of the two; the rule multiplies")
    expect(
        not torch.allclose(p, (image * text).softmax(dim=1)),
        "this multiplies the logits; multiply probabilities, or add logits",
    )
    expect(
        torch.allclose(p.sum(dim=1), torch.ones(2)),
        "the products of one example do not sum to 1; divide by their sum",
    )
    right = torch.tensor([[1 / 12, 3 / 12, 8 / 12], [4 / 6, 1 / 6, 1 / 6]])
    expect(
        torch.allclose(p, right),
        f"1 : 1 : 2 times 1 : 3 : 4 is 1 : 3 : 8, that is 0.083, 0.250, 0.667; got {p[0].tolist()}",
    )


def interval(accuracy: float, examples: int) -> tuple[float, float]:
    deviation = math.sqrt(accuracy * (1 - accuracy) / examples)
    return accuracy - 1.96 * deviation, accuracy + 1.96 * deviation


def _check_interval(answer: Callable[[float, int], tuple[float, float]]) -> None:
    # p = 0.8 and n = 400: the standard deviation is sqrt(0.16 / 400) = 0.02.
    ends = answer(0.8, 400)
    expect(not isinstance(ends, float), "return two numbers, the lower and the upper end")
    low, high = (float(end) for end in ends)
    width = round((high - low) / 2, 6)
    expect(low < high, "the lower end comes first")
    expect(width != 0.02, "one standard deviation holds 68 %; 95 % takes 1.96 of them")
    expect(width != round(1.96 * 0.0004, 6), "0.0004 is the variance; take its square root")
    expect(
        width != round(1.96 * 0.4, 6),
        "0.4 is the deviation of a single answer; the mean of 400 varies less",
    )
    right = math.isclose(low, 0.7608) and math.isclose(high, 0.8392)
    expect(right, f"0.8 on 400 examples gives 0.7608 to 0.8392; got {low:.4f} to {high:.4f}")


def masked_max(features: Tensor, ids: Tensor) -> Tensor:
    padding = (ids == 0).unsqueeze(1)
    highest = features.masked_fill(padding, -torch.inf).amax(dim=2)
    return highest.masked_fill(padding.all(dim=2), 0)


def _check_masked_max(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    features = torch.tensor([[[1.0, 3.0, 9.0, 9.0], [-2.0, -4.0, 9.0, -9.0]]])
    kept = features.clone()
    highest = answer(features, torch.tensor([[5, 6, 0, 0]]))
    expect(torch.equal(features, kept), "your function changes the features themselves")
    expect(
        highest.shape == (1, 2),
        f"the result has shape (batch, channels), not {tuple(highest.shape)}",
    )
    expect(highest[0, 0] != 9, "padding takes part as if it were text")
    expect(
        highest[0, 1] != 0,
        "padding set to 0 is larger than -2 and -4; what is smaller than every number?",
    )
    expect(
        torch.equal(highest, torch.tensor([[3.0, -2.0]])),
        f"the largest of 1, 3 and of -2, -4 are 3 and -2; got {highest.tolist()}",
    )
    empty = answer(features, torch.zeros(1, 4, dtype=torch.int64))
    expect(torch.equal(empty, torch.zeros(1, 2)), "a text of padding only gives zeros")


EXERCISES = {
    "4.1.a": Exercise(
        check=_check_product,
        solution=product_rule,
        hints=(
            "Softmax both, multiply class by class, and mind that probabilities sum to 1.",
            "A softmax is an exponential divided by a sum. What does a product of exponentials "
            "do to the exponents?",
            "Add the logits and take one softmax: the division makes the sum 1.",
        ),
        praise="Late fusion by product is nothing but adding logits.",
    ),
    "4.1.b": Exercise(
        check=_check_interval,
        solution=interval,
        hints=(
            "First the standard deviation, then 1.96 of it to either side.",
            "`math.sqrt(accuracy * (1 - accuracy) / examples)` is the standard deviation.",
            "Return the pair accuracy - 1.96 * deviation, accuracy + 1.96 * deviation.",
        ),
        praise="On 768 examples an accuracy of 0.9 is known to about two points. This counts the "
        "luck of the test set only; the luck of the training shows in the seeds.",
    ),
    "4.1.c": Exercise(
        check=_check_masked_max,
        solution=masked_max,
        hints=(
            "Padding must never win. Which value loses against every number?",
            "`features.masked_fill(padding, -torch.inf)`, then the maximum over positions.",
            "Where all is padding, the maximum is -inf: fill those places with 0.",
        ),
        praise="For a mean, padding is harmless as 0; for a maximum, only as minus infinity.",
    ),
}
