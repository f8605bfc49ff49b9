"""MultimodalDataset."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, Subset

from mmtutor.data import About, Batch, MultimodalDataset


def small() -> MultimodalDataset:
    """Five examples: image values 0, 1, 2, 3, 4 and text ids 0, 10, 20, 30, 40."""
    image = torch.arange(5.0)[:, None]
    text = 10 * torch.arange(5)[:, None]
    return MultimodalDataset({"image": image, "text": text}, torch.tensor([5, 6, 7, 8, 9]))


def masked() -> MultimodalDataset:
    present = {"text": torch.tensor([True, False, True, False, True])}
    return MultimodalDataset(small().inputs, small().targets, present)


def test_a_list_of_indices_gives_a_batch_in_that_order():
    inputs, targets = small()[[3, 0, 3]]
    assert inputs["image"].tolist() == [[3.0], [0.0], [3.0]]
    assert inputs["text"].tolist() == [[30], [0], [30]]
    assert targets.tolist() == [8, 5, 8]


@pytest.mark.parametrize(
    "indices",
    [slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True, False, False])],
)
def test_a_slice_a_tensor_and_a_mask_choose_examples(indices):
    inputs, targets = small()[indices]
    assert inputs["image"].tolist() == [[1.0], [2.0]]
    assert targets.tolist() == [6, 7]


def test_one_int_gives_one_example_without_the_batch_axis():
    inputs, target = small()[-1]
    assert inputs["image"].shape == (1,)
    assert target.item() == 9


def test_an_empty_list_gives_an_empty_batch():
    inputs, targets = small()[[]]
    assert inputs["image"].shape == (0, 1)
    assert targets.shape == (0,)


def test_an_index_beyond_the_end_is_an_index_error():
    with pytest.raises(IndexError):
        small()[[5]]


def test_present_is_the_third_part_of_a_batch():
    _, _, present = masked()[[1, 2]]
    assert present["text"].tolist() == [False, True]


LENGTHS = torch.tensor([3, 0, 1, 2, 2])


def padded() -> MultimodalDataset:
    """Five sounds of at most 3 samples; the second example has none."""
    present = {"sound": torch.tensor([True, False, True, True, True])}
    lengths = {"sound": LENGTHS}
    return MultimodalDataset({"sound": torch.zeros(5, 3)}, torch.zeros(5), present, lengths)


def test_lengths_are_the_fourth_part_of_a_batch():
    batch = padded()[[1, 0]]
    assert batch.lengths["sound"].tolist() == [0, 3]
    assert batch.present["sound"].tolist() == [False, True]
    assert len(batch) == 4


def test_without_present_a_batch_has_lengths_all_the_same():
    data = MultimodalDataset({"x": torch.zeros(5, 3)}, torch.zeros(5), lengths={"x": LENGTHS})
    _, _, present, lengths = data[:2]
    assert present is None
    assert lengths["x"].tolist() == [3, 0]
    assert data.subset([4, 0]).lengths["x"].tolist() == [2, 3]


def test_indexing_gives_a_batch():
    assert all(type(small()[i]) is Batch for i in (2, [2], slice(2, 3)))


@pytest.mark.parametrize("index", [3, np.int64(3), np.uint8(3), torch.tensor(3), np.array(-2)])
def test_a_whole_number_of_any_kind_gives_one_example(index):
    inputs, target = small()[index]
    assert inputs["image"].tolist() == [3.0]
    assert target.item() == 8


def test_torchs_own_loader_takes_a_subset_by_numpy_numbers():
    subset = Subset(small(), np.array([4, 1, 2]))
    inputs, targets = next(iter(DataLoader(subset, batch_size=3)))
    assert inputs["image"].tolist() == [[4.0], [1.0], [2.0]]
    assert targets.tolist() == [9, 6, 7]


def test_small_whole_numbers_are_places_and_no_mask():
    assert small()[np.array([1, 0, 1], np.uint8)].targets.tolist() == [6, 5, 6]


@pytest.mark.parametrize("index", [1.0, [1.0, 2.0], torch.tensor(1.0), True])
def test_what_numbers_no_example_is_an_index_error(index):
    with pytest.raises(IndexError, match="whole numbers|mask of examples"):
        small()[index]


def test_subset_keeps_the_order_of_its_indices():
    subset = masked().subset([4, 1])
    assert len(subset) == 2
    assert subset.targets.tolist() == [9, 6]
    assert subset.present["text"].tolist() == [True, False]


def test_subset_of_one_int_says_that_it_takes_several():
    with pytest.raises(TypeError, match=r"like \[3\]"):
        small().subset(3)


def test_select_keeps_the_named_modalities_and_their_masks():
    assert masked().select("text").modalities == ("text",)
    assert masked().select("text").present is not None
    assert masked().select("image").present is None
    assert small().select("text", "image").modalities == ("text", "image")


def test_select_keeps_the_lengths():
    assert padded().select("sound").lengths["sound"].tolist() == LENGTHS.tolist()


def test_select_of_an_unknown_modality_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown modality 'audio'; choose from image, text"):
        small().select("audio")


def test_select_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one modality"):
        small().select()


def described() -> MultimodalDataset:
    about = About("Counting", "CC0", "https://example.org", "Nobody 2020, Counting")
    speaker = {"speaker": torch.tensor([0, 0, 1, 1, 2])}
    return MultimodalDataset(
        small().inputs,
        torch.tensor([0, 1, 0, 1, 0]),
        metadata=speaker,
        classes=("even", "odd"),
        about=about,
    )


def test_subset_and_select_keep_metadata_classes_and_origin():
    mask = torch.tensor([False, False, True, False, True])
    for part in (described().subset([2, 4]), described().subset(mask), described().subset([-3, 4])):
        assert part.metadata["speaker"].tolist() == [1, 2]
        assert (part.classes, part.about) == (("even", "odd"), described().about)
    one = described().select("text")
    assert one.metadata["speaker"].tolist() == [0, 0, 1, 1, 2]
    assert (one.classes, one.about) == (("even", "odd"), described().about)


def test_no_batch_holds_the_metadata():
    assert len(described()[[0, 1]]) == 2


def test_a_data_set_says_what_it_is():
    assert repr(described()).splitlines() == [
        "Counting: 5 examples",
        "  image    float32 (1,)",
        "  text     int64 (1,)",
        "  targets  int64 (), 2 classes: even, odd",
        "  license: CC0",
        "  source: https://example.org",
    ]
    assert repr(small()).startswith("MultimodalDataset: 5 examples\n  image")


def test_a_data_set_says_what_is_missing_and_what_is_padding():
    assert repr(padded()).splitlines()[1] == "  sound    float32 (3,), 4 present, lengths 0 to 3"


def test_metadata_of_another_number_of_examples_are_refused():
    with pytest.raises(ValueError, match=r"metadata\['speaker'\]: 4"):
        MultimodalDataset(
            {"x": torch.zeros(5)}, torch.zeros(5), metadata={"speaker": torch.ones(4)}
        )


def test_unequal_lengths_are_refused_with_all_the_lengths():
    with pytest.raises(ValueError, match="got targets: 5, image: 5, text: 4"):
        MultimodalDataset({"image": torch.zeros(5), "text": torch.zeros(4)}, torch.zeros(5))


@pytest.mark.parametrize(
    ("inputs", "targets", "present", "error", "message"),
    [
        (torch.zeros(2), torch.zeros(2), None, TypeError, "inputs must map .* got a Tensor"),
        (
            {"image": torch.zeros(2)},
            torch.zeros(2),
            torch.ones(2, dtype=torch.bool),
            TypeError,
            "present must map .* got a Tensor",
        ),
        ({"image": [1, 2]}, torch.zeros(2), None, TypeError, "image must be a tensor"),
        ({"image": torch.zeros(2)}, [0, 1], None, TypeError, "targets must be a tensor"),
        ({"image": torch.tensor(1.0)}, torch.zeros(1), None, ValueError, "a single number"),
        (
            {"image": torch.zeros(2)},
            torch.zeros(2),
            {"image": torch.ones(2)},
            TypeError,
            r"present\['image'\] must be a bool tensor",
        ),
        (
            {"image": torch.zeros(2)},
            torch.zeros(2),
            {"image": torch.tensor([0, 1])},
            TypeError,
            r"got torch.int64 \(2,\); how many positions are real belongs into lengths",
        ),
        (
            {"image": torch.zeros(2)},
            torch.zeros(2),
            {"text": torch.ones(2, dtype=torch.bool)},
            ValueError,
            "unknown modality in present: 'text'",
        ),
    ],
)
def test_what_is_no_data_set_is_refused(inputs, targets, present, error, message):
    with pytest.raises(error, match=message):
        MultimodalDataset(inputs, targets, present)


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        (torch.tensor([1, -1]), ValueError, r"from 0 to 8, .* \(2, 8\); got -1 to 1"),
        (torch.tensor([9, 1]), ValueError, r"from 0 to 8, .* \(2, 8\); got 1 to 9"),
        (torch.tensor([1.0, 2.0]), TypeError, r"an int64 tensor \(examples,\), got torch.float32"),
        (torch.tensor([True, True]), TypeError, "have the modality belongs into present"),
        (torch.ones(2, 1, dtype=torch.int64), TypeError, r"got torch.int64 \(2, 1\)"),
        (torch.ones(3, dtype=torch.int64), ValueError, r"lengths\['sound'\]: 3"),
    ],
)
def test_lengths_that_cannot_be_are_refused(lengths, error, message):
    with pytest.raises(error, match=message):
        MultimodalDataset({"sound": torch.zeros(2, 8)}, torch.zeros(2), lengths={"sound": lengths})


def test_a_video_is_no_longer_than_its_frames():
    videos = {"video": torch.zeros(2, 1, 4, 9, 9)}
    MultimodalDataset(videos, torch.zeros(2), lengths={"video": torch.tensor([4, 2])})
    with pytest.raises(ValueError, match="from 0 to 4"):
        MultimodalDataset(videos, torch.zeros(2), lengths={"video": torch.tensor([5, 2])})


def test_lengths_of_an_unknown_modality_are_refused():
    with pytest.raises(ValueError, match="unknown modality in lengths: 'sound'; choose from x"):
        MultimodalDataset({"x": torch.zeros(2)}, torch.zeros(2), lengths={"sound": LENGTHS[:2]})


def test_one_string_is_no_list_of_classes():
    with pytest.raises(TypeError, match=r"""like \["cat", "dog"\]; got 'catdog'"""):
        MultimodalDataset({"x": torch.zeros(2)}, torch.tensor([0, 1]), classes="catdog")


def test_every_class_id_needs_a_name():
    x = {"x": torch.zeros(3)}
    with pytest.raises(ValueError, match="got 2 names, and the id 2 in the targets"):
        MultimodalDataset(x, torch.tensor([0, 2, 1]), classes=["cat", "dog"])
    ignored = MultimodalDataset(x, torch.tensor([0, -100, 1]), classes=["cat", "dog", "cow"])
    assert ignored.classes == ("cat", "dog", "cow")
    several = MultimodalDataset(x, torch.ones(3, 2), classes=["red", "round"])
    assert several.classes == ("red", "round")


def read_only() -> np.ndarray:
    column = pd.DataFrame({"price": [1.5, 2.5]})["price"].to_numpy()
    column.flags.writeable = False
    return column


@pytest.mark.parametrize("given", [[1.5, 2.5], np.array([1.5, 2.5]), read_only()])
def test_the_advice_on_what_is_no_tensor_works(given, recwarn):
    with pytest.raises(TypeError, match=r"with torch.tensor\(…\), .* dtype=torch.float32"):
        MultimodalDataset({"x": given}, torch.zeros(2))
    data = MultimodalDataset({"x": torch.tensor(given, dtype=torch.float32)}, torch.zeros(2))
    assert data.inputs["x"].tolist() == [1.5, 2.5]
    assert not recwarn.list
