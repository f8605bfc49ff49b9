"""The task: three instruments show a digit each, and one of them is the odd one out."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtutor.data import SPLITS, Audio, Image, Renderer, Scene, Text, scans

MODALITIES = ("image", "text", "sound")
LANGUAGES = ("english", "french", "german", "turkish")

# The forms of the scans. Whose writing is in the test is in no training example.
FORMS = {
    "train": [*SPLITS["train"], *SPLITS["validation"]],
    "test": [*SPLITS["test"]],
}

# A sound of half a second at 4,000 Hz holds the tones of a telephone key, up to 1,477 Hz.
RENDERERS: dict[str, dict[str, Renderer]] = {
    "train": {
        "image": Image(canvas=16, shift=1, noise=0.15),
        "text": Text(LANGUAGES, typos=0.05),
        "sound": Audio("dtmf", sample_rate=4000, seconds=0.5, snr_db=5.0),
    },
    "test": {
        "image": Image(canvas=16, shift=1, noise=0.3),
        "text": Text(LANGUAGES, typos=0.15),
        "sound": Audio("dtmf", sample_rate=4000, seconds=0.5, snr_db=0.0),
    },
}

BLOCK = 50  # examples whose nuisances share one seed


def odd_one_out(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of three digits is farthest from the middle one, or −1 if two are.

    Args:
        digits: `(examples, 3)`, in the order of `MODALITIES`.

    Returns:
        int64 `(examples,)`, an index into `MODALITIES`: 2, 9, 3 gives 1.
    """
    distances = np.abs(digits - np.median(digits, axis=1, keepdims=True))
    farthest = distances == distances.max(axis=1, keepdims=True)
    return np.where(farthest.sum(axis=1) == 1, distances.argmax(axis=1), -1)


def draw_digits(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw triples evenly from those that have an odd one out, int64 `(count, 3)`."""
    every = np.indices((10, 10, 10)).reshape(3, -1).T
    clear = every[odd_one_out(every) >= 0]
    return clear[rng.integers(len(clear), size=count)]


def render(
    digits: NDArray[np.int64], split: str, rng: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    """Render each modality's digit, as compact as it is stored.

    Args:
        digits: `(examples, 3)`, in the order of `MODALITIES`.
        split: `"train"` or `"test"`, which says whose writing is shown and how noisy it is.
        rng: of all nuisances.

    Returns:
        `"image"` uint8 `(examples, 16, 16)`, `"text"` int16 `(examples, 24)`, as `encode_text`
        gives, and `"sound"` int8 `(examples, 2000)`.
    """
    shown = {}
    for name, labels in zip(MODALITIES, torch.from_numpy(digits).T, strict=True):
        scene = Scene(_fresh_scans(labels, split, rng), labels, torch.zeros_like(labels))
        shown[name] = _render(RENDERERS[split][name], scene, rng)
    return {
        "image": (255 * shown["image"][:, 0]).round().byte().numpy(),
        "text": shown["text"].short().numpy(),
        "sound": (127 * shown["sound"]).round().to(torch.int8).numpy(),
    }


def _fresh_scans(labels: Tensor, split: str, rng: np.random.Generator) -> Tensor:
    """Return a mixture of two scans for each digit, `(examples, 8, 8)`: none is in the file."""
    file = scans()
    allowed = torch.isin(file.forms, torch.tensor(FORMS[split]))
    rows = [(allowed & (file.labels == digit)).nonzero()[:, 0].numpy() for digit in range(10)]
    pairs = np.array([rng.choice(rows[digit], 2, replace=False) for digit in labels.tolist()])
    weights = torch.from_numpy(rng.uniform(0.3, 0.7, (len(pairs), 1, 1))).float()
    first, second = (file.pixels[column] for column in pairs.T)
    return weights * first + (1 - weights) * second


def _render(renderer: Renderer, scene: Scene, rng: np.random.Generator) -> Tensor:
    """Render a scene in blocks, each with a seed of its own.

    torch's generator has 32 bits of seed, few enough for a patient student to try them all. With
    many seeds in each modality, drawn from a generator of 256 bits, that would tell little.
    """
    generator = torch.Generator()
    parts = []
    for start in range(0, len(scene.labels), BLOCK):
        block = Scene(*(part[start : start + BLOCK] for part in scene))
        parts.append(renderer(block, generator.manual_seed(int(rng.integers(2**32)))))
    return torch.cat(parts)
