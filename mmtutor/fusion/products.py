"""Fusions that multiply: every product of features from different modalities is a feature."""

from functools import reduce
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.fusion.base import Fusion, Sizes, each

# Numbers in the weight: half a gigabyte in float32, and training takes four times that.
LARGEST_WEIGHT = 2**27


class TensorFusion(Fusion):
    """A linear map of the outer product of all modalities.

    z = W vec([h_1; 1] ⊗ … ⊗ [h_M; 1]) + b. The appended 1 keeps the products of fewer
    modalities, down to the single features, so a missing modality (h = 0) leaves those of
    the others.

    Source: Zadeh et al. 2017, *Tensor fusion network for multimodal sentiment analysis*. Its
    sub-networks end with few features for each modality, which `reduced_features` does here
    by a linear map. It has no bias, for the appended 1 does its work. The paper puts an MLP of
    two layers behind the tensor; here one linear map follows.

    Arguments as in `Fusion`, and:

    Args:
        reduced_features: size to which each modality is reduced first; None keeps it.

    Raises:
        ValueError: `reduced_features` is below 1, or W would hold more than 2²⁷ numbers.
    """

    def __init__(
        self,
        in_features: Sizes,
        shared_features: int = 64,
        *,
        reduced_features: int | None = None,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        sizes = list(self.in_features.values())
        if reduced_features is None:
            self.reduce = nn.ModuleList(nn.Identity() for _ in sizes)
        else:
            if reduced_features < 1:
                raise ValueError(f"reduced_features must be at least 1, got {reduced_features}")
            self.reduce = nn.ModuleList(
                nn.Linear(size, reduced_features, bias=False) for size in sizes
            )
            sizes = [reduced_features] * len(sizes)
        _check_weight(shared_features, sizes)
        self.project = nn.Linear(prod(size + 1 for size in sizes), shared_features)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Map the outer product of the features; see `Fusion.fuse`."""
        product, *others = [_with_one(h) for h in each(self.reduce, features)]
        for h in others:
            product = (product[:, :, None] * h[:, None, :]).flatten(start_dim=1)
        return self.project(product)


class LowRankFusion(Fusion):
    """A sum of element-wise products of linear maps, one map for each modality.

    z = Σ_{i ≤ rank} ∏_m W_m^(i) [h_m; 1] + b, products taken element by element. This is a
    `TensorFusion` whose weight has a low rank; its size grows with the sum of the features'
    sizes, not with their product. A missing modality (h = 0) leaves, through the 1, a
    learned factor in its place.

    Source: Liu et al. 2018, *Efficient low-rank multimodal fusion with modality-specific
    factors*. The factors start so that z has about variance 1 for features of variance 1,
    whatever the rank and the number of modalities; the paper leaves the start open. The
    authors' code gives each rank a learned weight; in the paper's formula and here they are
    added as they are.

    Arguments as in `Fusion`, and:

    Args:
        rank: number of products in the sum.

    Raises:
        ValueError: a rank below 1.
    """

    def __init__(
        self,
        in_features: Sizes,
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
        maps = [
            torch.einsum("bf,rfs->brs", _with_one(h), factor)
            for h, factor in zip(features.values(), self.factors, strict=True)
        ]
        return reduce(torch.mul, maps).sum(dim=1) + self.bias


def _with_one(h: Tensor) -> Tensor:
    """Append a 1 to each feature vector: `(batch, features)` → `(batch, features + 1)`."""
    return F.pad(h, (0, 1), value=1.0)


def _check_weight(shared_features: int, sizes: list[int]) -> None:
    numbers = shared_features * prod(size + 1 for size in sizes)
    if numbers > LARGEST_WEIGHT:
        factors = " × ".join([str(shared_features), *(f"({size} + 1)" for size in sizes)])
        raise ValueError(
            f"the weight of this TensorFusion would hold {factors} = {numbers:,} numbers, more "
            f"than {LARGEST_WEIGHT:,}. Reduce each modality first with reduced_features=…, or "
            "use LowRankFusion, whose weights grow with the sum of the sizes"
        )
