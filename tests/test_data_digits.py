"""The scans, their forms and splits, and digits()."""

import importlib
from difflib import SequenceMatcher

import pytest
import torch

from mmtutor.data import SPLITS, Audio, Image, MultimodalDataset, Text, decode_text, digits, scans


def draws(scene, generator):
    """A renderer that shows nothing but what its generator draws."""
    return torch.rand(len(scene.labels), 3, generator=generator)


def motions(scene, generator):
    return scene.motions


def pixels(scene, generator):
    return scene.scans


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
    # is mislabelled, in form 2. Forms begin with 0 and end with 8, unless that is left out.
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
    monkeypatch.setattr(importlib.import_module("mmtutor.data.digits"), "load_digits", None)
    assert len(scans().labels) == 1797


def test_the_splits_are_whole_forms_and_share_none():
    forms = [form for split in SPLITS.values() for form in split]
    assert sorted(forms) == list(range(14))
    sizes = {split: len(digits(split, {"pixels": pixels})) for split in SPLITS}
    assert sizes == {"train": 776, "validation": 253, "test": 768}


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


def test_a_mapping_gives_two_views_of_one_scan():
    data = digits("train", {"left": Image(canvas=8), "right": Image(canvas=8, noise=0.2)})
    assert isinstance(data, MultimodalDataset)
    left, right = data.inputs["left"], data.inputs["right"]
    assert 0.05 < (left - right).std() < 0.2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "split 'dev'; choose from train, validation, test"),
        ({"target": "parity "}, ValueError, "unknown target 'parity '; choose from digit, motion"),
        ({"modalities": ("sound",)}, ValueError, "choose from image, text, audio, video"),
        ({"modalities": "image"}, TypeError, r'like \("image",\)'),
        ({"modalities": ()}, ValueError, "at least one modality"),
        ({"modalities": {"image": Image}}, TypeError, r"needs a renderer, like Image\(\)"),
        ({"modalities": {"image": "image"}}, TypeError, "needs a renderer"),
        ({"renderings": 0}, ValueError, "renderings must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        digits(**arguments)
