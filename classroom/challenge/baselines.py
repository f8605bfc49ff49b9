"""The book's networks on the challenge, as rows to be beaten."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from classroom.challenge.answers import ChallengeError
from classroom.challenge.task import MODALITIES
from mmtutor import seed_everything
from mmtutor.balancing import ModalityDropout
from mmtutor.data import MultimodalDataset, loader
from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet
from mmtutor.fusion import SharedRepresentation
from mmtutor.network import FinalClassifier, MultiModalNet
from mmtutor.training import fit, predict

DROPOUT = 0.3
EPOCHS = {True: 5, False: 2}  # of a network of several modalities, and of one
RATE = 0.005
LATE, PLAIN, DROPPED = "late fusion", "the book's network", "the same with modality dropout"


def load(path: Path) -> MultimodalDataset:
    """Return `train.npz` or `test.npz` as the networks take it; the targets of a test are ids."""
    with np.load(path) as file:
        parts = {name: torch.from_numpy(file[name]) for name in file.files}
    inputs = {
        "image": parts["image"][:, None].float() / 255,
        "text": parts["text"].long(),
        "sound": parts["sound"].float() / 127,
    }
    if "label" in parts:
        return MultimodalDataset(inputs, parts["label"], classes=MODALITIES)
    present = dict(zip(MODALITIES, parts["present"].T, strict=True))
    return MultimodalDataset(inputs, parts["id"], present)


def build(names: Iterable[str]) -> MultiModalNet:
    """Return the book's network of these modalities, which may be missing."""
    makers: dict[str, Callable[[], ImageResNet | TextResNet | AudioResNet]] = {
        "image": ImageResNet,
        "text": TextResNet,
        "sound": lambda: AudioResNet(widths=(8, 16, 32), window=128, hop=128),
    }
    encoders = {name: makers[name]() for name in names}
    sizes = {name: encoder.out_features for name, encoder in encoders.items()}
    fusion = SharedRepresentation(sizes, allow_missing=True)
    return MultiModalNet(encoders, fusion, FinalClassifier(64, len(MODALITIES)))


def train_and_predict(
    names: tuple[str, ...], train: MultimodalDataset, test: MultimodalDataset, dropout: float
) -> Tensor:
    """Return the log-probabilities of the test examples, `(examples, 3)`.

    Args:
        names: the modalities that the network sees.
        train: as `load` gives it.
        test: the same.
        dropout: the probability of modality dropout.
    """
    seed_everything(0)
    model = ModalityDropout(build(names), dropout)
    batches = loader(train.select(*names), 64, shuffle=True)
    epochs = EPOCHS[len(names) > 1]
    fit(model, batches, epochs=epochs, schedule="one-cycle", rate=RATE)
    model.eval()
    outputs = predict(model, loader(test.select(*names), 500)).outputs
    return F.log_softmax(outputs, dim=1)


def late_fusion(scores: dict[str, Tensor], test: MultimodalDataset) -> Tensor:
    """Add what networks of one modality each say, where their modality is there."""
    present = test.present or {}
    return sum(scores[name] * present[name][:, None] for name in scores)  # type: ignore[return-value]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("challenge", type=Path, help="the folder that make wrote")


def main(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    paths = [options.challenge / "hand-out" / name for name in ("train.npz", "test.npz")]
    for path in paths:
        if not path.is_file():
            raise ChallengeError(f"{path} is not there: make the challenge first")
    train, test = map(load, paths)
    runs: dict[str, tuple[tuple[str, ...], float]] = {f"{n} only": ((n,), 0.0) for n in MODALITIES}
    runs |= {PLAIN: (MODALITIES, 0.0), DROPPED: (MODALITIES, DROPOUT)}
    scores = {
        name: train_and_predict(names, train, test, dropout)
        for name, (names, dropout) in tqdm(runs.items(), "baselines", file=sys.stderr)
    }
    scores[LATE] = late_fusion({n: scores[f"{n} only"] for n in MODALITIES}, test)
    folder = options.challenge / "teacher" / "baselines"
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in scores.items():
        lines = zip(test.targets.tolist(), values.argmax(1).tolist(), strict=True)
        text = "id,prediction\n" + "".join(f"{i},{label}\n" for i, label in lines)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    print(f"{folder}: {len(scores)} baselines")
    return 0
