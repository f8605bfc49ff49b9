"""MultimodalDataset, BatchIndices and loader."""

import pytest
import torch
from torch.utils.data import DataLoader

from mmtutor.data import About, BatchIndices, MultimodalDataset, loader


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


def test_present_may_hold_lengths():
    lengths = {"text": torch.tensor([3, 0, 1, 2, 2])}
    dataset = MultimodalDataset(small().inputs, small().targets, lengths)
    assert dataset[[1, 0]][2]["text"].tolist() == [0, 3]


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
        details=speaker,
        classes=("even", "odd"),
        about=about,
    )


def test_subset_and_select_keep_details_classes_and_origin():
    mask = torch.tensor([False, False, True, False, True])
    for part in (described().subset([2, 4]), described().subset(mask), described().subset([-3, 4])):
        assert part.details["speaker"].tolist() == [1, 2]
        assert (part.classes, part.about) == (("even", "odd"), described().about)
    one = described().select("text")
    assert one.details["speaker"].tolist() == [0, 0, 1, 1, 2]
    assert (one.classes, one.about) == (("even", "odd"), described().about)


def test_no_batch_holds_the_details():
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


def test_details_of_another_number_of_examples_are_refused():
    with pytest.raises(ValueError, match=r"details\['speaker'\]: 4"):
        MultimodalDataset({"x": torch.zeros(5)}, torch.zeros(5), details={"speaker": torch.ones(4)})


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
            {"text": torch.ones(2, dtype=torch.bool)},
            ValueError,
            "unknown modality in present: 'text'",
        ),
    ],
)
def test_what_is_no_data_set_is_refused(inputs, targets, present, error, message):
    with pytest.raises(error, match=message):
        MultimodalDataset(inputs, targets, present)


def test_the_loader_gives_every_example_once_and_in_order():
    batches = list(loader(small(), batch_size=2))
    assert [targets.tolist() for _, targets in batches] == [[5, 6], [7, 8], [9]]
    assert len(loader(small(), batch_size=2)) == 3


def test_a_batch_of_the_loader_is_what_indexing_gives():
    batch = next(iter(loader(masked(), batch_size=5)))
    assert isinstance(batch, tuple)
    assert [type(part) for part in batch] == [dict, torch.Tensor, dict]


def test_drop_last_leaves_out_the_smaller_batch():
    batches = loader(small(), batch_size=2, drop_last=True)
    assert [targets.tolist() for _, targets in batches] == [[5, 6], [7, 8]]
    assert len(batches) == 2


def order(indices: BatchIndices) -> list[int]:
    return [index for batch in indices for index in batch.tolist()]


def test_shuffling_gives_every_example_once_and_another_order_each_epoch():
    indices = BatchIndices(100, 7, shuffle=True)
    first, second = order(indices), order(indices)
    assert sorted(first) == sorted(second) == list(range(100))
    assert len({tuple(first), tuple(second), tuple(range(100))}) == 3


def test_the_order_depends_on_seed_and_epoch_only():
    unbroken = BatchIndices(100, 7, shuffle=True, seed=3)
    epochs = [order(unbroken) for _ in range(3)]
    resumed = BatchIndices(100, 9, shuffle=True, seed=3)
    resumed.set_epoch(2)
    assert order(resumed) == epochs[2]
    resumed.set_epoch(1)
    assert order(resumed) == epochs[1]
    assert order(BatchIndices(100, 7, shuffle=True, seed=4)) not in epochs


def test_an_iteration_that_is_broken_off_still_ends_its_epoch():
    indices = BatchIndices(100, 7, shuffle=True)
    next(iter(indices))
    fresh = BatchIndices(100, 7, shuffle=True)
    fresh.set_epoch(1)
    assert order(indices) == order(fresh)


def test_workers_of_a_data_loader_get_the_same_epochs():
    alone = BatchIndices(12, 4, shuffle=True)
    data = MultimodalDataset({"x": torch.arange(12)}, torch.arange(12))
    indices = BatchIndices(12, 4, shuffle=True)
    batches = DataLoader(data, sampler=indices, batch_size=None, num_workers=2)
    for _ in range(2):
        assert torch.cat([targets for _, targets in batches]).tolist() == order(alone)


def test_the_loader_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    list(loader(small(), shuffle=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_an_empty_data_set_has_no_loader():
    with pytest.raises(ValueError, match="empty"):
        loader(small().subset([]))


def test_a_batch_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        loader(small(), batch_size=0)


def test_an_epoch_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="5 examples do not fill one batch of 6"):
        loader(small(), batch_size=6, drop_last=True)
