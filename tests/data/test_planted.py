"""Planted redundancy, uniqueness and synergy, and what is known of the label."""

from itertools import product
from math import log

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from mmtutor.data.planted.information import joint_table, truths
from mmtutor.data.planted.planted import planted, planted_truth

NAMES = ("left", "right")
MIXTURES = [
    {"redundancy": 1},
    {"uniqueness": 1},
    {"uniqueness": (2, 1)},
    {"synergy": 1},
    {"redundancy": 1, "uniqueness": (1, 0), "synergy": 1},
    {"redundancy": 0.5, "uniqueness": (0, 0.75), "synergy": 0.25},
    {"redundancy": 1.5, "synergy": 1.2},
]


def exactly(value):
    return pytest.approx(value, abs=1e-12)


def one_bit(kind, share):
    """The joint table (left, right, bit) of one bit; the value 2 is "not shown"."""
    joint = torch.zeros(3, 3, 2, dtype=torch.float64)
    for bit, key in product(range(2), repeat=2):
        shown = {
            "redundancy": (bit, bit),
            "left": (bit, 2),
            "right": (2, bit),
            "synergy": (key, (bit + key) % 2),
        }
        joint[*shown[kind], bit] += share / 4
        joint[2, 2, bit] += (1 - share) / 4
    return joint


def independent(first, second):
    """The joint table of two tables side by side: each axis counts pairs of values."""
    pairs = torch.einsum("abc,xyz->axbycz", first, second)
    return pairs.flatten(4, 5).flatten(2, 3).flatten(0, 1)


def whole_table(redundancy=0, uniqueness=0, synergy=0):
    left, right = uniqueness if isinstance(uniqueness, tuple) else (uniqueness, uniqueness)
    amounts = {"redundancy": redundancy, "left": left, "right": right, "synergy": synergy}
    joint = torch.ones(1, 1, 1, dtype=torch.float64)
    for kind, amount in amounts.items():
        while amount > 0:
            joint = independent(joint, one_bit(kind, min(amount, 1)))
            amount -= 1
    return joint


def accuracy(model, train, test, features=lambda data: data.inputs["left"]):
    model.fit(features(train), train.targets)
    return model.score(features(test), test.targets)


def both(data):
    return torch.cat([data.inputs["left"], data.inputs["right"]], dim=1)


def products(data):
    return torch.einsum("ni,nj->nij", data.inputs["left"], data.inputs["right"]).flatten(1)


def chance(probability, examples):
    """Within four standard deviations of a guess."""
    return pytest.approx(probability, abs=4 * (probability * (1 - probability) / examples) ** 0.5)


def test_the_truth_of_the_three_pure_cases():
    assert planted_truth(redundancy=1) == {
        ("left",): (1, 1), ("right",): (1, 1), ("left", "right"): (1, 1)
    }  # fmt: skip
    assert planted_truth(uniqueness=1) == {
        ("left",): (1, 0.5), ("right",): (1, 0.5), ("left", "right"): (2, 1)
    }  # fmt: skip
    assert planted_truth(synergy=1) == {
        ("left",): (0, 0.5), ("right",): (0, 0.5), ("left", "right"): (1, 1)
    }  # fmt: skip


def test_the_truth_of_a_mixture():
    truth = planted_truth(redundancy=1, uniqueness=(0.5, 0), synergy=1)
    # Left: sure of the redundant bit, of the unique one in half of the cases, guesses the third.
    assert truth["left",] == (1.5, 1 * 0.75 * 0.5)
    assert truth["right",] == (1, 1 * 0.5 * 0.5)
    assert truth["left", "right"] == (2.5, 0.75)


def test_a_copy_and_an_xor_tell_as_much_as_two_unique_bits():
    assert planted_truth(redundancy=1, synergy=1) == planted_truth(uniqueness=1)
    # I_min: the least that a modality tells about each label, here that one bit of it is known.
    joint = whole_table(uniqueness=1)
    label = joint.sum((0, 1))
    told = []
    for observed in (joint.sum(1), joint.sum(0)):
        gain = torch.log2(observed / observed.sum(1, keepdim=True) / label)
        told.append((observed / label * gain).nan_to_num(0).sum(0))
    assert (label * torch.minimum(*told)).sum().item() == exactly(1)


@pytest.mark.parametrize("amounts", MIXTURES)
def test_the_truth_is_that_of_the_whole_table(amounts):
    truth, table = planted_truth(**amounts), truths(whole_table(**amounts), NAMES)
    assert truth.keys() == table.keys()
    for subset, (bits, best) in table.items():
        assert truth[subset] == (exactly(bits), exactly(best))


