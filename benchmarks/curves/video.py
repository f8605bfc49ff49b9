"""The digit in a drifting video: features averaged over frames against 3-D convolutions.

Page 3.5. Every frame shows the digit, so the order of the frames is not needed. All networks have
about equal size, but for `narrow average`, which has the width of the 3-D network.
"""

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.curves import train_and_score
from mmtutor import data
from mmtutor.encoders import ImageResNet, VideoResNet
from mmtutor.seeding import seed_everything

STEPS = (20, 40, 80, 160, 320, 640)
MEASURE = "test accuracy"

VIDEO = data.Video(frames=4, canvas=12)
SCANS, DRAWINGS = 776, 4
WIDE, NARROW = ((14, 28), (8, 16))
# From 0.003 and 0.01, by the validation forms after 160 steps, with a seed that is not used here.
RATES = {"frame average": 0.003, "narrow average": 0.01, "3-D": 0.003, "one frame": 0.003}


class OnFrames(nn.Module):
    """An image encoder on the first frames of a video, whose features are averaged."""

    def __init__(self, widths: tuple[int, int], frames: int = 4) -> None:
        super().__init__()
        self.encoder, self.frames = ImageResNet(widths=widths, depths=(1, 1)), frames
        self.out_features = self.encoder.out_features

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, 1, frames, height, width)` to `(batch, out_features)`."""
        features = self.encoder(x[:, :, : self.frames].transpose(1, 2).flatten(0, 1))
        return features.unflatten(0, (len(x), -1)).mean(dim=1)


class Classifier(nn.Module):
    """An encoder and two linear layers."""

    def __init__(self, encoder: nn.Module, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(encoder, nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Map a batch of videos to logits `(batch, 10)`."""
        return self.layers(inputs["video"])


ENCODERS = {
    "frame average": lambda: OnFrames(WIDE),
    "narrow average": lambda: OnFrames(NARROW),
    "3-D": lambda: VideoResNet(widths=NARROW, depths=(1, 1)),
    "one frame": lambda: OnFrames(WIDE, frames=1),
}


def training_videos(seed: int) -> data.MultimodalDataset:
    """Return four drawings of 60 % of the scans."""
    videos = data.digits("train", {"video": VIDEO}, seed=seed, renderings=DRAWINGS)
    scans = torch.randperm(SCANS, generator=torch.Generator().manual_seed(seed))[: 6 * SCANS // 10]
    return videos.subset(torch.cat([scans + SCANS * i for i in range(DRAWINGS)]))


def train(name: str, rate: float, seed: int, split: str = "public") -> list[float]:
    """Return the accuracy on a split at each of the steps."""
    seed_everything(seed)
    test = data.digits(split, {"video": VIDEO})
    encoder: Any = ENCODERS[name]()
    network = Classifier(encoder, encoder.out_features)
    optimizer = torch.optim.Adam(network.parameters(), rate, fused=True)

    def score(network: nn.Module) -> float:
        answers = torch.cat([network({"video": x}) for x in test.inputs["video"].split(128)])
        return (answers.argmax(dim=1) == test.targets).float().mean().item()

    videos = training_videos(seed)
    return train_and_score(network, optimizer, videos, STEPS, score, batch_size=32, seed=seed)


def measure(seed: int) -> dict[str, list[float]]:
    """Return the accuracy of each side on the test forms at each of the steps."""
    return {name: train(name, rate, seed) for name, rate in RATES.items()}
