"""Attention bottlenecks: all that modalities tell each other passes through a few tokens."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion
from mmtutor.fusion.tokens import Tokens, check_heads, mean_of_present


class BottleneckLayer(nn.Module):
    """One layer of a `BottleneckFusion`: a transformer layer for each modality.

    Args:
        modalities: number of modalities.
        features: size of a token.
        heads: attention heads; must divide `features`.
    """

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
        """Apply the layer.

        Args:
            tokens: `(batch, modalities, tokens, features)`.
            bottlenecks: `(batch, bottlenecks, features)`.
            present: bool `(batch, modalities)`.

        Returns:
            New tokens and bottlenecks, in the same shapes; the bottlenecks of an example
            without any modality stay as they are.
        """
        pairs = zip(self.transformers, tokens.unbind(dim=1), strict=True)
        both = torch.stack([layer(torch.cat([x, bottlenecks], dim=1)) for layer, x in pairs], dim=1)
        tokens, written = both.split([tokens.shape[2], bottlenecks.shape[1]], dim=2)
        anyone = present.any(dim=1)[:, None, None]
        return tokens, torch.where(anyone, mean_of_present(written, present), bottlenecks)


class BottleneckFusion(Fusion):
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

    Args:
        in_features: modality name → size of its feature vector.
        shared_features: size of z and of a token.
        tokens: number of tokens for each modality.
        bottlenecks: number of bottleneck tokens.
        depth: number of layers.
        heads: attention heads. One fits every `shared_features`, and is enough for tokens
            this few.

    Raises:
        ValueError: fewer than one token, bottleneck or layer, or heads that do not divide
            `shared_features`.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        tokens: int = 4,
        bottlenecks: int = 4,
        depth: int = 2,
        heads: int = 1,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        check_heads(shared_features, heads)
        if min(bottlenecks, depth) < 1:
            raise ValueError(
                f"bottlenecks and depth must be at least 1, got {bottlenecks} and {depth}"
            )
        sizes = self.in_features.values()
        self.to_tokens = nn.ModuleList(Tokens(size, tokens, shared_features) for size in sizes)
        # They start small, as position embeddings usually do.
        self.bottlenecks = nn.Parameter(0.02 * torch.randn(1, bottlenecks, shared_features))
        self.layers = nn.ModuleList(
            BottleneckLayer(len(sizes), shared_features, heads) for _ in range(depth)
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Exchange through the bottleneck and average; see `Fusion.fuse`."""
        maps = zip(self.to_tokens, features.values(), strict=True)
        tokens = torch.stack([to_tokens(h) for to_tokens, h in maps], dim=1)
        bottlenecks = self.bottlenecks.expand(present.shape[0], -1, -1)
        for layer in self.layers:
            tokens, bottlenecks = layer(tokens, bottlenecks, present)
        return mean_of_present(tokens.mean(dim=2), present)
