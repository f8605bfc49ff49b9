"""FiLM: the other modalities scale and shift the features of the main one."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.fusion.base import Fusion
from mmtutor.fusion.main_modality import main_and_others


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

    Args:
        in_features: modality name → size of its feature vector; at least two.
        main: the modality that is modulated; by default the first.

    Raises:
        ValueError: fewer than two modalities, or an unknown main one.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        shared_features: int = 64,
        *,
        main: str | None = None,
        allow_missing: bool = False,
    ) -> None:
        super().__init__(in_features, shared_features, allow_missing=allow_missing)
        self.main, self.others = main_and_others(self.in_features, main)
        self.project = nn.Linear(self.in_features[self.main], shared_features, bias=False)
        size = sum(self.in_features[name] for name in self.others)
        self.generator = nn.Linear(size, 2 * shared_features)

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        """Scale and shift the main modality; see `Fusion.fuse`."""
        others = torch.cat([features[name] for name in self.others], dim=1)
        gamma, beta = self.generator(others).chunk(2, dim=1)
        return (1 + gamma) * self.project(features[self.main]) + beta
