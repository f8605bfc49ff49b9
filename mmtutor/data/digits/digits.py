"""The UCI handwritten digits, each as a picture, a word, a sound and a video."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from mmtutor.data.checks import check_known, check_range
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.digits.audio import Audio
from mmtutor.data.digits.image import Image
from mmtutor.data.digits.scans import SCANS, deal, scans, scene_of, split_rows
from mmtutor.data.digits.scene import MOTIONS, Renderer, Scene
from mmtutor.data.digits.text import Text
from mmtutor.data.digits.video import Video
from mmtutor.data.seeds import generator_for

RENDERERS: dict[str, Renderer] = {
    "image": Image(),
    "text": Text(),
    "audio": Audio(),
    "video": Video(),
}

TARGETS: dict[str, Callable[[Scene], Tensor]] = {
    "digit": lambda scene: scene.labels,
    "motion": lambda scene: scene.motions,
    "parity": lambda scene: scene.labels % 2,
}

CLASSES: dict[str, tuple[str, ...]] = {
    "digit": tuple("0123456789"),
    "motion": tuple(MOTIONS),
    "parity": ("even", "odd"),
}


def digits(
    split: str = "train",
    modalities: Sequence[str] | Mapping[str, Renderer] = ("image", "text", "audio", "video"),
    *,
    target: str = "digit",
    reliability: Mapping[str, float] | None = None,
    seed: int = 0,
    renderings: int = 1,
) -> MultimodalDataset:
    """Return the digits of one split, in the chosen modalities.

    Each modality draws its nuisances from its own stream, named by the seed, the split and the
    modality. So leaving one out changes no other, and no two splits share a draw.

    The metadata of each example are its `"digit"`, `"motion"`, `"form"` (0 to 13), `"scan"` (its
    row in the file), and for each modality the digit that it shows, like `"shown_image"`.

    Args:
        split: `"train"` (776 scans), `"validation"` (253), `"public"` (516) or `"locked"` (252);
            whole forms. Test on `"public"`; `"locked"` is kept for the replication of the book.
            Both together are `"test"` (768).
        modalities: names from `RENDERERS`; or a mapping from any name to a renderer, like
            `{"left": Image(noise=0.3), "right": Image(noise=0.6)}`: two views of one scan.
        target: `"digit"` (0 to 9), `"parity"` (0 for even), or `"motion"` (the index of a
            direction in `MOTIONS`, drawn evenly and apart from the digit; only a video shows
            it).
        reliability: modality → probability that it shows the example's digit; otherwise it
            shows one drawn evenly from all ten, apart from the other modalities. Below 1, the
            scan too is always drawn, from those of the split that show that digit: if it were
            the example's own, two modalities with the same scan would betray that both are
            right. A modality that is not named has 1.
        seed: of everything that is drawn.
        renderings: how often each scan is rendered, each time with fresh draws. The data set
            has that many times as many examples; the first ones are those of `renderings=1`.

    Raises:
        TypeError: `modalities` is one string, or holds a renderer's class; `reliability` is no
            mapping.
        ValueError: an unknown split, modality or target, no modality, a reliability outside
            [0, 1], or `renderings` below 1.
    """
    check_known("target", target, TARGETS)
    renderers = renderers_of(modalities)
    reliability = _reliability(reliability, renderers)
    check_range("renderings", renderings, 1)
    rows = split_rows(split)
    keys = [(seed, split, number) for number in range(renderings)]
    scenes = [scene_of(rows, generator_for(*key, "motion")) for key in keys]
    inputs = {}
    metadata = {
        "digit": torch.cat([scene.labels for scene in scenes]),
        "motion": torch.cat([scene.motions for scene in scenes]),
        "form": scans().forms[rows].repeat(renderings),
        "scan": rows.repeat(renderings),
    }
    for name, renderer in renderers.items():
        parts = []
        for key, scene in zip(keys, scenes, strict=True):
            shown = _shown(scene, reliability[name], generator_for(*key, "reliability", name))
            parts.append((renderer(shown, generator_for(*key, "modality", name)), shown.labels))
        inputs[name], metadata[f"shown_{name}"] = map(torch.cat, zip(*parts, strict=True))
    return MultimodalDataset(
        inputs,
        torch.cat([TARGETS[target](scene) for scene in scenes]),
        metadata=metadata,
        classes=CLASSES[target],
        about=SCANS,
    )


def renderers_of(modalities: Sequence[str] | Mapping[str, Renderer]) -> Mapping[str, Renderer]:
    """Return the renderer of each modality; names alone mean those in `RENDERERS`.

    Raises:
        TypeError: `modalities` is one string, or holds something that is no renderer.
        ValueError: an unknown modality.
    """
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


def _reliability(
    given: Mapping[str, float] | None, renderers: Mapping[str, Renderer]
) -> dict[str, float]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(
            "reliability must map modalities to probabilities, like "
            f'{{"audio": 0.7}}; got {given!r}'
        )
    for name, probability in (given or {}).items():
        check_known("modality in reliability:", name, renderers)
        check_range(f"reliability[{name!r}]", probability, 0, 1)
    return {name: 1.0 for name in renderers} | dict(given or {})


def _shown(scene: Scene, reliability: float, generator: torch.Generator) -> Scene:
    """Return the scene as a modality of that reliability shows it; `scene` is a whole split."""
    if reliability == 1:
        return scene
    kept = torch.rand(scene.labels.shape, generator=generator) < reliability
    drawn = torch.randint(10, scene.labels.shape, generator=generator)
    shown = torch.where(kept, scene.labels, drawn)
    return Scene(scene.scans[deal(shown, scene.labels, generator)], shown, scene.motions)
