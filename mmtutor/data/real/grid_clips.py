"""Cuts the digits out of the clips of the GRID corpus: a video of the mouth, and the sound."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmtutor.data.errors import DataError
from mmtutor.data.store.unpack import unzip
from mmtutor.data.words import DIGIT_WORDS

CLIPS = 1000
MOST_BYTES = 2_000_000_000  # of the clips, which have about 0.4 MB each

ALIGNMENT_RATE = 25_000  # units of an alignment in a second
FRAME_RATE = 25  # frames per second
CLIP_RATE = 44_100  # samples per second
AUDIO_RATE = 8_000  # after resampling

FRAMES = 12
SAMPLES = 5_120
MOUTH_ROWS = slice(184, 240)  # of 288
MOUTH_COLUMNS = slice(88, 216)  # of 360


def grid_arrays(downloads: Sequence[Path], target: Path) -> None:
    """Make the npz file of the GRID corpus from `s1.zip` and `alignments.zip`.

    Raises:
        DataError: there are not 1,000 clips, or one of them cannot be read.
    """
    raw = target.with_name("raw")
    unzip(downloads[0], raw / "s1", members="s1/*.mpg", limit=MOST_BYTES)
    unzip(downloads[1], raw / "align", members="s1/*.align", limit=MOST_BYTES)
    count = len(list((raw / "s1").iterdir()))
    if count != CLIPS:
        raise DataError(f"{downloads[0].name} holds {count:,} clips, {CLIPS:,} expected")
    arrays: dict[str, Any] = make(raw)
    with target.open("xb") as file:
        np.savez_compressed(file, **arrays)


def make(raw_folder: Path) -> dict[str, np.ndarray]:
    """Cut the digit out of every clip `s1/*.mpg`, by its word alignment `align/*.align`.

    Returns:
        In the order of the names: `"video"`, uint8 `(clips, 12, 28, 64)`: the mouth in the 12
        frames about the middle of the word, at half the resolution; `"audio"`, int16 `(clips,
        5120)` at 8 kHz, 0.64 seconds about the same instant; `"label"`, int64 `(clips,)`, the
        digit; `"ids"`, the names.

    Raises:
        DataError: a clip or its alignment is missing or damaged.
        ImportError: PyAV is not installed.
    """
    _av()
    paths = sorted((raw_folder / "s1").glob("*.mpg"))
    rows = [_cut(path, raw_folder / "align" / f"{path.stem}.align") for path in paths]
    videos, audios, labels = zip(*rows, strict=True)
    return {
        "video": np.stack(videos),
        "audio": np.stack(audios),
        "label": np.array(labels, np.int64),
        "ids": np.array([path.stem for path in paths]),
    }


def _cut(path: Path, alignment: Path) -> tuple[np.ndarray, np.ndarray, int]:
    label, middle = digit_and_middle(alignment)
    try:
        return _mouth(path, middle), _sound(path, middle), label
    except (_av().FFmpegError, ValueError, IndexError) as error:
        raise DataError(
            f"{path} is no clip of 3 seconds with picture and sound ({error})"
        ) from error


def digit_and_middle(alignment: Path) -> tuple[int, float]:
    """Return which digit a sentence has, and the middle of the word in seconds.

    Raises:
        DataError: the file is missing, or has not exactly one digit.
    """
    try:
        lines = [line.split() for line in alignment.read_text(encoding="ascii").splitlines()]
        [(label, start, end)] = [
            (DIGIT_WORDS["english"].index(word), int(start), int(end))
            for start, end, word in lines
            if word in DIGIT_WORDS["english"]
        ]
    except (OSError, ValueError) as error:
        raise DataError(f"{alignment} is no alignment with one digit ({error})") from error
    # In this order: the sample at which a sound starts is rounded down, and once in twenty
    # clips another order rounds to another sample.
    return label, (start / ALIGNMENT_RATE + end / ALIGNMENT_RATE) / 2


def _mouth(path: Path, middle: float) -> np.ndarray:
    """Return the mouth about an instant, uint8 `(12, 28, 64)`."""
    frames = list(_decoded(path, "video"))
    start = _start(round(middle * FRAME_RATE), FRAMES, len(frames))
    gray = [frame.to_ndarray(format="gray") for frame in frames[start : start + FRAMES]]
    mouths = np.stack(gray)[:, MOUTH_ROWS, MOUTH_COLUMNS]
    # Blocks of 2 by 2 pixels; their mean is rounded down.
    blocks = mouths.reshape(FRAMES, mouths.shape[1] // 2, 2, mouths.shape[2] // 2, 2)
    return blocks.mean(axis=(2, 4)).astype(np.uint8)


def _sound(path: Path, middle: float) -> np.ndarray:
    """Return the sound about an instant, int16 `(5120,)` at 8 kHz."""
    from scipy.signal import resample_poly  # slow to import, and seldom needed

    channels = np.concatenate([frame.to_ndarray() for frame in _decoded(path, "audio")], axis=1)
    mono = channels.astype(np.float32).mean(axis=0) / 32768
    sound = resample_poly(mono, AUDIO_RATE // 100, CLIP_RATE // 100)
    start = _start(int(middle * AUDIO_RATE), SAMPLES, len(sound))
    return np.clip(sound[start : start + SAMPLES] * 32767, -32768, 32767).astype(np.int16)


def _start(middle: int, length: int, available: int) -> int:
    """Return where a stretch about `middle` starts; one that would stick out is moved in."""
    if available < length:
        raise ValueError(f"it has {available} where {length} are needed")
    return min(max(middle - length // 2, 0), available - length)


def _decoded(path: Path, kind: str) -> Iterator[Any]:
    with _av().open(str(path)) as container:
        yield from container.decode(**{kind: 0})


def _av() -> Any:
    """Return the module `av`, which only this file needs."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            'the clips of GRID are read with PyAV: install it with pip install "mmtutor[real]"'
        ) from error
    return av
