"""Tensor fusion and its low-rank form."""

from itertools import product

import pytest
import torch
from torch import Tensor

from mmtutor.fusion import LowRankFusion, TensorFusion


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def row(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float32)


def test_tensor_fusion_maps_all_products() -> None:
    fusion = TensorFusion({"a": 1, "b": 2}, 2, allow_missing=True)
    with torch.no_grad():
        fusion.project.weight.copy_(
            torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
        )
        fusion.project.bias.copy_(torch.tensor([0.5, 0.0]))
    # [2; 1] ⊗ [3, 1; 1] = (6, 2, 2; 3, 1, 1), and 6 + 4 + 6 + 12 + 5 + 6 = 39.
    z = fusion({"a": row(2), "b": row(3, 1)})
    torch.testing.assert_close(z, row(39.5, 1))
    # Without b: (0, 0, 2; 0, 0, 1), and 3 · 2 + 6 = 12.
    torch.testing.assert_close(fusion({"a": row(2)}), row(12.5, 1))


def test_a_product_of_three_modalities() -> None:
    fusion = TensorFusion({"a": 2, "b": 3, "c": 1}, 4)
    features = {"a": torch.randn(5, 2), "b": torch.randn(5, 3), "c": torch.randn(5, 1)}
    a, b, c = (torch.cat([h, torch.ones(5, 1)], dim=1) for h in features.values())
    outer = torch.einsum("ni,nj,nk->nijk", a, b, c).flatten(1)
    torch.testing.assert_close(fusion(features), fusion.project(outer))


def test_modalities_can_be_reduced_first() -> None:
    sizes = {"a": 7, "b": 3}
    fusion = TensorFusion(sizes, 4, reduced_features=2, allow_missing=True)
    assert fusion.project.weight.shape == (4, (2 + 1) * (2 + 1))
    plain = TensorFusion({"a": 2, "b": 2}, 4, allow_missing=True)
    plain.project.load_state_dict(fusion.project.state_dict())
    features = {name: torch.randn(5, size) for name, size in sizes.items()}
    small = {
        name: h @ reduce.weight.T
        for (name, h), reduce in zip(features.items(), fusion.reduce, strict=True)
    }
    torch.testing.assert_close(fusion(features), plain(small))
    torch.testing.assert_close(fusion({"a": features["a"]}), plain({"a": small["a"]}))


def test_a_weight_that_is_too_large_is_refused_with_the_remedies() -> None:
    sizes = {"image": 512, "text": 512, "audio": 128}
    with pytest.raises(ValueError) as caught:
        TensorFusion(sizes)
    message = str(caught.value)
    # 64 · 513 · 513 · 129 = 2 172 723 264, and 2^27 = 134 217 728.
    assert "64 × (512 + 1) × (512 + 1) × (128 + 1) = 2,172,723,264 numbers" in message
    assert "134,217,728" in message
    assert "reduced_features=" in message and "LowRankFusion" in message
    features = {name: torch.randn(2, size) for name, size in sizes.items()}
    assert TensorFusion(sizes, reduced_features=16)(features).shape == (2, 64)
    assert LowRankFusion(sizes)(features).shape == (2, 64)


def test_the_largest_weight_itself_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmtutor.fusion.products.LARGEST_WEIGHT", 4 * 3 * 4)
    TensorFusion({"a": 2, "b": 3}, 4)
    with pytest.raises(ValueError, match=r"4 × \(2 \+ 1\) × \(4 \+ 1\) = 60 numbers"):
        TensorFusion({"a": 2, "b": 4}, 4)


def test_sizes_must_be_positive() -> None:
    with pytest.raises(ValueError, match="reduced_features must be at least 1, got 0"):
        TensorFusion({"a": 2}, reduced_features=0)
    with pytest.raises(ValueError, match="rank must be at least 1, got 0"):
        LowRankFusion({"a": 2}, rank=0)


# --- low rank ----------------------------------------------------------------------------------


def test_low_rank_fusion_adds_products() -> None:
    fusion = LowRankFusion({"a": 1, "b": 1}, 1, rank=2, allow_missing=True)
    a, b = fusion.factors
    with torch.no_grad():
        a.copy_(torch.tensor([[[1.0], [1.0]], [[2.0], [0.0]]]))
        b.copy_(torch.tensor([[[1.0], [0.0]], [[0.0], [3.0]]]))
        fusion.bias.fill_(0.5)
    # First product (2 + 1) · 5 = 15, second (2 · 2) · 3 = 12; 15 + 12 + 0.5.
    torch.testing.assert_close(fusion({"a": row(2), "b": row(5)}), row(27.5))
    # Without b: 3 · 0 + 4 · 3 + 0.5.
    torch.testing.assert_close(fusion({"a": row(2)}), row(12.5))


@pytest.mark.parametrize("sizes", [{"a": 2, "b": 4}, {"a": 2, "b": 1, "c": 3}])
def test_with_enough_rank_it_is_tensor_fusion(sizes: dict[str, int]) -> None:
    tensor = TensorFusion(sizes, 5, allow_missing=True)
    *heads, last = (size + 1 for size in sizes.values())
    weight = tensor.project.weight.reshape(5, *heads, last)
    # One product for each entry of all modalities but the last: those factors pick the entry,
    # and the last one holds the slice of the weight that belongs to it.
    entries = list(product(*map(range, heads)))
    low_rank = LowRankFusion(sizes, 5, rank=len(entries), allow_missing=True)
    with torch.no_grad():
        low_rank.bias.copy_(tensor.project.bias)
        for i, entry in enumerate(entries):
            for factor, position in zip(low_rank.factors, entry, strict=False):
                factor[i].zero_()
                factor[i, position] = 1.0
            low_rank.factors[-1][i].copy_(weight[(slice(None), *entry)].T)
    features = {name: torch.randn(6, size) for name, size in sizes.items()}
    torch.testing.assert_close(low_rank(features), tensor(features))
    present = {name: torch.rand(6) < 0.5 for name in sizes}
    torch.testing.assert_close(low_rank(features, present), tensor(features, present))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("rank", [1, 4, 32])
def test_it_starts_with_variance_1_whatever_rank_and_modalities(count: int, rank: int) -> None:
    sizes = dict(list({"a": 64, "b": 5, "c": 128, "d": 16}.items())[:count])
    features = {name: torch.randn(500, size) for name, size in sizes.items()}
    z = LowRankFusion(sizes, 256, rank=rank)(features)
    assert 0.5 < z.var() < 2
