"""Fusions in which tokens attend to each other: across modalities, or through a bottleneck."""

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion, Sizes, each


class TokenFusion(Fusion):
    """What both share: a linear map makes a few tokens of each modality's feature vector.

    Each token has its own rows in the weight and in the bias, which therefore also tells the
    tokens and the modalities apart, as position embeddings do elsewhere.

    Arguments as in `CrossAttentionFusion`.
    """

    def __init__(
        self, in_features: Sizes, shared_features: int, tokens: int, heads: int, allow_missing: bool
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        if heads < 1 or shared_features % heads:
            raise ValueError(
                f"heads must divide shared_features, so that each head gets as many features; "
                f"got heads={heads} and shared_features={shared_features}. "
                "One head, the default, fits every size"
            )
        if tokens < 1:
            raise ValueError(f"tokens must be at least 1, got {tokens}")
        sizes = self.in_features.values()
        self.to_tokens = nn.ModuleList(nn.Linear(size, tokens * shared_features) for size in sizes)

    def tokens(self, features: dict[str, Tensor]) -> list[Tensor]:
        """Return the tokens of each modality, `(batch, tokens, shared_features)`."""
        flat = each(self.to_tokens, features)
        return [tokens.unflatten(1, (-1, self.shared_features)) for tokens in flat]


class CrossAttentionFusion(TokenFusion):
    """Let the tokens of each modality attend to the tokens of all others.

    Each feature vector becomes a few tokens X_m. A `CrossAttentionLayer` for each modality
    then computes Y_m, with X_m as queries and the tokens of all other modalities as keys and
    values; z is the mean of the tokens Y_m of the modalities that are present, 0 if none is.
    One learned token more, the null token, is among the keys and values, so that a modality
    can also attend to nothing, and has something to attend to when it is alone.

    Source: the layer is that of Vaswani et al. 2017, *Attention is all you need*, normalized
    beforehand, and the attention across modalities that of Tsai et al. 2019, *Multimodal
    transformer for unaligned multimodal language sequences*. That paper works on sequences,
    gives each pair of modalities its own stack of layers, and joins the results by
    self-attention; here one layer asks all the others at once, and one LayerNorm serves both
    sides, X_m and what it asks. The null token is ours.

    Arguments as in `Fusion`, and:

    Args:
        tokens: number of tokens for each modality, of the size of z.
        heads: attention heads. One fits every `shared_features`, and is enough for tokens
            this few.

    Raises:
        ValueError: fewer than one token, or heads that do not divide `shared_features`.
    """

    def __init__(
        self,
        in_features: Sizes,
        shared_features: int = 64,
        *,
        tokens: int = 4,
        heads: int = 1,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, tokens, heads, allow_missing)
        self.null = nn.Parameter(torch.randn(1, 1, shared_features))
        self.layers = nn.ModuleList(
            CrossAttentionLayer(shared_features, heads) for _ in self.in_features
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Attend across modalities and average; see `Fusion.fuse`."""
        tokens = self.tokens(features)
        ignore = [~there[:, None].expand(tokens[0].shape[:2]) for there in present.unbind(dim=1)]
        never = torch.zeros_like(present[:, :1])
        answers = []
        for i, layer in enumerate(self.layers):
            null = self.null.expand(len(present), -1, -1)
            context = torch.cat([*tokens[:i], *tokens[i + 1 :], null], dim=1)
            ignored = torch.cat([*ignore[:i], *ignore[i + 1 :], never], dim=1)
            answers.append(layer(tokens[i], context, ignored))
        return _mean_of_present(torch.stack(answers, dim=1).mean(dim=2), present)


class CrossAttentionLayer(nn.Module):
    """Attention to other tokens, then an MLP, both residual and normalized beforehand.

    x' = x + attention(norm(x), norm(context)); y = x' + MLP(norm'(x')).
    """

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)
        self.mlp = nn.Sequential(
            nn.LayerNorm(features),
            nn.Linear(features, 4 * features),
            nn.ReLU(),
            nn.Linear(4 * features, features),
        )

    def forward(self, x: Tensor, context: Tensor, ignore: Tensor) -> Tensor:
        """Let x `(batch, tokens, features)` ask the context `(batch, others, features)`.

        `ignore` is a bool `(batch, others)`, True where there is nothing to ask.
        """
        context = self.norm(context)
        answer, _ = self.attention(
            self.norm(x), context, context, key_padding_mask=ignore, need_weights=False
        )
        x = x + answer
        return x + self.mlp(x)


class BottleneckFusion(TokenFusion):
    """Transformer layers for each modality that share a few bottleneck tokens.

    In each layer l, and for each modality m (equations 8 and 9 of the paper):
    [X_m^{l+1}; B_m^{l+1}] = Transformer_m^l([X_m^l; B^l]), and B^{l+1} is the mean of
    B_m^{l+1} over the modalities that are present. The tokens X_m^0 are linear maps of the
    feature vector; the bottleneck tokens B^0 are learned. z is the mean of the last tokens
    X_m of the modalities that are present, 0 if none is. What one layer writes into B the
    next one reads, so with depth 1 the modalities do not meet.

    Source: Nagrani et al. 2021, *Attention bottlenecks for multimodal fusion*. It reads out
    one more token of each modality (CLS), normalized, and averages the logits that a shared
    classifier gives for them; here the mean over all of a modality's tokens takes the place
    of CLS, without the normalization, and the average comes before the classifier. The paper
    also has layers without bottlenecks before these; here that is the encoders' work.

    Arguments as in `CrossAttentionFusion`, and:

    Args:
        bottlenecks: number of bottleneck tokens.
        depth: number of layers.

    Raises:
        ValueError: fewer than one token, bottleneck or layer, or heads that do not divide
            `shared_features`.
    """

    def __init__(
        self,
        in_features: Sizes,
        shared_features: int = 64,
        *,
        tokens: int = 4,
        bottlenecks: int = 4,
        depth: int = 2,
        heads: int = 1,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, tokens, heads, allow_missing)
        if min(bottlenecks, depth) < 1:
            raise ValueError(
                f"bottlenecks and depth must be at least 1, got {bottlenecks} and {depth}"
            )
        # They start small, as position embeddings usually do.
        self.bottlenecks = nn.Parameter(0.02 * torch.randn(1, bottlenecks, shared_features))
        modalities = len(self.in_features)
        self.layers = nn.ModuleList(
            BottleneckLayer(modalities, shared_features, heads) for _ in range(depth)
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Exchange through the bottleneck and average; see `Fusion.fuse`."""
        tokens = torch.stack(self.tokens(features), dim=1)
        bottlenecks = self.bottlenecks.expand(present.shape[0], -1, -1)
        for layer in self.layers:
            tokens, bottlenecks = layer(tokens, bottlenecks, present)
        return _mean_of_present(tokens.mean(dim=2), present)


class BottleneckLayer(nn.Module):
    """One layer of a `BottleneckFusion`: a transformer layer for each modality."""

    def __init__(self, modalities: int, features: int, heads: int) -> None:
        super().__init__()
        self.transformers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                features,
                heads,
                dim_feedforward=4 * features,
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(modalities)
        )

    def forward(
        self, tokens: Tensor, bottlenecks: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return new tokens `(batch, modalities, tokens, features)` and new bottlenecks.

        The bottlenecks `(batch, bottlenecks, features)` of an example without any modality stay
        as they are; `present` is a bool `(batch, modalities)`.
        """
        pairs = zip(self.transformers, tokens.unbind(dim=1), strict=True)
        both = torch.stack([layer(torch.cat([x, bottlenecks], dim=1)) for layer, x in pairs], dim=1)
        tokens, written = both.split([tokens.shape[2], bottlenecks.shape[1]], dim=2)
        anyone = present.any(dim=1)[:, None, None]
        return tokens, torch.where(anyone, _mean_of_present(written, present), bottlenecks)


def _mean_of_present(values: Tensor, present: Tensor) -> Tensor:
    """Average `(batch, modalities, …)` over those that are present; 0 where none is."""
    there = present.reshape(*present.shape, *[1] * (values.ndim - 2))
    total = torch.where(there, values, 0.0).sum(dim=1)
    return total / there.sum(dim=1).clamp(min=1)
