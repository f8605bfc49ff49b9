"""MNIST: 70,000 handwritten digits, whole or less all but a few principal components."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data import store
from mmtutor.data.about import About
from mmtutor.data.checks import check_known, check_range
from mmtutor.data.store.unpack import gunzip

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "http://yann.lecun.com/exdb/mnist",
)

# Of each file its name, the md5 of its download, as torchvision.datasets.MNIST has it, and the
# sha256 of what is in that.
_FILES = """
train-images-idx3-ubyte f68b3c2dcbeaaa9fbdd348bbdeb94873
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
train-labels-idx1-ubyte d53e105ee54ea40749a09fcbcd1e9432
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
t10k-images-idx3-ubyte 9fb629c4189551a2d022fa330f9573f3
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
t10k-labels-idx1-ubyte ec29112dd5afa0611ce80d1b7f02629c
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
"""


def _part(name: str, md5: str, digest: str) -> store.Part:
    addresses = tuple(f"{mirror}/{name}.gz" for mirror in _MIRRORS)
    download = store.Download(addresses, f"md5:{md5}")
    return store.Part(f"MNIST/raw/{name}", digest, (download,), gunzip)


MNIST = store.Entry(
    "mnist",
    About(
        title="MNIST",
        license="as published by LeCun, Cortes and Burges",
        source=_MIRRORS[0],
        citation="LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning applied to "
        "document recognition, Proceedings of the IEEE 86(11)",
    ),
    tuple(map(_part, *(_FILES.split()[column::3] for column in range(3)))),
    size=54_950_048,
)

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
        DataError: the files cannot be had.
        ValueError: an unknown split.
    """
    check_known("split", split, MNIST_SPLITS)
    return _read(store.get(MNIST), split)


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
    mean, axes = _principal(store.get(MNIST))
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
    # Slow to import. The class MNIST would read another folder, unchecked, if that is there.
    from torchvision.datasets.mnist import read_image_file, read_label_file

    name, rows = MNIST_SPLITS[split]
    raw = folder / "MNIST" / "raw"
    pixels = read_image_file(str(raw / f"{name}-images-idx3-ubyte"))
    labels = read_label_file(str(raw / f"{name}-labels-idx1-ubyte"))
    return Pictures(pixels[rows], labels[rows], torch.arange(len(labels))[rows])
