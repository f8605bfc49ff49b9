"""Exercises of page 3.8, Two losses."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import AUTOGRAD, LOSSES, without_functions


def binary_cross_entropy(y: Tensor, y_true: Tensor) -> Tensor:
    log_sum_exp = y.clamp(min=0) + torch.log1p(torch.exp(-y.abs()))  # of the logits 0 and y
    return (log_sum_exp - y * y_true).mean()


def _check_binary(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    y, y_true = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 0.0])
    each = F.binary_cross_entropy_with_logits(y, y_true, reduction="none")
    loss = as_floats(answer(y, y_true))
    expect(loss.ndim == 0, f"return the mean over the batch, one number; got {tuple(loss.shape)}")
    expect(not are_close(loss, each.sum()), "that is the sum; divide by the number of examples")
    expect(not are_close(loss, -each.mean()), "the sign is wrong: a loss is minus the logarithm")
    expect(
        not are_close(loss, (F.softplus(-y) * y_true).mean()),
        "examples of class 0 count nothing: add their term, (1 − y_true) · −log(1 − p)",
    )
    expect(are_close(loss, each.mean()), beside(loss, each.mean()))
    told = "you use a loss of torch: write this one yourself"
    without_functions(answer, LOSSES, told)(y, y_true)
    large = as_number(answer(torch.tensor([1000.0, -1000.0]), torch.tensor([0.0, 1.0])))
    expect(
        math.isfinite(large),
        f"logits of ±1000 give {large}: rewrite log(1 + exp(y)) so that its exponent is never "
        "positive",
    )
    expect(
        are_close(large, 1000.0),
        f"sure and wrong by 1000 costs 1000, not {large:.4g}: a clamp hides the overflow",
    )


def _logits() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples in (1, 6, 30):
        y = 4 * torch.randn(examples, generator=generator)
        y_true = torch.randint(2, (examples,), generator=generator).float()
        yield y, y_true
        yield y.double(), y_true.double()
        for size in (50, 200, 1000):
            yield size * y.sign(), y_true
    yield torch.tensor([0.01, -0.01, 0.02]), torch.tensor([1.0, 0.0, 1.0])


def smoothed_gradient(y: Tensor, y_true: Tensor, eps: float) -> Tensor:
    classes = y.shape[1]
    target = (1 - eps) * F.one_hot(y_true, classes) + eps / classes
    return (y.softmax(dim=1) - target) / len(y)


def _check_smoothed(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(4, 5, generator=generator)
    y_true, eps = torch.tensor([0, 3, 3, 1]), 0.2
    expected = _by_autograd(y, y_true, eps)
    given = as_floats(answer(y, y_true, eps))
    expect(
        given.shape == y.shape,
        f"the gradient has the shape of the logits, (4, 5); got {tuple(given.shape)}",
    )
    expect(
        not are_close(given, 4 * expected),
        "the loss is a mean over the batch, so divide by the number of examples",
    )
    expect(not are_close(given, -expected), "the sign is wrong: p minus target")
    expect(
        not are_close(given, _by_autograd(y, y_true, 0.0)),
        "this is the gradient without smoothing; the target is no longer one-hot",
    )
    p, hot = y.softmax(dim=1), F.one_hot(y_true, 5)
    others = (1 - eps) * hot + eps / 4 * (1 - hot)
    expect(
        not are_close(given, (p - others) / 4),
        "eps is spread over all classes, the true one included: each gets eps / 5, not eps / 4",
    )
    incomplete = (1 - eps) * hot + eps / 5 * (1 - hot)
    expect(
        not are_close(given, (p - incomplete) / 4),
        "your targets do not sum to 1: the true class gets eps / C as well",
    )
    expect(
        are_close(given, expected),
        f"the gradient differs from autograd's by up to {(given - expected).abs().max():.3g}",
    )
    without_functions(answer, AUTOGRAD, "you use autograd: write the formula")(y, y_true, eps)


def _smoothings() -> Iterator[tuple[Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes, eps in ((1, 2, 0.1), (6, 3, 0.0), (3, 10, 0.5), (5, 4, 1.0)):
        y = 2 * torch.randn(examples, classes, generator=generator)
        y_true = torch.randint(classes, (examples,), generator=generator)
        yield y, y_true, eps
        yield y.double(), y_true, eps
        yield 500 * y, y_true, eps


def _by_autograd(y: Tensor, y_true: Tensor, eps: float) -> Tensor:
    y = y.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(y, y_true, label_smoothing=eps), y)[0]


EXERCISES = {
    "3.8.a": Exercise(
        check=_check_binary,
        cases=_logits,
        gradients=frozenset({"y"}),
        solution=binary_cross_entropy,
        hints=(
            "It is a softmax over two logits, 0 for class 0 and y for class 1. What is the loss "
            "as a log-sum-exp minus the true logit?",
            "`log(1 + exp(y)) - y * y_true`. Now take the larger of the two exponents, "
            "m = max(0, y), out of the logarithm.",
            "log(1 + exp(y)) is `y.clamp(min=0) + torch.log1p(torch.exp(-y.abs()))`. Then the "
            "mean.",
        ),
        praise="This is what `F.binary_cross_entropy_with_logits` computes.",
    ),
    "3.8.b": Exercise(
        check=_check_smoothed,
        cases=_smoothings,
        solution=smoothed_gradient,
        hints=(
            "Cross-entropy is linear in its target. What takes the place of the one-hot row in "
            "p − one-hot?",
            "The target is (1 − eps) · one-hot, plus eps / C for every class.",
            "Return `(y.softmax(dim=1) - target) / len(y)`; `F.one_hot(y_true, C)` makes the "
            "one-hot rows.",
        ),
        praise="It is zero where p equals the smoothed target: the logits stop growing.",
    ),
}
