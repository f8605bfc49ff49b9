"""How comparisons of the book come out at other budgets: stored, since it takes minutes."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data.errors import DataError

FOLDER = Path(__file__).parent / "stored_curves"


class Curves(NamedTuple):
    """What each side of a comparison came to after some steps of training.

    Attributes:
        measure: what was measured, as the label of an axis.
        steps: the budgets, in training steps, ascending.
        values: side → `(seeds, steps)`.
    """

    measure: str
    steps: list[int]
    values: dict[str, Tensor]


def curves(name: str) -> Curves:
    """Read a comparison that `python -m tools.curves` has measured.

    Args:
        name: of the comparison.

    Raises:
        DataError: there is none of this name.
    """
    path = FOLDER / f"{name}.json"
    if not path.exists():
        names = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json")))
        raise DataError(f"there are no curves named {name!r}; there are: {names}")
    stored = json.loads(path.read_text(encoding="utf-8"))
    values = {side: torch.tensor(runs) for side, runs in stored["values"].items()}
    return Curves(stored["measure"], stored["steps"], values)
