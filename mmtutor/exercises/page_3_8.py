"""Exercises of page 3.8, Two losses."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import (
    AUTOGRAD,
    LOSSES,
    expect_no_look_inside,
    without_functions,
)
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question

Loss = Callable[[Tensor, Tensor], Tensor]


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


class _Network(nn.Module):
    """The network of the page, which says "0" the more certainly the larger `start` is."""

    def __init__(self, start: float) -> None:
        super().__init__()
        layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)]
        self.branch, self.head = nn.Sequential(*layers), nn.Linear(64, 10)
        self.head.bias.data[0] += start

    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x, (64,))
        return self.head(x + self.branch(x))


def _scans(rows: slice) -> tuple[Tensor, Tensor]:
    pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels[rows] / 16).float(), torch.tensor(labels[rows]).long()


def _trained(
    loss: Loss, rate: float, start: float = 0.0, *, is_shuffled: bool = False
) -> tuple[nn.Module, list[float]]:
    """Train for 150 steps as the page does; return the network and the loss of each batch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, (images, labels) = _Network(start), _scans(slice(776))
        if is_shuffled:
            labels = labels[torch.randperm(len(labels))]
        optimizer = torch.optim.SGD(network.parameters(), lr=rate)
        losses = []
        for _ in range(150):
            rows = torch.randint(len(labels), (64,))
            optimizer.zero_grad()
            value = loss(network(images[rows]), labels[rows])
            value.backward()
            optimizer.step()
            losses.append(value.item())
    return network, losses


def _squared_on_probabilities(y: Tensor, y_true: Tensor) -> Tensor:
    return F.mse_loss(y.softmax(dim=1), F.one_hot(y_true, y.shape[1]).to(y.dtype))


def accuracy_of_less_certain() -> float:
    # The gradient of the true logit goes with p. With 5 in place of 14, p is exp(9) = 8,100 times
    # larger. What takes thousands of steps there is over after a few. Then all is as always.
    return 0.9


def _less_certain() -> float:
    """Return the validation accuracy of squared error on probabilities, from a start of 5."""
    network, _ = _trained(_squared_on_probabilities, 3.0, 5.0)
    images, labels = _scans(slice(776, 1029))  # the validation scans
    with torch.no_grad():
        answers = network(images).argmax(dim=1)
    return (answers == labels).double().mean().item()


def _check_less_certain(answer: Any) -> str:
    return compare_prediction(
        "3.8.c",
        answer,
        _less_certain,
        right_within=0.1,
        mistakes={
            0.1: "That is what 14 gives. The gradient goes with p of the true class, and exp(-5) "
            "is 8,100 times exp(-14).",
            0.5: "A third of the logit is not a third of the harm: p is 8,100 times larger, so "
            "what took thousands of steps takes a few.",
        },
        otherwise="How much larger is p of the true class than after a start of 14, and what is "
        "then left to be waited for?",
        highest=1.0,
    )


STATES = ("healthy", "softmax twice", "certain and wrong at first", "labels shuffled")
_TRAININGS = dict(zip("ABCD", (STATES[1], STATES[2], STATES[3], STATES[0]), strict=True))


def four_losses() -> dict[str, list[float]]:
    """Return the loss of each of 150 batches, of four networks that train."""
    made = {
        "healthy": lambda: _trained(F.cross_entropy, 0.3),
        "softmax twice": lambda: _trained(lambda y, t: F.cross_entropy(y.softmax(1), t), 3.0),
        "certain and wrong at first": lambda: _trained(F.cross_entropy, 0.1, 6.0),
        "labels shuffled": lambda: _trained(F.cross_entropy, 0.1, is_shuffled=True),
    }
    return {name: made[state]()[1] for name, state in _TRAININGS.items()}


