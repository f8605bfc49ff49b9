"""Exercises of page 1.3, Why depth is hard."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import AUTOGRAD, without_functions
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def diagnose(shallow: tuple[float, float], deep: tuple[float, float]) -> str:
    if deep[0] > shallow[0]:
        return "degradation"
    if deep[1] > shallow[1]:
        return "overfitting"
    return "neither"


def _check_diagnosis(answer: Callable[[tuple[float, float], tuple[float, float]], str]) -> None:
    names = ["degradation", "overfitting", "neither"]
    both_worse = answer((0.1, 0.4), (0.6, 0.9))
    expect(
        isinstance(both_worse, str) and both_worse in names,
        f"return one of {', '.join(sorted(names))}; got {both_worse!r}",
    )
    expect(
        both_worse != "overfitting",
        "worse in validation can have two reasons: compare the training losses first",
    )
    expect(
        both_worse == "degradation",
        f"0.6 in training against 0.1 is degradation; got {both_worse!r}",
    )
    lucky = answer((0.1, 0.8), (0.6, 0.7))
    expect(
        lucky == "degradation",
        "a worse training loss is degradation, whatever the validation loss; "
        f"for (0.1, 0.8) and (0.6, 0.7) got {lucky!r}",
    )
    overfitted = answer((0.3, 0.4), (0.1, 0.9))
    expect(
        overfitted == "overfitting",
        f"better in training and worse in validation is overfitting; got {overfitted!r}",
    )
    better = answer((0.3, 0.4), (0.1, 0.2))
    expect(
        better != "overfitting",
        "a gap between training and validation is usual; what matters is whether the deep net "
        "validates worse than the shallow one",
    )
    expect(better == "neither", f"better in both is neither; got {better!r}")
    same = answer((0.3, 0.4), (0.3, 0.4))
    expect(same == "neither", f"no difference is neither; got {same!r}")
    tie = answer((0.3, 0.4), (0.3, 0.9))
    expect(tie == "overfitting", f"an equal training loss counts as fitting as well; got {tie!r}")


Pair = tuple[float, float]


def _trained() -> Iterator[tuple[Pair, Pair]]:
    pairs = list(itertools.product((0.1, 0.12, 0.6, 2.5), repeat=2))
    yield from itertools.product(pairs, repeat=2)


def factor_of_a_layer() -> float:
    features, largest = 100, 0.2
    variance = largest**2 / 3  # of a uniform distribution from -largest to largest
    return (features * variance / 2) ** 0.5


_FACTORS = {
    (4 / 3) ** 0.5: "half of the relus are closed, and let nothing through: that halves the square",
    2**0.5: "0.2 is the largest weight; the variance of a uniform distribution is a third of its "
    "square",
    4 / 3: "this is the square of a norm, and the relu is missing",
    2 / 3: "this is the factor of the squared norm; take the root",
    10**0.5: "0.2 is not the variance: it is the largest weight",
    (1 / 6)
    ** 0.5: "0.41 is the factor of PyTorch's default initialization; here the weights reach "
    "up to 0.2, not up to 0.1",
    (2 / 3) ** 27: "this is what 54 layers do; one layer was asked for",
}


def _check_factor(answer: Any) -> None:
    given = as_number(answer() if callable(answer) else answer)
    right = factor_of_a_layer()
    for value, mistake in _FACTORS.items():
        expect(abs(given - value) > 0.004 * value, mistake)
    expect(
        abs(given - right) < 0.005,
        f"put n = 100 and the variance of the weights into the formula; got {given:.4g}",
    )


def copying_layers(n: int) -> nn.Sequential:
    first, last = nn.Linear(n, 2 * n), nn.Linear(2 * n, n)
    identity = torch.eye(n)
    with torch.no_grad():
        first.weight.copy_(torch.cat([identity, -identity]))
        last.weight.copy_(torch.cat([identity, -identity], dim=1))
        first.bias.zero_()
        last.bias.zero_()
    return nn.Sequential(first, nn.ReLU(), last)


def _check_copying(answer: Callable[[int], Any]) -> None:
    layers = answer(5)
    kinds = [type(layer) for layer in layers] if isinstance(layers, nn.Sequential) else []
    expect(
        kinds == [nn.Linear, nn.ReLU, nn.Linear],
        "return nn.Sequential of a linear layer, a relu and a linear layer",
    )
    expect(
        (layers[0].in_features, layers[2].out_features) == (5, 5),
        f"five numbers must go in and come out, not {layers[0].in_features} and "
        f"{layers[2].out_features}",
    )
    expect(
        layers[0].out_features == layers[2].in_features,
        f"the layers do not fit: the first gives {layers[0].out_features} numbers, and the last "
        f"takes {layers[2].in_features}",
    )
    x = _inputs(layers, 5)
    with torch.no_grad():
        y = layers(x)
        zero = layers(torch.zeros_like(x[:1]))
    expect(
        zero.abs().max() < 1e-6, "zeros come out as something else: a bias has not been set to 0"
    )
    expect(
        not are_close(y, x.relu()),
        "negative numbers are lost in the relu: send −x through it as well",
    )
    expect(
        not are_close(y, x.abs()),
        "this is |x|, as relu(x) + relu(−x) would be; x is their difference",
    )
    expect(
        are_close(y, x),
        f"the output differs from the input by up to {(y - x).abs().max():.2g}",
    )
    far = 1e6 * x
    with torch.no_grad():
        expect(
            are_close(layers(far), far),
            "numbers near 0 are copied, large negative ones are not: a shift only moves the "
            "point at which the relu cuts",
        )
        for n in (1, 2, 8):
            layers = answer(n)
            x = _inputs(layers, n)
            fits = (layers[0].in_features, layers[2].out_features) == (n, n)
            expect(fits and are_close(layers(x), x), f"right for n = 5, and not for n = {n}")


def _inputs(layers: nn.Sequential, n: int) -> Tensor:
    """Return inputs in the precision of the layers."""
    generator = torch.Generator().manual_seed(n)
    precision = next(layers.parameters()).dtype
    return torch.randn(64, n, generator=generator).to(precision)


def similarity_at_the_end() -> float:
    """Measure the cosine of two unlike inputs after 54 random layers with He's initialization."""
    cosines = []
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(2, 256, generator=generator)
        x[1] -= x[0] * (x[0] @ x[1]) / (x[0] @ x[0])  # at right angles: the cosine is 0
        for _ in range(54):
            W = torch.randn(256, 256, generator=generator) * (2 / 256) ** 0.5
            x = torch.relu(x @ W.T)
        cosines.append(torch.cosine_similarity(x[0], x[1], dim=0).item())
    return sum(cosines) / len(cosines)


