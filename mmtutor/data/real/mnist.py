"""MNIST: 70,000 handwritten digits, whole or less all but a few principal components."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmtutor.data import store
from mmtutor.data.checks import check_known, check_range
from mmtutor.data.real.damage import damaged

MNIST_PIXELS = 28  # height and width

# Split → the files that hold it, and the rows in them.
MNIST_SPLITS = {
    "train": ("train", slice(0, 50_000)),
    "validation": ("train", slice(50_000, 60_000)),
    "test": ("t10k", slice(0, 10_000)),
}


class Pictures(NamedTuple):
    """Pictures of one split, in the order of the file.

    Attributes:
        pixels: uint8 `(examples, 28, 28)`, 255 where there is most ink.
        labels: int64 `(examples,)`, the digit.
        rows: int64 `(examples,)`, the row in the file (of 60,000 or 10,000).
    """

    pixels: Tensor
    labels: Tensor
    rows: Tensor


def mnist_pictures(split: str) -> Pictures:
    """Return the pictures of one split: the last 10,000 of the 60,000 are for validation.

    Raises:
        DataError: a file is damaged.
        ValueError: an unknown split.
    """
    check_known("split", split, MNIST_SPLITS)
    return _read(store.get("mnist"), split)


def keep_components(pixels: Tensor, components: int) -> Tensor:
    """Keep what the first principal components of the training pictures hold of pictures.

    The components are those of the 50,000 pictures of the training split, without any scaling
    of the pixels. They keep .097, .168, .230, .284, .333 of the variance (1 to 5), .489 (10),
    .644 (20) and .825 (50). The result is not clipped to [0, 1], so it is a linear map of the
    picture and has rank `components` about the mean picture.

    Args:
        pixels: uint8 `(examples, 28, 28)`.
        components: how many to keep, from 1 to 784.

    Returns:
        float32 `(examples, 784)`, pixels scaled to 1 for 255.

    Raises:
        ValueError: `components` out of range.
    """
    check_range("components", components, 1, MNIST_PIXELS**2)
    mean, axes = _principal(store.get("mnist"))
    kept = axes[:, :components]
    parts = [
        (mean + (rows.flatten(1).double() - mean) @ kept @ kept.T).float()
        for rows in pixels.split(5_000)  # in float64, all at once take eight times the memory
    ]
    return torch.cat(parts) / 255


@cache
def _principal(folder: Path) -> tuple[Tensor, Tensor]:
    """Return the mean `(784,)` and the axes `(784, 784)`, a column each, largest first."""
    pixels = _read(folder, "train").pixels.flatten(1)
    # Sums of products of whole numbers below 2^53: exact in float64, in whatever order.
    total = torch.zeros(MNIST_PIXELS**2, dtype=torch.float64)
    products = torch.zeros(MNIST_PIXELS**2, MNIST_PIXELS**2, dtype=torch.float64)
    for rows in pixels.split(5_000):
        part = rows.double()
        total += part.sum(dim=0)
        products += part.T @ part
    mean = total / len(pixels)
    _, axes = torch.linalg.eigh(products / len(pixels) - mean[:, None] * mean)
    return mean, axes.flip(1)


def _read(folder: Path, split: str) -> Pictures:
    name, rows = MNIST_SPLITS[split]
    raw = folder / "MNIST" / "raw"
    side = MNIST_PIXELS
    labels = _idx(raw / f"{name}-labels-idx1-ubyte", ())
    pixels = _idx(raw / f"{name}-images-idx3-ubyte", (side, side))
    if len(pixels) != len(labels):
        raise damaged(raw, f"it holds {len(pixels)} pictures and {len(labels)} labels")
    numbers = torch.arange(len(labels))
    return Pictures(pixels[rows], labels[rows].long(), numbers[rows])


def _idx(path: Path, shape: tuple[int, ...]) -> Tensor:
    """Read a file of bytes in the IDX format: uint8 `(examples, *shape)`."""
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error
    # Two zeros, 8 for bytes, the number of axes; then the length of each axis.
    start = 4 + 4 * (1 + len(shape))
    axes = content[4:start].view(">u4").tolist() if len(content) >= start else []
    if content[:4].tolist() != [0, 0, 8, 1 + len(shape)] or tuple(axes[1:]) != shape:
        raise damaged(
            path, f"it is no IDX file of bytes ({', '.join(map(str, ('examples', *shape)))})"
        )
    if len(content) - start != np.prod(axes):
        raise damaged(path, f"its head says {axes}, but {len(content) - start} bytes follow")
    return torch.from_numpy(content[start:].reshape(axes))
