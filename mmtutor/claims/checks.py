"""Statements about the plumbing, gathered and shown as one line that opens."""

import html
from collections.abc import Callable
from typing import Any

from IPython.display import display
from torch import nn

from mmtutor.claims.exact import ClaimError, exact, require
from mmtutor.modes import evaluating
from mmtutor.weights import copy_weights

_gathered: list[str] = []


def check(condition: object, sentence: str) -> None:
    """Stop unless the condition holds; otherwise keep the sentence for `show_checks`.

    The arguments and errors are those of `exact`.
    """
    require(condition, sentence)
    _gathered.append(sentence)


def show_checks() -> None:
    """Show all that was checked since the last call: one line, which opens to all sentences."""
    count = f"✓ {len(_gathered)} check{'s' * (len(_gathered) != 1)}"
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in _gathered)
    markup = f"<details><summary>{count}</summary><ul>{items}</ul></details>"
    plain = "\n".join([count, *(f"  {sentence}" for sentence in _gathered)])
    _gathered.clear()
    display({"text/html": markup, "text/plain": plain}, raw=True)


def check_same_outputs(
    built: Callable[..., Any],
    packaged: nn.Module,
    *inputs: Any,
    packaged_input: Any = None,
    tolerance: float = 1e-5,
) -> None:
    """Check that what is built on the page and the packaged module give the same outputs.

    The packaged module gets the weights of a module that is built. A formula that is built as a
    function gets those of the packaged one. Modules are compared in evaluation mode, and left in
    the mode in which they came.

    Args:
        built: the module that the notebook defines, whose weights overwrite the packaged ones;
            or a function of the inputs and of the weights, in the order of
            `packaged.parameters()`.
        packaged: the module that the package defines.
        inputs: positional inputs for `built`.
        packaged_input: the one input of `packaged`, where it differs from `inputs`.
        tolerance: largest absolute difference between two outputs.

    Raises:
        ClaimError: the outputs differ.
        ValueError: the two modules do not have the same weights in the same order.
    """
    check(*_same_outputs(built, packaged, inputs, packaged_input, tolerance))


def claim_same_outputs(
    built: nn.Module,
    packaged: nn.Module,
    *inputs: Any,
    packaged_input: Any = None,
    tolerance: float = 1e-5,
) -> None:
    """As `check_same_outputs`, but print the line at once."""
    exact(*_same_outputs(built, packaged, inputs, packaged_input, tolerance))


def _same_outputs(
    built: Callable[..., Any],
    packaged: nn.Module,
    inputs: tuple[Any, ...],
    packaged_input: Any,
    tolerance: float,
) -> tuple[bool, str]:
    """Return whether both, with the same weights, give the same, and that sentence."""
    modules, weights = [packaged], list(packaged.parameters())
    if isinstance(built, nn.Module):
        copy_weights(built, packaged)
        modules, weights = [built, packaged], []
    with evaluating(*modules):
        ours = built(*inputs, *weights)
        theirs = packaged(*inputs) if packaged_input is None else packaged(packaged_input)
    if ours.shape != theirs.shape:
        raise ClaimError(f"✗ shapes differ: {tuple(ours.shape)} and {tuple(theirs.shape)}")
    difference = (ours - theirs).abs().max().item()
    name = type(packaged).__name__
    return difference <= tolerance, f"{name}: built here and packaged give the same outputs"
