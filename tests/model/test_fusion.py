"""What the base class of all fusions does; `SharedRepresentation` stands for all of them."""

import pytest
import torch
from torch import Tensor

from mmtutor.fusion import Fusion, MissingModalityError, SharedRepresentation

SIZES = {"image": 3, "text": 2}


class Record(Fusion):
    """A fusion that returns what it was given, so that the base class can be seen."""

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        assert list(features) == list(self.in_features)
        return torch.cat([*features.values(), present.to(features["image"].dtype)], dim=1)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def features() -> dict[str, Tensor]:
    return {"image": torch.randn(4, 3), "text": torch.randn(4, 2)}


# --- missing modalities ----------------------------------------------------------------------


def test_what_is_missing_is_zero_and_said_to_be_missing() -> None:
    fusion = Record(SIZES, 7, allow_missing=True)
    image = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    text = torch.tensor([[7.0, 8.0], [9.0, 10.0]])
    mask = torch.tensor([True, False])
    assert fusion({"text": text, "image": image}).tolist() == [
        [1, 2, 3, 7, 8, 1, 1],
        [4, 5, 6, 9, 10, 1, 1],
    ]
    assert fusion({"text": text}).tolist() == [[0, 0, 0, 7, 8, 0, 1], [0, 0, 0, 9, 10, 0, 1]]
    assert fusion({"text": text, "image": image}, {"text": mask}).tolist() == [
        [1, 2, 3, 7, 8, 1, 1],
        [4, 5, 6, 0, 0, 1, 0],
    ]
    # A mask cannot conjure up a modality that is not among the features.
    assert fusion({"text": text}, {"image": mask}).tolist() == fusion({"text": text}).tolist()


def test_an_absent_modality_takes_the_type_of_the_others() -> None:
    fusion = Record(SIZES, 7, allow_missing=True)
    assert fusion({"image": torch.ones(2, 3, dtype=torch.float16)}).dtype == torch.float16


def test_an_absent_modality_counts_as_zero_features(features: dict[str, Tensor]) -> None:
    fusion = SharedRepresentation(SIZES, allow_missing=True)
    zeros = {"image": features["image"], "text": torch.zeros(4, 2)}
    assert torch.equal(fusion({"image": features["image"]}), fusion(zeros))


# --- bad input -------------------------------------------------------------------------------


def test_a_missing_modality_is_an_error_unless_allowed(features: dict[str, Tensor]) -> None:
    fusion = SharedRepresentation(SIZES)
    with pytest.raises(
        MissingModalityError, match=r"takes image, text; got text\. .*allow_missing"
    ):
        fusion({"text": features["text"]})
    with pytest.raises(MissingModalityError, match="got image, text and a presence mask"):
        fusion(features, {"text": torch.ones(4, dtype=torch.bool)})


def test_no_modality_at_all_is_always_an_error() -> None:
    with pytest.raises(MissingModalityError, match="takes image, text; got nothing"):
        SharedRepresentation(SIZES, allow_missing=True)({})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": torch.zeros(4, 2)}, "unknown modality 'audio'; this network takes image, text"),
        ({"text": torch.zeros(4, 5)}, r"text have shape \(4, 5\); expected \(4, 2\)"),
        ({"text": torch.zeros(3, 2)}, r"text have shape \(3, 2\); expected \(4, 2\)"),
        ({"text": torch.zeros(4, 2, 1)}, r"text have shape \(4, 2, 1\); expected \(4, 2\)"),
    ],
)
def test_wrong_features_are_named(
    features: dict[str, Tensor], change: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SharedRepresentation(SIZES, allow_missing=True)({**features, **change})


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (
            torch.ones(4),
            ValueError,
            r"mask of text must be a bool tensor \(4,\); got float32 \(4,\)",
        ),
        (torch.ones(3, dtype=torch.bool), ValueError, r"\(4,\); got bool \(3,\)"),
        (torch.ones(4, 1, dtype=torch.bool), ValueError, r"\(4,\); got bool \(4, 1\)"),
        ([True] * 4, TypeError, r"\(4,\); got a list"),
    ],
)
def test_wrong_presence_masks_are_named(
    features: dict[str, Tensor], mask: Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        SharedRepresentation(SIZES, allow_missing=True)(features, {"text": mask})


def test_a_mask_of_an_unknown_modality_is_named(features: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="unknown modality 'audio'"):
        fusion = SharedRepresentation(SIZES, allow_missing=True)
        fusion(features, {"audio": torch.ones(4, dtype=torch.bool)})


@pytest.mark.parametrize(("sizes", "shared"), [({}, 4), ({"a": 0}, 4), ({"a": 2}, 0)])
def test_sizes_must_be_positive(sizes: dict[str, int], shared: int) -> None:
    with pytest.raises(ValueError, match=f"in_features={sizes} and shared_features={shared}"):
        SharedRepresentation(sizes, shared)


def test_a_fusion_without_a_formula_is_named(features: dict[str, Tensor]) -> None:
    class Nothing(Fusion):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing .*: define its method fuse\(self"):
        Nothing(SIZES, 4)(features)
