"""A digit as a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data.checks import check_range
from mmtutor.data.digits.scene import Scene

SCAN_PIXELS = 8


@dataclass(frozen=True)
class Image:
    """Renders the scan: float32 `(examples, 1, canvas, canvas)` in [0, 1].

    The scan is resized (bilinear) to `canvas - 2 * shift` pixels, so that it stays whole
    wherever it lands; without a shift, `canvas=8` gives the scan as it is. With the same seed,
    another noise leaves all else as it was.

    Args:
        canvas: height and width, in pixels.
        shift: the largest shift from the middle, in whole pixels, each way alike likely.
        occlusion: share of the picture that a blank (0) square covers, at a random place.
        noise: standard deviation of the Gaussian noise on every pixel; the sum is clipped
            to [0, 1].

    Raises:
        ValueError: less than 8 pixels for the scan, an occlusion outside [0, 1], or a
            negative shift or noise.
    """

    canvas: int = 16
    shift: int = 0
    occlusion: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        check_range("canvas", self.canvas, SCAN_PIXELS)
        check_range("shift", self.shift, 0, (self.canvas - SCAN_PIXELS) // 2)
        check_range("occlusion", self.occlusion, 0, 1)
        check_range("noise", self.noise, 0)

    def __call__(self, scene: Scene, generator: torch.Generator) -> Tensor:
        """Render a scene; see the class."""
        size = self.canvas - 2 * self.shift
        scans = F.interpolate(scene.scans[:, None], (size, size), mode="bilinear")
        pictures = F.pad(scans, [self.shift] * 4)
        pictures = self._shifted(pictures, generator)
        pictures = pictures * ~self._blank(len(pictures), generator)
        noise = torch.randn(pictures.shape, generator=generator)
        return (pictures + self.noise * noise).clamp(0, 1)

    def _shifted(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        steps = torch.randint(
            -self.shift, self.shift + 1, (2, len(pictures), 1), generator=generator
        )
        # The margin is as wide as the largest step, so only blank pixels wrap around.
        rows, columns = (torch.arange(self.canvas) - steps) % self.canvas
        examples = torch.arange(len(pictures))[:, None, None]
        return pictures[examples, 0, rows[:, :, None], columns[:, None, :]][:, None]

    def _blank(self, count: int, generator: torch.Generator) -> Tensor:
        side = round(self.canvas * self.occlusion**0.5)
        first = torch.randint(self.canvas - side + 1, (2, count, 1), generator=generator)
        line = torch.arange(self.canvas)
        rows, columns = (line >= first) & (line < first + side)
        return (rows[:, :, None] & columns[:, None, :])[:, None]
