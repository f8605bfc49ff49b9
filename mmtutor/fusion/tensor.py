"""Tensor fusion: every product of features from different modalities is a feature."""

from collections.abc import Mapping
from math import prod

from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.fusion.base import Fusion

# Numbers in the weight: half a gigabyte in float32, and training takes four times that.
LARGEST_WEIGHT = 2**27


class TensorFusion(Fusion):
    """A linear map of the outer product of all modalities.

    z = W vec([h_1; 1] ⊗ … ⊗ [h_M; 1]) + b. The appended 1 keeps the products of fewer
    modalities, down to the single features, so a missing modality (h = 0) leaves those of
    the others.

    Source: Zadeh et al. 2017, *Tensor fusion network for multimodal sentiment analysis*. Its
    sub-networks end with few features for each modality, which `reduced_features` does here
    by a linear map. It has no bias, for the appended 1 does its work.

    Arguments as in `Fusion`, and:

    Args:
        reduced_features: size to which each modality is reduced first; None keeps it.

    Raises:
        ValueError: `reduced_features` is below 1, or W would hold more than 2²⁷ numbers.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
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
        first, *rest = [
            with_one(reduce(h)) for reduce, h in zip(self.reduce, features.values(), strict=True)
        ]
        product = first
        for h in rest:
            product = (product[:, :, None] * h[:, None, :]).flatten(start_dim=1)
        return self.project(product)


def with_one(h: Tensor) -> Tensor:
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
