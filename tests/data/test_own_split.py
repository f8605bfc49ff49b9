"""Splits that keep groups together, and the look at data before training."""

import pytest
import torch

from mmtutor.data import MultimodalDataset, inspect, split_by_group

EVERY = torch.arange(12)


def dataset(**changes):
    """Return twelve examples of four groups and two classes, in rows 2 to 13 of a table."""
    parts = {
        "inputs": {"image": torch.rand(12, 1, 2, 2), "text": torch.arange(36).view(12, 3)},
        "targets": EVERY % 2,
        "metadata": {"group": EVERY // 3, "row": EVERY + 2},
        "classes": ("no", "yes"),
        **changes,
    }
    return MultimodalDataset(**parts)


def test_no_group_is_on_both_sides():
    for seed in range(5):
        train, test = split_by_group(dataset(), 0.25, seed)
        assert (len(train), len(test)) == (9, 3)
        assert test.metadata["group"].unique().numel() == 1
        assert not torch.isin(train.metadata["group"], test.metadata["group"]).any()
        rows = torch.cat([train.metadata["row"], test.metadata["row"]]).sort().values
        assert torch.equal(rows, EVERY + 2)


def test_the_seed_chooses_the_groups():
    def held_out(seed):
        return int(split_by_group(dataset(), 0.25, seed)[1].metadata["group"][0])

    assert held_out(3) == held_out(3)
    assert {held_out(seed) for seed in range(20)} == {0, 1, 2, 3}


def test_the_share_counts_groups_and_not_examples():
    unequal = dataset(metadata={"group": torch.tensor([0] * 9 + [1, 2, 3])})
    sizes = {len(split_by_group(unequal, 0.25, seed)[1]) for seed in range(20)}
    assert sizes == {1, 9}


def test_a_split_that_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="unknown entry of the metadata 'group'"):
        split_by_group(dataset(metadata={}))
    with pytest.raises(ValueError, match="share must be between 0 and 1, got 25"):
        split_by_group(dataset(), 25)
    with pytest.raises(ValueError, match="at least 2 groups"):
        split_by_group(dataset(metadata={"group": torch.zeros(12).long()}))
    with pytest.raises(ValueError, match="one id an example"):
        split_by_group(dataset(metadata={"group": torch.zeros(12, 2).long()}))
    with pytest.raises(ValueError, match="0.9 of 4 groups leaves no group on one side"):
        split_by_group(dataset(), 0.9)


# --- the look at the data ---------------------------------------------------------------------


def concern(found, beginning):
    (text,) = [text for text in found.concerns if text.startswith(beginning)]
    return text


def test_good_data_give_no_concern():
    found = inspect(*split_by_group(dataset()))
    assert found.concerns == ()
    assert str(found).splitlines()[0] == "  train: 9 examples"
    assert "  group: 0 of 1 in test are in train too, with 0 of 3 test examples" in str(found)


def test_groups_in_both_parts_are_found():
    careless = dataset().subset(EVERY[:8]), dataset().subset(EVERY[8:])
    wanted = "group: 1 of 2 in test are in train too, with 1 of 4 test examples"
    assert concern(inspect(*careless), "group") == wanted


def test_an_unknown_group_is_said():
    parts = split_by_group(dataset())
    assert "no person is known" in str(inspect(*parts, group="person"))


def test_repeated_images_are_found_with_their_rows():
    images = torch.rand(12, 1, 2, 2)
    images[11] = images[1]
    whole = dataset(inputs={"image": images})
    wanted = "image: 1 examples repeat an earlier one, such as rows 3 and 13"
    assert inspect(whole).concerns == (wanted,)
    parts = whole.subset(EVERY[:6]), whole.subset(EVERY[6:])
    wanted = "image: 1 of 6 test examples are in train too, such as rows 3 and 13"
    assert concern(inspect(*parts), "image") == wanted


def test_repeated_texts_are_counted_but_no_concern():
    words = dataset(inputs={"text": EVERY.view(12, 1) % 5})
    found = inspect(words)
    assert found.concerns == () and "  text: 7 examples repeat an earlier one" in str(found)


def test_padding_and_missing_examples_are_no_repetition():
    sounds = {"audio": torch.tensor([[0.5, 0.1], [0.5, 0.9], [0.2, 0.3], [0.2, 0.3]])}
    four = MultimodalDataset(
        sounds,
        torch.tensor([0, 1, 0, 1]),
        {"audio": torch.tensor([True, True, True, False])},
        {"audio": torch.tensor([1, 2, 2, 2])},
    )
    found = inspect(four)
    assert "audio: 0 examples repeat" in str(found)
    assert "  data, audio: missing in 1 of 4" in str(found)


def test_a_constant_and_a_missing_modality_are_found():
    image = torch.rand(1, 1, 2, 2).expand(12, 1, 2, 2)
    assert concern(inspect(dataset(inputs={"image": image})), "data, image: always the same")
    none = {"image": torch.zeros(12, dtype=torch.bool)}
    found = inspect(dataset(present=none))
    assert concern(found, "data, image") == "data, image: missing in 12 of 12"


def test_blank_examples_are_counted():
    images = torch.rand(12, 1, 2, 2)
    images[:2] = 0.5
    images[1] = 0
    assert concern(inspect(dataset(inputs={"image": images})), "data, image: 2 blank or silent")


def test_imbalance_is_found_beyond_three_to_one():
    def counted(ones):
        return inspect(dataset(targets=(EVERY < ones).long()))

    assert counted(9).concerns == ()
    wanted = "data, classes: 2, from 2 examples (no) to 10 (yes); always saying yes is right in 83%"
    assert counted(10).concerns == (wanted,)


def test_classes_that_are_not_in_a_part_are_a_concern():
    parts = dataset().subset(EVERY), dataset().subset([0, 2, 4])
    assert concern(inspect(*parts), "test, classes: 2, from 0 examples (yes) to 3 (no)")


def test_values_have_no_classes():
    assert "classes" not in str(inspect(dataset(targets=torch.rand(12), classes=())))
