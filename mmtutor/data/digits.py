"""The UCI handwritten digits, each as a picture, a word, a sound and a video."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from mmtutor.data.audio import Audio
from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.image import Image
from mmtutor.data.scene import MOTIONS, Renderer, Scene
from mmtutor.data.seeds import generator_for
from mmtutor.data.text import Text
from mmtutor.data.video import Video

# The rows of the file follow 14 filled-in copies of one printed form: the same sequence of
# about 130 digits starts again at each of these rows.
FORM_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)

# Whole forms, because the scans of one form are alike. A random split flatters: an SVC trained
# on the training forms reads .96 of the validation forms, but .97 to .99 of as many scans when
# the same rows are split at random.
SPLITS = {"train": range(0, 6), "validation": range(6, 8), "test": range(8, 14)}

RENDERERS: dict[str, Renderer] = {
    "image": Image(),
    "text": Text(),
    "audio": Audio(),
    "video": Video(),
}

TARGETS: dict[str, Callable[[Scene], Tensor]] = {
    "digit": lambda scene: scene.labels,
    "motion": lambda scene: scene.motions,
}


class Scans(NamedTuple):
    """The whole file, in its order.

    Attributes:
        pixels: float32 `(1797, 8, 8)` in [0, 1], 1 where there is ink.
        labels: int64 `(1797,)`, the digit.
        forms: int64 `(1797,)`, 0 to 13: the filled-in form that the scan is from.
    """

    pixels: Tensor
    labels: Tensor
    forms: Tensor


def scans() -> Scans:
    """Return the 1,797 scans that scikit-learn carries.

    UCI says that 13 people wrote them and not which person wrote which; the forms are what
    the file itself shows.

    Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, test part, licence CC BY 4.0.
    """
    # Copies, so that whoever changes them changes no later call.
    return Scans(*(tensor.clone() for tensor in _read()))


@cache
def _read() -> Scans:
    file = load_digits()
    starts = torch.tensor(FORM_STARTS)
    return Scans(
        pixels=torch.from_numpy(file.images / 16).float(),
        labels=torch.from_numpy(file.target).long(),
        forms=torch.searchsorted(starts, torch.arange(len(file.target)), right=True) - 1,
    )


def digits(
    split: str = "train",
    modalities: Sequence[str] | Mapping[str, Renderer] = ("image", "text", "audio", "video"),
    *,
    target: str = "digit",
    seed: int = 0,
    renderings: int = 1,
) -> MultimodalDataset:
    """Return the digits of one split, in the chosen modalities.

    Each modality draws its nuisances from its own stream, named by the seed, the split and the
    modality. So leaving one out changes no other, and no two splits share a draw.

    Args:
        split: `"train"` (776 scans), `"validation"` (253) or `"test"` (768); whole forms.
        modalities: names from `RENDERERS`; or a mapping from any name to a renderer, like
            `{"left": Image(noise=0.3), "right": Image(noise=0.6)}`: two views of one scan.
        target: `"digit"` (0 to 9) or `"motion"` (the index of a direction in `MOTIONS`, drawn
            evenly and apart from the digit; only a video shows it).
        seed: of everything that is drawn.
        renderings: how often each scan is rendered, each time with fresh draws. The data set
            has that many times as many examples; the first ones are those of `renderings=1`.

    Raises:
        TypeError: `modalities` is one string, or holds a renderer's class.
        ValueError: an unknown split, modality or target, no modality, or `renderings` below 1.
    """
    check_known("split", split, SPLITS)
    check_known("target", target, TARGETS)
    renderers = _renderers(modalities)
    if renderings < 1:
        raise ValueError(f"renderings must be at least 1, got {renderings}")
    scenes = [_scene(split, seed, number) for number in range(renderings)]
    inputs = {
        name: torch.cat(
            [
                renderer(scene, generator_for(seed, split, number, "modality", name))
                for number, scene in enumerate(scenes)
            ]
        )
        for name, renderer in renderers.items()
    }
    return MultimodalDataset(inputs, torch.cat([TARGETS[target](scene) for scene in scenes]))


def _scene(split: str, seed: int, number: int) -> Scene:
    pixels, labels, forms = scans()
    rows = torch.isin(forms, torch.tensor(SPLITS[split]))
    generator = generator_for(seed, split, number, "motion")
    motions = torch.randint(len(MOTIONS), (int(rows.sum()),), generator=generator)
    return Scene(pixels[rows], labels[rows], motions)


def _renderers(modalities: Sequence[str] | Mapping[str, Renderer]) -> Mapping[str, Renderer]:
    if isinstance(modalities, str):
        raise TypeError(f'modalities must be several names, like ("{modalities}",)')
    if not isinstance(modalities, Mapping):
        for name in modalities:
            check_known("modality", name, RENDERERS)
        return {name: RENDERERS[name] for name in modalities}
    for name, renderer in modalities.items():
        if isinstance(renderer, type) or not callable(renderer):
            raise TypeError(f"modality {name!r} needs a renderer, like Image(); got {renderer!r}")
    return modalities
