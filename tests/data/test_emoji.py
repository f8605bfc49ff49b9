"""Emoji: the joining of pictures and names, families, splits, and damaged files."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.data import decode_text, store
from mmtutor.data.real.emoji import (
    EMOJI_GROUPS,
    EMOJI_LANGUAGES,
    EMOJI_TEXTS,
    emoji,
    emoji_characters,
)
from tests.data.real_data import needs

SPLITS = ("train", "validation", "test")

real = cache(emoji)  # not the made ones, which change from test to test

# Characters → their English name and group. The pictures of all but the crab are made.
LISTED = {
    "❤\ufe0f": ("red heart", "Smileys & Emotion"),
    "💙": ("blue heart", "Smileys & Emotion"),
    "🧑‍🚒": ("firefighter", "People & Body"),
    "👩‍🚒": ("woman firefighter", "People & Body"),
    "👨": ("man", "People & Body"),
    "👨‍🦰": ("man: red hair", "People & Body"),
    "🦀": ("crab", "Animals & Nature"),
    "🕐": ("one o’clock", "Travel & Places"),
    "🕧": ("twelve-thirty", "Travel & Places"),
    "#\ufe0f⃣": ("keycap: #", "Symbols"),
    "🏁": ("chequered flag", "Flags"),
}
FILES = "2764 1f499 1f9d1_200d_1f692 1f469_200d_1f692 1f468 1f468_200d_1f9b0".split()
FILES += "1f550 1f567 0023_20e3 1f3c1".split()


def picture(red):
    """Opaque on the left, `red` red; transparent on the right."""
    image = Image.new("RGBA", (72, 72), (red, 0, 0, 0))
    image.paste((red, 0, 0, 255), (0, 0, 36, 72))
    return image


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def annotations(folder, part, language, entries):
    write(folder / part / language / "annotations.json", {part: {"annotations": entries}})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with eleven emoji, laid out as the real one."""
    monkeypatch.setattr(store, "get", lambda entry: tmp_path / entry.folder)
    made = tmp_path / "emoji"
    write(made / "data-by-emoji.json", {c: {"group": group} for c, (_, group) in LISTED.items()})
    for language in EMOJI_LANGUAGES:
        parts = {"annotations": {}, "annotationsDerived": {}}
        for characters, (name, _) in LISTED.items():
            part = "annotationsDerived" if "\u200d" in characters else "annotations"
            named = name if language == "en" else f"{name} ({language})"
            entry = {"default": [language, "sign"], "tts": [named]}
            parts[part][characters.replace("\ufe0f", "")] = entry
        for part, entries in parts.items():
            annotations(made, part, language, entries)
    (made / "png72").mkdir()
    for red, file in enumerate(FILES):
        picture(red).save(made / "png72" / f"emoji_u{file}.png")
    return made


def names(split, **options):
    return decode_text(emoji(split, **options).inputs["text"])


def families():
    """The family of each emoji, by its English name."""
    found = {}
    for split in SPLITS:
        data = emoji(split)
        found |= zip(names(split), data.metadata["family"].tolist(), strict=True)
    return found


def test_an_emoji_is_joined_with_its_picture_and_its_name(folder):
    data = emoji("train")
    assert decode_text(data.inputs["text"]) == [
        "firefighter", "woman firefighter", "man", "man: red hair", "keycap: #"
    ]  # fmt: skip
    # The red of each picture is its number in FILES.
    assert (data.inputs["image"][:, 0, 0, 0] * 255).tolist() == pytest.approx([2, 3, 4, 5, 8])


def test_variation_selectors_name_no_file(folder):
    assert names("validation") == ["red heart", "blue heart"]


def test_flags_and_emoji_without_a_picture_are_left_out(folder):
    every = {name for split in SPLITS for name in names(split)}
    assert every == {name for name, _ in LISTED.values()} - {"crab", "chequered flag"}


def test_transparent_pixels_are_white_whatever_color_they_hide(folder):
    image = emoji("test", size=72).inputs["image"]
    assert (image.dtype, image.shape) == (torch.float32, (2, 3, 72, 72))
    assert (image[:, :, :, 36:] == 1).all()
    assert (image[:, 1:, :, :36] == 0).all()


def test_a_half_transparent_pixel_is_mixed_with_white(folder):
    Image.new("RGBA", (72, 72), (255, 0, 0, 51)).save(folder / "png72" / "emoji_u1f550.png")
    pixel = emoji("test").inputs["image"][0, :, 5, 5]  # an opacity of 0.2
    assert pixel.tolist() == pytest.approx([1, 0.8, 0.8], abs=0.004)


