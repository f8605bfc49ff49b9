"""Exercises of page 4.1, The program."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mmtutor.exercises.exercise import Exercise, expect


def accuracy_of(logits: Tensor, targets: Tensor) -> float:
    return (logits.argmax(dim=1) == targets).float().mean().item()


def _check_accuracy(answer: Callable[[Tensor, Tensor], float]) -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 5.0, 1.0], [9.0, 1.0, 3.0], [4.0, 1.0, 3.0]])
    share = answer(logits, torch.tensor([0, 1, 0, 2]))
    expect(
        not isinstance(share, Tensor) or share.ndim == 0,
        "return one number; you return one for each example",
    )
    share = float(share)
    expect(share != 3, "3 is the number of right answers; divide by the number of examples")
    expect(share != 0.25, "this is the share of wrong answers")
    expect(math.isclose(share, 0.75), f"three of these four answers are right; got {share}")


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


def masked_mean(features: Tensor, ids: Tensor) -> Tensor:
    mask = (ids != 0).unsqueeze(1)
    return (features * mask).sum(dim=2) / mask.sum(dim=2).clamp(min=1)


def _check_masked_mean(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    features = torch.tensor([[[1.0, 3.0, 9.0, 9.0], [2.0, 4.0, 9.0, 9.0]]])
    mean = answer(features, torch.tensor([[5, 6, 0, 0]]))
    expect(mean.shape == (1, 2), f"the result has shape (batch, channels), not {tuple(mean.shape)}")
    as_text = torch.tensor([[5.5, 6.0]])
    expect(not torch.allclose(mean, as_text), "padding is averaged as if it were text")
    expect(
        not torch.allclose(mean, torch.tensor([[1.0, 1.5]])),
        "padding is zero in the sum but still counted in the length",
    )
    expect(
        torch.allclose(mean, torch.tensor([[2.0, 3.0]])),
        f"the means of 1, 3 and of 2, 4 are 2 and 3; got {mean.tolist()}",
    )
    empty = answer(features, torch.zeros(1, 4, dtype=torch.int64))
    expect(empty.isfinite().all(), "a text of padding only divides 0 by 0; let its length be 1")
    expect((empty == 0).all(), "a text of padding only gives zeros")


EXERCISES = {
    "4.1.a": Exercise(
        check=_check_accuracy,
        solution=accuracy_of,
        hints=(
            "The prediction is the class with the largest logit.",
            "`logits.argmax(dim=1)` gives one class for each example.",
            "Compare with the targets, turn true and false into 1.0 and 0.0, and take the mean.",
        ),
        praise="No softmax was needed: it does not change which logit is largest.",
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
        check=_check_masked_mean,
        solution=masked_mean,
        hints=(
            "Which positions count? Those whose id is not 0.",
            "Multiply by the mask, sum over the positions, and divide by the number of real ones.",
            "`mask.sum(dim=2).clamp(min=1)` keeps an empty text from dividing by zero.",
        ),
        praise="With this, a word means the same however much padding follows it.",
    ),
}
