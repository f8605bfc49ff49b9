"""The fusions that are not symmetric: one modality leads, the others act on it."""

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion, Sizes, each


class FiLMFusion(Fusion):
    """Feature-wise linear modulation of the main modality by the others.

    z = (1 + γ) ⊙ (W h_main) + β, where [γ; β] is a linear map, with bias, of the other
    modalities' features, concatenated. A missing other adds nothing to γ and β; without the
    main modality z is β.

    Source: Perez et al. 2018, *FiLM: Visual reasoning with a general conditioning layer*. As
    in its experiments, the generator gives the difference of the scale from 1, so that it
    starts near 1 and not near 0. The paper modulates the feature maps of every residual
    block of a picture network by one question; here it happens once, to a feature vector.
    W has no bias: β takes its place.

    Arguments as in `Fusion`, at least two modalities, and:

    Args:
        main: the modality that is modulated; by default the first.

    Raises:
        ValueError: fewer than two modalities, or an unknown main one.
    """

    def __init__(
        self,
        in_features: Sizes,
        shared_features: int = 64,
        *,
        main: str | None = None,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        self.main, self.others = _main_and_others(self.in_features, main)
        self.project = nn.Linear(self.in_features[self.main], shared_features, bias=False)
        size = sum(self.in_features[name] for name in self.others)
        self.generator = nn.Linear(size, 2 * shared_features)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Scale and shift the main modality; see `Fusion.fuse`."""
        others = torch.cat([features[name] for name in self.others], dim=1)
        gamma, beta = self.generator(others).chunk(2, dim=1)
        return (1 + gamma) * self.project(features[self.main]) + beta


class ResidualFusion(Fusion):
    """Correct the main modality by what it and each other one say together, `depth` times.

    H_0 = h_main; H_l = W'_l H_{l−1} + Σ_m F_m^(l), a sum over the other modalities with
    F_m^(l) = tanh(W_q H_{l−1}) ⊙ tanh(W_2 tanh(W_1 h_m)); z = H_depth. Every block has its
    own weights, and W_1 and W_2 also belong to one modality. A missing other contributes
    nothing.

    Source: Kim et al. 2016, *Multimodal residual learning for visual QA* (MRN), with the
    question as the main modality, the picture as the only other one, and three blocks. W_q,
    W_1 and W_2 have biases, so that the others also speak where the main one is missing. The
    authors' code has a bias and dropout on the shortcut; the sum over several others is ours.

    Arguments as in `Fusion`, at least two modalities, and:

    Args:
        main: the modality that is corrected; by default the first.
        depth: number of learning blocks.

    Raises:
        ValueError: fewer than two modalities, an unknown main one, or a depth below 1.
    """

    def __init__(
        self,
        in_features: Sizes,
        shared_features: int = 64,
        *,
        main: str | None = None,
        depth: int = 3,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        self.main, self.others = _main_and_others(self.in_features, main)
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        sizes = [self.in_features[name] for name in self.others]
        hidden = [self.in_features[self.main], *[shared_features] * (depth - 1)]
        self.blocks = nn.ModuleList(LearningBlock(size, sizes, shared_features) for size in hidden)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Send the main modality through the blocks; see `Fusion.fuse`."""
        others = {name: features[name] for name in self.others}
        columns = dict(zip(features, present.unbind(dim=1), strict=True))
        there = [columns[name] for name in self.others]
        hidden = features[self.main]
        for block in self.blocks:
            hidden = block(hidden, others, there)
        return hidden


class LearningBlock(nn.Module):
    """One block of a `ResidualFusion`: H' = W' H + Σ_m F_m(H, h_m)."""

    def __init__(self, hidden: int, others: list[int], shared_features: int) -> None:
        super().__init__()
        self.shortcut = nn.Linear(hidden, shared_features, bias=False)
        self.query = nn.Linear(hidden, shared_features)
        self.first = nn.ModuleList(nn.Linear(size, shared_features) for size in others)
        self.second = nn.ModuleList(nn.Linear(shared_features, shared_features) for _ in others)

    def forward(self, hidden: Tensor, others: dict[str, Tensor], present: list[Tensor]) -> Tensor:
        """Map H `(batch, hidden)` to H' `(batch, shared_features)`.

        `others` and `present` hold for each other modality its features and a bool `(batch,)`.
        """
        query = torch.tanh(self.query(hidden))
        result = self.shortcut(hidden)
        for said, second, there in zip(each(self.first, others), self.second, present, strict=True):
            joint = query * torch.tanh(second(torch.tanh(said)))
            result = result + torch.where(there[:, None], joint, 0.0)
        return result


def _main_and_others(in_features: Sizes, main: str | None) -> tuple[str, list[str]]:
    """Return the main modality, by default the first, and the others in their order."""
    names = list(in_features)
    main = names[0] if main is None else main
    if main not in names:
        raise ValueError(f"main={main!r} is none of the modalities {', '.join(names)}")
    others = [name for name in names if name != main]
    if not others:
        raise ValueError(
            f"this fusion lets other modalities act on the main one, but {main} is the only one; "
            "give at least two modalities"
        )
    return main, others
