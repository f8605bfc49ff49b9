"""The simplest fusion: one linear map for each modality, and the sum of the results."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion


class SumFusion(Fusion):
    """Add the linear maps of all modalities that are present.

    z = Σ_m (W_m h_m + b_m). A missing modality adds nothing, not even its bias.

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
        self.project = nn.ModuleList(
            nn.Linear(size, shared_features) for size in self.in_features.values()
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Map and add the modalities; see `Fusion.fuse`."""
        maps = zip(self.project, features.values(), strict=True)
        terms = torch.stack([project(h) for project, h in maps], dim=1)
        return torch.where(present[:, :, None], terms, 0.0).sum(dim=1)
