"""Glyphs: how characters are drawn, what is known of them, and the parts."""

import importlib
import unicodedata
from functools import cache
from hashlib import sha256

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from mmtutor.data import decode_text
from mmtutor.data.glyphs import fonts
from mmtutor.data.glyphs.fonts import FACES, PIXELS, draw, fingerprint
from mmtutor.data.glyphs.glyphs import KINDS, PARTS, SCRIPTS, glyphs

# `mmtutor.data.glyphs` may also be the function of that name.
module = importlib.import_module("mmtutor.data.glyphs.glyphs")
FACE_NAMES = list(FACES)
ARROW, LEFT_HALF, RIGHT_HALF, GRAVE = "\N{RIGHTWARDS ARROW}", "▌", "▐", "\N{COMBINING GRAVE ACCENT}"


@cache
def part(name):
    return glyphs(name)


@cache
def drawn(face):
    return dict(draw(face))


def picture(character, face="DejaVu Sans"):
    """How much of each pixel is ink, from 0 to 1."""
    return drawn(face)[ord(character)] / 255


def rows(character, face="DejaVu Sans"):
    """The first and the last row with ink."""
    inked = picture(character, face).any(axis=1).nonzero()[0]
    return int(inked[0]), int(inked[-1])


def columns(character, face="DejaVu Sans"):
    """The first and the last column with ink."""
    inked = picture(character, face).any(axis=0).nonzero()[0]
    return int(inked[0]), int(inked[-1])


def pairs(data, *names):
    return set(zip(*(data.metadata[name].tolist() for name in names), strict=True))


# The outline of "|" in DejaVu Sans: x from 260 to 430 and y from -483 to 1565 of 2048 units in
# an em, advance 690. An em has 19.2 pixels and the baseline is 4.8 pixels up.


def test_the_bar_has_the_area_and_the_place_of_its_outline():
    assert picture("|").sum() == pytest.approx(170 * 2048 * (19.2 / 2048) ** 2, rel=0.01)
    assert columns("|") == (11, 12)  # 12 - 0.8 to 12 + 0.8
    assert rows("|") == (4, 23)  # 24 - 4.8 - 14.67 to 24 - 4.8 + 4.53


def test_a_stem_between_two_pixels_is_not_moved_onto_one():
    assert picture("|")[12, 11:13] == pytest.approx([0.8, 0.8], abs=0.02)


def test_all_characters_stand_on_one_baseline():
    for character in "AxEH.!":
        assert rows(character)[1] == 19  # 4.8 pixels from below
    assert rows("_")[0] > 19
    assert rows(",")[1] > 19
    assert rows("'")[1] < 12 < rows(",")[0]


def test_all_characters_have_one_scale():
    for small, capital in ("oO", "xX", "sS", "zZ"):
        assert rows(small)[0] >= rows(capital)[0] + 3
        assert picture(small).sum() < picture(capital).sum()


def test_the_two_half_blocks_lie_on_their_halves():
    left, right = picture(LEFT_HALF), picture(RIGHT_HALF)
    assert left[:, :12].sum() > 0.99 * left.sum()
    assert right[:, 12:].sum() > 0.99 * right.sum()


def test_a_mark_without_advance_has_its_ink_in_the_middle():
    ink = picture(GRAVE).sum(axis=0)
    assert abs(ink @ (np.arange(PIXELS) + 0.5) / ink.sum() - PIXELS / 2) < 0.5
    assert rows(GRAVE)[1] < 12


def test_what_would_stick_out_is_moved_in_and_stays_as_large():
    # "Ấ" reaches 2106 units up and there is room for 2048, so it is 0.54 pixels lower than "A",
    # whose feet end in the row 19, a fifth of which is above the baseline.
    assert rows("Ấ") == (0, 19)
    assert picture("A")[19].max() == pytest.approx(0.2, abs=0.01)
    assert picture("Ấ")[19].max() == pytest.approx(0.2 + 0.54, abs=0.01)
    assert columns("Ấ") == columns("A")