def _check_similarity(answer: Any) -> str:
    return compare_prediction(
        "1.3.d",
        answer,
        similarity_at_the_end,
        right_within=0.05,
        mistakes={
            0: "A random matrix keeps angles, on average. But a relu leaves no negative number, so "
            "two outputs can only agree, or have nothing in common.",
            0.5: "That is too little: each relu draws them together, and there are 54.",
            0.32: "That is what one layer does, 1/π. Each of the others draws them nearer.",
            1 / math.pi: "That is what one layer does. Each of the others draws them nearer.",
        },
        otherwise="After a relu no number is negative. What does that do to the angle between two "
        "vectors, and what does it do 54 times over?",
        highest=1,
    )


def gradient_at_input(weights: list[Tensor], x: Tensor, gradient: Tensor, skip: bool) -> Tensor:
    opened = []
    for W in weights:
        branch = torch.relu(x @ W.T)
        opened.append(branch > 0)
        x = x + branch if skip else branch
    for W, is_open in zip(reversed(weights), reversed(opened), strict=True):
        through = (gradient * is_open) @ W
        gradient = gradient + through if skip else through
    return gradient


def _check_backward(answer: Callable[[list[Tensor], Tensor, Tensor, bool], Tensor]) -> None:
    told = "you let autograd do it: go back layer by layer, with the masks and the matrices"
    alone = without_functions(answer, AUTOGRAD, told)
    W = torch.tensor([[1.0, -1.0], [2.0, 1.0]])
    x, g = torch.tensor([[1.0, 3.0]]), torch.tensor([[3.0, 4.0]])
    # W x = (-2, 5): the first relu is closed, and Wᵀ (0, 4) = (8, 4).
    got = as_floats(alone([W], x, g, False))
    expect(got.shape == (1, 2), f"return a gradient for each number of x, (1, 2); got {got.shape}")
    expect(not are_close(got, g @ W), "the first relu is closed, so nothing comes back through it")
    expect(
        not are_close(got, torch.tensor([[-4.0, 4.0]])),
        "the layer computes W x; on the way back stands Wᵀ, which for rows is `gradient @ W`",
    )
    expect(
        not are_close(got, torch.tensor([[3.0, -3.0]])),
        "a relu is open where its *output* is above 0, not where the gradient or x is",
    )
    expect(
        are_close(got, torch.tensor([[8.0, 4.0]])), f"one plain layer: (8, 4), not {got.tolist()}"
    )
    got = as_floats(alone([W], x, g, True))
    expect(
        not are_close(got, torch.tensor([[8.0, 4.0]])),
        "with the skip, the gradient from above is added to what comes through the branch",
    )
    expect(
        are_close(got, torch.tensor([[11.0, 8.0]])),
        f"one layer with a skip: (3, 4) + (8, 4) = (11, 8), not {got.tolist()}",
    )
    for skip in (False, True):
        weights, x, g = _chain(6, 5, seed=7)
        got, wanted = as_floats(alone(weights, x, g, skip)), _by_autograd(weights, x, g, skip)
        name = "with the skip" if skip else "without the skip"
        expect(
            not are_close(got, _in_forward_order(weights, x, g, skip)),
            "the gradient meets the last layer first: go through the layers in reverse",
        )
        expect(
            are_close(got, wanted),
            f"one layer is right, six layers {name} are not: is each layer's mask that of its own "
            "input, as the layers before it made it?",
        )


