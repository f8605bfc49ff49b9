"""Exercises of page 5.6, Imbalance."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, beside
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import AUTOGRAD, without_functions

Accuracy = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
Gradient = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]


def accuracy_elsewhere(y: Tensor, y_true: Tensor, seen: Tensor, met: Tensor) -> Tensor:
    answer = (y + met.log() - seen.log()).argmax(dim=1)
    right = (answer == y_true).double()
    classes = met.nonzero()[:, 0]
    recall = torch.stack([right[y_true == k].mean() for k in classes])
    return (met[classes] * recall).sum()


def _check_accuracy(answer: Accuracy) -> None:
    generator = torch.Generator().manual_seed(0)
    y_true = torch.tensor([0] * 60 + [1] * 40 + [2] * 100)
    y = 2 * F.one_hot(y_true, 4) + 1.5 * torch.randn(200, 4, generator=generator).double()
    seen, met = torch.tensor([[0.6, 0.2, 0.1, 0.1], [0.1, 0.5, 0.4, 0.0]]).double()
    value = as_floats(answer(y.clone(), y_true, seen, met))
    expect(value.ndim == 0, f"return one number; got the shape {tuple(value.shape)}")
    number = float(value)
    expect(
        not math.isnan(number),
        "got nan: nobody meets class 3 here, so it has no recall, and 0 × nan is nan",
    )

    def is_equal(shift: Tensor, weights: Tensor) -> bool:
        return are_close(number, _weighted(y + shift, y_true, weights))

    share = y_true.bincount(minlength=4) / 200
    right = met.log() - seen.log()
    expect(not is_equal(0 * met, met), "the logits are not shifted: they still expect `seen`")
    expect(
        not is_equal(-seen.log(), met),
        "this shift is right for equal frequencies; the classes that are met have `met`",
    )
    expect(
        not is_equal(met.log(), met),
        "you add log `met`, but log `seen` is still in the logits: take it away",
    )
    expect(
        not is_equal(seen.log() - met.clamp(min=1e-9).log(), met),
        "the sign is turned round: classes that are met more often now get lower logits",
    )
    expect(
        not is_equal(met - seen, met),
        "add the difference of the logarithms, not of the frequencies",
    )
    expect(
        not is_equal(right, share),
        "this is the share of right answers in these examples; where the network is used, the "
        "classes have the frequencies `met`",
    )
    expect(
        not is_equal(right, (met > 0) / 3),
        "this is the balanced accuracy; weight each class's recall by `met`",
    )
    wanted = _weighted(y + right, y_true, met)
    expect(is_equal(right, met), beside(number, wanted))


def _places() -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for classes, examples in ((2, 30), (5, 100), (10, 300)):
        y_true = torch.arange(examples) % (classes - 1)
        noise = 1.5 * torch.randn(examples, classes, generator=generator)
        y = 2 * F.one_hot(y_true, classes) + noise
        seen, met = torch.rand(2, classes, generator=generator) + 0.05
        met[-1] = 0
        yield y, y_true, seen / seen.sum(), met / met.sum()
        yield y, (y_true + 1) % (classes - 1), seen / seen.sum(), met / met.sum()


def _weighted(y: Tensor, y_true: Tensor, weights: Tensor) -> float:
    right = y.argmax(dim=1) == y_true
    pairs = [(right[y_true == k], w) for k, w in enumerate(weights.tolist()) if w]
    return sum(w * float(own.double().mean()) for own, w in pairs)


def pull(own: Tensor, other: Tensor, w: Tensor, y_true: Tensor, weight: float) -> Tensor:
    one_hot = F.one_hot(y_true, own.shape[1])
    of_sum = (own + other).softmax(dim=1) - one_hot
    of_own = own.softmax(dim=1) - one_hot
    return (of_sum + weight * of_own) @ w / len(y_true)


def _check_pull(answer: Gradient) -> None:
    generator = torch.Generator().manual_seed(0)
    own, other = 2 * torch.randn(2, 5, 3, generator=generator).double()
    w = torch.randn(3, 4, generator=generator).double()
    y_true = torch.tensor([0, 1, 2, 1, 0])
    given = answer(own.clone(), other.clone(), w.clone(), y_true, 0.5)
    given = as_floats(given)
    expect(
        given.shape == (5, 4),
        "return (N, F), a row for each example: you stop at the logits, and `w` leads back from "
        "them to the features",
    )

    def part(y: Tensor) -> Tensor:
        return (y.softmax(dim=1) - F.one_hot(y_true, 3)) @ w / 5

    def is_equal(wanted: Tensor) -> bool:
        return are_close(given, wanted)

    both = own + other
    wanted = part(both) + 0.5 * part(own)
    expect(not is_equal(5 * wanted), "the losses are means: divide by the number of examples")
    expect(not is_equal(part(both)), "the picture's own loss is missing")
    expect(not is_equal(part(both) + part(own)), "the own loss counts `weight` times")
    expect(
        not is_equal(1.5 * part(both)),
        "the own loss sees the picture's logits alone, without those of the word",
    )
    expect(
        not is_equal(1.5 * part(own)),
        "the shared loss sees the sum of both logits: the word is missing",
    )
    expect(not is_equal(-wanted), "this is the way downhill; the gradient points uphill")
    expect(is_equal(wanted), "not the gradient: autograd gives other numbers")
    told = "you use autograd: write the formula"
    without_functions(answer, AUTOGRAD, told)(own, other, w, y_true, 0.5)


def _pictures_and_words() -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes, features, weight in ((1, 2, 3, 0.5), (6, 4, 4, 0.0), (5, 10, 7, 2.0)):
        own, other = 2 * torch.randn(2, examples, classes, generator=generator)
        w = torch.randn(classes, features, generator=generator)
        y_true = torch.randint(classes, (examples,), generator=generator)
        yield own, other, w, y_true, weight
        yield own.double(), other.double(), w.double(), y_true, weight


EXERCISES = {
    "5.6.a": Exercise(
        check=_check_accuracy,
        cases=_places,
        solution=accuracy_elsewhere,
        hints=(
            "Two steps. Which answers does the network give once its logits fit `met`? And how "
            "often would those be right where the classes have the frequencies `met`?",
            "The logits hold log `seen`. Take it away and add log `met`; log 0 is minus infinity, "
            "and such a class is never answered.",
            "`answer = (y + met.log() - seen.log()).argmax(dim=1)`; then the recall of each class "
            "with `met` above 0, and the sum of `met[k]` times it.",
        ),
        praise="No example of the new place was needed, only its frequencies. They have to be "
        "right, and each class has to look as it did.",
    ),
    "5.6.b": Exercise(
        check=_check_pull,
        cases=_pictures_and_words,
        solution=pull,
        hints=(
            "Each loss sends back its own p − y_true. Of which logits is each p the softmax?",
            "The shared loss has the softmax of `own + other`, the own loss that of `own`. Both go "
            "back to the features through `w`.",
            "With `a` and `b` the two differences p − y_true, it is "
            "`(a + weight * b) @ w / len(y_true)`.",
        ),
        praise="When the sum is right, the first difference vanishes; the second stays until the "
        "picture is right by itself.",
    ),
}
