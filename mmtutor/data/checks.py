"""Checks of arguments that several files share; each failure is one sentence."""

import math
from collections.abc import Collection


def check_known(kind: str, name: object, choices: Collection[str]) -> None:
    """Raise ValueError unless `name` is one of `choices`, which the message lists."""
    if name not in choices:
        raise ValueError(f"unknown {kind} {name!r}; choose from {', '.join(choices)}")


def check_range(name: str, value: float, least: float, most: float = math.inf) -> None:
    """Raise ValueError unless `least <= value <= most` and `value` is finite."""
    if not (math.isfinite(value) and least <= value <= most):
        wanted = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be {wanted}, got {value}")


def check_snr(snr_db: float | None) -> None:
    """Raise ValueError for a level of noise that is neither finite nor None."""
    if snr_db is not None and not math.isfinite(snr_db):
        raise ValueError(f"snr_db must be finite, or None for no noise; got {snr_db}")


def check_names(kind: str, names: Collection[str], choices: Collection[str]) -> None:
    """Raise unless `names` are one or more of `choices`: TypeError for a string, or ValueError."""
    if isinstance(names, str):
        raise TypeError(f'{kind}s must be several names, like ("{names}",)')
    if not names:
        raise ValueError(f"name at least one {kind} of {', '.join(choices)}")
    for name in names:
        check_known(kind, name, choices)