def name_the_losses() -> dict[str, str]:
    return {
        # It begins at ln 10, as all that know nothing, and does not come below 1.46.
        "A": "softmax twice",
        # It begins far above ln 10: worse than knowing nothing.
        "B": "certain and wrong at first",
        # It begins at ln 10 and stays there: nothing can be learned.
        "C": "labels shuffled",
        # It begins at ln 10 and comes near 0.
        "D": "healthy",
    }


_LOOKS = {
    "healthy": "a fresh network begins at ln 10 = 2.3, and its loss comes near 0",
    "softmax twice": "a second softmax keeps the loss above 1.46, even if every answer is right",
    "certain and wrong at first": "who is certain and wrong has a loss far above the 2.3 of a "
    "network that knows nothing",
    "labels shuffled": "if the labels have nothing to do with the images, the best is to know "
    "nothing, which costs ln 10 = 2.3",
}


def _check_names(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_TRAININGS),
        "give a dict with a state for each of A, B, C and D",
    )
    for name, said in found.items():
        expect(said in STATES, f"{name}: choose one of {', '.join(STATES)}; got {said!r}")
    values = list(found.values())
    twice = [each for each in STATES if values.count(each) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, said in sorted(found.items()):
        expect(said == _TRAININGS[name], f"{name} does not look like that: {_LOOKS[said]}")


FAULTS = (
    "healthy",
    "softmax twice",
    "softmax over examples",
    "sum",
    "base 2",
    "overflows",
)


def _faulty(fault: str) -> Loss:
    """Return the cross-entropy with one fault."""

    def loss(y: Tensor, y_true: Tensor) -> Tensor:
        if fault == "softmax twice":
            y = y.softmax(dim=1)
        log_p = y.log_softmax(dim=0 if fault == "softmax over examples" else 1)
        if fault == "overflows":
            log_p = (y.exp() / y.exp().sum(dim=1, keepdim=True)).log()
        each = -log_p[torch.arange(len(y)), y_true]
        if fault == "base 2":
            each = each / math.log(2)
        return each.sum() if fault == "sum" else each.mean()

    return loss


def examine_loss(loss: Loss) -> str:
    if not torch.isfinite(loss(torch.tensor([[1000.0, 0.0]]), torch.tensor([0]))):
        return "overflows"
    # Four examples and three classes, all equally likely.
    even = loss(torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])).item()
    values = {
        "softmax over examples": math.log(4),
        "sum": 4 * math.log(3),
        "base 2": math.log2(3),
    }
    for fault, value in values.items():
        if math.isclose(even, value, abs_tol=1e-4):
            return fault
    perfect = loss(50 * torch.eye(3), torch.arange(3))
    return "softmax twice" if perfect > 0.1 else "healthy"


_SIGNS = {
    "healthy": "equal logits cost the logarithm of the number of classes, perfect ones nothing, "
    "and logits of 1000 give a number",
    "softmax twice": "even perfect logits cost something",
    "softmax over examples": "what equal logits cost depends on the number of examples, and not "
    "on that of classes",
    "sum": "twice as many examples of the same kind cost twice as much",
    "base 2": "equal logits of two classes cost exactly 1",
    "overflows": "for logits of 1000 the loss is not a number",
}


