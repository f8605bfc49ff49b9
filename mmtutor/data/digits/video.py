"""A digit as a video, in which it drifts and turns."""

from dataclasses import dataclass
from math import radians

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data.checks import check_range
from mmtutor.data.digits.scene import MOTIONS, Scene

DIGIT_SHARE = 0.6  # the scan's height and width on the canvas


@dataclass(frozen=True)
class Video:
    """Renders a drifting digit: float32 `(examples, 1, frames, canvas, canvas)` in [0, 1].

    The digit moves in the direction of the scene's motion and turns about its middle, evenly
    and by a random angle. It starts anywhere, and what leaves the canvas on one side comes in
    on the other. So in every frame its position is uniform over the canvas, whatever the
    direction: no single frame tells where it moves. With the same seed, another noise leaves
    all else as it was.

    Args:
        frames: number of frames.
        canvas: height and width, in pixels.
        speed: pixels per frame.
        turn: the largest angle of the whole turn, in degrees, either way; the digit is upright
            halfway.
        noise: standard deviation of the Gaussian noise on every pixel; the sum is clipped
            to [0, 1].

    Raises:
        ValueError: fewer than 2 frames, a canvas below 8, a speed at which left looks like
            right (half the canvas in one frame), or a negative speed, turn or noise.
    """

    frames: int = 8
    canvas: int = 20
    speed: float = 1.0
    turn: float = 40.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        check_range("frames", self.frames, 2)
        check_range("canvas", self.canvas, 8)
        check_range("speed", self.speed, 0, (self.canvas - 1) / 2)
        check_range("turn", self.turn, 0)
        check_range("noise", self.noise, 0)

    def __call__(self, scene: Scene, generator: torch.Generator) -> Tensor:
        """Render a scene; see the class."""
        grid = self._sampling_grid(scene.motions, generator)
        # The frames of a video sample one scan: for torch, one tall picture.
        videos = F.grid_sample(scene.scans[:, None], grid.flatten(1, 2), align_corners=False)
        videos = videos.unflatten(2, (self.frames, self.canvas))
        noise = torch.randn(videos.shape, generator=generator)
        return (videos + self.noise * noise).clamp(0, 1)

    def _sampling_grid(self, motions: Tensor, generator: torch.Generator) -> Tensor:
        """Return where on the scan each pixel lies: `(examples, frames, rows, columns, 2)`.

        The last axis is (x, y) as `grid_sample` takes it: the scan spans -1 to 1.
        """
        starts = self.canvas * torch.rand(len(motions), 1, 2, generator=generator)
        turns = radians(self.turn) * (2 * torch.rand(len(motions), 1, generator=generator) - 1)
        steps = self.speed * torch.tensor(list(MOTIONS.values()))[motions]
        number = torch.arange(self.frames)
        middles = starts + number[:, None] * steps[:, None]
        angles = turns * (number / (self.frames - 1) - 0.5)
        down, right = self._distances(middles).unbind(dim=2)
        down, right = down[..., :, None], right[..., None, :]
        cos, sin = angles.cos()[..., None, None], angles.sin()[..., None, None]
        x, y = cos * right + sin * down, cos * down - sin * right
        return torch.stack((x, y), dim=-1) / (DIGIT_SHARE * self.canvas / 2)

    def _distances(self, middles: Tensor) -> Tensor:
        """Return how far each row and column is from the middle, the shorter way round.

        Middles `(examples, frames, 2)` give distances `(examples, frames, 2, canvas)`.
        """
        half = self.canvas / 2
        return (torch.arange(self.canvas) - middles[..., None] + half) % self.canvas - half