def test_what_is_wider_than_the_picture_is_made_smaller():
    bold = "DejaVu Sans Bold"
    assert columns("Ⅷ", bold) == (0, 23)
    assert rows("Ⅷ", bold)[0] > rows("V", bold)[0]
    assert rows("Ⅷ", bold)[1] == rows("V", bold)[1]


@pytest.mark.parametrize("face", ["DejaVu Sans", "DejaVu Serif Italic", "STIX Bold"])
def test_the_pictures_are_what_pillow_draws_64_times_as_large(face):
    font = ImageFont.truetype(str(fonts._file(face)), 64 * 19.2)
    for character in "AgÖ&Ж8@;":
        canvas = Image.new("L", (64 * PIXELS, 64 * PIXELS))
        place = (64 * PIXELS / 2 - font.getlength(character) / 2, 64 * (PIXELS - 4.8))
        ImageDraw.Draw(canvas).text(place, character, 255, font, anchor="ls")
        wanted = np.asarray(canvas).reshape(PIXELS, 64, PIXELS, 64).mean((1, 3)) / 255
        # What is left of the hints: half a pixel of the large picture, on two sides of a stem.
        assert abs(picture(character, face) - wanted).max() < 0.04


def test_only_characters_with_a_name_and_with_ink_are_drawn():
    face = drawn("DejaVu Serif")
    assert all(ink.any() for ink in face.values())
    # Space, no-break space, soft hyphen, a blank mark, and two for private use.
    assert not face.keys() & {0x20, 0xA0, 0xAD, 0x34F, 0xE000, 0xF6C5}


def test_drawing_again_gives_the_same_bits():
    again = dict(draw("STIX Bold Italic"))
    assert list(again) == list(drawn("STIX Bold Italic"))
    assert all((again[code] == ink).all() for code, ink in drawn("STIX Bold Italic").items())


def test_the_fingerprint_names_what_the_pictures_depend_on(monkeypatch, tmp_path):
    prints = [fingerprint(), fingerprint()]
    assert prints[0] == prints[1]
    for library, attribute in ((matplotlib, "__version__"), (unicodedata, "unidata_version")):
        with monkeypatch.context() as patch:
            patch.setattr(library, attribute, "0.1")
            prints.append(fingerprint())
    changed = tmp_path / "changed.ttf"
    changed.write_bytes(fonts._file("STIX").read_bytes() + b"\0")
    with monkeypatch.context() as patch:
        patch.setitem(FACES, "STIX", str(changed))
        prints.append(fingerprint())
    patched = tmp_path / "fonts.py"
    patched.write_text("EM = 20")
    monkeypatch.setattr(fonts, "__file__", str(patched))
    assert len({*prints, fingerprint()}) == 5


def test_a_matplotlib_without_its_fonts_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"lacks the font .*DejaVuSans\.ttf; reinstall"):
        next(draw("DejaVu Sans"))


def test_the_pictures_are_drawn_once_and_then_kept(monkeypatch):
    part("train")
    asked = []
    monkeypatch.setattr(module, "cached", lambda key, build: asked.append((key, build)) or {})
    glyphs("validation")
    assert asked == []
    module._everything.cache_clear()
    with pytest.raises(KeyError):
        glyphs("validation")
    assert asked == [(f"glyphs-{fingerprint()}", fonts.draw_all)]


def test_the_inputs_have_the_shapes_and_types_of_the_book():
    inputs, targets = part("train")[:]
    assert (inputs["image"].dtype, inputs["image"].shape) == (
        torch.float32,
        (27856, 1, PIXELS, PIXELS),
    )
    assert (inputs["image"].min(), inputs["image"].max()) == (0, 1)
    assert (inputs["text"].dtype, inputs["text"].shape) == (torch.int64, (27856, 73))
    assert (targets.dtype, targets.shape) == (torch.int64, (27856,))


