"""Low-rank fusion: the products of tensor fusion without the tensor."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion
from mmtutor.fusion.tensor import with_one


class LowRankFusion(Fusion):
    """A sum of element-wise products of linear maps, one map for each modality.

    z = Σ_{i ≤ rank} ∏_m W_m^(i) [h_m; 1] + b, products taken element by element. This is a
    `TensorFusion` whose weight has a low rank; its size grows with the sum of the features'
    sizes, not with their product. A missing modality (h = 0) leaves, through the 1, a
    learned factor in its place.

    Source: Liu et al. 2018, *Efficient low-rank multimodal fusion with modality-specific
    factors*. The factors start so that z has about variance 1 for features of variance 1,
    whatever the rank and the number of modalities; the paper leaves the start open.

    Arguments as in `Fusion`, and:

    Args:
        rank: number of products in the sum.

    Raises:
        ValueError: a rank below 1.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        rank: int = 4,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        if rank < 1:
            raise ValueError(f"rank must be at least 1, got {rank}")
        # Each product has the variance ∏_m (1 / rank)^(1/M) = 1 / rank, and `rank` are added.
        variance = rank ** (-1 / len(self.in_features))
        self.factors = nn.ParameterList(
            nn.init.normal_(
                torch.empty(rank, size + 1, shared_features), std=(variance / (size + 1)) ** 0.5
            )
            for size in self.in_features.values()
        )
        self.bias = nn.Parameter(torch.zeros(shared_features))

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Multiply the maps of all modalities and add over the ranks; see `Fusion.fuse`."""
        first, *rest = [
            torch.einsum("bf,rfs->brs", with_one(h), factor)
            for h, factor in zip(features.values(), self.factors, strict=True)
        ]
        product = first
        for factor in rest:
            product = product * factor
        return product.sum(dim=1) + self.bias
