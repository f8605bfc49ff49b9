"""Numbers of any library and precision, compared in one place."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtutor.exercises.exercise import Mistake, expect

TOLERANCE = 1e-4
_MOST = 12  # numbers of a tensor that are printed; of more, the shape
_DIGITS = (4, 6, 9, 15)  # tried in turn, until two numbers are printed differently


def as_floats(values: Any) -> Tensor:
    """Return numbers of any library, precision and container as a tensor of 64-bit floats.

    So an answer is judged by its numbers, and not by the type that they came in.

    Raises:
        Mistake: not numbers, or rows of unequal length.
    """
    if isinstance(values, Tensor):
        return values.detach().cpu().double()
    try:
        if isinstance(values, str | bytes):
            raise TypeError
        if isinstance(values, Iterable) and not isinstance(values, np.ndarray):
            rows = [as_floats(value) for value in values]
            return torch.stack(rows) if rows else torch.zeros(0, dtype=torch.float64)
        return torch.tensor(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError, RuntimeError):
        raise Mistake(f"return numbers, such as a tensor; got {described(values)}") from None


def as_number(value: Any) -> float:
    """Return one number, which may come as a tensor or an array with one entry.

    Raises:
        Mistake: not one number.
    """
    numbers = as_floats(value)
    expect(numbers.numel() == 1, f"return one number; got the shape {tuple(numbers.shape)}")
    return numbers.item()


def are_close(given: Any, wanted: Any, tolerance: float = TOLERANCE) -> bool:
    """Return whether two answers have one shape and nearly the same numbers.

    Whole numbers must be equal: among counts, one in ten thousand is a mistake. A wanted number
    may be given as a tensor with one entry; nan equals nan.
    """
    if _is_whole(wanted):
        tolerance = 1e-9
    a, b = as_floats(given), as_floats(wanted)
    if a.numel() == b.numel() == 1 and b.ndim == 0:
        a = a.reshape(())
    size = b[b.isfinite()].abs().max().item() if b.isfinite().any() else 1.0
    near = max(1e-2 * tolerance, tolerance * min(1.0, size))
    return a.shape == b.shape and torch.allclose(a, b, rtol=tolerance, atol=near, equal_nan=True)


def agree(given: Any, wanted: Any) -> bool:
    """Return whether an answer of any structure has the names and the numbers that are wanted."""
    if isinstance(wanted, str | None):
        return isinstance(given, type(wanted)) and given == wanted
    if isinstance(wanted, Mapping):
        if not isinstance(given, Mapping) or set(given) != set(wanted):
            return False
        return all(agree(given[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list | tuple):
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            return False
        given = list(given)
        return len(given) == len(wanted) and all(map(agree, given, wanted))
    return are_close(given, wanted)


def beside(given: Any, wanted: Any) -> str:
    """Return the words "expected …; got …", with what tells the two apart: digits, or shapes."""
    if isinstance(given, Tensor | np.ndarray) and isinstance(wanted, Tensor):
        if tuple(given.shape) != tuple(wanted.shape):
            return f"expected the shape {tuple(wanted.shape)}; got {tuple(given.shape)}"
    for digits in _DIGITS:
        a, b = shown(given, digits), shown(wanted, digits)
        if a != b:
            break
    return f"expected {b}; got {a}"


def shown(value: Any, digits: int = 4) -> str:
    """Return a value as short text: numbers without their type, large tensors by their shape."""
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value)
    if isinstance(value, Tensor):
        return described(value) if value.numel() > _MOST else shown(value.tolist(), digits)
    if isinstance(value, bool | np.bool_) or value is None:
        return str(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:.{digits if abs(number) < 1e4 else 12}g}"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, Mapping):
        pairs = [f"{shown(key)}: {shown(entry, digits)}" for key, entry in value.items()]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(shown(entry, digits) for entry in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return repr(value) if isinstance(value, str) else described(value)


def described(value: Any) -> str:
    """Return what a value is: its type, and the shape if it has one."""
    kind = type(value).__name__
    article = "an" if kind[0].lower() in "aeiou" else "a"
    if isinstance(value, Tensor | np.ndarray):
        return f"{article} {kind} of shape {tuple(value.shape)}"
    return f"{article} {kind}"


def _is_whole(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not value.is_floating_point()
    return isinstance(value, int | np.integer | np.bool_)
