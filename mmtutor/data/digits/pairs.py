"""Two digits in one example: what they add up to, and what is asked about them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from mmtutor.data.checks import check_range
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.digits.audio import Audio
from mmtutor.data.digits.digits import renderers_of
from mmtutor.data.digits.grammar import ANSWERS, SIDES, Grammar, ids_of
from mmtutor.data.digits.image import Image
from mmtutor.data.digits.scans import SCANS, scene_showing, split_rows
from mmtutor.data.digits.scene import Renderer
from mmtutor.data.seeds import generator_for
from mmtutor.data.text import encode_text

PICTURE = Image()
ADDENDS: Mapping[str, Renderer] = {"image": PICTURE, "audio": Audio("dtmf")}

Key = tuple[int | str, ...]


def sums(
    split: str = "train",
    modalities: Sequence[str] | Mapping[str, Renderer] = ADDENDS,
    *,
    seed: int = 0,
    renderings: int = 1,
) -> MultimodalDataset:
    """Return examples whose modalities show a digit each; the target is their sum.

    The digits are drawn evenly from all ten and apart from each other, so no modality tells
    anything about another's. The best prediction from one of two modalities is its digit plus
    4.5, and its mean squared error is 8.25, the variance of the digit that it does not see;
    with more modalities it is 8.25 for each that is left out. Scans are dealt: each of the
    split's is used about once for a modality in each rendering.

    The metadata are for each modality the digit that it shows, like `"shown_image"`, and the row
    of its scan in the file, like `"scan_image"`.

    Args:
        split: one of those of `digits`; all scans are from it.
        modalities: two or more names from `RENDERERS`, or a mapping from any names to renderers.
        seed: of everything that is drawn. Each modality draws from its own stream.
        renderings: the data set has this many times as many examples as the split has scans
            (776, 253, 768), the first ones those of `renderings=1`.

    Returns:
        The data set; its targets are float32 `(examples,)`, whole numbers from 0 to 18 for two
        modalities.

    Raises:
        TypeError: `modalities` is one string, or holds something that is no renderer.
        ValueError: an unknown split or modality, fewer than two, or `renderings` below 1.
    """
    renderers = renderers_of(modalities)
    if len(renderers) < 2:
        raise ValueError(
            'a sum needs at least two modalities, like ("image", "audio"); '
            f"got {', '.join(renderers) or 'none'}"
        )
    check_range("renderings", renderings, 1)
    count = len(split_rows(split))
    inputs, metadata = {}, {}
    total = torch.zeros(count * renderings, dtype=torch.int64)
    for name, renderer in renderers.items():
        keys: list[Key] = [(seed, split, number, "sums", name) for number in range(renderings)]
        digits = [torch.randint(10, (count,), generator=generator_for(*k, "digit")) for k in keys]
        inputs[name], metadata[f"scan_{name}"] = _shown(digits, renderer, split, keys)
        metadata[f"shown_{name}"] = torch.cat(digits)
        total += metadata[f"shown_{name}"]
    about = replace(SCANS, title="Sums of handwritten digits")
    return MultimodalDataset(inputs, total.float(), metadata=metadata, about=about)


def asked(
    grammar: Grammar,
    split: str,
    *,
    name: str,
    title: str,
    labels: Mapping[str, Sequence[str]],
    length: int,
    image: Renderer,
    seed: int,
    renderings: int,
    context: bool = True,
) -> MultimodalDataset:
    """Return what `questions` and `dialogues` do: pictures, and texts drawn from a grammar.

    The random streams have the `name`. The fields of `Case` in `labels` become metadata; each
    is mapped to its values, in the order of their ids.
    """
    image = renderers_of({"image": image})["image"]
    check_range("renderings", renderings, 1)
    count = len(split_rows(split))
    keys: list[Key] = [(seed, split, number, name) for number in range(renderings)]
    drawn = [grammar.draw(count, generator_for(*key, "case")) for key in keys]
    cases = [case for part in drawn for case in part]
    metadata = {
        field: ids_of((getattr(case, field) for case in cases), names)
        for field, names in labels.items()
    }
    halves = []
    for side in SIDES:
        digits = [torch.tensor([getattr(case, side) for case in part]) for part in drawn]
        half, rows = _shown(digits, image, split, [(*key, side) for key in keys])
        halves.append(half)
        metadata |= {side: torch.cat(digits), f"scan_{side}": rows}
    texts = [case.context + case.text if context else case.text for case in cases]
    return MultimodalDataset(
        {"image": torch.cat(halves, dim=-1), "text": encode_text(texts, length)},
        ids_of((case.answer for case in cases), ANSWERS),
        metadata=metadata,
        classes=ANSWERS,
        about=replace(SCANS, title=title),
    )


def _shown(
    digits: Sequence[Tensor], renderer: Renderer, split: str, keys: Sequence[Key]
) -> tuple[Tensor, Tensor]:
    """Return the digits of each rendering as a modality shows them, and their scans' rows."""
    shown, rows = [], []
    for part, key in zip(digits, keys, strict=True):
        scene, places = scene_showing(part, split, generator_for(*key, "scan"))
        shown.append(renderer(scene, generator_for(*key, "modality")))
        rows.append(places)
    return torch.cat(shown), torch.cat(rows)
