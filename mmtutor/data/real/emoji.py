"""Emoji: pictures of them, and what they are called in seven languages."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from mmtutor.data import store
from mmtutor.data.catalogue import CATALOGUE
from mmtutor.data.checks import check_known, check_range
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.real.damage import damaged
from mmtutor.data.seeds import generator_for
from mmtutor.data.text import encode_text

EMOJI_LANGUAGES = ("en", "zh", "fr", "de", "es", "ar", "ja")

# Flags are no group here: the pictures of 262 of the 270 lie elsewhere.
EMOJI_GROUPS = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
)

# How many bytes each kind of text has room for; the longest have 73 and 387, both in Arabic.
EMOJI_TEXTS = {"name": 80, "keywords": 400}

EMOJI_TARGETS = ("emoji", "group")

EMOJI_PIXELS = 72  # height and width of the files

# Where each split ends on the scale from 0 to 1 on which every family has a random place.
_SPLIT_ENDS = {"train": 0.7, "validation": 0.8, "test": 1.0}

# What the variants of one emoji differ in.
_VARIANT_WORDS = frozenset(
    """
    man men woman women person people boy girl child adult prince princess and
    red orange yellow green blue purple brown black white grey pink light
    small medium large low high left right up down
    one two three four five six seven eight nine ten eleven twelve 1st 2nd 3rd
    """.split()
)


class _Emoji(NamedTuple):
    """One emoji: what it is, where its picture lies, and with which it belongs."""

    characters: str
    picture: Path
    group: str
    name: str
    family: str


def emoji(
    split: str = "train",
    *,
    languages: Sequence[str] = ("en",),
    text: str = "name",
    target: str = "emoji",
    size: int = 36,
) -> MultimodalDataset:
    """Return pictures of emoji, each with its name: one example for each emoji and language.

    The modalities are `"image"`, float32 `(examples, 3, size, size)` in [0, 1] on white, and
    `"text"`, int64 `(examples, length)` as `encode_text` gives, with one length for all
    languages. First come all emoji of the split in the first language, then the same ones in
    the second. The details are indices: `"emoji"` among all 1,636, `"group"` in
    `EMOJI_GROUPS`, `"family"` among the 1,302 families, `"language"` in `EMOJI_LANGUAGES`.
    Nothing is drawn, so there is no seed.

    Two emoji are of one family if their English names are the same up to the colon, once words
    for persons, colors, sizes, directions and numbers are left out: so the firefighters are
    one, and the hearts, and the clock faces. A family is in one split, because its pictures
    are near-copies. What is left: 6 of 317 test pictures differ by less than .1 from one of
    training (root mean square over what either covers); in a random split it is about 20.

    An emoji of Unicode's list has the picture that its code points name, without the variation
    selector U+FE0F: 1,644 of 1,906 have one, and all of these have names in all languages.
    The 8 flags among them are left out. No variants in skin tone are in the list.

    Args:
        split: `"train"` (1,126 emoji), `"validation"` (193) or `"test"` (317).
        languages: of the texts: some of `EMOJI_LANGUAGES`.
        text: `"name"`, the short name of Unicode's CLDR; or `"keywords"`, those of CLDR, in
            its order, joined by `"; "`.
        target: `"emoji"`, the index of the emoji, the same in all languages; or `"group"`.
        size: height and width of the pictures, in pixels. Each pixel is the mean of those of
            the file (72 by 72) that it touches.

    Raises:
        TypeError: `languages` is one string.
        ValueError: an unknown split, language, text or target; no language, or one twice; or
            a size outside 8 to 72.
        DataError: a damaged file, or data that cannot be fetched.

    Sources: Noto Emoji (the pictures); Unicode CLDR (names and keywords);
    muan/unicode-emoji-json (the list and its groups).
    """
    _check(split, languages, text, target, size)
    folder = store.get("emoji")
    every = _every(folder)
    families = list(dict.fromkeys(one.family for one in every))
    numbers = [number for number, one in enumerate(every) if _split(one.family) == split]
    chosen = [every[number] for number in numbers]
    details = {
        "emoji": torch.tensor(numbers),
        "group": torch.tensor([EMOJI_GROUPS.index(one.group) for one in chosen]),
        "family": torch.tensor([families.index(one.family) for one in chosen]),
    }
    details = {name: x.repeat(len(languages)) for name, x in details.items()}
    spoken = torch.tensor([EMOJI_LANGUAGES.index(language) for language in languages])
    details["language"] = spoken.repeat_interleave(len(chosen))
    characters = [one.characters for one in chosen]
    texts = [each for name in languages for each in _texts(folder, name, text, characters)]
    pictures = _pictures([one.picture for one in chosen], size)
    return MultimodalDataset(
        {
            "image": pictures.repeat(len(languages), 1, 1, 1),
            "text": encode_text(texts, EMOJI_TEXTS[text]),
        },
        details[target],
        details=details,
        classes=EMOJI_GROUPS if target == "group" else [one.name for one in every],
        about=CATALOGUE["emoji"].about,
    )


def _check(split: str, languages: Sequence[str], text: str, target: str, size: int) -> None:
    check_known("split", split, _SPLIT_ENDS)
    if isinstance(languages, str):
        raise TypeError(f'languages must be several names, like ("{languages}",)')
    if not languages:
        raise ValueError(f"name at least one language of {', '.join(EMOJI_LANGUAGES)}")
    for language in languages:
        check_known("language", language, EMOJI_LANGUAGES)
    if len(set(languages)) < len(languages):
        raise ValueError(f"name each language once, got {', '.join(languages)}")
    check_known("text", text, EMOJI_TEXTS)
    check_known("target", target, EMOJI_TARGETS)
    check_range("size", size, 8, EMOJI_PIXELS)


def _every(folder: Path) -> list[_Emoji]:
    """Return the emoji that have a group and a picture, in the order of Unicode's list."""
    path = folder / "data-by-emoji.json"
    found = {}
    for listed, facts in _json(path).items():
        characters = listed.replace("\ufe0f", "")
        code = "_".join(f"{ord(character):04x}" for character in characters)
        picture = folder / "png72" / f"emoji_u{code}.png"
        if "group" not in facts:
            raise damaged(path, f"{listed} has no group")
        if facts["group"] in EMOJI_GROUPS and picture.exists():
            found[characters] = (picture, facts["group"])
    names = _texts(folder, "en", "name", list(found))
    return [
        _Emoji(characters, *found[characters], name, _family(name))
        for characters, name in zip(found, names, strict=True)
    ]


