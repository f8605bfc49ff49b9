"""The Free Spoken Digit Dataset: 3,000 recordings of English digits by six people."""

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data import store
from mmtutor.data.about import About
from mmtutor.data.checks import check_known
from mmtutor.data.real.noise import unit_power

FSDD = store.Entry(
    "fsdd",
    About(
        title="Free Spoken Digit Dataset",
        license="CC BY-SA 4.0",
        source="https://github.com/Jakobovski/free-spoken-digit-dataset",
        citation="Jackson, Souza, Flaks, Pan, Nicolas and Thite 2018, Free Spoken Digit Dataset, "
        "doi:10.5281/zenodo.1342401; here version 1.0.10",
    ),
    (
        store.github_folder(
            "recordings",
            "99aa5e3a7c822ab55b2a3b47e0b05aeb9f011c54837a12e3831ad24108330829",
            repository="Jakobovski/free-spoken-digit-dataset",
            revision="refs/tags/v1.0.10",
            members="recordings/*.wav",
            files=3000,
            size=21_128_848,
        ),
    ),
    folder="fsdd",
    size=21_128_848,
)

FSDD_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
FSDD_RATE = 8000  # samples per second

# How the splits are made → split → its speakers and takes. Each speaker said each digit 50
# times; that takes 0 to 4 are for test is the data set's own rule.
FSDD_SPLITS: dict[str, dict[str, tuple[tuple[str, ...], range]]] = {
    "official": {
        "train": (FSDD_SPEAKERS, range(10, 50)),
        "validation": (FSDD_SPEAKERS, range(5, 10)),
        "test": (FSDD_SPEAKERS, range(0, 5)),
    },
    "disjoint": {
        "train": (("george", "jackson", "lucas", "nicolas"), range(50)),
        "validation": (("theo",), range(50)),
        "test": (("yweweler",), range(50)),
    },
}


class Recordings(NamedTuple):
    """Recordings of one split, ordered by digit, speaker and take.

    Attributes:
        sounds: float32 `(recordings, 8000)`: one second at 8 kHz; the recording, with mean 0
            and power 1, then silence.
        lengths: int64 `(recordings,)`, samples of the recording.
        labels: int64 `(recordings,)`, the digit.
        speakers: int64 `(recordings,)`, an index into `FSDD_SPEAKERS`.
        takes: int64 `(recordings,)`, 0 to 49: which of the speaker's recordings of the digit.
    """

    sounds: Tensor
    lengths: Tensor
    labels: Tensor
    speakers: Tensor
    takes: Tensor


def fsdd_recordings(split: str, speakers: str = "official") -> Recordings:
    """Return the recordings of one split.

    Recordings last 0.14 to 2.28 seconds; of the 20 that are longer than one second, the
    loudest second is kept.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        speakers: `"official"`: the same six in all splits, takes 10 to 49 for training (2,400
            recordings), 5 to 9 for validation (300), 0 to 4 for test (300). `"disjoint"`:
            george, jackson, lucas and nicolas for training (2,000), theo for validation
            (500), yweweler for test (500).

    Raises:
        DataError: the files cannot be had.
        ValueError: an unknown split, or unknown speakers.
    """
    check_known("speakers", speakers, FSDD_SPLITS)
    check_known("split", split, FSDD_SPLITS[speakers])
    folder = store.get(FSDD) / "recordings"
    who, takes = FSDD_SPLITS[speakers][split]
    keys = [(digit, name, take) for digit in range(10) for name in who for take in takes]
    every = [_sound(folder / f"{digit}_{name}_{take}.wav") for digit, name, take in keys]
    sounds = torch.zeros(len(every), FSDD_RATE)
    for row, sound in zip(sounds, every, strict=True):
        row[: len(sound)] = sound
    return Recordings(
        sounds,
        lengths=torch.tensor([len(sound) for sound in every]),
        labels=torch.tensor([digit for digit, _, _ in keys]),
        speakers=torch.tensor([FSDD_SPEAKERS.index(name) for _, name, _ in keys]),
        takes=torch.tensor([take for _, _, take in keys]),
    )


def _sound(path: Path) -> Tensor:
    """Return the loudest second of a file, or all of a shorter one, with mean 0 and power 1."""
    sound = torch.from_numpy(_samples(path).astype(np.float32))
    if len(sound) > FSDD_RATE:
        sums = F.pad(sound.double().square().cumsum(dim=0), (1, 0))
        start = int((sums[FSDD_RATE:] - sums[:-FSDD_RATE]).argmax())
        sound = sound[start : start + FSDD_RATE]
    return unit_power(sound - sound.mean())


def _samples(path: Path) -> np.ndarray:
    """Read a file: int16 `(samples,)`."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
