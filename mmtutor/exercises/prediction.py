"""Predict, then run: the result of an experiment is shown beside what the reader expected."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mmtutor.exercises.exercise import Mistake, expect

_first: dict[str, float] = {}  # number of the exercise → what was predicted before its result


def compare_prediction(
    number: str,
    answer: Any,
    experiment: Callable[[], float],
    *,
    right_within: float,
    mistakes: Mapping[float, str],
    otherwise: str,
    is_factor: bool = False,
    highest: float = math.inf,
) -> str:
    """Run an experiment once something was predicted, and say how near the prediction came.

    The first prediction is remembered: whoever predicts again has seen the result.

    Args:
        number: the exercise.
        answer: what the reader gave: a number, or a function that returns it.
        experiment: measures the number.
        right_within: how far a right prediction may be from the measurement.
        mistakes: likely wrong prediction → where it goes wrong.
        otherwise: what is said to any other wrong prediction.
        is_factor: measure the distance as a ratio, for numbers known by their size only.
        highest: the largest number that makes sense, such as 1 for an accuracy.

    Returns:
        The prediction beside the measurement.

    Raises:
        Mistake: not a number, or a wrong one.
    """
    predicted = _as_number(answer)
    expect(0 <= predicted <= highest, f"predict a number from 0 to {highest:g}; got {predicted:g}")

    def near(a: float, b: float, distance: float) -> bool:
        if is_factor:
            return min(a, b) > 0 and max(a, b) / min(a, b) <= distance
        return abs(a - b) <= distance

    measured = experiment()
    first = _first.setdefault(number, predicted)
    bound = f"a factor of {right_within:g}" if is_factor else f"±{right_within:g}"
    result = f"Predicted {predicted:g}, measured {measured:.3g}; right is what lies within {bound}."
    if first != predicted:
        result += f" Your first prediction was {first:g}."
    if not near(predicted, measured, right_within):
        told = [text for value, text in mistakes.items() if math.isclose(value, predicted)]
        raise Mistake(f"{result} {(told or [otherwise])[0]}")
    return result


def _as_number(answer: Any) -> float:
    value = answer() if callable(answer) else answer
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, RuntimeError):
        number = math.nan
    expect(not math.isnan(number), f"give one number as your prediction; got {value!r}")
    return number
