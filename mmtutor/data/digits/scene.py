"""What there is to show, before any modality shows it."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

# The motion labels 0 to 3 and their steps (rows down, columns right) on a picture.
MOTIONS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


class Scene(NamedTuple):
    """The facts behind a set of examples; every modality renders some of them.

    Attributes:
        scans: float32 `(examples, 8, 8)` in [0, 1], 1 where there is ink.
        labels: int64 `(examples,)`, the digit.
        motions: int64 `(examples,)`, where the digit drifts: an index into `MOTIONS`.
    """

    scans: Tensor
    labels: Tensor
    motions: Tensor


class Renderer(Protocol):
    """Anything that turns a scene into one modality.

    The strengths of its nuisances are its fields; their draws come from the generator alone.
    """

    def __call__(self, scene: Scene, generator: torch.Generator) -> Tensor:
        """Render a scene to `(examples, …)`."""
        ...
