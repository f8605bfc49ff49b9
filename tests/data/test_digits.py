"""The scans, their forms and splits, and digits()."""

import importlib
from difflib import SequenceMatcher

import pytest
import torch

from mmtutor.data import SPLITS, Audio, Image, MultimodalDataset, Text, decode_text, digits, scans
from mmtutor.data.digits.scans import deal, split_rows


def draws(scene, generator):
    """A renderer that shows nothing but what its generator draws."""
    return torch.rand(len(scene.labels), 3, generator=generator)


def motions(scene, generator):
    return scene.motions


def pixels(scene, generator):
    return scene.scans


def labels(scene, generator):
    return scene.labels


def rows(tensor):
    return {tuple(row) for row in tensor.flatten(1).tolist()}


def test_the_file_holds_1797_scans_with_values_from_0_to_1():
    every = scans()
    assert every.pixels.shape == (1797, 8, 8)
    assert every.pixels.dtype == torch.float32
    assert (every.pixels.min(), every.pixels.max()) == (0, 1)
    assert torch.equal(every.pixels * 16, (every.pixels * 16).round())
    assert every.labels[:10].tolist() == list(range(10))


def test_the_file_is_fourteen_copies_of_one_printed_form():
    _, labels, numbers = scans()
    forms = ["".join(map(str, labels[numbers == form].tolist())) for form in range(14)]
    assert [len(form) for form in forms] == [
        130, 126, 130, 130, 130, 130, 130, 123, 128, 130, 128, 130, 122, 130
    ]  # fmt: skip
    # A form has nothing but the printed digits in the printed order, a few left out; one digit
    # is mislabeled, in form 2. Forms begin with 0 and end with 8, unless that is left out.
    for form in forms:
        matches = SequenceMatcher(None, forms[0], form, autojunk=False).get_matching_blocks()
        assert len(form) - sum(match.size for match in matches) <= 1
    assert [form[0] for form in forms] == list("00000001000000")
    assert [form[-1] for form in forms] == list("88388888888888")


def test_changing_the_returned_scans_changes_no_later_call():
    scans().pixels.zero_()
    assert scans().pixels.max() == 1


def test_the_file_is_read_only_once(monkeypatch):
    scans()
    monkeypatch.setattr(importlib.import_module("mmtutor.data.digits.scans"), "load_digits", None)
    assert len(scans().labels) == 1797


def test_the_splits_are_whole_forms_and_share_none():
    forms = [form for split in SPLITS.values() for form in split]
    assert sorted(forms) == list(range(14))
    sizes = {split: len(digits(split, {"pixels": pixels})) for split in SPLITS}
    assert sizes == {"train": 776, "validation": 253, "test": 768}


def test_the_test_split_has_a_public_and_a_locked_part():
    test, public, locked = map(split_rows, ("test", "public", "locked"))
    assert torch.equal(torch.cat([public, locked]), test)
    assert (len(digits("public")), len(digits("locked"))) == (516, 252)
    assert digits("public").metadata["form"].unique().tolist() == [8, 9, 10, 11]


def test_no_scan_is_in_two_splits():
    train, validation, test = (rows(digits(s, {"x": pixels}).inputs["x"]) for s in SPLITS)
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_the_classes_of_the_test_split_are_nearly_balanced():
    counts = digits("test", ("text",)).targets.bincount()
    assert counts.tolist() == [77, 78, 74, 78, 78, 78, 78, 77, 73, 77]


def test_the_four_modalities_have_the_shapes_and_types_of_the_book():
    inputs, targets = digits("validation")[:]
    shapes = {name: (x.dtype, tuple(x.shape)) for name, x in inputs.items()}
    assert shapes == {
        "image": (torch.float32, (253, 1, 16, 16)),
        "text": (torch.int64, (253, 24)),
        "audio": (torch.float32, (253, 8000)),
        "video": (torch.float32, (253, 1, 8, 20, 20)),
    }
    assert (targets.dtype, targets.shape) == (torch.int64, (253,))


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    first, again, other = (digits("validation", seed=seed) for seed in (0, 0, 1))
    for name in ("text", "audio", "video"):
        assert torch.equal(first.inputs[name], again.inputs[name])
        assert not torch.equal(first.inputs[name], other.inputs[name])


def test_seed_0_gives_the_examples_that_the_book_shows():
    renderers = {"image": Image(shift=2, noise=0.3, canvas=20), "audio": Audio(snr_db=0.0)}
    inputs, _ = digits("train", renderers)[:]
    assert inputs["image"].mean().item() == pytest.approx(0.26876, abs=1e-4)
    assert inputs["audio"].abs().mean().item() == pytest.approx(0.11912, abs=1e-4)
    inputs, motion = digits("train", ("text", "video"), target="motion")[:]
    assert decode_text(inputs["text"][:4]) == ["零", "moja", "dos", "drie"]
    assert inputs["video"][:, :, 0, :10].mean().item() == pytest.approx(0.11110, abs=1e-4)
    assert motion[:8].tolist() == [3, 3, 0, 0, 2, 3, 1, 1]


