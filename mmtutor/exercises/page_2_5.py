"""Exercises of page 2.5, Knowledge transfer between modalities."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.descending import step_downhill
from mmtutor.exercises.exercise import Exercise, expect

Loss = Callable[[Tensor, Tensor, Tensor, float, float], Tensor]


def transfer_loss(y: Tensor, t: Tensor, y_true: Tensor, alpha: float, tau: float) -> Tensor:
    log_q, p = (y / tau).log_softmax(dim=1), (t.detach() / tau).softmax(dim=1)
    soft = tau**2 * F.kl_div(log_q, p, reduction="batchmean")
    known = y_true != -100
    if not known.any():
        return alpha * soft
    return (1 - alpha) * F.cross_entropy(y[known], y_true[known]) + alpha * soft


def _check_loss(answer: Loss) -> None:
    generator = torch.Generator().manual_seed(0)
    y, t = torch.randn(2, 6, 5, generator=generator).unbind()
    y_true, alpha, tau = torch.tensor([3, -100, 0, -100, -100, 1]), 0.3, 2.0
    hard, soft = _terms(y, t, y_true, tau)
    loss = as_floats(answer(y, t, y_true, alpha, tau))
    expect(loss.ndim == 0, f"return one number for the batch; got the shape {tuple(loss.shape)}")

    def is_mix(of_hard: float, of_soft: float, other: Tensor = soft) -> bool:
        return are_close(loss, of_hard * hard + of_soft * other)

    expect(
        not is_mix(0.7, 0.3 / 4), "the factor τ² is missing: a higher τ would silence the teacher"
    )
    expect(
        not is_mix(0.7, 0.3 / 5),
        'the divergence is 5 times too small, once for each class: use reduction="batchmean"',
    )
    expect(not is_mix(0.7, 0.3 * 6), "that is the sum over the rows; divide it by their number")
    expect(not is_mix(0.3, 0.7), "alpha is the share of the teacher, 1 − alpha that of the labels")
    expect(
        not is_mix(0.7 * 3 / 6, 0.3),
        "the cross-entropy is a mean over the 3 rows with a label, not over all 6",
    )
    known = y_true != -100
    expect(
        not is_mix(0.7, 0.3, _terms(y[known], t[known], y_true[known], tau)[1]),
        "the teacher answers for all rows, also for those without a label",
    )
    expect(
        not is_mix(0.7, 0.3, _terms(t, y, y_true.clamp(min=0), tau)[1]),
        "this is KL(q‖p): F.kl_div takes the student's log-probabilities first",
    )
    expect(is_mix(0.7, 0.3), f"expected {0.7 * hard + 0.3 * soft:.4f}, got {loss:.4f}")
    _check_edges(answer, y, t)


def _check_edges(answer: Loss, y: Tensor, t: Tensor) -> None:
    loss = as_number(answer(y, t, torch.full((6,), -100), 0.3, 2.0))
    expect(
        not math.isnan(loss),
        "a batch without any label gives nan: the mean over no rows is 0 / 0",
    )
    soft = _terms(y, t, torch.zeros(6, dtype=torch.int64), 2.0)[1]
    expect(
        are_close(loss, 0.3 * soft),
        f"without any label, expected {0.3 * soft:.4f}, got {loss:.4f}",
    )
    y, t = y.clone().requires_grad_(), t.clone().requires_grad_()
    given = (y, t, torch.tensor([3, -100, 0, -100, -100, 1]), 0.3, 2.0)
    of_y, of_t = _gradients(answer, *given)
    expect(of_y.abs().sum() > 0, "no gradient reaches the student")
    expect(of_t.abs().sum() == 0, "the teacher gets a gradient, and would move: detach its logits")
    hard_only, wanted = (_gradients(transfer_loss, *given[:3], a, 2.0)[0] for a in (0.0, 0.3))
    expect(
        not are_close(of_y, 0.7 * hard_only),
        "only the labels send the student a gradient: its logits are detached in the divergence",
    )
    expect(
        are_close(of_y, wanted),
        "the loss is right and the student's gradient is not: a part of it is detached",
    )


def _gradients(
    answer: Loss, y: Tensor, t: Tensor, y_true: Tensor, alpha: float, tau: float
) -> tuple[Tensor, Tensor]:
    loss = torch.as_tensor(answer(y, t, y_true, alpha, tau))
    if not loss.requires_grad:
        return torch.zeros_like(y), torch.zeros_like(t)
    of_y, of_t = torch.autograd.grad(loss, (y, t), allow_unused=True, materialize_grads=True)
    return of_y, of_t


def _pairs() -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes, alpha, tau in ((4, 3, 0.5, 1.0), (9, 10, 0.9, 4.0), (1, 2, 0.2, 3.0)):
        y, t = 2 * torch.randn(2, examples, classes, generator=generator)
        y_true = torch.randint(classes, (examples,), generator=generator)
        yield y, t, y_true, alpha, tau
        yield y, t, torch.where(torch.arange(examples) % 3 == 1, -100, y_true), alpha, tau


def _terms(y: Tensor, t: Tensor, y_true: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy of the labeled rows and τ² times the mean divergence of all."""
    log_p, log_q = (t / tau).log_softmax(dim=1), (y / tau).log_softmax(dim=1)
    soft = tau**2 * (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()
    return F.cross_entropy(y, y_true, ignore_index=-100), soft


def frozen(encoder: nn.Module) -> nn.Module:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder.requires_grad_(False)
            self.train()

        def train(self, mode: bool = True) -> Self:
            return super().train(False)

        def forward(self, x: Tensor) -> Tensor:
            return self.encoder(x)

    return Frozen()


def _check_frozen(answer: Callable[[nn.Module], Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    x = 3 * torch.randn(8, 4, generator=generator) + 1
    before = copy.deepcopy(encoder).eval()
    wanted = before(x).detach()
    module = answer(encoder)
    expect(isinstance(module, nn.Module), "return a module, for example one of a class of your own")
    y = module(x)
    expect(isinstance(y, Tensor), "your module must return the features, a tensor")
    expect(
        are_close(y, wanted),
        "it normalizes with the batch's own mean: without a gradient, it still needs eval()",
    )
    first, last = nn.Linear(4, 4), nn.Linear(3, 2)
    network = nn.Sequential(first, module, last).train()
    expect(
        are_close(module(x), wanted),
        "train() on the whole network undoes your eval(): override train",
    )
    y = module(first(x))
    expect(y.requires_grad, "no gradient passes through: do not use no_grad inside")
    for _ in range(2):
        step_downhill(network, network(x).square().mean(), 0.1)
    learns = any(parameter.requires_grad for parameter in module.parameters())
    expect(not learns, "the optimizer moves its weights: they still require a gradient")
    expect(
        are_close(module(x), wanted),
        "after one step of training its features are others than before",
    )
    seen = x.clone().requires_grad_()
    slopes = [torch.autograd.grad(part(seen).square().sum(), seen)[0] for part in (module, before)]
    expect(
        are_close(slopes[0], slopes[1]),
        "the gradient that passes through is not that of the encoder",
    )


EXERCISES = {
    "2.5.a": Exercise(
        check=_check_loss,
        cases=_pairs,
        solution=transfer_loss,
        hints=(
            "The divergence needs no label, so it takes all rows. `y_true != -100` says which "
            "rows the cross-entropy takes.",
            '`F.kl_div(log_q, p, reduction="batchmean")`, where p comes from `t.detach()`. '
            "The mean over no rows is nan: ask `known.any()` first.",
            "Return `alpha * tau**2 * divergence`, and where any label is known, add "
            "`(1 - alpha) * F.cross_entropy(y[known], y_true[known])`.",
        ),
        praise="So labeled and unlabeled pairs can come in one loader, in any mixture.",
    ),
    "2.5.b": Exercise(
        check=_check_frozen,
        changes=frozenset({"encoder"}),
        solution=frozen,
        hints=(
            "Three things could move it: a gradient, a running average, and train mode, which "
            "uses other averages. Which call of the whole network brings back the last two?",
            "Write a class that holds the encoder, with `requires_grad_(False)`, and its own "
            "`train(self, mode=True)`.",
            "`train` can ignore its mode: `return super().train(False)`. Call it once at the end "
            "of `__init__`.",
        ),
        praise="A teacher inside a larger network stays what it was.",
    ),
}
