"""Each fusion is its formula: examples worked out by hand, and limiting cases."""

from math import log

import pytest
import torch
from torch import Tensor, nn

from mmtutor.fusion import (
    FiLMFusion,
    GatedFusion,
    ResidualFusion,
    SharedRepresentation,
    SumFusion,
)

# tanh(ln 2) = (2 − 1/2) / (2 + 1/2) = 0.6 and tanh(ln 3) = (3 − 1/3) / (3 + 1/3) = 0.8.
LN2, LN3 = log(2), log(3)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def put(layer: nn.Module, weight: list[list[float]], bias: list[float] | None = None) -> None:
    """Set the weights of a linear layer, and its bias if it has one."""
    assert (layer.bias is None) == (bias is None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))


def check(z: Tensor, *expected: float) -> None:
    torch.testing.assert_close(z, torch.tensor([expected]))


def row(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float32)


def test_the_shared_representation() -> None:
    fusion = SharedRepresentation({"a": 1, "b": 2}, shared_features=2)
    fusion.norm.eps = 0
    put(fusion.project, [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [0.0, 1.0])
    put(fusion.expand, [[1.0, 2.0], [1.0, 0.0]], [0.5, 0.0])
    put(fusion.contract, [[-4.0, 9.0], [1.0, 9.0]], [0.0, 0.25])
    # u = (2 + 1, 3 + 1) = (3, 4), normalized (−1, 1); expanded (−1 + 2 + 0.5, −1) = (1.5, −1),
    # after relu (1.5, 0); contracted (−6, 1.5 + 0.25); u + that = (−3, 5.75), after relu (0, 5.75).
    check(fusion({"a": row(2), "b": row(3, 1)}), 0.0, 5.75)


# --- sum ---------------------------------------------------------------------------------------


def test_the_sum_adds_the_modalities_that_are_there() -> None:
    fusion = SumFusion({"a": 1, "b": 2}, 2, allow_missing=True)
    put(fusion.project[0], [[1.0], [2.0]], [0.0, 1.0])
    put(fusion.project[1], [[1.0, 0.0], [0.0, -1.0]], [0.5, 0.0])
    # a gives (3, 6) + (0, 1) = (3, 7), b gives (1, −4) + (0.5, 0) = (1.5, −4).
    check(fusion({"a": row(3), "b": row(1, 4)}), 4.5, 3.0)
    check(fusion({"a": row(3)}), 3.0, 7.0)
    check(fusion({"b": row(1, 4)}), 1.5, -4.0)


def test_a_sum_with_identity_weights_is_addition() -> None:
    fusion = SumFusion({"a": 3, "b": 3, "c": 3}, 3)
    for project in fusion.project:
        put(project, torch.eye(3).tolist(), [0.0] * 3)
    features = {name: torch.randn(4, 3) for name in "abc"}
    torch.testing.assert_close(fusion(features), sum(features.values()))


# --- gates -------------------------------------------------------------------------------------


def test_gates_weigh_the_modalities_in_each_number() -> None:
    fusion = GatedFusion({"a": 1, "b": 1}, 2, allow_missing=True)
    put(fusion.project[0], [[1.0], [-1.0]])
    put(fusion.project[1], [[1.0], [1.0]])
    put(fusion.score[0], [[0.0, 1.0], [1.0, 0.0]])
    put(fusion.score[1], [[0.0, 0.0], [0.0, 0.0]])
    features = {"a": row(LN2), "b": row(LN3)}
    # a gives (0.6, −0.6) and b (0.8, 0.8). The scores of a are (ln 3, ln 2), those of b 0:
    # the gates of a are 3/(3 + 1) and 2/(2 + 1).
    gates = torch.tensor([[[3 / 4, 2 / 3], [1 / 4, 1 / 3]]])
    torch.testing.assert_close(fusion.gates(features), gates)
    # 0.75 · 0.6 + 0.25 · 0.8 = 0.65, and −0.6 · 2/3 + 0.8 / 3 = −0.4 / 3.
    check(fusion(features), 0.65, -0.4 / 3)
    # Alone, a modality is taken whole.
    check(fusion({"a": row(LN2)}), 0.6, -0.6)
    assert fusion.gates({"a": row(LN2)}).tolist() == [[[1, 1], [0, 0]]]


def test_two_modalities_have_the_tied_gate_of_the_paper() -> None:
    fusion = GatedFusion({"a": 3, "b": 2}, 4)
    features = {"a": torch.randn(5, 3), "b": torch.randn(5, 2)}
    everything = torch.cat([features["a"], features["b"]], dim=1)
    w_z = fusion.score[0].weight - fusion.score[1].weight
    gate = torch.sigmoid(everything @ w_z.T)
    torch.testing.assert_close(fusion.gates(features), torch.stack([gate, 1 - gate], dim=1))
    first, second = (
        torch.tanh(features[name] @ fusion.project[i].weight.T) for i, name in enumerate("ab")
    )
    torch.testing.assert_close(fusion(features), gate * first + (1 - gate) * second)


def test_the_others_share_what_a_missing_modality_had() -> None:
    fusion = GatedFusion({"a": 3, "b": 2, "c": 1}, 4, allow_missing=True)
    features = {"a": torch.randn(3, 3), "b": torch.randn(3, 2), "c": torch.zeros(3, 1)}
    whole = fusion.gates(features)
    part = fusion.gates(features, {"c": torch.tensor([False, True, False])})
    torch.testing.assert_close(part[1], whole[1])
    expected = whole[:, :2] / whole[:, :2].sum(dim=1, keepdim=True)
    torch.testing.assert_close(part[::2, :2], expected[::2])
    assert part[::2, 2].abs().max() == 0


def test_a_huge_score_picks_one_modality() -> None:
    fusion = GatedFusion({"a": 2, "b": 2}, 4)
    with torch.no_grad():
        fusion.score[1].weight.fill_(1000.0)
    features = {"a": torch.rand(3, 2) + 0.1, "b": torch.rand(3, 2) + 0.1}
    torch.testing.assert_close(
        fusion(features), torch.tanh(features["b"] @ fusion.project[1].weight.T)
    )


def test_without_any_modality_gates_and_answer_are_0() -> None:
    fusion = GatedFusion({"a": 1, "b": 1}, 2, allow_missing=True)
    nobody = {name: torch.zeros(3, dtype=torch.bool) for name in "ab"}
    features = {name: torch.randn(3, 1) for name in "ab"}
    assert fusion.gates(features, nobody).abs().max() == 0
    assert fusion(features, nobody).abs().max() == 0


def test_gates_check_their_arguments() -> None:
    with pytest.raises(ValueError, match="unknown modality 'c'"):
        GatedFusion({"a": 1, "b": 1}, 2).gates({"a": row(1), "c": row(1)})


# --- FiLM --------------------------------------------------------------------------------------


def film() -> FiLMFusion:
    fusion = FiLMFusion({"a": 2, "b": 1, "c": 1}, 2, allow_missing=True)
    put(fusion.project, [[1.0, 1.0], [0.0, 2.0]])
    put(
        fusion.generator,
        [[1.0, 0.0], [0.0, -1.0], [2.0, 1.0], [0.0, 0.0]],
        [0.0, 0.5, 1.0, 0.25],
    )
    return fusion


def test_film_scales_and_shifts_the_main_modality() -> None:
    # W h_a = (3 + 1, 2 · 1) = (4, 2). γ = (1, −2 + 0.5) and β = (2 + 2 + 1, 0.25), so
    # z = (2 · 4 + 5, −0.5 · 2 + 0.25).
    features = {"a": row(3, 1), "b": row(1), "c": row(2)}
    check(film()(features), 13.0, -0.75)
    # Without c: γ = (1, 0.5) and β = (2 + 1, 0.25); z = (2 · 4 + 3, 1.5 · 2 + 0.25).
    check(film()({"a": row(3, 1), "b": row(1)}), 11.0, 3.25)
    # Without the main modality z is β.
    check(film()({"b": row(1), "c": row(2)}), 5.0, 0.25)


def test_film_with_a_zero_generator_is_the_main_projection() -> None:
    fusion = FiLMFusion({"a": 2, "b": 3}, 4, main="b")
    nn.init.zeros_(fusion.generator.weight)
    nn.init.zeros_(fusion.generator.bias)
    features = {"a": torch.randn(5, 2), "b": torch.randn(5, 3)}
    torch.testing.assert_close(fusion(features), features["b"] @ fusion.project.weight.T)


# --- residual ----------------------------------------------------------------------------------


def residual(depth: int) -> ResidualFusion:
    fusion = ResidualFusion({"q": 1, "v": 1}, 1, depth=depth, allow_missing=True)
    for block, shortcut, query in zip(
        fusion.blocks, (2.0, 0.5), (LN2 / 3, LN3 / 6.48), strict=False
    ):
        put(block.shortcut, [[shortcut]])
        put(block.query, [[query]], [0.0])
        put(block.first[0], [[LN2]], [0.0])
        put(block.second[0], [[1.0]], [LN3 - 0.6])
    return fusion


def test_each_block_corrects_the_main_modality() -> None:
    features = {"q": row(3), "v": row(1)}
    # In both blocks v gives tanh(0.6 + ln 3 − 0.6) = 0.8, for tanh(ln 2 · 1) = 0.6.
    # H_1 = 2 · 3 + tanh(ln 2) · 0.8 = 6 + 0.6 · 0.8 = 6.48.
    check(residual(1)(features), 6.48)
    # H_2 = 0.5 · 6.48 + tanh(ln 3) · 0.8 = 3.24 + 0.8 · 0.8.
    check(residual(2)(features), 3.88)
    # Without v only the shortcuts are left: 0.5 · 2 · 3.
    check(residual(2)({"q": row(3)}), 3.0)


def test_a_block_adds_one_correction_for_each_other_modality() -> None:
    fusion = ResidualFusion({"q": 3, "u": 2, "v": 1}, 4, depth=1, allow_missing=True)
    features = {"q": torch.randn(5, 3), "u": torch.randn(5, 2), "v": torch.randn(5, 1)}
    main = fusion({"q": features["q"]})
    torch.testing.assert_close(main, features["q"] @ fusion.blocks[0].shortcut.weight.T)
    with_u, with_v = (fusion({"q": features["q"], m: features[m]}) for m in "uv")
    torch.testing.assert_close(fusion(features), with_u + with_v - main)


def test_the_others_speak_where_the_main_modality_is_missing() -> None:
    fusion = ResidualFusion({"q": 3, "v": 2}, 4, allow_missing=True)
    z = fusion({"v": torch.randn(5, 2)})
    assert z.std(dim=0).min() > 1e-3


def test_three_blocks_unless_told_otherwise() -> None:
    assert len(ResidualFusion({"q": 3, "v": 2}).blocks) == 3
    with pytest.raises(ValueError, match="depth must be at least 1, got 0"):
        ResidualFusion({"q": 3, "v": 2}, depth=0)


# --- the main modality -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FiLMFusion, ResidualFusion])
def test_any_modality_can_be_the_main_one(kind: type[FiLMFusion | ResidualFusion]) -> None:
    sizes = {"a": 2, "b": 3, "c": 1}
    assert kind(sizes).main == "a"
    fusion = kind(sizes, 4, main="b")
    assert (fusion.main, fusion.others) == ("b", ["a", "c"])
    torch.manual_seed(1)
    named = kind(sizes, 4, main="b")
    torch.manual_seed(1)
    first = kind({"b": 3, "a": 2, "c": 1}, 4)
    features = {name: torch.randn(5, size) for name, size in sizes.items()}
    assert torch.equal(named(features), first(features))


@pytest.mark.parametrize("kind", [FiLMFusion, ResidualFusion])
def test_a_main_modality_needs_another(kind: type[FiLMFusion | ResidualFusion]) -> None:
    with pytest.raises(ValueError, match="a is the only one; give at least two"):
        kind({"a": 2})
    with pytest.raises(ValueError, match="main='x' is none of the modalities a, b"):
        kind({"a": 2, "b": 3}, main="x")