def test_leaving_a_modality_out_changes_no_other():
    both = digits("validation", {"left": draws, "right": draws})
    alone = digits("validation", {"right": draws})
    assert torch.equal(both.inputs["right"], alone.inputs["right"])


def test_two_modalities_two_splits_and_two_renderings_share_no_draw():
    drawn = [
        *digits("train", {"left": draws, "right": draws}, renderings=2).inputs.values(),
        digits("validation", {"left": draws}).inputs["left"],
        digits("train", {"left": draws}, seed=1).inputs["left"],
    ]
    assert len(set.union(*map(rows, drawn))) == 2 * 776 + 2 * 776 + 253 + 776


def test_more_renderings_add_examples_behind_the_first():
    renderers = {"draws": draws, "pixels": pixels}
    once = digits("validation", renderers, target="motion")
    thrice = digits("validation", renderers, target="motion", renderings=3)
    assert len(thrice) == 3 * 253
    assert torch.equal(thrice.inputs["draws"][:253], once.inputs["draws"])
    assert torch.equal(thrice.targets[:253], once.targets)
    assert not torch.equal(thrice.targets[253:506], once.targets)
    assert torch.equal(thrice.inputs["pixels"][506:], once.inputs["pixels"])


def test_the_modalities_of_an_example_show_the_same_digit():
    data = digits("test", {"text": Text(languages=("english",))})
    words = "zero one two three four five six seven eight nine".split()
    assert decode_text(data.inputs["text"]) == [words[label] for label in data.targets.tolist()]


def test_the_motion_target_is_what_the_renderers_are_told():
    data = digits("test", {"motion": motions}, target="motion")
    assert torch.equal(data.inputs["motion"], data.targets)
    assert data.targets.bincount().min() > 768 / 4 - 3 * (768 * 3 / 16) ** 0.5


def test_the_parity_target_is_that_of_the_digit():
    data = digits("test", ("text",), target="parity")
    parities = ["even", "odd"] * 5
    named = [data.classes[target] for target in data.targets.tolist()]
    assert named == [parities[digit] for digit in data.metadata["digit"].tolist()]


def test_each_target_has_the_names_of_its_classes():
    classes = {t: digits("test", ("text",), target=t).classes for t in ("digit", "motion")}
    words = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert classes == {"digit": words, "motion": ("left", "right", "up", "down")}


def test_the_data_set_says_where_it_comes_from():
    about = digits("test", ("text",)).about
    assert (about.title, about.license) == (
        "Optical Recognition of Handwritten Digits",
        "CC BY 4.0",
    )
    assert "data set 80 of the UCI" in about.source
    assert about.citation.startswith("Alpaydin and Kaynak 1998")


def test_the_details_tell_what_each_example_shows():
    data = digits("test", {"x": pixels, "motion": motions}, renderings=2)
    every, scan = scans(), data.metadata["scan"]
    assert torch.equal(every.pixels[scan], data.inputs["x"])
    assert torch.equal(every.labels[scan], data.metadata["digit"])
    assert torch.equal(every.forms[scan], data.metadata["form"])
    assert data.metadata["form"].unique().tolist() == list(range(8, 14))
    assert torch.equal(data.metadata["motion"], data.inputs["motion"])
    assert torch.equal(data.metadata["shown_x"], data.metadata["digit"])


def test_scans_are_dealt_like_cards():
    held = torch.tensor([7, 3, 7, 7, 3])
    wanted = torch.tensor([3, 7, 7, 3, 7, 7, 3, 3])
    dealt = deal(wanted, held, torch.Generator().manual_seed(0))
    assert torch.equal(held[dealt], wanted)
    sevens, threes = dealt[wanted == 7].tolist(), dealt[wanted == 3].tolist()
    assert sorted(sevens[:3]) == [0, 2, 3] and sevens[3] == sevens[0]
    assert sorted(threes[:2]) == [1, 4] and threes[2:] == threes[:2]
    orders = {
        tuple(deal(wanted, held, torch.Generator().manual_seed(s)).tolist()) for s in range(99)
    }
    assert len(orders) == 6 * 2


def test_a_reliability_of_1_changes_nothing():
    renderers = {"draws": draws, "x": pixels, "label": labels}
    plain = digits("validation", renderers, renderings=2)
    given = digits("validation", renderers, renderings=2, reliability=dict.fromkeys(renderers, 1))
    assert all(torch.equal(plain.inputs[name], given.inputs[name]) for name in renderers)
    assert torch.equal(plain.targets, given.targets)


def test_an_unreliable_modality_leaves_the_others_and_its_own_nuisances_as_they_were():
    renderers = {"draws": draws, "x": pixels, "motion": motions}
    plain = digits("validation", renderers)
    given = digits("validation", renderers, reliability={"draws": 0.2, "motion": 0.2})
    assert all(torch.equal(plain.inputs[name], given.inputs[name]) for name in renderers)
    assert torch.equal(plain.targets, given.targets)
    assert not torch.equal(given.metadata["shown_draws"], given.metadata["shown_motion"])


