"""Page 3.1: a mean or flat maps, and ConvNeXt's block with two paddings, at other budgets.

As on the page: digits within one pixel of the middle in training, 465 of the 776 scans for each
seed, tested there (familiar places) and within four pixels (new places).
"""

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from benchmarks.curves import train_and_score
from mmtutor.data import Image, MultimodalDataset, digits
from mmtutor.encoders import ImageResNet
from mmtutor.seeding import seed_everything

STEPS = (50, 100, 200, 400)
MEASURE = "test accuracy on new places"
WIDTHS, NEXT_WIDTHS = (8, 16, 32), (8, 18, 35)
# Chosen on familiar places of the validation forms after 600 steps, out of 0.003, 0.01 and 0.03;
# that of the last side is ConvNeXt's.
RATES = {"mean": 0.01, "flat": 0.01, "ConvNeXt": 0.01, "ConvNeXt without edges": 0.01}
PLACES = {"new": 4, "familiar": 1}  # name → largest shift in the test


class ConvNeXtBlock(nn.Module):
    """The block of Liu et al. 2022, without LayerScale and stochastic depth, as on the page."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.down = nn.Identity() if stride == 1 else nn.Conv2d(inside, outside, 2, stride=2)
        self.depthwise = nn.Conv2d(outside, outside, 7, padding=3, groups=outside)
        self.norm = nn.LayerNorm(outside)
        self.wide, self.back = nn.Linear(outside, 4 * outside), nn.Linear(4 * outside, outside)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inside, height, width)` to `(batch, outside, height, width / stride)`."""
        x = self.down(x)
        y = self.norm(self.depthwise(x).movedim(1, 3))
        return x + self.back(F.gelu(self.wide(y))).movedim(3, 1)


class Classifier(nn.Module):
    """Stem and stages, then a mean or not, then ten logits."""

    def __init__(self, side: str) -> None:
        super().__init__()
        if side.startswith("ConvNeXt"):
            first, *_, last = NEXT_WIDTHS
            stem = [nn.Conv2d(1, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU()]
            sizes = zip((first, *NEXT_WIDTHS), NEXT_WIDTHS, (1, 2, 2), strict=False)
            self.maps = nn.Sequential(*stem, *(ConvNeXtBlock(*size) for size in sizes))
        else:
            last, encoder = WIDTHS[-1], ImageResNet(1, widths=WIDTHS, depths=(1, 1, 1))
            self.maps = nn.Sequential(encoder.stem, encoder.stages)
        for module in self.maps.modules():
            if isinstance(module, nn.Conv2d) and side.endswith("without edges"):
                module.padding_mode = "circular"
        self.pools = side != "flat"
        self.head = nn.Linear(last * (1 if self.pools else 25), 10)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Map `{"image": (batch, 1, 20, 20)}` to `(batch, 10)`."""
        maps = self.maps(inputs["image"])
        return self.head(maps.mean(dim=(2, 3)) if self.pools else maps.flatten(1))


def pictures(split: str, shift: int, seed: int) -> MultimodalDataset:
    """Return digits of 12×12 pixels within some pixels of the middle of 20×20."""
    look = Image(canvas=12 + 2 * shift, shift=shift)
    drawn = digits(split, {"image": look}, seed=seed)
    return MultimodalDataset(
        {"image": F.pad(drawn.inputs["image"], [4 - shift] * 4)}, drawn.targets
    )


def measure(seed: int) -> dict[str, list[float]]:
    """Return the test accuracy of each side on familiar and on new places."""
    tests = {name: pictures("public", shift, seed) for name, shift in PLACES.items()}
    curves: dict[str, list[float]] = {}
    for side, rate in RATES.items():
        for name, scores in zip(
            tests, zip(*train(side, rate, seed, tests), strict=True), strict=True
        ):
            curves[f"{side}, {name} places"] = list(scores)
    return curves


def train(
    side: str, rate: float, seed: int, tests: dict[str, MultimodalDataset]
) -> list[tuple[float, ...]]:
    """Train one side; return its accuracies on all tests, after each number of steps."""
    seed_everything(seed)
    chosen = torch.randperm(776)[:465].tolist()
    x, labels = pictures("train", 1, seed)[chosen]
    model, found = Classifier(side), []

    def score(network: nn.Module) -> float:
        rights = [(network(test.inputs).argmax(dim=1) == test.targets) for test in tests.values()]
        found.append(tuple(right.float().mean().item() for right in rights))
        return found[-1][0]

    optimizer = optim.Adam(model.parameters(), rate)
    dataset = MultimodalDataset(x, labels)
    train_and_score(model, optimizer, dataset, STEPS, score, batch_size=32, seed=seed)
    return found