def test_the_parts_have_the_pictures_and_characters_of_the_book():
    sizes = {
        name: (len(part(name)), len(part(name).metadata["character"].unique())) for name in PARTS
    }
    assert sizes == {
        "train": (27856, 5231),
        "validation": (3713, 675),
        "unseen_characters": (3246, 650),
        "unseen_face": (1732, 1732),
        "unseen_style": (4155, 1974),
        "unseen_both": (714, 386),
    }
    means = [part(name).inputs["image"].mean().item() for name in PARTS]
    assert means == pytest.approx([0.10889, 0.10637, 0.10701, 0.13847, 0.08192, 0.09801], abs=1e-5)


def test_an_example_is_the_picture_of_its_code_point_in_its_face():
    data = part("unseen_style")
    for row in (0, 1000, 4000):
        code, face = (int(data.metadata[name][row]) for name in ("codepoint", "face"))
        assert torch.equal(
            data.inputs["image"][row, 0], torch.from_numpy(drawn(FACE_NAMES[face])[code]) / 255
        )


def test_the_text_and_the_class_are_the_name_of_the_character():
    data = part("validation")
    texts = decode_text(data.inputs["text"])
    assert texts == [unicodedata.name(chr(code)) for code in data.metadata["codepoint"].tolist()]
    assert texts == [data.classes[index] for index in data.targets.tolist()]
    assert part("unseen_both").classes == data.classes
    assert data.classes[:2] == ("EXCLAMATION MARK", "QUOTATION MARK")
    assert len(set(data.classes)) == 6556


def test_a_character_is_in_one_split_with_all_its_faces():
    train, validation, test = (
        set().union(*(part(name).metadata["codepoint"].tolist() for name in names))
        for names in (
            ("train", "unseen_face", "unseen_style"),
            ("validation",),
            ("unseen_characters", "unseen_both"),
        )
    )
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_the_code_point_alone_decides_on_the_split():
    # The first 4 bytes of sha256("U+00E9"), as a number, end with the digit 0.
    assert int(sha256(b"U+00E9").hexdigest()[:8], 16) % 10 == 0
    assert ord("é") in part("unseen_characters").metadata["codepoint"]
    for name, last_digits in (
        ("unseen_both", {0}),
        ("validation", {1}),
        ("train", set(range(2, 10))),
    ):
        found = {
            int(sha256(f"U+{code:04X}".encode()).hexdigest()[:8], 16) % 10
            for code in part(name).metadata["codepoint"].tolist()
        }
        assert found == last_digits
    assert {ord(c) for c in "AaBe.|"} <= set(part("train").metadata["codepoint"].tolist())
    assert {ord(c) for c in "lpu9"} <= set(part("validation").metadata["codepoint"].tolist())


def test_the_unseen_faces_and_styles_are_not_among_those_of_training():
    faces = {name: {FACE_NAMES[i] for i in part(name).metadata["face"].tolist()} for name in PARTS}
    assert faces["unseen_face"] == {"DejaVu Serif Bold Italic"}
    assert faces["unseen_style"] == {"STIX", "STIX Bold", "STIX Italic", "STIX Bold Italic"}
    assert faces["unseen_both"] == faces["unseen_face"] | faces["unseen_style"]
    assert faces["train"] == faces["validation"] == faces["unseen_characters"]
    assert faces["train"] == set(FACES) - faces["unseen_both"]


def test_every_character_of_an_unseen_face_was_seen_in_training():
    seen = set(part("train").metadata["character"].tolist())
    for name in ("unseen_face", "unseen_style"):
        assert set(part(name).metadata["character"].tolist()) <= seen


def test_two_pictures_have_one_number_if_and_only_if_all_their_pixels_agree():
    data = part("validation")
    pictures = data.inputs["image"].flatten(1)
    shown = {
        (number, pixels.tobytes())
        for number, pixels in zip(data.metadata["picture"].tolist(), pictures.numpy(), strict=True)
    }
    assert len(shown) == len({n for n, _ in shown}) == len({pixels for _, pixels in shown})
    assert len(shown) < len(data)


