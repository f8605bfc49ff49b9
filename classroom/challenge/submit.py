"""What the starter notebook submits with; its source becomes a cell there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = 3


def submit(predictions: Any, team: str, ids: Any = None, folder: str = ".") -> Path:
    """Check predictions and write `team.csv`, or `team-2.csv` if that is there, and so on.

    Args:
        predictions: a class from 0 to 2 for each test example, in the order of `test.npz`: a
            list, an array, or a tensor `(examples,)`.
        team: the name of your team.
        ids: the ids that the predictions are for, if they are in another order.
        folder: where the file is written.

    Returns:
        The path of the file.

    Raises:
        ValueError: the predictions are not one class for each id, or the name cannot name a file.
    """
    expected = np.load("test.npz")["id"]
    classes = _classes(predictions, len(expected))
    ids = expected if ids is None else np.asarray(ids)
    if ids.shape != expected.shape or (np.sort(ids) != np.sort(expected)).any():
        raise ValueError("ids must be those of test.npz, each once; leave ids out to take them")
    if not re.fullmatch(r"\w[\w .-]{0,59}", team) or re.search(r"-\d+$", team):
        raise ValueError(
            "team must be a name of at most 60 letters, digits, spaces, dots and hyphens that "
            f"does not end like 'blue-2'; got {team!r}"
        )
    path, number = Path(folder, f"{team}.csv"), 1
    while path.exists():
        number += 1
        path = Path(folder, f"{team}-{number}.csv")
    lines = ["id,prediction", *(f"{i},{k}" for i, k in zip(ids, classes, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _classes(predictions: Any, count: int) -> NDArray[np.int64]:
    values = np.asarray(predictions)
    if values.shape == (count, CLASSES):
        raise ValueError("predictions must be classes, not scores: call .argmax(1) first")
    if values.shape != (count,):
        raise ValueError(f"predictions must have the shape ({count},); got {values.shape}")
    if values.dtype.kind not in "iuf":
        raise ValueError(f"predictions must be numbers; got {values.dtype}")
    if np.isnan(values).any():
        raise ValueError(f"predictions[{np.isnan(values).argmax()}] is NaN; expected 0, 1 or 2")
    wrong = ~np.isin(values, range(CLASSES))
    if wrong.any():
        first = wrong.argmax()
        raise ValueError(f"predictions[{first}] is {values[first]}; expected 0, 1 or 2")
    return values.astype(int)
