"""The GRID corpus: digits in the sentences of one speaker, seen on the mouth and heard."""

import numpy as np
import torch
from torch import Tensor

from mmtutor.data import store
from mmtutor.data.about import About
from mmtutor.data.checks import check_known, check_snr
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.real.grid_clips import SAMPLES, grid_arrays
from mmtutor.data.real.noise import NOISES, speech_spectrum, unit_noise, unit_power
from mmtutor.data.real.spectrogram import log_spectrogram
from mmtutor.data.seeds import generator_for
from mmtutor.data.text import encode_text
from mmtutor.data.words import DIGIT_WORDS

GRID = store.Entry(
    "grid",
    About(
        title="GRID corpus, speaker 1",
        license="CC BY 4.0",
        source="https://doi.org/10.5281/zenodo.3625687",
        citation="Cooke, Barker, Cunningham and Shao 2006, An audio-visual corpus for speech "
        "perception and automatic speech recognition, Journal of the Acoustical Society of "
        "America 120(5)",
    ),
    (
        store.Part(
            "s1_digits.npz",
            "7f60ca74305c0b69971087d41072a547e2b76c05c19abe9a1b9ab57b6bed9831",
            (
                store.Download(("doi:10.5281/zenodo.3625687/s1.zip",)),
                store.Download(("doi:10.5281/zenodo.3625687/alignments.zip",)),
            ),
            grid_arrays,
            computed=True,
            needs=("av",),
        ),
    ),
    folder="grid",
    size=25_008_373,
)

# Split → of the 100 clips of each digit, in a fixed random order, those that it has.
GRID_SPLITS = {"train": slice(0, 60), "validation": slice(60, 70), "test": slice(70, 100)}

GRID_TARGETS = ("digit", "clean")

LEVEL = 0.05  # root mean square of every sound, so that the highest peak of the corpus is 0.8

SENTENCE_LENGTH = 32  # "place green with w seven please" has 31 letters

# A clip's name has one letter for each word of its sentence, the spoken letter as it is.
_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(zip("z123456789", DIGIT_WORDS["english"], strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


def grid(
    split: str = "train",
    *,
    target: str = "digit",
    snr_db: float | None = None,
    noise: str = "white",
    seed: int = 0,
) -> MultimodalDataset:
    """Return the digits of speaker 1 of the GRID corpus, one from each of 1,000 sentences.

    - `"video"`, float32 `(examples, 1, 12, 28, 64)` in [0, 1]: the mouth in the 12 frames (25
      a second) about the middle of the digit.
    - `"audio"`, float32 `(examples, 5120)` in [-1, 1]: 0.64 seconds at 8 kHz about the same
      instant. Its root mean square is 0.05, with noise as without.
    - `"text"`, for the target `"clean"` only, as it names the digit: the sentence, int64
      `(examples, 32)` as `encode_text` gives.

    A sentence is a command, a color, a preposition, a letter, a digit and an adverb, like
    "bin blue at f two now"; no two of the 1,000 are alike. The words about the digit tell
    something of it, and the clips let us see and hear parts of them: after an even digit comes
    "now" or "please", after an odd one "again" or "soon".

    A clip is in the same split whatever the seed is. All are of one speaker: nothing here says
    how well others are understood.

    The metadata `"clip"` is the row in the file, whose rows are in the order of the clips' names;
    `"sentence"` is the sentence, as above.

    Args:
        split: `"train"` (60 clips of each digit), `"validation"` (10) or `"test"` (30).
        target: `"digit"`; or `"clean"`, the `log_spectrogram` of the sound without noise,
            float32 `(examples, 32, 20)`, less the mean and over the standard deviation of the
            training clips for each band and frame. So the mean itself has an error near 1.
        snr_db: power of the sound over the power of the noise, in decibels; None for no noise.
        noise: `"white"`, or `"speech"`: noise with the mean spectrum of the training clips.
        seed: of the noise.

    Raises:
        DataError: the data cannot be had.
        ValueError: an unknown split, target or noise, or an `snr_db` that is not finite.
    """
    check_known("split", split, GRID_SPLITS)
    check_known("target", target, GRID_TARGETS)
    check_known("noise", noise, NOISES)
    check_snr(snr_db)
    with np.load(store.get(GRID) / "s1_digits.npz") as file:
        arrays = dict(file)
    labels = torch.from_numpy(arrays["label"]).long()
    rows, training = _rows(labels, split), _rows(labels, "train")
    clean = LEVEL * unit_power(torch.from_numpy(arrays["audio"]).float())
    spectrum = speech_spectrum(clean[training]) if noise == "speech" else None
    generator = generator_for(seed, "grid", split, "noise")
    sentences = encode_text([sentence(arrays["ids"][row]) for row in rows], SENTENCE_LENGTH)
    inputs = {
        "video": torch.from_numpy(arrays["video"])[rows, None] / 255,
        "audio": _noisy(clean[rows], snr_db, spectrum, generator),
    }
    if target == "clean":
        inputs["text"] = sentences
    return MultimodalDataset(
        inputs,
        labels[rows] if target == "digit" else _standardized(clean, rows, training),
        metadata={"clip": rows, "sentence": sentences},
        classes=[str(digit) for digit in range(10)] if target == "digit" else (),
        about=GRID.about,
    )


def sentence(name: str) -> str:
    """Return the sentence of a clip, which its name spells: `"bbaf2n"` → bin blue at f two now.

    Raises:
        ValueError: no name of a clip.
    """
    try:
        return " ".join(words[letter] for words, letter in zip(_WORDS, name, strict=True))
    except (KeyError, ValueError):
        raise ValueError(f'a clip of GRID has a name like "bbaf2n", got {str(name)!r}') from None


def _rows(labels: Tensor, split: str) -> Tensor:
    """Return the rows of a split, in their order."""
    chosen = []
    for digit in range(10):
        rows = (labels == digit).nonzero()[:, 0]
        order = torch.randperm(len(rows), generator=generator_for("grid", "split", digit))
        chosen.append(rows[order[GRID_SPLITS[split]]])
    return torch.cat(chosen).sort().values


def _noisy(
    clean: Tensor, snr_db: float | None, spectrum: Tensor | None, generator: torch.Generator
) -> Tensor:
    """Return the sounds in noise, at the same level."""
    if snr_db is None:
        return clean
    ratio = 10 ** (-snr_db / 20)  # of the noise's amplitude to the sound's
    noise = LEVEL * unit_noise(len(clean), SAMPLES, generator, spectrum)
    return (clean + ratio * noise) / (1 + ratio**2) ** 0.5


def _standardized(clean: Tensor, rows: Tensor, training: Tensor) -> Tensor:
    """Return the spectrograms of some rows, standardized by the training rows."""
    reference = log_spectrogram(clean[training])
    mean, deviation = reference.mean(dim=0), reference.std(dim=0, correction=0)
    return (log_spectrogram(clean[rows]) - mean) / deviation
