"""Sums of digits that different modalities show."""

from itertools import product

import pytest
import torch

from mmtutor.data import SPLITS, Audio, Image, scans
from mmtutor.data.digits.pairs import sums


def labels(scene, generator):
    return scene.labels


def pixels(scene, generator):
    return scene.scans


def draws(scene, generator):
    return torch.rand(len(scene.labels), 3, generator=generator)


def test_the_target_is_the_sum_of_what_the_modalities_show():
    data = sums("test", {"a": labels, "b": labels, "c": labels})
    shown = data.inputs["a"] + data.inputs["b"] + data.inputs["c"]
    assert data.targets.dtype == torch.float32
    assert torch.equal(data.targets, shown.float())
    for name in "abc":
        assert torch.equal(data.metadata[f"shown_{name}"], data.inputs[name])


def test_by_default_a_picture_and_a_telephone_key_are_added():
    data = sums("validation")
    assert {name: x.shape[1:] for name, x in data.inputs.items()} == {
        "image": (1, 16, 16),
        "audio": (8000,),
    }
    assert (len(data), data.targets.min(), data.targets.max()) == (253, 0, 18)
    assert (data.classes, data.about.license) == ((), "CC BY 4.0")
    assert data.about.title == "Sums of handwritten digits"


def test_each_pair_of_digits_is_alike_likely():
    data = sums("train", {"a": labels, "b": labels}, renderings=20)
    counts = (10 * data.inputs["a"] + data.inputs["b"]).bincount(minlength=100)
    assert len(data) == 15_520
    # Of 100 counts around 155.2, none is four standard deviations away.
    assert (counts - 155.2).abs().max() < 4 * 155.2**0.5


def test_one_modality_alone_leaves_the_variance_of_a_digit():
    errors = [(a + b - (a + 4.5)) ** 2 for a, b in product(range(10), repeat=2)]
    assert sum(errors) / 100 == 8.25
    data = sums("test", {"a": labels, "b": labels, "c": labels}, renderings=10)
    for known, left in ((("a", "b"), 1), (("c",), 2)):
        seen = sum(data.inputs[name] for name in known)
        error = ((data.targets - seen - 4.5 * left) ** 2).mean().item()
        # A squared error has a standard deviation of 7.3 for one digit, 19 for two.
        assert error == pytest.approx(8.25 * left, abs=3 * {1: 7.3, 2: 19}[left] / 7680**0.5)
    # The mean of each digit's sums can fit little more than that: no pair is told by another.
    means = torch.stack([data.targets[data.inputs["a"] == digit].mean() for digit in range(10)])
    error = ((data.targets - means[data.inputs["a"]]) ** 2).mean().item()
    assert error == pytest.approx(16.5, abs=3 * 19 / 7680**0.5)


def test_the_scans_are_those_of_the_digits_and_of_the_split():
    every = scans()
    for split, forms in SPLITS.items():
        data = sums(split, {"a": pixels, "b": pixels})
        for name in "ab":
            rows = data.metadata[f"scan_{name}"]
            assert torch.equal(every.pixels[rows], data.inputs[name])
            assert torch.equal(every.labels[rows], data.metadata[f"shown_{name}"])
            assert set(every.forms[rows].tolist()) == set(forms)
        assert not torch.equal(data.metadata["scan_a"], data.metadata["scan_b"])


def test_nearly_every_scan_is_used_once():
    used = sums("train", {"a": labels, "b": labels}).metadata["scan_a"].bincount()
    assert used.max() <= 2
    assert (used > 0).sum() > 0.9 * 776


def test_another_modality_leaves_the_first_as_they_were():
    two = sums("validation", {"a": draws, "b": labels})
    three = sums("validation", {"c": draws, "b": labels, "a": draws})
    assert all(torch.equal(two.inputs[name], three.inputs[name]) for name in "ab")
    assert not torch.equal(three.inputs["c"], three.inputs["a"])
    assert torch.equal(two.targets + three.metadata["shown_c"], three.targets)


def test_the_same_seed_gives_the_same_bits_and_more_renderings_come_behind():
    renderers = {"image": Image(noise=0.1, shift=1), "audio": Audio("dtmf", snr_db=0.0)}
    once, again = sums("validation", renderers), sums("validation", renderers)
    twice, other = (
        sums("validation", renderers, renderings=2),
        sums("validation", renderers, seed=1),
    )
    for name in renderers:
        assert torch.equal(once.inputs[name], again.inputs[name])
        assert torch.equal(once.inputs[name], twice.inputs[name][:253])
        assert not torch.equal(once.inputs[name], twice.inputs[name][253:])
        assert not torch.equal(once.inputs[name], other.inputs[name])
    assert torch.equal(once.targets, twice.targets[:253])
    assert not torch.equal(once.targets, other.targets)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "split 'dev'; choose from train, validation, test"),
        ({"modalities": ("sound", "text")}, ValueError, "choose from image, text, audio, video"),
        ({"modalities": "image"}, TypeError, r'like \("image",\)'),
        ({"modalities": ("audio",)}, ValueError, "needs at least two modalities.*; got audio"),
        ({"modalities": ()}, ValueError, "needs at least two modalities.*; got none"),
        ({"modalities": {"image": Image}}, TypeError, r"needs a renderer, like Image\(\)"),
        ({"renderings": 0}, ValueError, "renderings must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        sums(**arguments)
