"""Statements that are true by mathematics or by construction."""


class ClaimError(AssertionError):
    """A sentence of the book turned out to be false."""


def exact(condition: object, sentence: str) -> None:
    """Print `✓ sentence` if the condition holds; stop otherwise.

    Args:
        condition: a bool, or a numpy or torch value with exactly one element.
        sentence: what the reader may now believe.

    Raises:
        ClaimError: the condition is false.
        TypeError: the condition is not a truth value, so that `exact("a < b", …)` or
            `exact([], …)` cannot pass or fail by accident.
    """
    require(condition, sentence)
    print(f"✓ {sentence}")


claim = exact


def require(condition: object, sentence: str) -> None:
    """Raise as `exact` does, and print nothing."""
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
