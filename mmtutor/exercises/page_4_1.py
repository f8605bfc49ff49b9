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


def late_fusion(logits_image: Tensor, logits_text: Tensor) -> Tensor:
    log_probabilities = logits_image.log_softmax(dim=1) + logits_text.log_softmax(dim=1)
    return log_probabilities.argmax(dim=1)


def _check_late_fusion(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    confident = torch.tensor([0.9, 0.099, 0.001]).log()
    doubtful = torch.tensor([0.05, 0.6, 0.35]).log()
    # Products .045, .059, .000 in both rows: class 1. Logits may carry any constant.
    classes = answer(torch.stack([confident, doubtful]) + 5, torch.stack([doubtful, confident]) - 5)
    expect(isinstance(classes, Tensor), f"return a tensor, not a {type(classes).__name__}")
    expect(
        classes.shape == (2,),
        "return one class for each example: take the maximum over classes, dim=1",
    )
    found = classes.tolist()
    expect(found != [0, 1], "only the image is heard")
    expect(found != [1, 0], "only the text is heard")
    expect(
        found != [0, 0],
        "multiply the probabilities; a sum or a maximum lets one confident modality overrule "
        "the other's almost certain no",
    )
    expect(found == [1, 1], f"the largest product is that of class 1 in both rows; got {found}")


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
        check=_check_late_fusion,
        solution=late_fusion,
        hints=(
            "Logits are not probabilities yet; softmax makes them so.",
            "A product of probabilities is a sum of their logarithms: `log_softmax`.",
            "Add the two log_softmax(dim=1), and take the argmax over the classes.",
        ),
        praise="This is exact if the modalities are independent given the class and all classes "
        "are equally frequent. Adding the raw logits gives the same classes: why?",
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
