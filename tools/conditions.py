"""Conditions under which `tools.replicate` executes the notebooks once more.

Each is a function that is called in a cell before all others, and changes what the package and
its libraries do from then on. So neither the package nor the pages need a switch. Processes that
a page starts are not reached.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import gcd
from typing import Any

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data.digits import audio, scans
from mmtutor.data.digits.scene import Scene
from mmtutor.data.real.fsdd import FSDD_RATE, Recordings, fsdd_recordings
from mmtutor.data.real.mnist import mnist_pictures

SEEDS = 2**32  # NumPy's are below it, and torch's CPU generator reads no higher bits

# NIST's program, from whose bitmaps the UCI scans were counted, fits a digit into a box of this
# height and width: the scans reach the top and the bottom row, but hardly the outer columns.
BOX = (32, 20)
CANVAS = 32
INK = 0.25  # of a pixel, to be ink; so 28 % of the bitmap is, in the UCI scans 31 %


@dataclass(frozen=True)
class Condition:
    """One column of the table.

    Attributes:
        name: its heading.
        call: what the first cell calls, a function of this module with its arguments; or "".
        pages: a pattern for the code of the pages that it can touch; "" for all.
        needs: the data sets that it reads, by their names in the catalog.
        threads: of each kernel.
    """

    name: str
    call: str = ""
    pages: str = ""
    needs: tuple[str, ...] = ()
    threads: int = 1


_DIGITS = r"\bdata\.(digits|sums|questions|dialogues|scans)\b"
_MORSE = r"""(?s)\A(?!.*(?:dtmf|data\.mosi|data\.grid)).*["']audio["']|morse"""

CONTROL = Condition("nothing learned", "learn_nothing()")
SEED_CONDITIONS = tuple(Condition(f"seeds + {n}", f"shift_seeds({n})") for n in (100, 200, 300))
OTHER_SCANS = Condition("MNIST scans", "scan_mnist()", _DIGITS, ("mnist",))
CONDITIONS = (
    *SEED_CONDITIONS,
    Condition("two threads", threads=2),
    OTHER_SCANS,
    Condition("spoken digits", "speak()", _MORSE, ("fsdd",)),
    Condition("locked forms", "unlock()", r"""["']public["']"""),
    CONTROL,
)


def shift_seeds(by: int) -> None:
    """Add a number to every seed that Python, NumPy or torch is given."""

    def shifted(seed: Any) -> Any:
        return (int(seed) + by) % SEEDS if isinstance(seed, int | np.integer) else seed

    def shifting(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda seed=None, *rest, **named: function(shifted(seed), *rest, **named)

    class Generator(torch.Generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            return super().manual_seed(shifted(seed))

    class RandomState(np.random.RandomState):
        def __init__(self, seed: Any = None) -> None:
            super().__init__(shifted(seed))

    changes: dict[Any, dict[str, Any]] = {
        torch: {"Generator": Generator, "manual_seed": shifting(torch.manual_seed)},
        np.random: {
            "RandomState": RandomState,
            "default_rng": shifting(np.random.default_rng),
            "seed": shifting(np.random.seed),
        },
        random: {"seed": shifting(random.seed)},
    }
    for module, names in changes.items():
        for name, changed in names.items():
            setattr(module, name, changed)


def scan_mnist() -> None:
    """Put MNIST in place of the UCI scans, each by one of the same digit and the same split."""
    pixels = reduced_mnist()
    changed = scans.scans()._replace(pixels=pixels)
    vars(scans)["_read"] = lambda: changed


def reduced_mnist() -> Tensor:
    """Return a reduced MNIST picture for each UCI scan, float32 `(1797, 8, 8)` in [0, 1].

    The first pictures of each digit are taken, in the order of MNIST's file for that split. So
    what stands in place of a form is only a group of pictures that follow one another.
    """
    labels = scans.scans().labels
    result = torch.empty(len(labels), 8, 8)
    for split in scans.SPLITS:
        rows, pictures = scans.split_rows(split), mnist_pictures(split)
        for digit in range(10):
            own = rows[labels[rows] == digit]
            found = (pictures.labels == digit).nonzero()[: len(own), 0]
            result[own] = reduced(pictures.pixels[found])
    return result


def reduced(pictures: Tensor) -> Tensor:
    """Reduce MNIST pictures as the UCI scans were: boxed, in black and white, counted.

    Args:
        pictures: uint8 `(examples, 28, 28)`.

    Returns:
        The share of ink in each 4 × 4 block of a 32 × 32 bitmap, float32 `(examples, 8, 8)`.
    """
    bitmaps = torch.stack([_boxed(picture.float() / 255) for picture in pictures]) >= INK
    return F.avg_pool2d(bitmaps.float(), CANVAS // 8)


def _boxed(picture: Tensor) -> Tensor:
    """Stretch the ink of a picture to the box, in the middle of the canvas."""
    ink = picture > 0.5
    rows, columns = (ink.any(dim=dim).nonzero()[:, 0] for dim in (1, 0))
    cut = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    fitted = F.interpolate(cut[None, None], BOX, mode="bilinear", align_corners=False)[0, 0]
    side = (CANVAS - BOX[1]) // 2
    return F.pad(fitted, (side, side))


def speak() -> None:
    """Put recordings of spoken digits in place of Morse code; the telephone's tones stay."""
    in_morse = audio.Audio.__call__
    splits = {form: split for split, forms in scans.SPLITS.items() for form in forms}
    pixels, _, forms = scans.scans()
    split_of = {_key(p): splits[f] for p, f in zip(pixels, forms.tolist(), strict=True)}
    pools = cache(fsdd_recordings)  # takes 0 to 4 for test: no recording is in two splits

    def spoken(self: audio.Audio, scene: Scene, generator: torch.Generator) -> Tensor:
        if self.code != "morse":
            return in_morse(self, scene, generator)
        clips = torch.zeros(len(scene.labels), round(self.seconds * self.sample_rate))
        own = [split_of.get(_key(scan), "train") for scan in scene.scans]
        for split in sorted(set(own)):
            rows = torch.tensor([i for i, name in enumerate(own) if name == split])
            pool = pools(split)
            dealt = scans.deal(scene.labels[rows], pool.labels, generator)
            for row, sound in zip(rows, _sounds(pool, dealt, self.sample_rate), strict=True):
                _place(sound, clips[row], generator)
        if self.snr_db is not None:  # a recording has power 1, as long as it lasts
            noise = torch.randn(clips.shape, generator=generator)
            clips += 10 ** (-self.snr_db / 20) * noise
        low, high = audio.PEAKS
        peaks = low + (high - low) * torch.rand((len(clips), 1), generator=generator)
        return clips * (peaks / clips.abs().amax(dim=1, keepdim=True))

    audio.Audio.__call__ = spoken  # type: ignore[method-assign]


def _key(scan: Tensor) -> bytes:
    return scan.numpy().tobytes()


def _sounds(pool: Recordings, rows: Tensor, rate: int) -> list[Tensor]:
    """Return recordings of a pool without the silence after them, at another sample rate."""
    step = gcd(rate, FSDD_RATE)
    return [
        torch.from_numpy(resample_poly(sound[:length], rate // step, FSDD_RATE // step))
        for sound, length in zip(pool.sounds[rows].numpy(), pool.lengths[rows], strict=True)
    ]


def _place(sound: Tensor, clip: Tensor, generator: torch.Generator) -> None:
    """Write a sound somewhere into a silent clip; one that is too long loses its end."""
    sound = sound[: len(clip)]
    start = int(torch.randint(len(clip) - len(sound) + 1, (1,), generator=generator))
    clip[start : start + len(sound)] = sound


def unlock() -> None:
    """Let the split "public" mean the locked forms."""
    scans.TEST_PARTS["public"] = scans.TEST_PARTS["locked"]


def learn_nothing() -> None:
    """Let the steps of torch's optimizers change nothing."""

    def step(self: torch.optim.Optimizer, closure: Callable[[], Any] | None = None) -> Any:
        return closure() if closure else None

    for kind in vars(torch.optim).values():
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer):
            kind.step = step  # type: ignore[method-assign]