def test_the_latin_capital_a_looks_like_three_of_training_and_one_of_the_test():
    train, test = part("train").metadata, part("unseen_characters").metadata
    latin = train["picture"][(train["codepoint"] == ord("A")) & (train["face"] == 0)]
    found = [
        metadata["codepoint"][metadata["picture"] == latin].tolist() for metadata in (train, test)
    ]
    # Greek alpha and Cyrillic a; the styled A of formulas, which borrows it; the A of Lisu.
    assert [[hex(code) for code in codes] for codes in found] == [
        ["0x41", "0x391", "0x410", "0x1d5a0"],
        ["0xa4ee"],
    ]


def test_a_picture_that_a_face_borrows_is_left_out():
    assert (drawn("DejaVu Sans")[ord(ARROW)] == drawn("DejaVu Sans Oblique")[ord(ARROW)]).all()
    train = pairs(part("train"), "codepoint", "face")
    assert (ord(ARROW), FACE_NAMES.index("DejaVu Sans")) in train
    assert (ord(ARROW), FACE_NAMES.index("DejaVu Sans Oblique")) not in train
    assert (ord("x"), FACE_NAMES.index("DejaVu Sans Oblique")) in train


def test_no_unseen_face_shows_a_picture_of_training_under_the_same_name():
    seen = pairs(part("train"), "character", "picture")
    assert len(seen) == len(part("train"))
    for name in ("unseen_face", "unseen_style"):
        assert not seen & pairs(part(name), "character", "picture")


@pytest.mark.parametrize(
    ("character", "script", "kind"),
    [
        ("A", "latin", "capital letter"),
        ("λ", "greek", "small letter"),
        ("Ж", "cyrillic", "capital letter"),
        ("\N{HEBREW LETTER ALEF}", "hebrew", "other letter"),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", "arabic", "number"),
        ("\N{CANADIAN SYLLABICS E}", "canadian syllabics", "other letter"),
        ("\N{MATHEMATICAL BOLD CAPITAL A}", "mathematical", "capital letter"),
        ("\N{MATHEMATICAL LEFT ANGLE BRACKET}", "other", "punctuation"),
        ("\N{BRAILLE PATTERN DOTS-1}", "braille", "other symbol"),
        ("\N{LATIN CROSS}", "other", "other symbol"),
        ("\N{LATIN CAPITAL LETTER D WITH SMALL LETTER Z}", "latin", "capital letter"),
        (GRAVE, "other", "mark"),
        ("ʰ", "other", "modifier letter"),
        ("7", "other", "number"),
        ("+", "other", "mathematical symbol"),
        ("?", "other", "punctuation"),
    ],
)
def test_the_script_and_the_kind_of_a_character(character, script, kind):
    assert (module._script(character), module._kind(character)) == (script, kind)


@pytest.mark.parametrize(("target", "classes"), [("script", SCRIPTS), ("kind", KINDS)])
def test_a_target_tells_the_script_or_the_kind(target, classes):
    data = glyphs("unseen_characters", target=target)
    assert data.classes == classes
    assert torch.equal(data.targets, data.metadata[target])
    of_e_acute = data.targets[data.metadata["codepoint"] == ord("é")]
    assert {classes[i] for i in of_e_acute.tolist()} <= {"latin", "small letter"}
    # Every class is there to be tested.
    assert len(data.targets.unique()) == len(classes)


def test_changing_what_is_returned_changes_no_later_call():
    data = glyphs("unseen_face")
    for tensor in (*data.inputs.values(), data.targets):
        tensor.zero_()
    assert torch.equal(data.metadata["character"], part("unseen_face").targets)
    data.metadata["character"].zero_()
    again, wanted = glyphs("unseen_face"), part("unseen_face")
    assert torch.equal(again.targets, wanted.targets)
    assert torch.equal(again.inputs["image"], wanted.inputs["image"])
    assert torch.equal(again.inputs["text"], wanted.inputs["text"])


def test_the_data_say_what_they_are():
    assert part("train").about.title == "Glyphs and their Unicode names"
    assert "SIL Open Font License 1.1" in part("train").about.license


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"part": "test"}, "unknown part 'test'; choose from train, validation, unseen_characters"),
        ({"target": "name"}, "unknown target 'name'; choose from character, script, kind"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        glyphs(**arguments)
