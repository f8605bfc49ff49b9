"""The default fusion: concatenate the features and refine them by a residual MLP."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.fusion.base import Fusion


class SharedRepresentation(Fusion):
    """The article's shared layer: concatenate, project, and refine by a residual MLP.

    z = relu(u + W₂ relu(W₁ norm(u) + b₁) + b₂) with u = W₀ [h_1; …; h_M] + b₀.

    Arguments as in `Fusion`.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        self.project = nn.Linear(sum(self.in_features.values()), shared_features)
        self.norm = nn.LayerNorm(shared_features)
        self.expand = nn.Linear(shared_features, shared_features)
        self.contract = nn.Linear(shared_features, shared_features)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Concatenate all features and refine them; see `Fusion.fuse`."""
        u = self.project(torch.cat(list(features.values()), dim=1))
        return F.relu(u + self.contract(F.relu(self.expand(self.norm(u)))))
