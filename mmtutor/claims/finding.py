"""Measurements: what came out, how sure that is, and the bound that was set for it."""

import re
from dataclasses import dataclass
from math import inf
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

Origin = Literal["before", "validation", "after"]

ORIGINS = {
    "before": "set before this result was seen",
    "validation": "set on validation data",
    "after": "set after this result was seen",
}
MISSED = (
    "  It did not hold here. Processors and versions round differently, training amplifies that, "
    "and of such\n  intervals one in twenty misses by itself. If the numbers are far away, "
    "something is broken."
)
FEWEST = 3

_NUMBER = r"-?(?:[\d.]+(?:e[+-]\d+)?|inf)|nan"
_PATTERN = re.compile(
    rf"(?P<sign>[◆◇]) (?P<sentence>.+)\n  (?P<effect>{_NUMBER}) \[(?P<low>{_NUMBER}), "
    rf"(?P<high>{_NUMBER})\](?P<against> \(.+?\))?, n = (?P<n>\d+); bound: (?P<bound>.+), "
    rf"(?P<origin>{'|'.join(ORIGINS.values())})(?P<untrained> \(before training\))?"
)


@dataclass(frozen=True)
class Finding:
    """One measured statement.

    Attributes:
        sentence: what was found, readable by itself.
        effect: the mean of the measured values, or of their differences.
        interval: the 95 % interval of the effect, from Student's t.
        n: how many values.
        bound: what the whole interval was asked to keep, like `above 0.1`.
        origin: when the bound was set; a key of `ORIGINS`.
        holds: whether the whole interval kept the bound.
        trained: whether it is about a trained network, so that it must fail where nothing is
            learned.
    """

    sentence: str
    effect: str
    interval: tuple[str, str]
    n: int
    bound: str
    origin: str
    holds: bool
    trained: bool = True
    against: str = ""

    def __str__(self) -> str:
        (low, high), end = self.interval, "" if self.trained else " (before training)"
        return (
            f"{'◆' if self.holds else '◇'} {self.sentence}\n"
            f"  {self.effect} [{low}, {high}]{self.against}, n = {self.n}; "
            f"bound: {self.bound}, {ORIGINS[self.origin]}{end}"
        )

    @classmethod
    def read_all(cls, text: str) -> list[Self]:
        """Return the findings that a page has printed."""
        origins = {words: origin for origin, words in ORIGINS.items()}
        return [
            cls(
                sentence=found["sentence"],
                effect=found["effect"],
                interval=(found["low"], found["high"]),
                n=int(found["n"]),
                bound=found["bound"],
                origin=origins[found["origin"]],
                holds=found["sign"] == "◆",
                trained=not found["untrained"],
                against=found["against"] or "",
            )
            for found in _PATTERN.finditer(text)
        ]


def finding(
    sentence: str,
    values: ArrayLike,
    *,
    against: ArrayLike | None = None,
    above: float = -inf,
    below: float = inf,
    origin: Origin,
    trained: bool = True,
) -> None:
    """Print a measurement with its 95 % interval, n and bound; warn if it misses the bound.

    It holds if the whole interval keeps the bound, so a small effect needs many values. The
    interval is Student's, which takes the values for independent and about normal: one value
    for each seed or each example, not one for each batch.

    A page goes on when a finding does not hold, because another processor may round the
    difference away; the tests of the book do not.

    Args:
        sentence: what was found and in which unit, readable by itself.
        values: one number for each seed (or example), 3 or more.
        against: as many numbers, measured under the same seeds; the effect is then the mean
            difference `values - against`.
        above: the interval lies above it.
        below: the interval lies below it.
        origin: when the bound was set: `"before"` this result was seen, for example from a pilot
            run with other seeds; on `"validation"` data; or `"after"` this result was seen.
        trained: False for what is measured before any training.

    Raises:
        ValueError: fewer than 3 values, not as many in `against`, no bound, or another origin.
    """
    measured = np.asarray(values, dtype=float)
    limits = {"above": above, "below": below}
    bound = " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if abs(limit) < inf)
    if measured.ndim != 1 or len(measured) < FEWEST:
        raise ValueError(f"a finding needs {FEWEST} values or more in a row, got {measured.shape}")
    if not bound or origin not in ORIGINS:
        raise ValueError(
            f"a finding needs above=… or below=…, and an origin out of {', '.join(ORIGINS)}; "
            f"got {limits} and {origin!r}"
        )
    pair = ""
    if against is not None:
        other = np.asarray(against, dtype=float)
        if other.shape != measured.shape:
            raise ValueError(f"got {measured.shape} values against {other.shape}")
        pair = f" ({_short(measured.mean())} against {_short(other.mean())})"
        measured = measured - other
    effect, low, high = _interval(measured)
    result = Finding(
        sentence=sentence,
        effect=_short(effect),
        interval=(_short(low), _short(high)),
        n=len(measured),
        bound=bound,
        origin=origin,
        holds=above < low and high < below,
        trained=trained,
        against=pair,
    )
    print(result if result.holds else f"{result}\n{MISSED}")


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean and the ends of Student's 95 % interval for it."""
    with np.errstate(invalid="ignore"):  # an infinite value gives no interval, and no warning
        mean, spread = float(values.mean()), float(values.std(ddof=1))
    error = spread / len(values) ** 0.5
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return mean, mean - reach, mean + reach


def _short(number: float) -> str:
    return f"{number:.3g}"
