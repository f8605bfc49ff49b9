"""Fusions that add: linear maps of the modalities are summed, as they are or through gates."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.fusion.base import Fusion, Sizes, Tensors, each


class SharedRepresentation(Fusion):
    """Concatenate, project, and refine by a residual MLP: the default fusion of this book.

    z = relu(u + W₂ relu(W₁ norm(u) + b₁) + b₂) with u = W₀ [h_1; …; h_M] + b₀.

    Source: none; the design is ours. The branch and its shortcut are those of a residual block.

    Arguments as in `Fusion`.
    """

    def __init__(
        self, in_features: Sizes, shared_features: int = 64, *, allow_missing: bool = False
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


class SumFusion(Fusion):
    """Add the linear maps of all modalities that are present.

    z = Σ_m (W_m h_m + b_m). A missing modality adds nothing, not even its bias.

    Arguments as in `Fusion`.
    """

    def __init__(
        self, in_features: Sizes, shared_features: int = 64, *, allow_missing: bool = False
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        sizes = self.in_features.values()
        self.project = nn.ModuleList(nn.Linear(size, shared_features) for size in sizes)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Map and add the modalities; see `Fusion.fuse`."""
        terms = torch.stack(each(self.project, features), dim=1)
        return torch.where(present[:, :, None], terms, 0.0).sum(dim=1)


class GatedFusion(Fusion):
    """Average the modalities with gates that depend on all of them.

    z = Σ_m g_m ⊙ tanh(W_m h_m), and the gates g are a softmax over the modalities of
    V_m [h_1; …; h_M], one for each number in z. A missing modality has the gate 0, and the
    others share what it would have had; with no modality z is 0. With one modality the gate
    is 1 and V learns nothing.

    Source: Arevalo et al. 2017, *Gated multimodal units for information fusion*. With two
    modalities this is the paper's tied gate: softmax gives g_1 = σ(W_z [h_1; h_2]) and
    g_2 = 1 − g_1, where W_z = V_1 − V_2. For more than two the paper takes independent
    sigmoids; a softmax lets the gates be read as shares. The authors' code also normalizes by
    batch before the gate.

    Arguments as in `Fusion`.
    """

    def __init__(
        self, in_features: Sizes, shared_features: int = 64, *, allow_missing: bool = False
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        sizes = self.in_features.values()
        self.project = nn.ModuleList(nn.Linear(size, shared_features, bias=False) for size in sizes)
        self.score = nn.ModuleList(
            nn.Linear(sum(sizes), shared_features, bias=False) for _ in sizes
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Average the modalities by their gates; see `Fusion.fuse`."""
        candidates = torch.stack([torch.tanh(x) for x in each(self.project, features)], dim=1)
        return (self._gates(features, present) * candidates).sum(dim=1)

    def gates(self, features: Tensors, present: Tensors | None = None) -> Tensor:
        """Compute the gates, to see which modality each number in z came from.

        Arguments and errors as in `Fusion.forward`.

        Returns:
            `(batch, modalities, shared_features)`, modalities in the order of
            `in_features`. They sum to 1 over the modalities, or to 0 where an example has
            none.
        """
        return self._gates(*self.complete(features, present))

    def _gates(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        everything = torch.cat(list(features.values()), dim=1)
        scores = torch.stack([score(everything) for score in self.score], dim=1)
        there = present[:, :, None]
        # The lowest number, not −∞: a softmax over nothing but −∞, and its gradient, are NaN.
        scores = torch.where(there, scores, torch.finfo(scores.dtype).min)
        return torch.where(there, torch.softmax(scores, dim=1), 0.0)
