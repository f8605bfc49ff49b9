"""Cross-attention: each modality looks for what it needs in all the others."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion
from mmtutor.fusion.tokens import Tokens, check_heads, mean_of_present


class CrossAttentionLayer(nn.Module):
    """Attention to other tokens, then an MLP, both residual and normalized beforehand.

    x' = x + attention(norm(x), norm(context)); y = x' + MLP(norm'(x')).

    Args:
        features: size of a token.
        heads: attention heads; must divide `features`.
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
        """Apply the layer.

        Args:
            x: tokens that ask, `(batch, tokens, features)`.
            context: tokens that are asked, `(batch, context, features)`.
            ignore: bool `(batch, context)`, True where there is nothing to ask.

        Returns:
            `(batch, tokens, features)`.
        """
        context = self.norm(context)
        answer, _ = self.attention(
            self.norm(x), context, context, key_padding_mask=ignore, need_weights=False
        )
        x = x + answer
        return x + self.mlp(x)


class CrossAttentionFusion(Fusion):
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
    self-attention; here one layer asks all the others at once. The null token is ours.

    Args:
        in_features: modality name → size of its feature vector.
        shared_features: size of z and of a token.
        tokens: number of tokens for each modality.
        heads: attention heads. One fits every `shared_features`, and is enough for tokens
            this few.

    Raises:
        ValueError: fewer than one token, or heads that do not divide `shared_features`.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        tokens: int = 4,
        heads: int = 1,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        check_heads(shared_features, heads)
        sizes = self.in_features.values()
        self.to_tokens = nn.ModuleList(Tokens(size, tokens, shared_features) for size in sizes)
        self.null = nn.Parameter(torch.randn(1, 1, shared_features))
        self.layers = nn.ModuleList(CrossAttentionLayer(shared_features, heads) for _ in sizes)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Attend across modalities and average; see `Fusion.fuse`."""
        maps = zip(self.to_tokens, features.values(), strict=True)
        tokens = [to_tokens(h) for to_tokens, h in maps]
        answers = [
            layer(tokens[i], *self._context(tokens, present, i))
            for i, layer in enumerate(self.layers)
        ]
        return mean_of_present(torch.stack(answers, dim=1).mean(dim=2), present)

    def _context(self, tokens: list[Tensor], present: Tensor, asking: int) -> tuple[Tensor, Tensor]:
        """Return what modality number `asking` attends to, and what of it to ignore."""
        batch, count, _ = tokens[asking].shape
        others = [i for i in range(len(tokens)) if i != asking]
        context = [tokens[i] for i in others] + [self.null.expand(batch, 1, -1)]
        ignore = [~present[:, i, None].expand(batch, count) for i in others]
        ignore.append(torch.zeros_like(present[:, :1]))
        return torch.cat(context, dim=1), torch.cat(ignore, dim=1)
