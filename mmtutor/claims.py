"""Statements of the book that the code checks when it runs."""

from typing import Any

from torch import nn

from mmtutor.modes import evaluating
from mmtutor.weights import copy_weights


class ClaimError(AssertionError):
    """A sentence of the book turned out to be false."""


def claim(condition: object, sentence: str) -> None:
    """Print `✓ sentence` if the condition holds; stop otherwise.

    Args:
        condition: a bool, or a numpy or torch value with exactly one element.
        sentence: what the reader may now believe.

    Raises:
        ClaimError: the condition is false.
        TypeError: the condition is not a truth value, so that `claim("a < b", …)` or
            `claim([], …)` cannot pass or fail by accident.
    """
    try:
        value = condition.item() if hasattr(condition, "item") else condition
    except (RuntimeError, ValueError):  # torch and numpy, for any other number of elements
        value = None
    if not isinstance(value, bool):
        raise TypeError(
            f"a claim needs one truth value, got {type(condition).__name__}; "
            "compare first, for example claim(a < b, …) or claim((a < b).all(), …)"
        )
    if not value:
        raise ClaimError(f"✗ {sentence}")
    print(f"✓ {sentence}")


def claim_same_outputs(
    built: nn.Module,
    packaged: nn.Module,
    *inputs: Any,
    packaged_input: Any = None,
    tolerance: float = 1e-5,
) -> None:
    """Copy the weights of a module built on the page into the packaged one and compare.

    Both are compared in evaluation mode, and left in the mode in which they came.

    Args:
        built: the module that the notebook defines.
        packaged: the module that the package defines; its weights are overwritten.
        inputs: positional inputs for `built`.
        packaged_input: the one input of `packaged`, where it differs from `inputs`.
        tolerance: largest absolute difference between two outputs.

    Raises:
        ClaimError: the outputs differ.
        ValueError: the two modules do not have the same weights in the same order.
    """
    copy_weights(built, packaged)
    with evaluating(built, packaged):
        ours = built(*inputs)
        theirs = packaged(*inputs) if packaged_input is None else packaged(packaged_input)
    if ours.shape != theirs.shape:
        raise ClaimError(f"✗ shapes differ: {tuple(ours.shape)} and {tuple(theirs.shape)}")
    difference = (ours - theirs).abs().max().item()
    name = type(packaged).__name__
    claim(difference <= tolerance, f"{name}: built here and packaged give the same outputs")
