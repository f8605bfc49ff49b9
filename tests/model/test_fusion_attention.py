"""The fusions with attention, computed again from their formulas."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.fusion import BottleneckFusion, CrossAttentionFusion
from mmtutor.fusion.attention import BottleneckLayer

SIZES = {"a": 3, "b": 5, "c": 2}
# Every way of lacking something, and an example that lacks all.
PRESENT = {
    "a": torch.tensor([True, True, False, True, False, False]),
    "b": torch.tensor([True, False, True, True, False, False]),
    "c": torch.tensor([True, True, True, False, True, False]),
}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def random_features(batch: int = 6) -> dict[str, Tensor]:
    return {name: torch.randn(batch, size) for name, size in SIZES.items()}


def normalize(x: Tensor, norm: nn.LayerNorm) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = centered.square().mean(dim=-1, keepdim=True)
    return centered / (variance + norm.eps).sqrt() * norm.weight + norm.bias


def attend(x: Tensor, context: Tensor, attention: nn.MultiheadAttention, heads: int) -> Tensor:
    """Attention of one example, `(tokens, features)`, head after head."""
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    q, k, v = (
        (source @ weight.T + bias).chunk(heads, dim=1)
        for source, weight, bias in zip([x, context, context], weights, biases, strict=True)
    )
    answers = [
        torch.softmax(q_i @ k_i.T / q_i.shape[1] ** 0.5, dim=1) @ v_i
        for q_i, k_i, v_i in zip(q, k, v, strict=True)
    ]
    return attention.out_proj(torch.cat(answers, dim=1))


def check_examples(z: Tensor, expected: list[Tensor]) -> None:
    torch.testing.assert_close(z, torch.stack(expected), atol=1e-5, rtol=1e-4)


# --- cross-attention ---------------------------------------------------------------------------


def cross_attention_of_one(
    fusion: CrossAttentionFusion, tokens: dict[str, Tensor], heads: int
) -> Tensor:
    """Compute z for one example from the tokens of the modalities that it has."""
    answers = []
    for name, x in tokens.items():
        layer = fusion.layers[list(SIZES).index(name)]
        others = [y for other, y in tokens.items() if other != name]
        context = torch.cat([*others, fusion.null[0]])
        normed = normalize(x, layer.norm), normalize(context, layer.norm)
        x = x + attend(*normed, layer.attention, heads)
        norm, expand, _, contract = layer.mlp
        answers.append(x + contract(F.relu(expand(normalize(x, norm)))))
    return torch.cat(answers).mean(dim=0) if answers else torch.zeros(8)


@pytest.mark.parametrize("heads", [1, 2])
def test_each_modality_attends_to_all_others_that_are_there(heads: int) -> None:
    fusion = CrossAttentionFusion(SIZES, 8, tokens=3, heads=heads, allow_missing=True)
    features = random_features()
    tokens = {
        name: (h @ layer.weight.T + layer.bias).reshape(6, 3, 8)
        for (name, h), layer in zip(features.items(), fusion.to_tokens, strict=True)
    }
    expected = [
        cross_attention_of_one(
            fusion, {name: tokens[name][i] for name in SIZES if PRESENT[name][i]}, heads
        )
        for i in range(6)
    ]
    check_examples(fusion(features, PRESENT), expected)


def test_the_null_token_is_all_that_a_lonely_modality_can_attend_to() -> None:
    fusion = CrossAttentionFusion(SIZES, 8, allow_missing=True)
    features = {"b": torch.randn(6, 5)}
    before = fusion(features)
    nn.init.normal_(fusion.null)
    assert not torch.allclose(fusion(features), before)
    # Values of 0 switch attention off: what is left is the path around it, and the MLP.
    layer = fusion.layers[1]
    nn.init.zeros_(layer.attention.in_proj_weight[16:])
    x = fusion.to_tokens[1](features["b"]).unflatten(1, (4, 8))
    torch.testing.assert_close(fusion(features), (x + layer.mlp(x)).mean(dim=1))


@pytest.mark.parametrize("count", [2, 3])
def test_queries_keys_and_values_all_learn(count: int) -> None:
    features = dict(list(random_features().items())[:count])
    fusion = CrossAttentionFusion({name: SIZES[name] for name in features}, 8)
    fusion(features).square().sum().backward()
    for layer in fusion.layers:
        for part in layer.attention.in_proj_weight.grad.chunk(3):
            assert part.abs().sum() > 0


# --- bottleneck --------------------------------------------------------------------------------


def transform(x: Tensor, layer: nn.TransformerEncoderLayer, heads: int) -> Tensor:
    normed = normalize(x, layer.norm1)
    x = x + attend(normed, normed, layer.self_attn, heads)
    return x + layer.linear2(F.gelu(layer.linear1(normalize(x, layer.norm2))))


def bottleneck_of_one(fusion: BottleneckFusion, tokens: dict[str, Tensor], heads: int) -> Tensor:
    """Compute z for one example from the tokens of the modalities that it has."""
    if not tokens:
        return torch.zeros(8)
    shared = fusion.bottlenecks[0]
    for layer in fusion.layers:
        written = []
        for name, x in tokens.items():
            transformer = layer.transformers[list(SIZES).index(name)]
            both = transform(torch.cat([x, shared]), transformer, heads)
            tokens = {**tokens, name: both[: len(x)]}
            written.append(both[len(x) :])
        shared = torch.stack(written).mean(dim=0)
    return torch.cat(list(tokens.values())).mean(dim=0)


@pytest.mark.parametrize("heads", [1, 2])
def test_modalities_exchange_through_the_bottleneck(heads: int) -> None:
    options = {"tokens": 3, "bottlenecks": 2, "depth": 3, "heads": heads}
    fusion = BottleneckFusion(SIZES, 8, **options, allow_missing=True)
    features = random_features()
    tokens = {
        name: (h @ layer.weight.T + layer.bias).reshape(6, 3, 8)
        for (name, h), layer in zip(features.items(), fusion.to_tokens, strict=True)
    }
    expected = [
        bottleneck_of_one(
            fusion, {name: tokens[name][i] for name in SIZES if PRESENT[name][i]}, heads
        )
        for i in range(6)
    ]
    check_examples(fusion(features, PRESENT), expected)


def test_bottleneck_tokens_start_small_and_different() -> None:
    start = BottleneckFusion(SIZES, 64, bottlenecks=200).bottlenecks
    assert start.std().item() == pytest.approx(0.02, rel=0.05)
    assert abs(start.mean().item()) < 0.001


@pytest.mark.parametrize("depth", [1, 2])
def test_what_one_layer_writes_the_next_one_reads(depth: int) -> None:
    fusion = BottleneckFusion(SIZES, 8, depth=depth, allow_missing=True)
    features = random_features()
    alone = torch.stack([fusion({name: h}) for name, h in features.items()])
    separate = torch.allclose(fusion(features), alone.mean(dim=0), atol=1e-5)
    assert separate == (depth == 1)


def test_the_bottleneck_of_an_example_without_anything_stays() -> None:
    layer = BottleneckLayer(modalities=2, features=8, heads=1)
    tokens, bottlenecks = torch.randn(3, 2, 4, 8), torch.randn(3, 5, 8)
    present = torch.tensor([[True, False], [False, False], [True, True]])
    new_tokens, written = layer(tokens, bottlenecks, present)
    assert new_tokens.shape == tokens.shape and written.shape == bottlenecks.shape
    assert torch.equal(written[1], bottlenecks[1])
    assert not torch.allclose(written[0], bottlenecks[0])
    # The first example lacks the second modality: its bottleneck is written by the first alone.
    both = layer.transformers[0](torch.cat([tokens[:1, 0], bottlenecks[:1]], dim=1))
    torch.testing.assert_close(written[:1], both[:, 4:])


@pytest.mark.parametrize("heads", [1, 2])
def test_the_fast_path_of_torch_changes_nothing(heads: int) -> None:
    # In evaluation, without gradients and with an even number of heads, torch takes another
    # implementation of the transformer layer.
    fusion = BottleneckFusion(SIZES, 8, heads=heads, allow_missing=True)
    features = random_features()
    expected = fusion(features, PRESENT)
    with torch.no_grad():
        torch.testing.assert_close(fusion.eval()(features, PRESENT), expected)


# --- bad options -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CrossAttentionFusion, BottleneckFusion])
@pytest.mark.parametrize("heads", [0, 3, 16])
def test_heads_must_divide_the_shared_features(
    kind: type[CrossAttentionFusion | BottleneckFusion], heads: int
) -> None:
    with pytest.raises(ValueError, match=f"got heads={heads} and shared_features=8"):
        kind(SIZES, 8, heads=heads)
    assert kind(SIZES, 7)(random_features()).shape == (6, 7)


@pytest.mark.parametrize("kind", [CrossAttentionFusion, BottleneckFusion])
def test_a_modality_has_at_least_one_token(
    kind: type[CrossAttentionFusion | BottleneckFusion],
) -> None:
    with pytest.raises(ValueError, match="tokens must be at least 1, got 0"):
        kind(SIZES, 8, tokens=0)
    assert kind(SIZES, 8, tokens=1)(random_features()).shape == (6, 8)


@pytest.mark.parametrize(("bottlenecks", "depth"), [(0, 2), (4, 0)])
def test_there_is_a_bottleneck_and_a_layer(bottlenecks: int, depth: int) -> None:
    with pytest.raises(ValueError, match=f"must be at least 1, got {bottlenecks} and {depth}"):
        BottleneckFusion(SIZES, 8, bottlenecks=bottlenecks, depth=depth)
