"""How the cells of a column become the tensor of a modality."""

import struct
import unicodedata
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy.io import wavfile
from scipy.signal import resample_poly
from torch import Tensor

from mmtutor.data.own.problems import CellError
from mmtutor.data.text import encode_text

MODES = {"L": 1, "RGB": 3}  # Pillow's name of a color mode → channels


class Column(ABC):
    """What `from_table` asks of each kind of column. An empty cell never comes here."""

    column: str

    @abstractmethod
    def read(self, folder: Path, cell: str) -> Any:
        """Return the content of one cell.

        Raises:
            CellError: it cannot be used.
        """

    @abstractmethod
    def stack(self, values: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
        """Return the inputs `(examples, …)` and perhaps their lengths; None is a missing value."""

    def differing(self, values: Sequence[Any]) -> Iterator[tuple[int, str]]:
        """Yield which values do not fit the first one, and why."""
        return iter(())


@dataclass(frozen=True)
class ImageFile(Column):
    """Paths of images: float32 `(examples, channels, height, width)` in [0, 1].

    An image is turned upright as its camera says, resized (bilinear) as far as it fits, and
    filled up with black, so that nothing is stretched or cut off. Transparency is laid on black.

    Args:
        column: name of the column.
        size: height and width in pixels, or one number for both.
        mode: `"L"` turns all into gray, `"RGB"` into color; by default all images must be alike,
            and either gray or color.

    Raises:
        ValueError: another mode, or a size below 1.
    """

    column: str
    size: int | tuple[int, int]
    mode: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in (None, *MODES):
            raise ValueError(f'mode must be "L" (gray), "RGB" or None, got {self.mode!r}')
        if min(self._shape) < 1:
            raise ValueError(f"size must be at least 1 pixel, got {self.size}")

    @property
    def _shape(self) -> tuple[int, int]:
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def read(self, folder: Path, cell: str) -> Tensor:
        """Return an image `(channels, height, width)`."""
        try:
            with Image.open(_existing(folder, cell)) as file:
                file.load()
                image = self._in_mode(ImageOps.exif_transpose(file), cell)
        except (UnidentifiedImageError, OSError) as error:
            raise CellError(f"{cell!r} is not an image, or damaged; open it and look") from error
        height, width = self._shape
        fitted = ImageOps.pad(image, (width, height), Image.Resampling.BILINEAR, color=0)
        pixels = torch.from_numpy(np.array(fitted)).float() / 255
        return pixels[None] if pixels.ndim == 2 else pixels.movedim(2, 0)

    def _in_mode(self, image: Image.Image, cell: str) -> Image.Image:
        if image.mode in ("F", "I") or image.mode.startswith("I;"):
            raise CellError(f"{cell!r} has more than 8 bits a pixel; save it with 8 bits")
        if self.mode is None and image.mode not in MODES:
            raise CellError(
                f"{cell!r} has the color mode {image.mode}, expected L (gray) or RGB; "
                'mode="L" or mode="RGB" converts all images'
            )
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
        return image.convert(self.mode or image.mode)

    def differing(self, values: Sequence[Tensor | None]) -> Iterator[tuple[int, str]]:
        """Yield the images that have another color mode than the first."""
        names = {count: name for name, count in MODES.items()}
        modes = [None if image is None else names[len(image)] for image in values]
        first = next((mode for mode in modes if mode), None)
        for i, mode in enumerate(modes):
            if mode not in (None, first):
                text = f"this image has the color mode {mode}, and the first of the table {first}"
                yield i, f'{text}; mode="L" or mode="RGB" makes all alike'

    def stack(self, values: Sequence[Tensor | None]) -> tuple[Tensor, None]:
        """Return the images `(examples, channels, height, width)`, 0 where one is missing."""
        channels = next((len(image) for image in values if image is not None), 1)
        blank = torch.zeros(channels, *self._shape)
        return torch.stack([blank if image is None else image for image in values]), None


@dataclass(frozen=True)
class TextCell(Column):
    """Texts in any language, as they stand in the table: int64 ids `(examples, length)`.

    The ids are those of `encode_text`. Every text is brought into Unicode's form NFC, in which
    é is always the same two bytes; there are two ways to type it.

    Args:
        column: name of the column.
        length: ids for each text; longer ones are cut off after a whole character. By default
            the longest text decides.
    """

    column: str
    length: int | None = None

    def read(self, folder: Path, cell: str) -> str:
        """Return the text."""
        if not cell.strip():
            raise CellError("the text is nothing but blanks; leave the cell empty if it is missing")
        return unicodedata.normalize("NFC", cell)

    def stack(self, values: Sequence[str | None]) -> tuple[Tensor, None]:
        """Return the ids `(examples, length)`, 0 where a text is missing."""
        texts = [text or "" for text in values]
        longest = max((len(text.encode()) for text in texts), default=0)
        return encode_text(texts, self.length or max(1, longest), truncate=True), None


@dataclass(frozen=True)
class SoundFile(Column):
    """Paths of WAV files: float32 `(examples, samples)` in [-1, 1], and their lengths.

    Args:
        column: name of the column.
        sample_rate: samples per second.
        seconds: longer sounds are cut off here; by default the longest one decides, and shorter
            ones are filled up with silence, which their lengths tell from the sound.
        resample: convert sounds of another rate; by default they are refused.
        mix: average the channels of stereo sounds; by default they are refused.

    Raises:
        ValueError: a rate or a length that is not positive.
    """

    column: str
    sample_rate: int
    seconds: float | None = None
    resample: bool = False
    mix: bool = False

    def __post_init__(self) -> None:
        if self.sample_rate < 1 or (self.seconds is not None and self.seconds <= 0):
            raise ValueError(
                f"sample_rate and seconds must be positive, got {self.sample_rate}, {self.seconds}"
            )

    def read(self, folder: Path, cell: str) -> Tensor:
        """Return a sound `(samples,)`."""
        rate, samples = _read_wav(_existing(folder, cell), cell)
        if samples.ndim == 2 and samples.shape[1] > 1 and not self.mix:
            raise CellError(
                f"{cell!r} has {samples.shape[1]} channels, expected 1; mix=True averages them"
            )
        if rate != self.sample_rate and not self.resample:
            raise CellError(
                f"{cell!r} has {rate:,} samples a second, expected {self.sample_rate:,}; "
                "resample=True converts it"
            )
        if samples.ndim == 2:
            samples = samples.mean(axis=1)
        if rate != self.sample_rate:
            step = gcd(rate, self.sample_rate)
            samples = resample_poly(samples, self.sample_rate // step, rate // step)
        most = None if self.seconds is None else round(self.seconds * self.sample_rate)
        return torch.from_numpy(samples[:most]).float()

    def stack(self, values: Sequence[Tensor | None]) -> tuple[Tensor, Tensor]:
        """Return the sounds `(examples, samples)`, 0 where missing, and the lengths."""
        sounds = [torch.zeros(0) if sound is None else sound for sound in values]
        lengths = torch.tensor([len(sound) for sound in sounds])
        if self.seconds is not None:
            sounds.append(torch.zeros(round(self.seconds * self.sample_rate)))
        padded = torch.nn.utils.rnn.pad_sequence(sounds, batch_first=True)
        return padded[: len(lengths)], lengths


def _existing(folder: Path, cell: str) -> Path:
    path = folder / cell
    if not path.is_file():
        raise CellError(
            f"there is no file {cell!r}; paths start at the folder of the table, and an empty cell "
            "says that the file is missing"
        )
    return path


def _read_wav(path: Path, cell: str) -> tuple[int, np.ndarray]:
    """Return the rate, and samples `(samples,)` or `(samples, channels)` in [-1, 1]."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of parts that hold no sound
            rate, samples = wavfile.read(path)
    except (ValueError, EOFError, OSError, struct.error) as error:
        raise CellError(f"{cell!r} is not a WAV file, or damaged; save it as WAV") from error
    if not len(samples):
        raise CellError(f"{cell!r} is a sound without a single sample")
    if samples.dtype == np.uint8:
        return rate, (samples.astype(np.float64) - 128) / 128
    if np.issubdtype(samples.dtype, np.integer):
        return rate, samples / (np.iinfo(samples.dtype).max + 1.0)
    if not np.isfinite(samples).all():
        raise CellError(f"{cell!r} holds samples that are no finite numbers")
    return rate, samples.astype(np.float64)
