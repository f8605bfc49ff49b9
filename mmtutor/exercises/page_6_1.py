"""Exercises of page 6.1, Questions and answers."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.exercise import Exercise, expect

Answer = Callable[[Mapping[str, Tensor]], Tensor]


def cost_of_shuffling(
    answer: Answer, inputs: Mapping[str, Tensor], y_true: Tensor, name: str, order: Tensor
) -> float:
    def accuracy(x: Mapping[str, Tensor]) -> float:
        return (answer(x).argmax(dim=1) == y_true).float().mean().item()

    return accuracy(inputs) - accuracy({**inputs, name: inputs[name][order]})


def _left_first(inputs: Mapping[str, Tensor]) -> Tensor:
    """Return logits that follow left, and right where left is silent."""
    return 3 * inputs["left"] + inputs["right"]


def _check_cost(
    cost: Callable[[Answer, dict[str, Tensor], Tensor, str, Tensor], float],
) -> None:
    y_true = torch.tensor([0, 1, 2, 3, 3, 3, 3, 3])
    shown = torch.eye(4)[y_true]
    # Left is silent in the last three rows, and right shows class 0 in row 4.
    left, right = shown.clone(), shown.clone()
    left[5:] = 0
    right[4] = torch.eye(4)[0]
    inputs = {"left": left, "right": right}
    order = torch.tensor([7, 6, 5, 0, 1, 2, 3, 4])
    given = {
        name: as_number(cost(_left_first, inputs, y_true, name, order))
        for name in ("left", "right")
    }
    expected = {
        name: cost_of_shuffling(_left_first, inputs, y_true, name, order) for name in inputs
    }
    expect(
        given["left"] == given["left"] and -1 <= given["left"] <= 1,
        f"a cost is a difference of two shares, from −1 to 1; got {given['left']}",
    )
    expect(
        abs(given["left"] + expected["left"]) > 1e-6,
        "the sign is wrong: what is lost is the accuracy before minus that after",
    )
    expect(
        not all(abs(given[name] - (1 - expected[name])) < 1e-6 for name in given),
        "that is the accuracy after the shuffle; return what was lost",
    )
    together = {name: x[order] for name, x in inputs.items()}
    lost = (_left_first(together).argmax(dim=1) != y_true).float().mean().item()
    expect(
        not all(abs(value - lost) < 1e-6 for value in given.values()),
        "left and right cost the same: shuffle the one modality that is asked for, not both",
    )
    expect(
        all(abs(given[name] - expected[name]) < 1e-6 for name in given),
        "expected "
        + " and ".join(f"{value:.3f} for {name}" for name, value in expected.items())
        + ", got "
        + " and ".join(f"{value:.3f}" for value in given.values())
        + ": put the rows of one modality in the given order, and leave the targets",
    )


def _networks() -> Iterator[tuple[Answer, dict[str, Tensor], Tensor, str, Tensor]]:
    """Yield networks that are wrong in some examples, of which a shuffle can correct a few."""
    generator = torch.Generator().manual_seed(1)
    for examples, classes in ((6, 2), (20, 3), (50, 5)):
        y_true = torch.randint(classes, (examples,), generator=generator)
        names = ("left", "right", "image")
        inputs = {name: torch.randn(examples, classes, generator=generator) for name in names}
        inputs["right"] += torch.eye(classes)[y_true]
        order = torch.randperm(examples, generator=generator)
        for name in ("left", "right"):
            yield _left_first, inputs, y_true, name, order
        yield _left_first, inputs, y_true, "left", torch.arange(examples)


def without_weights(y: Tensor, weights: Tensor) -> Tensor:
    return (y - weights.log()).softmax(dim=1)


def _check_without(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    weights = torch.tensor([1.0, 4.0, 2.0])
    honest = torch.tensor([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    y = (honest * weights).log() + torch.tensor([[5.0], [-2.0]])
    given = as_floats(answer(y.clone(), weights.clone()))
    expect(
        given.shape == honest.shape,
        f"a probability for each class of each example, (2, 3); got {tuple(given.shape)}",
    )
    expect(
        not are_close(given, (y + weights.log()).softmax(dim=1)),
        "you have applied the weights a second time: take their effect away",
    )
    expect(
        not are_close(given, (y - weights).softmax(dim=1)),
        "weights multiply frequencies, so it is their logarithm that was added to the logits",
    )
    expect(
        not are_close(given, y.softmax(dim=1)),
        "these are the probabilities with the weights in them",
    )
    sums = given.sum(dim=1)
    expect(
        are_close(sums, torch.ones(2)),
        f"the probabilities of an example must sum to 1; yours sum to {sums[0]:.3f}",
    )
    expect(
        are_close(given, honest),
        f"expected {shown(honest[0])} for the first example of the check, got {shown(given[0], 6)}",
    )


def _weighted() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes in ((1, 2), (5, 4), (8, 10)):
        y = 3 * torch.randn(examples, classes, generator=generator)
        weights = torch.rand(classes, generator=generator) * 5 + 0.1
        yield y, weights
        yield y.double(), weights.double()
        yield y, torch.full((classes,), 3.0)


EXERCISES = {
    "6.1.a": Exercise(
        check=_check_cost,
        cases=_networks,
        solution=cost_of_shuffling,
        hints=(
            "You need two accuracies, of the inputs as they are and of a copy in which one "
            "modality has other rows. Which of the two is subtracted?",
            "`inputs[name][order]` are the rows in the new order, as a new tensor. `{**inputs, "
            "name: …}` is a new dictionary in which the others are as they were.",
            "Write a function that returns `(answer(x).argmax(dim=1) == y_true).float().mean()`, "
            "and subtract its value for the copy from that for `inputs`.",
        ),
        praise="Near zero means: not used by this network, which may still be right to do so.",
    ),
    "6.1.b": Exercise(
        check=_check_without,
        cases=_weighted,
        solution=without_weights,
        hints=(
            "At the optimum, what has each weight added to its logit?",
            "The logits are log(frequency) + log(weight) + a constant. Take one of the three away.",
            "Return the softmax over the classes of `y - weights.log()`.",
        ),
        praise="The constant does not matter, for softmax does not see it.",
    ),
}