def _check_examination(answer: Callable[[Loss], str]) -> None:
    expect_no_look_inside(answer)
    for fault in (*FAULTS, "healthy"):
        said = answer(_faulty(fault))
        expect(
            isinstance(said, str) and said in FAULTS,
            f"return one of {', '.join(map(repr, FAULTS))}; got {said!r}",
        )
        expect(said == fault, f"{fault!r} was taken for {said!r}: {_SIGNS[fault]}")


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
        kind="write",
    ),
    "3.8.b": Exercise(
        check=_check_smoothed,
        cases=_smoothings,
        solution=smoothed_gradient,
        hints=(
            "Cross-entropy is linear in its target. What takes the place of the one-hot row in "
            "p − one-hot?",
            "The target is (1 − eps) · one-hot, plus eps / C for every class.",
            "`F.one_hot(y_true, C)` makes the one-hot rows. And the loss is a mean: what does that "
            "do to the gradient of one example?",
        ),
        praise="It is zero where p equals the smoothed target: the logits stop growing.",
        kind="derive",
    ),
    "3.8.c": Exercise(
        check=_check_less_certain,
        is_value=True,
        solution=accuracy_of_less_certain,
        hints=(
            "The gradient of the true logit goes with p of the true class. What is that p at the "
            "beginning, with 14 and with 5?",
            "exp(-5) is 8,100 times exp(-14). The page says how long it takes with 14.",
            "What took thousands of steps takes a few, and then training is as always. What does "
            "a fresh network reach in 150 steps?",
        ),
        praise="Being certain costs exponentially: three times the logit, thousands of times the "
        "wait.",
        kind="predict",
    ),
    "3.8.d": Exercise(
        check=_check_names,
        is_value=True,
        solution=name_the_losses,
        hints=(
            "What is the loss of a network that finds all ten classes equally likely?",
            "One curve begins far above that number, and one never leaves it.",
            "Of the other two, one cannot come near 0. Which fault has a lowest loss, and what is "
            "it?",
        ),
        praise="Where a loss begins and where it stops says more than its shape.",
        kind="read",
    ),
    "3.8.e": Exercise(
        check=_check_examination,
        solution=examine_loss,
        hints=(
            "Choose logits for which you know what a healthy loss is: all equal, perfect, and very "
            "large.",
            "Equal logits cost ln C. Take a batch whose size is not C, and compute what the sum, "
            "base 2 and a softmax over the examples would give.",
            "For perfect logits, such as `50 * torch.eye(3)` with the labels 0, 1, 2, the healthy "
            "loss is 0. For logits of 1000 it must be finite.",
        ),
        praise="Three batches that one can compute in the head find five faults. They are worth a "
        "test in every project.",
        kind="diagnose",
    ),
}

QUIZ = (
    Question(
        "The gradient of a cross-entropy with respect to the logit of the true class is -0.2, for "
        "one example. How likely does the network find the true class?",
        (
            Answer(
                "0.2: the gradient is the probability, and its sign says which way to go.",
                "The gradient of a wrong class is its probability; the true one has p - 1.",
            ),
            Answer(
                "0.8: the gradient of the true class is its probability minus 1.",
                "p - 1 = -0.2. The wrong classes share the other 0.2.",
                right=True,
            ),
            Answer(
                "That depends on the other logits, which are not given.",
                "They have done their part already: the probability holds all that matters.",
            ),
        ),
    ),
    Question(
        "A network for prices gets stuck: it says nearly the same number for every house, and its "
        "MSE is the variance of the prices. What do you look at first?",
        (
            Answer(
                "The shapes: outputs (N, 1) against targets (N,) compare everything with "
                "everything.",
                "Then every output is pulled to the mean of all targets, and nothing raises an "
                "error.",
                right=True,
            ),
            Answer(
                "The loss: prices have wild values, so the absolute error is the better choice.",
                "Wild targets shift the answers, but they do not make all answers the same.",
            ),
            Answer(
                "The last layer: without a softmax the outputs have no scale of their own.",
                "A softmax belongs to classes; prices are amounts.",
            ),
        ),
    ),
    Question(
        'Somebody reports: "Cross-entropy beats squared error on probabilities by 50 points, both '
        'at a learning rate of 0.1." What do you ask?',
        (
            Answer(
                "Whether the network is large enough to show the difference on other data as well.",
                "First the comparison itself has to be fair.",
            ),
            Answer(
                "Whether accuracy is the right measure, since both losses want probabilities.",
                "Accuracy may be what one wants; both are measured by it in the same way.",
            ),
            Answer(
                "Which learning rates were tried for each of the two, and which was best.",
                "The gradients of a fresh network differ 50-fold, and a rate makes up for a "
                "factor.",
                right=True,
            ),
        ),
    ),
)
