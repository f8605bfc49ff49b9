"""Whether an answer lets the right gradient through."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close
from mmtutor.exercises.exercise import Exercise, expect


def expect_gradients(answer: Callable[..., Any], exercise: Exercise, case: list[Any]) -> None:
    """Expect the gradients of the solution, for the arguments that the exercise names.

    An answer that returns numbers of another library has none, and is not asked for any.
    """
    given, wanted = (_gradients(each, exercise, case) for each in (answer, exercise.solution))
    if given is None or wanted is None:
        return
    for name in wanted:
        if wanted[name].isfinite().all():  # where the inputs hold nan, gradients may as well
            expect(
                given[name].any() or not wanted[name].any(),
                f"the numbers are right, but no gradient reaches `{name}`, and what comes before "
                "it could not learn: do not detach it",
            )
            expect(
                given[name].isfinite().all(),
                f"the numbers are right, but the gradient that reaches `{name}` is nan or infinite",
            )
            expect(
                are_close(given[name], wanted[name]),
                f"the numbers are right, but the gradient that reaches `{name}` is not: a part of "
                "it is detached",
            )


def _gradients(
    function: Callable[..., Any], exercise: Exercise, case: list[Any]
) -> dict[str, Tensor] | None:
    """Return the gradients of a random sum of the results, or None if there are none to ask for."""
    leaves: dict[str, list[Tensor]] = {}
    args = list(case)
    for i, name in enumerate(inspect.signature(exercise.solution).parameters):
        if name in exercise.gradients:
            values = args[i] if isinstance(args[i], list) else [args[i]]
            leaves[name] = [value.detach().clone().requires_grad_() for value in values]
            args[i] = list(leaves[name]) if isinstance(args[i], list) else leaves[name][0]
    try:
        result = function(*args)
    except (RuntimeError, TypeError) as error:
        if "requires grad" in str(error):  # NumPy does not take such tensors
            return None
        raise
    if not isinstance(result, Tensor):
        return None
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(result.shape, generator=generator).to(result.dtype)
    total = (weights * result).sum()
    found = {}
    for name, each in leaves.items():
        if total.requires_grad:
            slopes = torch.autograd.grad(
                total, each, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        else:
            slopes = tuple(torch.zeros_like(leaf) for leaf in each)
        found[name] = torch.cat([slope.flatten() for slope in slopes])
    return found
