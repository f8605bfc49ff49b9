"""Losses that torch does not have: contrastive (InfoNCE) and focal."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def info_nce(
    first: Tensor,
    second: Tensor,
    temperature: float | Tensor = 0.07,
    positives: Tensor | None = None,
) -> Tensor:
    """Return the symmetric contrastive loss: each vector should find its partners among all.

    With s_ij = cos(a_i, b_j) / τ and P(i) the partners of a_i, one direction is the mean over i
    of −1/|P(i)| Σ_{j ∈ P(i)} log softmax_j(s_ij), and the loss is the mean of both directions.
    It is computed in float32 at least, under autocast too. Cosines of a zero vector count as 0.

    Args:
        first: vectors a, float `(batch, features)`.
        second: vectors b, float `(batch_second, features)`.
        temperature: τ, above 0. To learn it, learn its logarithm and pass `log_tau.exp()`.
        positives: bool `(batch, batch_second)`, True for partners, at least one in each row
            and column; by default a_i belongs to b_i.

    Raises:
        TypeError: vectors that are no float tensors, or positives that are no bool tensor.
        ValueError: a wrong shape, a temperature of 0 or less, or a vector without a partner.

    Source: van den Oord et al. 2018, equation 4; symmetric as in Radford et al. 2021, figure 3;
    several partners as in Khosla et al. 2020, equation 2 (L_out).
    """
    _check_vectors(first, second)
    if positives is None and len(first) == len(second):
        positives = torch.eye(len(first), dtype=torch.bool, device=first.device)
    partners = _checked_partners(positives, (len(first), len(second)))
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0; got {temperature}")
    kind = torch.promote_types(torch.promote_types(first.dtype, second.dtype), torch.float32)
    # Half precision would round the cosines, before τ makes the error fourteen times as large.
    with torch.autocast(first.device.type, enabled=False):
        similarity = _unit(first.to(kind)) @ _unit(second.to(kind)).T / temperature
        return (_one_way(similarity, partners) + _one_way(similarity.T, partners.T)) / 2


def _one_way(similarity: Tensor, partners: Tensor) -> Tensor:
    total = torch.where(partners, F.log_softmax(similarity, dim=1), 0.0).sum(dim=1)
    return -(total / partners.sum(dim=1)).mean()


def _unit(vectors: Tensor) -> Tensor:
    # By a power of 2, which changes no digit: the square of a very long or short vector would be
    # infinite or 0.
    _, exponent = torch.frexp(vectors.detach().abs().amax(dim=1, keepdim=True))
    vectors = torch.ldexp(vectors, -exponent.clamp(-126, 126))
    # F.normalize would give a zero vector a gradient of the order of 10¹².
    length = vectors.norm(dim=1, keepdim=True)
    return vectors / torch.where(length == 0, 1.0, length)


def _check_vectors(first: Tensor, second: Tensor) -> None:
    for vectors in (first, second):
        if not isinstance(vectors, Tensor) or not vectors.is_floating_point():
            kind = getattr(vectors, "dtype", type(vectors).__name__)
            raise TypeError(f"info_nce compares float tensors (batch, features); got {kind}")
    if not first.ndim == second.ndim == 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "info_nce compares tensors (batch, features) of one number of features; got "
            f"{tuple(first.shape)} and {tuple(second.shape)}. A linear layer can change the number"
        )


def _checked_partners(positives: Tensor | None, shape: tuple[int, int]) -> Tensor:
    wanted = f"positives must say which vectors belong together, as a bool tensor {shape}"
    if not isinstance(positives, Tensor) or positives.dtype != torch.bool:
        raise TypeError(f"{wanted}; got {getattr(positives, 'dtype', type(positives).__name__)}")
    if positives.shape != shape:
        raise ValueError(f"{wanted}; got {tuple(positives.shape)}")
    if not (min(shape) and positives.any(dim=1).all() and positives.any(dim=0).all()):
        raise ValueError(f"{wanted}, with a True in each row and column: leave the others out")
    return positives


class FocalLoss(nn.CrossEntropyLoss):
    """Cross-entropy that counts an example less the better it is classified already.

    With p_i the probability of the true class and w_i its class weight, the loss is
    Σ w_i (1 − p_i)^γ (−log p_i) / Σ w_i. With γ = 0 it is `nn.CrossEntropyLoss`.

    Args:
        gamma: γ, at least 0.
        weight: weight of each class, `(classes,)`; 1 by default.
        ignore_index: label of examples that do not count.

    Raises:
        ValueError: a negative gamma.

    Source: Lin et al. 2017, equation 4.
    """

    def __init__(
        self, gamma: float = 2.0, weight: Tensor | None = None, ignore_index: int = -100
    ) -> None:
        if not gamma >= 0:
            raise ValueError(f"gamma must be at least 0; got {gamma}")
        super().__init__(weight, ignore_index=ignore_index)
        self.gamma = gamma

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss of logits `(batch, classes, ...)` and int64 labels `(batch, ...)`.

        Raises:
            TypeError: targets that are probabilities.
        """
        if target.is_floating_point():
            raise TypeError(
                f"FocalLoss takes int64 labels (batch, ...), not probabilities; got {target.dtype} "
                f"{tuple(target.shape)}. Pass target.argmax(dim=1), or use nn.CrossEntropyLoss"
            )
        loss = F.cross_entropy(input, target, ignore_index=self.ignore_index, reduction="none")
        # 1 − p, but never 0, where the slope of x^γ is infinite for γ < 1.
        missing = (1 - torch.exp(-loss)).clamp(min=torch.finfo(loss.dtype).tiny)
        counted = target != self.ignore_index
        weight = torch.ones_like(loss)
        if self.weight is not None:
            weight = self.weight[torch.where(counted, target, 0)]
        weight = torch.where(counted, weight, 0.0)
        return (weight * missing**self.gamma * loss).sum() / weight.sum()
