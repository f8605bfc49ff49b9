"""Pictures of characters, each with the name that Unicode gives it."""

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from mmtutor.data.cache import cached
from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.glyphs.fonts import FACES, GLYPHS, draw_all, fingerprint
from mmtutor.data.text import encode_text

_UNSEEN_FACE = ("DejaVu Serif Bold Italic",)
_UNSEEN_STYLE = ("STIX", "STIX Bold", "STIX Italic", "STIX Bold Italic")
_UNSEEN = _UNSEEN_FACE + _UNSEEN_STYLE
_SEEN = tuple(face for face in FACES if face not in _UNSEEN)

# Each part: whose characters, and in which faces.
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "train": ("train", _SEEN),
    "validation": ("validation", _SEEN),
    "unseen_characters": ("test", _SEEN),
    "unseen_face": ("train", _UNSEEN_FACE),
    "unseen_style": ("train", _UNSEEN_STYLE),
    "unseen_both": ("test", _UNSEEN),
}

# Scripts of which the DejaVu fonts have 25 characters or more, as names begin with them.
SCRIPTS = tuple(
    "other, latin, mathematical, arabic, canadian syllabics, greek, cyrillic, braille, georgian, "
    "hebrew, armenian, lao, tifinagh, nko, lisu, old italic, ogham".split(", ")
)

# By general category, or by its first letter.
_KIND_OF = {
    "Lu": "capital letter",
    "Lt": "capital letter",
    "Ll": "small letter",
    "Lm": "modifier letter",
    "L": "other letter",
    "M": "mark",
    "N": "number",
    "P": "punctuation",
    "Sm": "mathematical symbol",
    "S": "other symbol",
}
KINDS = tuple(dict.fromkeys(_KIND_OF.values()))

TARGETS = ("character", "script", "kind")


def glyphs(part: str = "train", *, target: str = "character") -> MultimodalDataset:
    """Return pictures of characters and the characters' Unicode names.

    The pictures are drawn from the DejaVu and STIX faces that matplotlib carries. The names are
    as Unicode writes them, in capitals: small letters would say no more. The parts:

    - `"train"`: eight of ten characters, in 11 DejaVu faces;
    - `"validation"`: one of ten, in the same faces;
    - `"unseen_characters"`: the last one of ten, those of the test, in the same faces;
    - `"unseen_face"`: characters of training, in DejaVu Serif Bold Italic;
    - `"unseen_style"`: characters of training, in the 4 STIX faces;
    - `"unseen_both"`: characters of the test, in these 5 faces.

    A hash of its code point puts a character, with all its faces, into training, validation or
    test, so no other version of a font, of Unicode or of a library moves it. What may change
    with the fonts is which characters there are, and so their indices; the code points in
    `metadata` stay. A character that no face of training draws is left out, and so is a picture
    that a face merely borrows from another (see `draw_all`).

    Different characters may look the same, like the A of Latin, Greek and Cyrillic. Their
    pictures have one number in `metadata["picture"]`, and they bound what retrieval can reach: of
    k names that fit a picture alike, the right one comes first in one of k cases.

    Args:
        part: one of the above.
        target: what to tell:
            `"character"`, its index by code point, the same in all parts; the classes are the
            names. Or `"script"`, an index into `SCRIPTS`. Python knows no scripts, so it is read
            from the name: a letter, mark, number or Braille pattern has the script with which
            its name begins (`"mathematical"`: the styled letters and digits of formulas), all
            else is `"other"`. Or `"kind"`, an index into `KINDS`, by the general category.

    Returns:
        Inputs `"image"`, float32 `(examples, 1, 24, 24)` in [0, 1], 1 where there is ink, and
        `"text"`, int64 `(examples, length)` as `encode_text` gives, as long as the longest name
        of all parts. `metadata` are int64 `(examples,)`: `"codepoint"`, `"face"` (an index into
        `FACES`), `"picture"`, and all three targets.

    Raises:
        FileNotFoundError: matplotlib lacks one of the fonts.
        ValueError: an unknown part or target.
    """
    check_known("part", part, PARTS)
    check_known("target", target, TARGETS)
    every = _everything()
    split, faces = PARTS[part]
    chosen = torch.tensor([other == split for other in every.splits])
    rows = chosen[every.metadata["character"]] & torch.isin(every.metadata["face"], _indices(faces))
    metadata = {name: values[rows] for name, values in every.metadata.items()}
    inputs = {
        "image": every.pictures[metadata["picture"], None] / 255,
        "text": every.text[metadata["character"]],
    }
    classes = {"character": every.names, "script": SCRIPTS, "kind": KINDS}[target]
    # A copy, so that whoever changes the targets does not change the metadata.
    targets = metadata[target].clone()
    return MultimodalDataset(
        inputs, targets, metadata=metadata, classes=classes, about=GLYPHS.about
    )


class _Everything(NamedTuple):
    """What the parts are taken from.

    Attributes:
        names: of the characters that a face of training draws, by code point.
        splits: of each character.
        text: int64 `(characters, length)`, the names.
        pictures: uint8 `(pictures, 24, 24)`.
        metadata: of each example, int64 `(examples,)`.
    """

    names: list[str]
    splits: list[str]
    text: Tensor
    pictures: Tensor
    metadata: dict[str, Tensor]


@cache
def _everything() -> _Everything:
    drawn = cached(f"glyphs-{fingerprint()}", draw_all)
    tensors = {name: torch.from_numpy(array) for name, array in drawn.items()}
    pictures, codepoint = tensors.pop("pictures"), tensors["codepoint"]
    trained = codepoint[torch.isin(tensors["face"], _indices(_SEEN))].unique()
    known = torch.isin(codepoint, trained)
    metadata = {name: values[known] for name, values in tensors.items()}
    metadata["character"] = torch.searchsorted(trained, metadata["codepoint"])
    characters = [chr(code) for code in trained.tolist()]
    for name, values, value_of in (("script", SCRIPTS, _script), ("kind", KINDS, _kind)):
        indices = torch.tensor([values.index(value_of(character)) for character in characters])
        metadata[name] = indices[metadata["character"]]
    names = [unicodedata.name(character) for character in characters]
    text = encode_text(names, max(map(len, names)))
    return _Everything(names, [_split(c) for c in characters], text, pictures, metadata)


def _indices(faces: Sequence[str]) -> Tensor:
    return torch.tensor([list(FACES).index(face) for face in faces])


def _split(character: str) -> str:
    """Return whether a character is for training, validation or test."""
    digest = hashlib.sha256(f"U+{ord(character):04X}".encode()).digest()
    return {0: "test", 1: "validation"}.get(int.from_bytes(digest[:4], "big") % 10, "train")


def _script(character: str) -> str:
    name = unicodedata.name(character).lower()
    if unicodedata.category(character)[0] not in "LMN" and not name.startswith("braille"):
        return "other"
    return next((script for script in SCRIPTS if name.startswith(script)), "other")


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    return _KIND_OF.get(category) or _KIND_OF[category[0]]
