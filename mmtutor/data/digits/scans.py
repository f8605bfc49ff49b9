"""The scans of the UCI handwritten digits, and which of them are for what."""

from functools import cache
from typing import NamedTuple

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from mmtutor.data.about import About
from mmtutor.data.checks import check_known
from mmtutor.data.digits.scene import MOTIONS, Scene
from mmtutor.data.store import Entry

SCANS = About(
    title="Optical Recognition of Handwritten Digits",
    license="CC BY 4.0",
    source="scikit-learn, which carries the test part of data set 80 of the UCI repository",
    citation="Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine "
    "Learning Repository",
)

DIGITS = Entry("digits", SCANS)

# The rows of the file follow 14 filled-in copies of one printed form: the same sequence of
# about 130 digits starts again at each of these rows.
FORM_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)

# Whole forms, because the scans of one form are alike. A random split flatters: an SVC trained
# on the training forms reads .96 of the validation forms, but .97 to .99 of as many scans when
# the same rows are split at random.
SPLITS = {"train": range(0, 6), "validation": range(6, 8), "test": range(8, 14)}

# Pages test on "public". "locked" is for `make replicate` alone, so that no page is written, and
# no setting chosen, by somebody who has seen a result on it. Older pages read all of "test".
TEST_PARTS = {"public": range(8, 12), "locked": range(12, 14)}


class Scans(NamedTuple):
    """The whole file, in its order.

    Attributes:
        pixels: float32 `(1797, 8, 8)` in [0, 1], 1 where there is ink.
        labels: int64 `(1797,)`, the digit.
        forms: int64 `(1797,)`, 0 to 13: the filled-in form that the scan is from.
    """

    pixels: Tensor
    labels: Tensor
    forms: Tensor


def scans() -> Scans:
    """Return the 1,797 scans that scikit-learn carries.

    UCI says that 13 people wrote them and not which person wrote which; the forms are what
    the file itself shows.
    """
    # Copies, so that whoever changes them changes no later call.
    return Scans(*(tensor.clone() for tensor in _read()))


def split_rows(split: str) -> Tensor:
    """Return the rows of the scans of a split, or of a part of the test split, in the file.

    Returns:
        int64 `(scans,)`.

    Raises:
        ValueError: an unknown split.
    """
    forms = {**SPLITS, **TEST_PARTS}
    check_known("split", split, forms)
    return torch.isin(_read().forms, torch.tensor(forms[split])).nonzero()[:, 0]


def deal(digits: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a scan for each digit, dealt like cards.

    The scans of a digit are shuffled and dealt in turn; when they are used up, in the same
    order again. So all are used about equally often, and which one comes tells nothing but
    its digit.

    The digits to show are int64 `(examples,)`, and so are the positions that are returned; the
    labels of the scans are int64 `(scans,)`, and each of the digits is among them.
    """
    shuffled = torch.randperm(len(labels), generator=generator)
    deck = shuffled[labels[shuffled].argsort(stable=True)]  # each digit's scans lie together
    sizes = labels.bincount(minlength=10)
    first = sizes.cumsum(0) - sizes
    turns = torch.zeros_like(digits)  # how often the same digit came before
    for digit in digits.unique():
        same = digits == digit
        turns[same] = torch.arange(int(same.sum()))
    return deck[first[digits] + turns % sizes[digits]]


def scene_of(rows: Tensor, generator: torch.Generator) -> Scene:
    """Return the scene of these rows of the file, with motions that are drawn."""
    pixels, labels, _ = _read()
    motions = torch.randint(len(MOTIONS), rows.shape, generator=generator)
    return Scene(pixels[rows], labels[rows], motions)


def scene_showing(digits: Tensor, split: str, generator: torch.Generator) -> tuple[Scene, Tensor]:
    """Return a scene of these digits in scans of one split, and the scans' rows in the file.

    The generator is that of `deal`, which chooses the scans, and of the motions.
    """
    rows = split_rows(split)
    rows = rows[deal(digits, _read().labels[rows], generator)]
    return scene_of(rows, generator), rows


@cache
def _read() -> Scans:
    file = load_digits()
    starts = torch.tensor(FORM_STARTS)
    return Scans(
        pixels=torch.from_numpy(file.images / 16).float(),
        labels=torch.from_numpy(file.target).long(),
        forms=torch.searchsorted(starts, torch.arange(len(file.target)), right=True) - 1,
    )