def test_an_unreliable_modality_shows_what_the_details_say():
    given = {"label": 0.5, "x": 0.5, "text": 0.5}
    english = Text(languages=("english",))
    renderers = {"label": labels, "x": pixels, "text": english}
    data = digits("test", renderers, reliability=given)
    assert torch.equal(data.inputs["label"], data.metadata["shown_label"])
    words = "zero one two three four five six seven eight nine".split()
    shown = [words[digit] for digit in data.metadata["shown_text"].tolist()]
    assert decode_text(data.inputs["text"]) == shown
    every, own = scans(), split_rows("test").tolist()
    meanings = {tuple(every.pixels[row].flatten().tolist()): every.labels[row] for row in own}
    seen = [meanings[tuple(scan)] for scan in data.inputs["x"].flatten(1).tolist()]
    assert seen == data.metadata["shown_x"].tolist()


@pytest.mark.parametrize("reliability", [0.0, 0.3, 0.9])
def test_a_modality_shows_its_own_digit_as_often_as_planned(reliability):
    data = digits("test", {"x": labels}, reliability={"x": reliability}, renderings=10)
    right = data.inputs["x"] == data.targets
    expected = reliability + (1 - reliability) / 10
    error = (expected * (1 - expected) / 7680) ** 0.5
    assert right.float().mean().item() == pytest.approx(expected, abs=3 * error)
    wrong = data.inputs["x"][~right].bincount(minlength=10) / (~right).sum()
    assert (wrong - 0.1).abs().max() < 3 * (0.09 / (~right).sum()) ** 0.5


def test_two_modalities_err_apart_from_each_other():
    given = {"a": 0.5, "b": 0.5}
    data = digits("test", {"a": labels, "b": labels}, reliability=given, renderings=10)
    a, b = (data.inputs[name] == data.targets for name in "ab")
    # Each is right with probability .5 + .5 / 10 = .55, both with .55 squared.
    assert (a & b).float().mean().item() == pytest.approx(0.3025, abs=3 * (0.211 / 7680) ** 0.5)


def test_the_scan_does_not_betray_whether_two_modalities_are_right():
    given = {"a": 0.9, "b": 0.9}
    data = digits("test", {"a": pixels, "b": pixels, "own": pixels}, reliability=given)
    a, b, own = (data.inputs[name] for name in ("a", "b", "own"))
    # About 77 scans show each digit, so one of 77 matches by chance.
    for one, two in ((a, b), (a, own)):
        assert (one == two).flatten(1).all(dim=1).float().mean() < 3 / 77


def test_no_scan_of_another_split_stands_in():
    train, test = (
        rows(digits(split, {"x": pixels}, reliability={"x": 0.0}, renderings=3).inputs["x"])
        for split in ("train", "test")
    )
    assert not train & test


def test_a_mapping_gives_two_views_of_one_scan():
    data = digits("train", {"left": Image(canvas=8), "right": Image(canvas=8, noise=0.2)})
    assert isinstance(data, MultimodalDataset)
    left, right = data.inputs["left"], data.inputs["right"]
    assert 0.05 < (left - right).std() < 0.2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "split 'dev'; choose from train, validation, test, public"),
        (
            {"target": "parity "},
            ValueError,
            "unknown target 'parity '; choose from digit, motion, p",
        ),
        ({"modalities": ("sound",)}, ValueError, "choose from image, text, audio, video"),
        ({"modalities": "image"}, TypeError, r'like \("image",\)'),
        ({"modalities": ()}, ValueError, "at least one modality"),
        ({"modalities": {"image": Image}}, TypeError, r"needs a renderer, like Image\(\)"),
        ({"modalities": {"image": "image"}}, TypeError, "needs a renderer"),
        (
            {"reliability": 0.7},
            TypeError,
            r'reliability must map .* like \{"audio": 0.7\}; got 0.7',
        ),
        ({"reliability": {"sound": 1}}, ValueError, "modality in reliability: 'sound'; choose fr"),
        ({"reliability": {"audio": 1.2}}, ValueError, r"\['audio'\] must be from 0 to 1, got 1.2"),
        ({"renderings": 0}, ValueError, "renderings must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        digits(**arguments)


def test_the_motions_depend_on_the_seed_and_the_rendering():
    first, other = (digits("test", ["text"], seed=s).metadata["motion"] for s in (0, 1))
    assert (first == other).float().mean().item() == pytest.approx(1 / 4, abs=0.06)
    twice = digits("test", ["text"], renderings=2).metadata["motion"].split(768)
    assert torch.equal(twice[0], first)
    assert (twice[0] == twice[1]).float().mean().item() == pytest.approx(1 / 4, abs=0.06)