@pytest.mark.parametrize("amounts", MIXTURES)
def test_the_examples_hold_the_planted_information(amounts):
    data = planted(**amounts, examples=50_000)
    joint = joint_table(data.metadata["left"], data.metadata["right"], data.targets)
    for subset, (bits, best) in truths(joint, NAMES).items():
        assert planted_truth(**amounts)[subset].bits == pytest.approx(bits, abs=0.02)
        assert planted_truth(**amounts)[subset].accuracy == pytest.approx(best, abs=0.02)


def test_a_modality_shows_the_bits_that_are_planted_in_it():
    data = planted(redundancy=1, uniqueness=(1, 1), synergy=1)
    redundant, left, right, synergistic = data.metadata["bits"].T
    shown, also_shown = data.metadata["left"], data.metadata["right"]
    assert torch.equal(shown[:, 0], redundant)
    assert torch.equal(also_shown[:, 0], redundant)
    assert torch.equal(shown[:, 1], left)
    assert torch.equal(also_shown[:, 1], right)
    assert torch.equal(shown[:, 2] ^ also_shown[:, 2], synergistic)
    assert shown.shape == also_shown.shape == (2000, 3)


def test_a_part_of_a_bit_is_shown_in_that_share_of_the_examples():
    data = planted(redundancy=1.25, synergy=0.5, examples=10_000)
    left, right = data.metadata["left"], data.metadata["right"]
    assert (left[:, 0] >= 0).all()
    assert (left[:, 1] >= 0).float().mean().item() == chance(0.25, 10_000)
    assert (left[:, 2] >= 0).float().mean().item() == chance(0.5, 10_000)
    assert torch.equal(left < 0, right < 0)


def test_the_classes_are_the_labels_as_strings_of_bits():
    data = planted(redundancy=1, uniqueness=(1, 0))
    assert data.classes == ("00", "01", "10", "11")
    for bits, target in zip(data.metadata["bits"].tolist(), data.targets.tolist(), strict=True):
        assert data.classes[target] == "".join(map(str, bits))


def test_labels_are_evenly_distributed():
    counts = planted(redundancy=1, uniqueness=1, examples=8000).targets.bincount(minlength=8)
    for count in counts.tolist():
        assert count / 8000 == chance(1 / 8, 8000)


def test_without_noise_the_features_are_orthogonal_bits():
    # Three directions at right angles, each of length √16 = 4: eight different vectors.
    features = planted(redundancy=3, noise=0).inputs["left"]
    assert features.norm(dim=1) == pytest.approx(4 * 3**0.5, abs=1e-4)
    distances = torch.cdist(features[:200], features[:200]).div(8).square()  # bits that differ
    assert set(distances.round(decimals=2).flatten().tolist()) == {0, 1, 2, 3}


def test_a_bit_that_is_not_shown_is_zero():
    data = planted(synergy=0.5, noise=0)
    hidden = data.metadata["left"][:, 0] < 0
    assert 800 < hidden.sum() < 1200
    for name in NAMES:
        assert (data.inputs[name][hidden] == 0).all()
        assert data.inputs[name][~hidden].norm(dim=1) == pytest.approx(4, abs=1e-4)


def test_a_modality_with_nothing_to_show_is_noise():
    data = planted(uniqueness=(1, 0), noise=0.1, examples=10_000)
    assert data.metadata["right"].shape == (10_000, 0)
    assert data.inputs["right"].std().item() == pytest.approx(0.4, rel=0.01)  # √16 · 0.1
    assert data.inputs["right"].mean().abs() < 0.01


def test_the_noise_leaves_all_else_as_it_was():
    clean, noisy = planted(synergy=1, noise=0), planted(synergy=1, noise=0.25)
    assert torch.equal(clean.targets, noisy.targets)
    left, right = (noisy.inputs[name] - clean.inputs[name] for name in NAMES)
    for name, noise in (("left", left), ("right", right)):
        assert noise.std().item() == pytest.approx(1, rel=0.02)  # √16 · 0.25
        assert (noise.T @ clean.inputs[name] / 2000).abs().max() < 0.2
    assert (left * right).mean().abs() < 0.05


def readable(train, test, name="right"):
    """Whether a linear map that is fitted to one data set reads the symbols of another."""
    symbols = train.metadata[name].float()
    matrix = torch.linalg.lstsq(train.inputs[name], symbols - 0.5).solution
    return torch.equal((test.inputs[name] @ matrix > 0).long(), test.metadata[name])


def test_the_directions_are_the_same_in_all_splits_and_depend_on_the_seed():
    amounts = {"redundancy": 1, "synergy": 2}
    train = planted("train", **amounts)
    assert readable(train, planted("validation", **amounts))
    assert readable(train, planted("test", **amounts))
    assert not readable(train, planted("test", **amounts, seed=1))


def test_left_and_right_have_directions_of_their_own():
    left, right = planted(redundancy=1, noise=0).inputs.values()
    assert (left - right).norm(dim=1).min() > 1
    assert (left + right).norm(dim=1).min() > 1


