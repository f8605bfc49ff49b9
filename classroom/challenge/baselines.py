"""The book's networks on the challenge, as rows to be beaten."""

import argparse
import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
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

DROPOUT = 0.15  # leaves about as many examples complete as the test
EPOCHS, MORE = 5, 2
RATE, LOWER_RATE = 0.005, 0.002
LATE, PLAIN, DROPPED = "late fusion", "the book's network", "the book's network, modality dropout"


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
    train: MultimodalDataset, test: MultimodalDataset
) -> Iterator[tuple[str, Tensor]]:
    """Train the baselines; give the name of each and its log-probabilities `(examples, 3)`.

    Modality dropout comes in the last epochs only: from the start, it keeps the network for long
    from learning to compare. Without it, the network trains as long.

    Args:
        train: as `load` gives it.
        test: the same.
    """
    model = _trained(build(MODALITIES), train, EPOCHS, RATE)
    plain = _trained(copy.deepcopy(model), train, MORE, LOWER_RATE)
    yield PLAIN, _scores(plain, test)
    _trained(ModalityDropout(model, DROPOUT), train, MORE, LOWER_RATE)
    yield DROPPED, _scores(model, test)
    scores = {}
    for name in MODALITIES:
        alone = _trained(build([name]), train.select(name), EPOCHS, RATE)
        scores[name] = _scores(alone, test.select(name))
        yield f"{name} only", scores[name]
    yield LATE, late_fusion(scores, test)


Net = TypeVar("Net", bound=nn.Module)


def _trained(model: Net, train: MultimodalDataset, epochs: int, rate: float) -> Net:
    batches = loader(train, 64, shuffle=True, seed=epochs)
    fit(model, batches, epochs=epochs, schedule="one-cycle", rate=rate)
    return model


def _scores(model: MultiModalNet, test: MultimodalDataset) -> Tensor:
    return F.log_softmax(predict(model.eval(), loader(test, 500)).outputs, dim=1)


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
    folder = options.challenge / "teacher" / "baselines"
    folder.mkdir(parents=True, exist_ok=True)
    seed_everything(0)
    for name, scores in tqdm(train_and_predict(train, test), "baselines", total=6):
        lines = zip(test.targets.tolist(), scores.argmax(1).tolist(), strict=True)
        text = "id,prediction\n" + "".join(f"{i},{label}\n" for i, label in lines)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    print(f"The baselines are in {folder}.")
    return 0
