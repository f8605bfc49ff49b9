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
from mmtutor.data.about import About
from mmtutor.data.checks import check_known, check_names, check_range
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.seeds import generator_for
from mmtutor.data.text import encode_text

# The release of the npm package with the same number holds the same file.
_GROUPS_TAG = "muan/unicode-emoji-json/v0.8.0"
_GROUPS = "482fd00f3c24687e428dcda89c619bdf7dda25e51cdf7a064c75862671c4ba31  data-by-emoji.json"

_CLDR = "unicode-org/cldr-json/b08a82b582f1120d630d623f9e5073316741574d"
_ANNOTATIONS = """
43026e387dfca6044cea21ce0d2e5c4477f39b2def459d671e205dae8dd57f75  ar
1071d9ccbcad11b9c02f05fa5a2d5f42feddb0cb177d20132e40ac988d14c3af  de
2405d3f2e4c5812a4faf93d965630246269e0177ce907d863c7d6bb197e957c1  en
1e6fa1a8b9eb4a8b60132609ae2482cf4ad088b9d2590648933b595660f30648  es
78b50ed824fd2b68e7cbc3ab92f364407aa285d9f7920785bdb8d3b138d97fef  fr
74419d311241783d9324b1e34cee5f8c7e0bf36f72caf42b016e6345dccc17f1  ja
c57fcb31e7f2ace00343b8578ae30a7856270bb23dc94e5ea02f3858ed875ef2  zh
"""
_DERIVED = """
6919d23e1dbd17657142f81c22161a3c646058bba3718a7ee3da2b364159ee45  ar
5ee716dda7bba385b709752c4ab33cc72da2654a17aa2b809a3941ca3875121f  de
8ebc16e27adf6c555c9ce467335cee8fc9416e5d8646a91bd4eacbb450ebee22  en
0916ceedfd358fc0c6a04c410f04d21732736638443676da4405c7c17390e97b  es
eeefc967e02b442f7396574111e3b01bd7f5a52447d96b82018ad2289b714089  fr
ecf52ab3589525bc11026af8413a4bd00535d076db478f2ec908b186260defa6  ja
1c3a4eb778737042aba1e14ff69a4264b22348981e51f0a34b98645d0b29ea1e  zh
"""

EMOJI = store.Entry(
    "emoji",
    About(
        title="Noto emoji and their names",
        license="Apache 2.0 and OFL 1.1; Unicode License v3; MIT",
        source="https://github.com/googlefonts/noto-emoji",
        citation="Google, Noto Emoji; Unicode, Common Locale Data Repository; Chiou, "
        "unicode-emoji-json 0.8.0",
    ),
    (
        store.github_folder(
            "png72",
            "b81c9a2800d8c04ec254a0dd181e71bf3b700d07591d0ba8baad3e12b138219c",
            repository="googlefonts/noto-emoji",
            revision="b3e3051a088047d19fd4d49b1c3ac42fb8c3aaf8",
            members="png/72/*.png",
            files=3583,
            size=10_967_599,
        ),
        *store.github_files(_GROUPS, _GROUPS_TAG),
        *store.github_files(
            _ANNOTATIONS,
            _CLDR,
            "cldr-json/cldr-annotations-full/",
            "annotations/{}/annotations.json",
        ),
        *store.github_files(
            _DERIVED,
            _CLDR,
            "cldr-json/cldr-annotations-derived-full/",
            "annotationsDerived/{}/annotations.json",
        ),
    ),
    folder="emoji",
    size=19_451_693,
)

EMOJI_LANGUAGES = ("en", "zh", "fr", "de", "es", "ar", "ja")

# Flags are no group here: the pictures of 262 of the 270 lie elsewhere.
EMOJI_GROUPS = tuple(
    "Smileys & Emotion, People & Body, Animals & Nature, Food & Drink, Travel & Places, "
    "Activities, Objects, Symbols".split(", ")
)

# How many bytes each kind of text has room for; the longest have 73 and 387, both in Arabic.
EMOJI_TEXTS = {"name": 80, "keywords": 400}

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
    the second. The metadata are indices: `"emoji"` among all 1,636, `"group"` in
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
        DataError: the data cannot be had.
    """
    check_known("split", split, _SPLIT_ENDS)
    check_names("language", languages, EMOJI_LANGUAGES)
    if len(set(languages)) < len(languages):
        raise ValueError(f"name each language once, got {', '.join(languages)}")
    check_known("text", text, EMOJI_TEXTS)
    check_known("target", target, ("emoji", "group"))
    check_range("size", size, 8, EMOJI_PIXELS)
    folder = store.get(EMOJI)
    every = _every(folder)
    families = list(dict.fromkeys(one.family for one in every))
    numbers = [number for number, one in enumerate(every) if _split(one.family) == split]
    chosen = [every[number] for number in numbers]
    metadata = {
        "emoji": torch.tensor(numbers),
        "group": torch.tensor([EMOJI_GROUPS.index(one.group) for one in chosen]),
        "family": torch.tensor([families.index(one.family) for one in chosen]),
    }
    metadata = {name: x.repeat(len(languages)) for name, x in metadata.items()}
    spoken = torch.tensor([EMOJI_LANGUAGES.index(language) for language in languages])
    metadata["language"] = spoken.repeat_interleave(len(chosen))
    characters = [one.characters for one in chosen]
    texts = [each for name in languages for each in _texts(folder, name, text, characters)]
    pictures = _pictures([one.picture for one in chosen], size)
    return MultimodalDataset(
        {
            "image": pictures.repeat(len(languages), 1, 1, 1),
            "text": encode_text(texts, EMOJI_TEXTS[text]),
        },
        metadata[target],
        metadata=metadata,
        classes=EMOJI_GROUPS if target == "group" else [one.name for one in every],
        about=EMOJI.about,
    )


def emoji_characters() -> list[str]:
    """Return the characters of all 1,636 emoji, in the order of the metadata `"emoji"`.

    Raises:
        DataError: the data cannot be had.
    """
    return [one.characters for one in _every(store.get(EMOJI))]


def _every(folder: Path) -> list[_Emoji]:
    """Return the emoji that have a group and a picture, in the order of Unicode's list."""
    found = {}
    for listed, facts in _json(folder / "data-by-emoji.json").items():
        characters = listed.replace("\ufe0f", "")
        code = "_".join(f"{ord(character):04x}" for character in characters)
        picture = folder / "png72" / f"emoji_u{code}.png"
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
        entries |= _json(folder / part / language / "annotations.json")[part]["annotations"]
    key = {"name": "tts", "keywords": "default"}[text]
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
    with Image.open(path) as file:
        picture = file.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
