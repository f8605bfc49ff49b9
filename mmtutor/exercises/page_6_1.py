"""Exercises of page 6.1, Questions and answers."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close
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
    inputs = {"left": left.clone(), "right": right.clone()}
    order = torch.tensor([7, 6, 5, 0, 1, 2, 3, 4])
    given = {
        name: float(cost(_left_first, inputs, y_true, name, order)) for name in ("left", "right")
    }
    same = torch.equal(inputs["left"], left) and torch.equal(inputs["right"], right)
    expect(same, "your function has changed the inputs: make a new dictionary, and new tensors")
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


def without_weights(y: Tensor, weights: Tensor) -> Tensor:
    return (y - weights.log()).softmax(dim=1)


def _check_without(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    weights = torch.tensor([1.0, 4.0, 2.0])
    honest = torch.tensor([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    y = (honest * weights).log() + torch.tensor([[5.0], [-2.0]])
    given = torch.as_tensor(answer(y.clone(), weights.clone()))
    expect(
        given.shape == honest.shape,
        f"a probability for each class of each example, (2, 3); got {tuple(given.shape)}",
    )
    expect(
        not torch.allclose(given, (y + weights.log()).softmax(dim=1), atol=1e-5),
        "you have applied the weights a second time: take their effect away",
    )
    expect(
        not torch.allclose(given, (y - weights).softmax(dim=1), atol=1e-5),
        "weights multiply frequencies, so it is their logarithm that was added to the logits",
    )
    expect(
        not torch.allclose(given, y.softmax(dim=1), atol=1e-5),
        "these are the probabilities with the weights in them",
    )
    sums = given.sum(dim=1)
    expect(
        torch.allclose(sums, torch.ones(2), atol=1e-5),
        f"the probabilities of an example must sum to 1; yours sum to {sums[0]:.3f}",
    )
    expect(
        torch.allclose(given, honest, atol=1e-5),
        f"expected {honest[0].tolist()} for the first example of the check, got "
        f"{[round(value, 3) for value in given[0].tolist()]}",
    )


EXERCISES = {
    "6.1.a": Exercise(
        check=_check_cost,
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
        solution=without_weights,
        hints=(
            "At the optimum, what has each weight added to its logit?",
            "The logits are log(frequency) + log(weight) + a constant. Take one of the three away.",
            "Return the softmax over the classes of `y - weights.log()`.",
        ),
        praise="The constant does not matter, for softmax does not see it.",
    ),
}