def test_a_pixel_is_the_mean_of_those_that_it_touches(folder):
    stripes = Image.new("RGBA", (72, 72), "white")
    for column in range(0, 72, 3):
        stripes.paste("black", (column, 0, column + 1, 72))
    stripes.save(folder / "png72" / "emoji_u1f550.png")
    rows = {size: emoji("test", size=size).inputs["image"][0, 0, 0] for size in (24, 36, 48)}
    assert rows[24].tolist() == pytest.approx([2 / 3] * 24)
    assert rows[36][:3].tolist() == [1 / 2, 1 / 2, 1]
    assert rows[48][:2].tolist() == [1 / 2, 1]


def test_every_language_names_the_same_emoji_one_after_the_other(folder):
    data = emoji("test", languages=("de", "en"))
    assert decode_text(data.inputs["text"]) == [
        "one o’clock (de)", "twelve-thirty (de)", "one o’clock", "twelve-thirty"
    ]  # fmt: skip
    assert data.metadata["language"].tolist() == [3, 3, 0, 0]
    assert [EMOJI_LANGUAGES[i] for i in (3, 0)] == ["de", "en"]
    assert torch.equal(data.inputs["image"][:2], data.inputs["image"][2:])
    assert torch.equal(data.targets[:2], data.targets[2:])
    assert torch.equal(data.metadata["family"][:2], data.metadata["family"][2:])


def test_the_characters_stand_in_the_order_of_the_emoji(folder):
    characters = emoji_characters()
    usable = [c for c in LISTED if c not in ("🦀", "🏁")]  # without a picture, without a group
    assert sorted(characters) == sorted(c.replace("\ufe0f", "") for c in usable)
    for split in SPLITS:
        found = emoji(split)
        for index, name in zip(found.metadata["emoji"].tolist(), names(split), strict=True):
            assert (
                name
                == {c.replace("\ufe0f", ""): n for c, (n, _) in LISTED.items()}[characters[index]]
            )


def test_the_target_is_the_emoji_or_its_group(folder):
    data = emoji("test")
    assert [data.classes[i] for i in data.targets.tolist()] == ["one o’clock", "twelve-thirty"]
    assert torch.equal(data.targets, data.metadata["emoji"])
    data = emoji("test", target="group")
    assert data.classes == EMOJI_GROUPS
    assert [data.classes[i] for i in data.targets.tolist()] == ["Travel & Places"] * 2
    assert torch.equal(data.targets, data.metadata["group"])


def test_the_text_is_the_name_or_the_keywords(folder):
    data = emoji("test", languages=("fr",), text="keywords")
    assert decode_text(data.inputs["text"]) == ["fr; sign", "fr; sign"]
    assert data.inputs["text"].shape == (2, EMOJI_TEXTS["keywords"])
    assert emoji("test").inputs["text"].shape == (2, EMOJI_TEXTS["name"])


def test_variants_of_one_emoji_are_one_family(folder):
    found = families()
    assert found["red heart"] == found["blue heart"]
    assert found["firefighter"] == found["woman firefighter"]
    assert found["man"] == found["man: red hair"]
    assert found["one o’clock"] == found["twelve-thirty"]
    assert len(set(found.values())) == 5


def test_the_split_of_an_emoji_depends_on_no_other_emoji_and_no_order(folder):
    before = {split: names(split) for split in SPLITS}
    listed = json.loads((folder / "data-by-emoji.json").read_text(encoding="utf-8"))
    fewer = dict(list(listed.items())[:0:-1])
    write(folder / "data-by-emoji.json", fewer)
    after = {split: names(split) for split in SPLITS}
    before["validation"].remove("red heart")
    assert after == {split: found[::-1] for split, found in before.items()}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "split 'dev'; choose from train, validation, test"),
        ({"languages": ("it",)}, ValueError, "'it'; choose from en, zh, fr, de, es, ar, ja"),
        ({"languages": "en"}, TypeError, r'languages must be several names, like \("en",\)'),
        ({"languages": ()}, ValueError, "at least one language of en, zh, fr, de, es, ar, ja"),
        ({"languages": ("en", "en")}, ValueError, "each language once, got en, en"),
        ({"text": "names"}, ValueError, "text 'names'; choose from name, keywords"),
        ({"target": "face"}, ValueError, "target 'face'; choose from emoji, group"),
        ({"size": 7}, ValueError, "size must be from 8 to 72, got 7"),
        ({"size": 73}, ValueError, "size must be from 8 to 72, got 73"),
    ],
)
def test_bad_arguments_are_refused_before_any_file_is_read(options, error, message, monkeypatch):
    monkeypatch.setattr(store, "get", None)
    with pytest.raises(error, match=message):
        emoji(**options)


