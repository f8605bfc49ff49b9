"""Residual fusion: block by block, the other modalities correct the main one."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion
from mmtutor.fusion.main_modality import main_and_others


class LearningBlock(nn.Module):
    """One block of a `ResidualFusion`: H' = W' H + Σ_m F_m(H, h_m).

    Args:
        hidden_features: size of H.
        other_features: size of each other modality's feature vector.
        shared_features: size of H'.
    """

    def __init__(
        self, hidden_features: int, other_features: list[int], shared_features: int
    ) -> None:
        super().__init__()
        self.shortcut = nn.Linear(hidden_features, shared_features, bias=False)
        self.query = nn.Linear(hidden_features, shared_features)
        self.first = nn.ModuleList(nn.Linear(size, shared_features) for size in other_features)
        self.second = nn.ModuleList(
            nn.Linear(shared_features, shared_features) for _ in other_features
        )

    def forward(self, hidden: Tensor, others: list[Tensor], present: list[Tensor]) -> Tensor:
        """Apply the block.

        Args:
            hidden: H `(batch, hidden_features)`.
            others: for each other modality `(batch, its size)`.
            present: for each other modality bool `(batch,)`.

        Returns:
            H' `(batch, shared_features)`.
        """
        query = torch.tanh(self.query(hidden))
        result = self.shortcut(hidden)
        for h, there, first, second in zip(others, present, self.first, self.second, strict=True):
            joint = query * torch.tanh(second(torch.tanh(first(h))))
            result = result + torch.where(there[:, None], joint, 0.0)
        return result


class ResidualFusion(Fusion):
    """Correct the main modality by what it and each other one say together, `depth` times.

    H_0 = h_main; H_l = W'_l H_{l−1} + Σ_m F_m^(l), a sum over the other modalities with
    F_m^(l) = tanh(W_q H_{l−1}) ⊙ tanh(W_2 tanh(W_1 h_m)); z = H_depth. Every block has its
    own weights, and W_1 and W_2 also belong to one modality. A missing other contributes
    nothing.

    Source: Kim et al. 2016, *Multimodal residual learning for visual QA* (MRN), with the
    question as the main modality, the picture as the only other one, and three blocks. W_q,
    W_1 and W_2 have biases, so that the others also speak where the main one is missing.

    Args:
        in_features: modality name → size of its feature vector; at least two.
        main: the modality that is corrected; by default the first.
        depth: number of learning blocks.

    Raises:
        ValueError: fewer than two modalities, an unknown main one, or a depth below 1.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        main: str | None = None,
        depth: int = 3,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        self.main, self.others = main_and_others(self.in_features, main)
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        sizes = [self.in_features[name] for name in self.others]
        self.blocks = nn.ModuleList(
            LearningBlock(
                shared_features if block else self.in_features[self.main], sizes, shared_features
            )
            for block in range(depth)
        )

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Send the main modality through the blocks; see `Fusion.fuse`."""
        there = dict(zip(features, present.unbind(dim=1), strict=True))
        hidden = features[self.main]
        for block in self.blocks:
            hidden = block(
                hidden,
                [features[name] for name in self.others],
                [there[name] for name in self.others],
            )
        return hidden
