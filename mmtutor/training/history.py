"""What a training run measured, epoch by epoch."""

import math
from dataclasses import dataclass, field

HIGHER_IS_BETTER = ("accuracy", "r2")


@dataclass
class History:
    """One row of numbers for each epoch; `pandas.DataFrame(history.rows)` makes a table.

    Args:
        rows: one dict for each epoch, such as `{"epoch": 1, "loss": 0.7}`. Numbers measured
            on the validation set have names that begin with `validation_`.
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.rows)

    def __getitem__(self, name: str) -> list[float]:
        """Return the values called `name`, one for each epoch.

        Raises:
            KeyError: nothing of that name was measured.
        """
        if not all(name in row for row in self.rows):
            raise KeyError(f"no {name!r} in every epoch; the history has {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def best(self, name: str) -> dict[str, float]:
        """Return the row with the best `name`; the earliest if several are equal.

        Accuracy and r2 are better when higher, all else when lower; NaN is worst.

        Raises:
            KeyError: nothing of that name was measured.
            ValueError: there is no epoch yet.
        """
        values = self[name]
        if not values:
            raise ValueError("the history is empty: train for at least one epoch first")
        sign = -1 if name.removeprefix("validation_") in HIGHER_IS_BETTER else 1
        keys = [(math.isnan(value), sign * value) for value in values]
        return self.rows[min(range(len(keys)), key=keys.__getitem__)]
