"""Exercises of page 1.3, Why depth is hard."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import are_close
from mmtutor.exercises.exercise import Exercise, expect


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


EXERCISES = {
    "1.3.a": Exercise(
        check=_check_diagnosis,
        cases=_trained,
        solution=diagnose,
        hints=(
            "Which of the two losses says whether a net can fit what it is shown?",
            "Ask about the training losses first, about the validation losses second.",
            "`if deep[0] > shallow[0]: return 'degradation'`, and so on with index 1.",
        ),
        praise="Training loss first: it tells apart two failures that need opposite cures.",
    ),
    "1.3.b": Exercise(
        check=_check_copying,
        solution=copying_layers,
        hints=(
            "A relu lets the positive part of x through. How could the negative part get through?",
            "x = relu(x) − relu(−x), so the layer between needs 2n features.",
            "The first weight is `torch.cat([I, -I])`, the last `torch.cat([I, -I], dim=1)`; both "
            "biases are 0.",
        ),
        praise="It needs twice the width and exact weights. A skip needs neither.",
    ),
}
