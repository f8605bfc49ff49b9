"""Audio-visual MNIST: a blurred picture of a digit, and somebody who says it."""

from functools import partial

import torch
from torch import Tensor

from mmtutor.data import store
from mmtutor.data.about import About
from mmtutor.data.checks import check_known, check_range, check_snr
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.real.fsdd import FSDD, FSDD_RATE, Recordings, fsdd_recordings
from mmtutor.data.real.mnist import MNIST, MNIST_PIXELS, keep_components, mnist_pictures
from mmtutor.data.real.noise import NOISES, speech_spectrum, unit_noise
from mmtutor.data.seeds import generator_for

AV_MNIST = store.Entry(
    "av_mnist",
    About(
        title="Audio-visual MNIST",
        license="MNIST: as published by its authors; Free Spoken Digit Dataset: CC BY-SA 4.0",
        source="MNIST and the Free Spoken Digit Dataset",
        citation="after Vielzeuf, Lechervy, Pateux and Jurie 2018, CentralNet: a Multilayer "
        "Approach for Multimodal Fusion",
    ),
    made_from=(MNIST, FSDD),
)

PEAKS = (0.3, 0.9)  # of a whole clip


def av_mnist(
    split: str = "train",
    *,
    components: int | None = 4,
    snr_db: float | None = 0.0,
    noise: str = "white",
    speakers: str = "official",
    examples: int | None = 5_000,
    seed: int = 0,
) -> MultimodalDataset:
    """Return pictures of MNIST, each with a recording of the same digit from FSDD.

    At least three data sets share the name AV-MNIST, and results on one say nothing about
    another. This one is specified in full:

    - `"image"`, float32 `(examples, 1, 28, 28)`: the mean of the training pictures, and the
      picture's part along their first `components` principal axes (`keep_components`). Four
      is the least number that keeps a quarter of the variance.
    - `"audio"`, float32 `(examples, 8000)` in [-1, 1]: one second at 8 kHz. The recording
      starts anywhere that lets it end in time, evenly; the noise fills the second. The level
      is drawn evenly: the clip's peak is 0.3 to 0.9.
    - Each picture gets a recording of its digit, evenly drawn from those of its split: none is
      in two splits. There are 2,400 recordings for 50,000 training pictures, so they recur,
      each time at another place and level and in another noise.

    The pictures come in a random order, as the two halves of MNIST's test file are not equally
    hard; fewer examples are the first of more. With the same seed, other components, another
    noise or another level leave all else as it was.

    The metadata are `"picture"` (the row in MNIST's file), `"speaker"` (an index into
    `FSDD_SPEAKERS`), `"take"` (0 to 49) and `"start"` (the sample at which the recording
    starts).

    Args:
        split: `"train"` (50,000 pictures), `"validation"` (the last 10,000 of MNIST's training
            file) or `"test"` (10,000).
        components: how many principal components of the pictures are kept, 1 to 784; None for
            the pictures as they are.
        snr_db: power of the recording, while it lasts, over the power of the noise, in
            decibels; None for no noise.
        noise: `"white"`, or `"speech"`: noise with the mean spectrum of the training
            recordings.
        speakers: `"official"` or `"disjoint"`; see `fsdd_recordings`.
        examples: how many pairs; None for all. 5,000 take 176 MB, 50,000 take 1.8 GB.
        seed: of the pairs, places, levels and noise.

    Raises:
        DataError: the data cannot be had.
        ValueError: an unknown split, noise or speakers, an `snr_db` that is not finite, or
            `components` or `examples` out of range.
    """
    check_known("noise", noise, NOISES)
    check_snr(snr_db)
    if components is not None:
        check_range("components", components, 1, MNIST_PIXELS**2)
    pixels, labels, rows = mnist_pictures(split)
    examples = len(labels) if examples is None else examples
    check_range("examples", examples, 1, len(labels))
    recordings = fsdd_recordings(split, speakers)
    stream = partial(generator_for, seed, "av-mnist", split)
    order = torch.randperm(len(labels), generator=stream("pictures"))[:examples]
    labels = labels[order]
    chosen = _draw_recordings(labels, recordings, stream("recordings"))
    starts = _draw_starts(recordings.lengths[chosen], stream("starts"))
    spectrum = None
    if noise == "speech":
        spectrum = speech_spectrum(fsdd_recordings("train", speakers).sounds)
    clips = _placed(recordings, chosen, starts)
    _add_noise(clips, snr_db, spectrum, stream("noise"))
    _set_peaks(clips, stream("peaks"))
    return MultimodalDataset(
        {"image": _images(pixels[order], components), "audio": clips},
        labels,
        metadata={
            "picture": rows[order],
            "speaker": recordings.speakers[chosen],
            "take": recordings.takes[chosen],
            "start": starts,
        },
        classes=[str(digit) for digit in range(10)],
        about=AV_MNIST.about,
    )


def _draw_recordings(labels: Tensor, recordings: Recordings, generator: torch.Generator) -> Tensor:
    """Return for each label the number of a recording of that digit, evenly drawn."""
    counts = recordings.labels.bincount(minlength=10)
    firsts = counts.cumsum(dim=0) - counts  # recordings are ordered by digit
    draws = torch.rand(len(labels), generator=generator)
    return firsts[labels] + (draws * counts[labels]).long()


def _draw_starts(lengths: Tensor, generator: torch.Generator) -> Tensor:
    """Return where each recording starts so that it ends within the second."""
    draws = torch.rand(len(lengths), generator=generator)
    return (draws * (FSDD_RATE - lengths + 1)).long()


def _placed(recordings: Recordings, chosen: Tensor, starts: Tensor) -> Tensor:
    """Return the chosen recordings `(len(chosen), 8000)`, each moved to its start."""
    clips = torch.zeros(len(chosen), FSDD_RATE)
    lengths = recordings.lengths.tolist()
    for clip, number, start in zip(clips, chosen.tolist(), starts.tolist(), strict=True):
        length = lengths[number]
        clip[start : start + length] = recordings.sounds[number, :length]
    return clips


def _add_noise(
    clips: Tensor, snr_db: float | None, spectrum: Tensor | None, generator: torch.Generator
) -> None:
    """Add noise to clips whose recordings have power 1."""
    if snr_db is None:
        return
    for part in clips.split(500):  # all the noise at once would take the memory twice
        part += 10 ** (-snr_db / 20) * unit_noise(len(part), FSDD_RATE, generator, spectrum)


def _set_peaks(clips: Tensor, generator: torch.Generator) -> None:
    low, high = PEAKS
    peaks = low + (high - low) * torch.rand(len(clips), 1, generator=generator)
    clips *= peaks / torch.maximum(clips.amax(dim=1), -clips.amin(dim=1))[:, None]


def _images(pixels: Tensor, components: int | None) -> Tensor:
    if components is None:
        return pixels[:, None] / 255
    return keep_components(pixels, components).reshape(len(pixels), 1, MNIST_PIXELS, MNIST_PIXELS)