def test_a_linear_model_reads_redundant_bits_from_one_modality():
    train, test = planted("train", redundancy=2), planted("test", redundancy=2)
    assert accuracy(LogisticRegression(), train, test) == 1


def test_each_modality_alone_is_at_chance_on_an_xor():
    train, test = planted("train", synergy=1), planted("test", synergy=1)
    for name in NAMES:
        neighbors = KNeighborsClassifier(15)
        score = accuracy(neighbors, train, test, lambda data, name=name: data.inputs[name])
        assert score == chance(0.5, 2000)


def test_an_xor_is_solved_by_products_and_not_by_a_linear_model():
    train, test = planted("train", synergy=1), planted("test", synergy=1)
    assert accuracy(LogisticRegression(), train, test, products) == 1
    linear = LogisticRegression()
    # A half-space holds three of the four corners of a square at best.
    assert accuracy(linear, train, test, both) < 0.75
    # A guess costs ln 2.
    assert log_loss(test.targets, linear.predict_proba(both(test))) > 0.99 * log(2)


def test_the_nearest_neighbor_is_as_good_as_the_truth_allows():
    amounts = {"redundancy": 0.5, "uniqueness": (1, 0), "synergy": 1}
    train, test = (planted(split, **amounts, examples=4000) for split in ("train", "test"))
    views = {
        ("left",): lambda data: data.inputs["left"],
        ("right",): lambda data: data.inputs["right"],
        ("left", "right"): both,
    }
    for subset, view in views.items():
        score = accuracy(KNeighborsClassifier(25), train, test, view)
        assert score == chance(planted_truth(**amounts)[subset].accuracy, 4000)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    first, again, other = (planted(redundancy=0.5, synergy=1, seed=seed) for seed in (0, 0, 1))
    for name in NAMES:
        assert torch.equal(first.inputs[name], again.inputs[name])
        assert torch.equal(first.metadata[name], again.metadata[name])
        assert not torch.equal(first.metadata[name], other.metadata[name])
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.targets, other.targets)


def test_no_two_splits_and_no_two_modalities_share_a_draw():
    splits = [planted(split, uniqueness=1, noise=1) for split in ("train", "validation", "test")]
    drawn = [row for data in splits for x in data.inputs.values() for row in x.tolist()]
    assert len(set(map(tuple, drawn))) == 3 * 2 * 2000
    assert len({tuple(data.targets.tolist()) for data in splits}) == 3


def test_keys_and_gaps_are_drawn_for_each_split_and_seed():
    origins = [("train", 0), ("validation", 0), ("test", 0), ("train", 1)]
    keys, gaps = set(), set()
    for split, seed in origins:
        keys.add(tuple(planted(split, synergy=1, seed=seed).metadata["left"][:, 0].tolist()))
        shown = planted(split, redundancy=0.5, seed=seed).metadata["left"][:, 0]
        gaps.add(tuple((shown < 0).tolist()))
    assert len(keys) == len(gaps) == 4


def test_seed_0_gives_the_same_labels_everywhere():
    assert planted(uniqueness=1).targets[:12].tolist() == [3, 1, 0, 3, 3, 2, 3, 1, 2, 0, 0, 2]
    assert planted("test", synergy=1).metadata["left"][:12, 0].tolist() == [
        0,
        1,
        1,
        1,
        0,
        0,
        1,
        1,
        0,
        1,
        0,
        1,
    ]


def test_planting_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    planted(redundancy=0.5, synergy=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_shapes_types_and_origin():
    data = planted("validation", redundancy=1, examples=7, features=5)
    inputs, targets = data[:]
    assert {name: (x.dtype, tuple(x.shape)) for name, x in inputs.items()} == {
        "left": (torch.float32, (7, 5)),
        "right": (torch.float32, (7, 5)),
    }
    assert (targets.dtype, targets.shape) == (torch.int64, (7,))
    assert data.about.license.startswith("CC0 1.0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev", "synergy": 1}, "split 'dev'; choose from train, validation, test"),
        ({}, "a label must have 1 to 8 bits, got 0; state an amount, like synergy=1"),
        ({"redundancy": 4.5, "synergy": 3.5}, "1 to 8 bits, got 9"),
        ({"synergy": -1}, "synergy must be from 0 to 8, got -1"),
        ({"redundancy": float("nan")}, "redundancy must be from 0 to 8, got nan"),
        ({"uniqueness": (1, -1)}, "the uniqueness of the right must be from 0 to 8, got -1"),
        ({"uniqueness": (1, 1, 1)}, r"one number or two, \(left, right\); got \(1, 1, 1\)"),
        ({"synergy": 1, "examples": 0}, "examples must be at least 1, got 0"),
        ({"redundancy": 2, "synergy": 1, "features": 2}, "features must be at least 3, got 2"),
        ({"synergy": 1, "noise": -0.1}, "noise must be at least 0, got -0.1"),
    ],
)
def test_what_cannot_be_planted_is_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        planted(**arguments)