@needs("emoji")
def test_1636_emoji_have_a_group_and_a_picture():
    splits = {split: real(split) for split in SPLITS}
    sizes = {split: len(data) for split, data in splits.items()}
    assert sizes == {"train": 1126, "validation": 193, "test": 317}
    every = torch.cat([data.metadata["emoji"] for data in splits.values()])
    assert sorted(every.tolist()) == list(range(1636))
    assert torch.cat([data.metadata["group"] for data in splits.values()]).bincount().tolist() == [
        169, 386, 159, 131, 218, 85, 264, 224
    ]  # fmt: skip


@needs("emoji")
def test_no_family_is_in_two_splits():
    families = [set(real(split).metadata["family"].tolist()) for split in SPLITS]
    assert sum(map(len, families)) == len(set.union(*families)) == 1302


@needs("emoji")
def test_the_largest_families_are_near_copies():
    members: dict[int, list[str]] = {}
    for data in map(real, SPLITS):
        for name, family in zip(data.inputs["text"], data.metadata["family"].tolist(), strict=True):
            members.setdefault(family, []).append(decode_text(name[None])[0])
    largest = sorted(members.values(), key=len, reverse=True)
    assert [len(found) for found in largest[:7]] == [30, 26, 24, 15, 13, 12, 10]
    assert all(name.startswith("family") for name in largest[0])
    assert {"child", "man: red hair", "princess"} < set(largest[1])
    assert {name.split()[-1] for name in largest[5]} == {"heart"}


@needs("emoji")
def test_the_seven_languages_name_the_same_thing():
    data = emoji("test", languages=EMOJI_LANGUAGES)
    count = len(data) // 7
    texts = decode_text(data.inputs["text"])
    beaver = texts.index("beaver")
    assert texts[beaver::count] == [
        "beaver",
        "海狸",
        "castor",
        "Biber",
        "castor",
        "سمّور",
        "ビーバー",
    ]
    assert data.metadata["language"][beaver::count].tolist() == list(range(7))


@needs("emoji")
def test_the_longest_texts_are_arabic():
    for text, longest in (("name", 73), ("keywords", 387)):
        data = [emoji(s, languages=EMOJI_LANGUAGES, text=text, size=8) for s in SPLITS]
        lengths = torch.cat([(each.inputs["text"] > 0).sum(dim=1) for each in data])
        languages = torch.cat([each.metadata["language"] for each in data])
        assert lengths.max() == longest
        assert [EMOJI_LANGUAGES[i] for i in languages[lengths == longest].tolist()] == ["ar"]


def differences(some, others):
    """The root mean square difference of pictures over the pixels that either covers."""
    squares = torch.cdist(some.flatten(1), others.flatten(1)) ** 2 / 3
    a, b = ((pictures.amin(dim=1) < 0.98).flatten(1).float() for pictures in (some, others))
    return (squares / (a.sum(dim=1)[:, None] + b.sum(dim=1) - a @ b.T)).sqrt()


@needs("emoji")
def test_few_test_pictures_have_a_near_copy_in_training():
    images = [real(split).inputs["image"] for split in SPLITS]
    closest = differences(images[2], images[0]).amin(dim=1)
    assert (closest < 0.1).sum() == 6
    every = torch.cat(images)
    for seed in range(3):
        order = torch.randperm(len(every), generator=torch.Generator().manual_seed(seed))
        closest = differences(every[order[:317]], every[order[-1126:]]).amin(dim=1)
        assert 15 < (closest < 0.1).sum() < 25


@needs("emoji")
def test_pictures_and_keywords_tell_the_group():
    data = [emoji(split, text="keywords", target="group", size=18) for split in ("train", "test")]
    labels, expected = (each.targets.numpy() for each in data)
    assert np.bincount(expected).max() / 317 == pytest.approx(0.196, abs=0.001)
    pixels = [each.inputs["image"].flatten(1).numpy() for each in data]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    assert 0.48 < model.fit(pixels[0], labels).score(pixels[1], expected) < 0.58
    words = [decode_text(each.inputs["text"]) for each in data]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=500))
    assert 0.80 < model.fit(words[0], labels).score(words[1], expected) < 0.90
