"""Two modalities that know of the label what we choose: redundancy, uniqueness and synergy."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data.about import About
from mmtutor.data.checks import check_known, check_range
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.planted.information import Truth
from mmtutor.data.seeds import generator_for
from mmtutor.data.store import Entry

MODALITIES = ("left", "right")
MOST_BITS = 8  # of a label, which then has 256 classes

_SPLITS = ("train", "validation", "test")

PLANTED = Entry(
    "planted",
    About(
        title="Planted information",
        license="CC0 1.0; the package makes the data",
        source="mmtutor.data.planted",
        citation="The terms: Williams and Beer 2010, Nonnegative Decomposition of Multivariate "
        "Information, arXiv:1004.2515",
    ),
)


def planted(
    split: str = "train",
    *,
    redundancy: float = 0,
    uniqueness: float | Sequence[float] = 0,
    synergy: float = 0,
    examples: int = 2000,
    features: int = 16,
    noise: float = 0.05,
    seed: int = 0,
) -> MultimodalDataset:
    """Return examples of two modalities, "left" and "right", that share out a label's bits.

    The label is a string of independent, fair bits. How they are shown:

    - a redundant bit: by both modalities;
    - a unique bit: by one of them only;
    - a synergistic bit: by neither alone. The left shows a random key, a fair bit apart from the
      label, and the right shows the label's bit XOR the key.

    An amount that is not whole ends with a bit that is shown in that share of the examples only:
    1.5 is one bit that is always shown and one that is shown in every other example, at random.
    Where a bit is not shown, no modality shows anything of it (of a synergistic bit, the key is
    missing too). `planted_truth` says what each modality then knows, in bits and in accuracy.

    Each modality writes its bits along random orthonormal directions, which depend on the seed
    and are the same in all splits: 1 as +1, 0 as -1, not shown as 0. It adds noise and scales
    all by the square root of `features`, so that each feature is of the order of 1. A modality
    with nothing to show is noise. With the default noise, whoever reads each bit as the nearest
    of the three errs with probability below 2e-23, so the truth is exact; with much more, such
    as 0.5, it is an upper bound.

    Args:
        split: `"train"`, `"validation"` or `"test"`; no two share a draw.
        redundancy: bits that both modalities show.
        uniqueness: bits that one modality alone shows: a number for each of them, or the same
            for both.
        synergy: bits that only the two together give.
        examples: how many.
        features: numbers in each modality.
        noise: standard deviation along each direction, before the scaling.
        seed: of everything that is drawn.

    Returns:
        inputs `"left"` and `"right"`, float32 `(examples, features)`; targets, the class of the
        label. `classes` holds the labels as strings, redundant bits first, then the bits unique
        to the left, those unique to the right, and the synergistic ones. `metadata` holds the
        same bits as `"bits"`, int64 `(examples, bits)`; and as `"left"` and `"right"` what each
        modality shows, in this order: 0, 1, or -1 for a bit that is not shown.

    Raises:
        ValueError: an unknown split, a negative amount, no bits or more than 8 in a label, fewer
            features than bits to show, no examples, or negative noise.
    """
    check_known("split", split, _SPLITS)
    bits = _plan(redundancy, uniqueness, synergy)
    check_range("examples", examples, 1)
    most = max(sum(name in bit.shown_by for bit in bits) for name in MODALITIES)
    check_range("features", features, most)
    check_range("noise", noise, 0)
    values = _coins((examples, len(bits)), seed, split, "bits")
    shown = _shown(bits, values, split, seed)
    inputs = {}
    for name, symbols in shown.items():
        directions = _directions(features, seed, name)[: symbols.shape[1]]
        generator = generator_for(seed, "planted", split, "noise", name)
        jitter = noise * torch.randn(examples, features, generator=generator)
        signs = torch.where(symbols < 0, 0, 2 * symbols - 1).float()
        inputs[name] = features**0.5 * (signs @ directions + jitter)
    places = 2 ** torch.arange(len(bits) - 1, -1, -1)
    classes = [format(number, f"0{len(bits)}b") for number in range(2 ** len(bits))]
    return MultimodalDataset(
        inputs,
        (values * places).sum(dim=1),
        metadata={"bits": values, **shown},
        classes=classes,
        about=PLANTED.about,
    )


def planted_truth(
    *, redundancy: float = 0, uniqueness: float | Sequence[float] = 0, synergy: float = 0
) -> dict[tuple[str, ...], Truth]:
    """Return what "left", "right" and both tell about the label of `planted`.

    The bits are independent, so their information adds up and their accuracies multiply. A bit
    that is shown in the share s of the examples gives s bits, and is guessed right with
    probability s + (1 - s) / 2.

    The amounts are what is planted; the three truths do not give them back. One redundant and
    one synergistic bit tell the left, the right and both as much as one unique bit on each side
    does. The measure I_min of Williams and Beer 2010 even takes the second case for the first.

    Returns:
        `("left",)`, `("right",)` and `("left", "right")` → truth.

    Raises:
        ValueError: a negative amount, or no bits or more than 8 in a label.
    """
    bits = _plan(redundancy, uniqueness, synergy)
    result: dict[tuple[str, ...], Truth] = {}
    for subset in (("left",), ("right",), MODALITIES):
        shares = [bit.share if bit.told_by(subset) else 0.0 for bit in bits]
        accuracy = math.prod((1 + share) / 2 for share in shares)
        result[subset] = Truth(math.fsum(shares), accuracy)
    return result


class _Bit(NamedTuple):
    """One bit of the label.

    Attributes:
        share: of the examples that show it, above 0 and at most 1.
        shown_by: the modalities that show it, or a half of its XOR.
        is_split: whether it takes both to read it.
    """

    share: float
    shown_by: tuple[str, ...]
    is_split: bool

    def told_by(self, subset: Sequence[str]) -> bool:
        """Return whether these modalities tell the bit, where it is shown."""
        return (all if self.is_split else any)(name in subset for name in self.shown_by)


def _plan(redundancy: float, uniqueness: float | Sequence[float], synergy: float) -> list[_Bit]:
    """Return the bits of the label, in order."""
    pair = uniqueness if isinstance(uniqueness, Sequence) else (uniqueness, uniqueness)
    if len(pair) != 2:
        raise ValueError(f"uniqueness must be one number or two, (left, right); got {uniqueness}")
    amounts = (
        ("redundancy", redundancy, MODALITIES, False),
        ("the uniqueness of the left", pair[0], ("left",), False),
        ("the uniqueness of the right", pair[1], ("right",), False),
        ("synergy", synergy, MODALITIES, True),
    )
    bits = []
    for name, amount, shown_by, is_split in amounts:
        check_range(name, amount, 0, MOST_BITS)
        part, whole = math.modf(amount)
        shares = [1.0] * int(whole) + [part] * (part > 0)
        bits += [_Bit(share, shown_by, is_split) for share in shares]
    if not 1 <= len(bits) <= MOST_BITS:
        raise ValueError(
            f"a label must have 1 to {MOST_BITS} bits, got {len(bits)}; state an amount, like "
            "synergy=1, and count a part of a bit as one"
        )
    return bits


def _shown(bits: list[_Bit], values: Tensor, split: str, seed: int) -> dict[str, Tensor]:
    """Return what each modality shows: int64 `(examples, bits that it shows)`, -1 for nothing."""
    keys = _coins(values.shape, seed, split, "keys")
    generator = generator_for(seed, "planted", split, "shown")
    is_shown = torch.rand(values.shape, generator=generator) < torch.tensor([b.share for b in bits])
    is_split = torch.tensor([bit.is_split for bit in bits])
    contents = {
        "left": torch.where(is_split, keys, values),
        "right": torch.where(is_split, keys ^ values, values),
    }
    return {
        name: torch.where(is_shown, content, -1)[:, [name in bit.shown_by for bit in bits]]
        for name, content in contents.items()
    }


def _coins(shape: Sequence[int], seed: int, split: str, purpose: str) -> Tensor:
    return torch.randint(2, tuple(shape), generator=generator_for(seed, "planted", split, purpose))


def _directions(features: int, seed: int, name: str) -> Tensor:
    """Return orthonormal rows: `(features, features)`."""
    generator = generator_for(seed, "planted", "directions", name)
    return torch.linalg.qr(torch.randn(features, features, generator=generator)).Q.T