def _chain(depth: int, n: int, seed: int) -> tuple[list[Tensor], Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weights = [torch.randn(n, n, generator=generator) / n**0.5 for _ in range(depth)]
    x, g = (torch.randn(3, n, generator=generator) for _ in range(2))
    return weights, x, g


def _by_autograd(weights: list[Tensor], x: Tensor, gradient: Tensor, skip: bool) -> Tensor:
    with torch.enable_grad():
        x = x.clone().requires_grad_()
        y = x
        for W in weights:
            branch = torch.relu(y @ W.T)
            y = y + branch if skip else branch
        return torch.autograd.grad(y, x, gradient)[0]


def _in_forward_order(weights: list[Tensor], x: Tensor, gradient: Tensor, skip: bool) -> Tensor:
    for W in weights:
        branch = torch.relu(x @ W.T)
        x = x + branch if skip else branch
        through = (gradient * (branch > 0)) @ W
        gradient = gradient + through if skip else through
    return gradient


def _chains() -> Iterator[tuple[list[Tensor], Tensor, Tensor, bool]]:
    for depth, n in ((1, 3), (2, 4), (9, 8), (0, 2)):
        for skip in (False, True):
            yield *_chain(depth, n, seed=depth), skip


EXERCISES = {
    "1.3.a": Exercise(
        check=_check_diagnosis,
        cases=_trained,
        solution=diagnose,
        hints=(
            "Which of the two losses says whether a net can fit what it is shown?",
            "Ask about the training losses first, about the validation losses second.",
            "Index 0 decides first. Only if the deep net is not worse there, index 1 is asked.",
        ),
        praise="Training loss first: it tells apart two failures that need opposite cures.",
        kind="diagnose",
    ),
    "1.3.b": Exercise(
        check=_check_factor,
        is_value=True,
        solution=factor_of_a_layer,
        hints=(
            "The formula needs two numbers: how many features there are, and the variance of the "
            "weights.",
            "Numbers drawn evenly between −a and a have the variance a²/3.",
            "The square of the factor is n·v/2, with n = 100 and v = 0.04/3.",
        ),
        praise="A little less than one, and yet 54 layers leave two parts in a hundred thousand.",
        kind="derive",
    ),
    "1.3.c": Exercise(
        check=_check_copying,
        solution=copying_layers,
        hints=(
            "A relu lets the positive part of x through. How could the negative part get through?",
            "x = relu(x) − relu(−x), so the layer between needs 2n features.",
            "The first weight is `torch.cat([I, -I])`, the last `torch.cat([I, -I], dim=1)`; both "
            "biases are 0.",
        ),
        praise="It needs twice the width and exact weights. A skip needs neither.",
        kind="write",
    ),
    "1.3.d": Exercise(
        check=_check_similarity,
        is_value=True,
        solution=similarity_at_the_end,
        hints=(
            "What is the smallest cosine that two vectors without negative numbers can have?",
            "One layer takes a cosine of 0 to about 0.3. Would the next one take it back?",
            "Nothing in the chain draws two inputs apart again, so the cosine rises layer by "
            "layer. How far will it get in 54?",
        ),
        praise="Everything looks alike at the end: the length of the signal was kept, and what "
        "tells two inputs apart was not.",
        kind="predict",
    ),
    "1.3.e": Exercise(
        check=_check_backward,
        cases=_chains,
        solution=gradient_at_input,
        hints=(
            "Go forwards first, and keep for each layer which of its relus were open.",
            "Backwards, one layer does two things to the gradient: the closed relus set it to 0, "
            "and Wᵀ takes it to the layer before.",
            "For rows, Wᵀ g is `g @ W`. A skip adds the gradient as it was before these two steps.",
        ),
        praise="These few lines are the page: a product of masks and matrices, and a plus sign "
        "that adds a way around each of them.",
        kind="write",
    ),
}


QUIZ = (
    Question(
        "A network of 56 layers has a higher loss than one of 8, on the training data as well as "
        "on validation data. What is that?",
        (
            Answer(
                "Overfitting, because the larger network has many more parameters than the other.",
                "Who overfits has a *low* training loss; this one does not even fit.",
            ),
            Answer(
                "Degradation, because the deeper network fits its own training data less well.",
                "The deeper network could copy the other one, but training does not find that.",
                right=True,
            ),
            Answer(
                "Bad luck with the data, since a deeper network can compute everything as well.",
                "It can, and still training does not find it, whichever scans are drawn.",
            ),
        ),
    ),
    Question(
        "Why does the plain network of 56 layers with He's initialization, without normalization, "
        "count against the vanishing gradient as the only explanation?",
        (
            Answer(
                "Its gradient is as large at the first layer as at the last, and it trains badly.",
                "What is there cannot be what is missing.",
                right=True,
            ),
            Answer(
                "Its gradient vanishes before the first layer, and yet it trains without trouble.",
                "It is the other way round, in both halves of the sentence.",
            ),
            Answer(
                "Its gradient grows from layer to layer, which does as much harm as vanishing.",
                "With batch normalization it grows; with He's initialization alone it is level.",
            ),
        ),
    ),
    Question(
        "A plain network without skips trained at 56 layers once its matrices began as the "
        "identity. What does that show?",
        (
            Answer(
                "That skips are superfluous, if the first weights are chosen with enough care.",
                "Nothing keeps such weights near the identity; a skip stays, whatever is learned.",
            ),
            Answer(
                "That the size of the gradient was what mattered, once all else had been cleared.",
                "Its gradient is as level as with He's initialization, which trains badly.",
            ),
            Answer(
                "That it matters where the search begins: near a network that passes signals on.",
                "The identity is a skip that is written into the weights.",
                right=True,
            ),
        ),
    ),
)
