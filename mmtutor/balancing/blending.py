"""Gradient blending: a loss for each modality, weighted by how well it generalizes."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmtutor.balancing.features import Criterion, FeatureCriterion, check_network
from mmtutor.criteria import Traits
from mmtutor.network import MultiModalNet, Tensors
from mmtutor.processes import all_reduce_sum, world_size

Losses = tuple[float, float]


class UnimodalHeads(FeatureCriterion):
    """Gradient blending: a loss for each modality beside the fused one, used as the criterion.

    In train mode it is w_fused L(outputs) + Σ_m w_m L(head_m(h_m)), with a linear head on the
    features h_m of each encoder; in eval mode it is L(outputs). Examples that lack a modality do
    not count in its loss. The heads belong to this module, and are trained with the network.

    Args:
        network: its encoders learn from the fused loss and from their own.
        num_classes: number of classes.
        weights: "fused" or modality → w, at least 0; 0 for those left out. By default all are
            equal and sum to 1. They may be changed later; see `blending_weights`.
        criterion: L, cross-entropy by default.

    Raises:
        TypeError, ValueError: network or weights are not of this kind; in a call, no labels, or
            no features of the same batch.

    Source: Wang, Tran, Feiszli 2020, section 3.
    """

    def __init__(
        self,
        network: MultiModalNet,
        num_classes: int,
        weights: Mapping[str, float] | None = None,
        criterion: Criterion | None = None,
    ) -> None:
        check_network(network, may_miss=False)
        super().__init__(criterion)
        sizes = network.fusion.in_features
        if "fused" in sizes:
            raise ValueError('"fused" means the whole network here: rename that modality')
        heads = {name: nn.Linear(size, num_classes) for name, size in sizes.items()}
        self.heads = nn.ModuleDict(heads)
        equal = dict.fromkeys(["fused", *sizes], 1 / (1 + len(sizes)))
        self.weights = equal if weights is None else dict(weights)

    def forward(
        self,
        outputs: Tensor,
        targets: Tensor,
        features: Tensors | None = None,
        present: Tensors | None = None,
    ) -> Tensor:
        """Return the blended loss of outputs `(batch, classes)` and labels `(batch,)`."""
        known = ["fused", *self.heads]
        if any(name not in known or not w >= 0 for name, w in self.weights.items()):
            raise ValueError(f"weights map {', '.join(known)} to at least 0; got {self.weights}")
        if not self.training:
            return self.criterion(outputs, targets)
        losses = self.losses(outputs, targets, features, present)
        terms = [w * losses[name] for name, w in self.weights.items() if w and name in losses]
        # If no example has what counts, there is nothing to learn: 0, with gradients of 0.
        return torch.stack(terms).sum() if terms else outputs[:0].sum()

    def losses(
        self,
        outputs: Tensor,
        targets: Tensor,
        features: Tensors | None,
        present: Tensors | None = None,
    ) -> dict[str, Tensor]:
        """Return "fused" or modality → loss, unweighted; without modalities that nobody has."""
        rows = self.examples(targets, features, present)
        factors = self._factors(targets, rows)
        losses = {"fused": self.criterion(outputs, targets)}
        for name, h in (features or {}).items():
            if len(rows[name]):
                h = h[rows[name]].to(outputs.dtype)  # 16 bits in mixed precision
                loss = self.criterion(self.heads[name](h), targets[rows[name]])
                losses[name] = factors[name] * loss
        return losses

    def _factors(self, targets: Tensor, rows: dict[str, Tensor]) -> dict[str, float]:
        """Return modality → what its loss counts, as each process has others of its examples.

        What a process returns is weighted by its share of all labels that count; the factor makes
        of this the share of those with the modality.
        """
        if world_size() == 1:
            return dict.fromkeys(rows, 1.0)
        counted = [targets, *(targets[its_rows] for its_rows in rows.values())]
        traits = Traits(self.criterion)
        counts = [traits.divisor(each) for each in counted]
        own = torch.tensor(counts, dtype=torch.float64)
        total = all_reduce_sum(own.to(targets.device)).cpu()
        shares = (own / total.clamp(min=1e-9)).tolist()
        return {name: s / max(shares[0], 1e-9) for name, s in zip(rows, shares[1:], strict=True)}


def blending_weights(before: Mapping[str, Losses], after: Mapping[str, Losses]) -> dict[str, float]:
    """Return weights for `UnimodalHeads` from the losses at two points of a training.

    w = G / O², divided by the sum over all heads. G, the generalization, is how much the
    validation loss fell from `before` to `after`; O, the overfitting, is how much the gap
    validation − training grew. Our addition: a head with G ≤ 0 gets w = 0, as a negative weight
    would teach it to fail.

    Args:
        before: "fused" or modality → (training loss, validation loss).
        after: the same, some epochs later.

    Raises:
        ValueError: other heads in `after`, no G above 0, a loss that is not finite, or O = 0 for
            a head with G > 0, which would take all the weight.

    Source: Wang, Tran, Feiszli 2020, algorithm 1.
    """
    if before.keys() != after.keys():
        raise ValueError(f"before has losses of {[*before]}, but after of {[*after]}")
    worth = {}
    for name, (trained, validated) in before.items():
        trained_now, validated_now = after[name]
        gain = validated - validated_now
        overfitting = (validated_now - trained_now) - (validated - trained)
        if not math.isfinite(gain + overfitting) or (gain > 0 and overfitting == 0):
            raise ValueError(
                f"{name} has G = {gain} and O = {overfitting}, so G / O² is not finite: compare "
                "finite losses, further apart in the training"
            )
        worth[name] = gain / overfitting**2 if gain > 0 else 0.0
    total = sum(worth.values())
    if not total:
        raise ValueError("no validation loss fell: keep the weights, or compare earlier epochs")
    return {name: value / total for name, value in worth.items()}