def _texts(folder: Path, language: str, text: str, characters: Sequence[str]) -> list[str]:
    """Return the name or the keywords of each emoji."""
    entries: dict[str, Any] = {}
    for part in ("annotations", "annotationsDerived"):
        path = folder / part / language / "annotations.json"
        try:
            entries |= _json(path)[part]["annotations"]
        except KeyError as error:
            raise damaged(path, f"it lacks {error}") from error
    key = {"name": "tts", "keywords": "default"}[text]
    for one in characters:
        if key not in entries.get(one, {}):
            raise damaged(folder, f"it lacks the {language} {text} of {one}")
    return ["; ".join(entries[one][key]) for one in characters]


def _family(name: str) -> str:
    """Return what an emoji's English name shares with those of its near-copies."""
    stem = name.lower().split(":")[0].replace("-thirty", " o’clock")
    return " ".join(word for word in re.findall(r"\w+", stem) if word not in _VARIANT_WORDS)


def _split(family: str) -> str:
    """Return the split of a family; its name decides, whatever else the data hold."""
    place = torch.rand((), generator=generator_for("emoji", family)).item()
    return next(split for split, end in _SPLIT_ENDS.items() if place < end)


def _pictures(paths: Sequence[Path], size: int) -> Tensor:
    """Return the pictures on white: float32 `(len(paths), 3, size, size)` in [0, 1]."""
    pixels = torch.from_numpy(np.stack([_picture(path) for path in paths]))
    return F.interpolate(pixels.permute(0, 3, 1, 2) / 255, (size, size), mode="area")


def _picture(path: Path) -> np.ndarray:
    """Return one picture on white: uint8 `(72, 72, 3)`."""
    try:
        with Image.open(path) as file:
            picture = file.convert("RGBA")
    except (OSError, SyntaxError) as error:  # Pillow raises either, as the damage may be
        raise damaged(path, "it is no PNG picture") from error
    if picture.size != (EMOJI_PIXELS, EMOJI_PIXELS):
        raise damaged(path, f"it has {picture.width} by {picture.height} pixels, not 72 by 72")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # no UTF-8, or no JSON
        content = None
    if not isinstance(content, dict):
        raise damaged(path, "it holds no JSON object")
    return content
