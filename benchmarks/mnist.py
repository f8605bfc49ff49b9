"""The race to 99.0 % on MNIST: a small residual network against PyTorch's basic example.

Both are trained on all 60,000 training pictures; the seconds are those of training, loading
included. The recipes were chosen among about ninety, by the worst of three or five seeds
on the last 10,000 training pictures; the test set is read once for each accuracy in the table.
"""

import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, default_collate
from torchvision import transforms
from torchvision.datasets import MNIST

from benchmarks.timing import Row
from mmtutor import data, seed_everything, training
from mmtutor.blocks import Block, PlainBlock, ResidualBlock
from mmtutor.encoders import ImageResNet
from mmtutor.network import FinalClassifier

FOLDER = Path(os.environ.get("MMTUTOR_DATA", Path.home() / ".cache" / "mmtutor"))
MEAN, DEVIATION = 0.1307, 0.3081  # of the training pictures
RECIPES = {1: 64, 4: 256}  # epochs → examples in a batch
RIVALS = (3, 4)  # epochs of the rival beside those: before and after it reaches 99.0 %
SEEDS = 3
# Without AVX-512, a processor emulates numbers of 16 bits, which made a step six times slower.
MIXED = torch.backends.cpu.get_cpu_capability() == "AVX512"


def rows() -> list[Row]:
    """Run the race, if the data are here; they are not downloaded for it."""
    if not (FOLDER / "MNIST").exists():
        where = f"MNIST is not in {FOLDER}: set MMTUTOR_DATA to a folder that holds it"
        return [Row("MNIST", f"not run: {where}")]
    theirs = two_convolutions(single_items(), max(RIVALS))
    runs = {epochs: several(epochs) for epochs in RECIPES}
    found = [
        race(
            f"epoch {epochs} of the residual net, epoch {epoch} of two convolutions",
            runs[epochs],
            theirs[epoch - 1],
        )
        for epochs, epoch in zip(RECIPES, RIVALS, strict=True)
    ]
    epochs = max(RECIPES)
    what = f"epoch {epochs} of the residual net, the same without shortcuts"
    found.append(race(what, runs[epochs], several(epochs, PlainBlock)))
    sliced = two_convolutions(data.loader(pictures(train=True), 64, shuffle=True), epochs=1)
    what = "epoch 1 of two convolutions: slices, single items"
    return [*found, race(what, sliced[0], theirs[0])]


def race(what: str, ours: tuple[float, float], theirs: tuple[float, float]) -> Row:
    """Return the row of two runs, each with its seconds and its test accuracy."""
    one, other = (f"{passed:.1f} s, {right:.2%}" for passed, right in (ours, theirs))
    return Row(f"MNIST, {what}", one, other, ours[0] / theirs[0])


def pictures(train: bool) -> data.MultimodalDataset:
    """Return MNIST as one tensor, its values with mean 0 and deviation 1."""
    mnist = MNIST(FOLDER, train=train)
    x = (mnist.data[:, None].float() / 255 - MEAN) / DEVIATION
    return data.MultimodalDataset({"image": x}, mnist.targets)


def accuracy(model: nn.Module) -> float:
    """Return the share of right answers on the test set."""
    return training.evaluate(model, data.loader(pictures(train=False), 500))["accuracy"]


class Reader(nn.Module):
    """A residual network over the middle of a picture; training moves it by up to one pixel."""

    def __init__(self, block: type[Block]) -> None:
        super().__init__()
        encoder = ImageResNet(
            stem="imagenet", stem_features=32, widths=(32, 64), depths=(1, 1), block=block
        )
        self.layers = nn.Sequential(encoder, FinalClassifier(64))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Map `{"image": (batch, 1, 28, 28)}` to logits."""
        top, left = torch.randint(1, 4, (2,)).tolist() if self.training else (2, 2)
        return self.layers(inputs["image"][..., top : top + 24, left : left + 24])


def several(epochs: int, block: type[Block] = ResidualBlock) -> tuple[float, float]:
    """Train with several seeds; return the median of the seconds and the worst accuracy."""
    runs = [residual(seed, epochs, block) for seed in range(SEEDS)]
    return statistics.median(passed for passed, _ in runs), min(right for _, right in runs)


def residual(seed: int, epochs: int, block: type[Block]) -> tuple[float, float]:
    """Train the residual network; return the seconds and the test accuracy."""
    seed_everything(seed)
    model = Reader(block)
    optimizer = optim.SGD(
        model.parameters(), momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    )
    start = time.perf_counter()
    batches = data.loader(pictures(train=True), RECIPES[epochs], shuffle=True, seed=seed)
    training.fit(
        model,
        batches,
        epochs=epochs,
        criterion=nn.CrossEntropyLoss(label_smoothing=0.1),
        optimizer=optimizer,
        schedule=optim.lr_scheduler.OneCycleLR(
            optimizer, 0.4, total_steps=epochs * len(batches), cycle_momentum=False
        ),
        schedule_every="batch",
        mixed_precision=MIXED,
    )
    return time.perf_counter() - start, accuracy(model)


class TwoConvolutions(nn.Module):
    """The network of PyTorch's basic MNIST example, for the inputs of this package."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten()),
            *(nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)),
        )

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Map `{"image": (batch, 1, 28, 28)}` to logits."""
        return self.layers(inputs["image"])


def single_items() -> DataLoader[Any]:
    """Return the batches of the example, whose pictures are read and prepared one by one."""
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])

    def collate(examples: list[Any]) -> tuple[dict[str, Tensor], Tensor]:
        x, targets = default_collate(examples)
        return {"image": x}, targets

    mnist = MNIST(FOLDER, transform=prepare)
    return DataLoader(mnist, batch_size=64, shuffle=True, collate_fn=collate)


def two_convolutions(batches: Iterable[Any], epochs: int) -> list[tuple[float, float]]:
    """Train the example as it trains itself; return seconds and test accuracy by epoch."""
    seed_everything(0)
    model = TwoConvolutions()
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    passed, found = 0.0, []
    for _ in range(epochs):
        start = time.perf_counter()
        model.train()
        for inputs, targets in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        schedule.step()
        passed += time.perf_counter() - start
        found.append((passed, accuracy(model)))
    return found
