"""Exercises of page 3.9, Gradient descent on all networks at once."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, beside
from mmtutor.exercises.exercise import Exercise, expect

Parts = Sequence[tuple[Tensor, Tensor]]


def gradient_in_parts(model: nn.Module, parts: Parts) -> list[Tensor | None]:
    examples = sum(len(y_true) for _, y_true in parts)
    model.zero_grad()
    for x, y_true in parts:
        loss = F.cross_entropy(model(x), y_true, reduction="sum") / examples
        loss.backward()
    return [parameter.grad for parameter in model.parameters()]


def _check_parts(answer: Callable[[nn.Module, Parts], Sequence[Tensor]]) -> None:
    generator = torch.Generator().manual_seed(0)
    model = _linear(generator)
    x, y_true = torch.randn(12, 4, generator=generator), torch.arange(12) % 3
    parts = list(zip(x.split([6, 4, 2]), y_true.split([6, 4, 2]), strict=True))
    each = [_gradient(model, *part) for part in parts]
    wanted = _gradient(model, x, y_true)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 5.0)
    kept = [parameter.detach().clone() for parameter in model.parameters()]
    given = [as_floats(slope) for slope in answer(model, parts)]
    shapes = [tuple(slope.shape) for slope in given]
    expect(
        _near(list(model.parameters()), kept), "the weights have changed: only ask for gradients"
    )
    expect(
        shapes == [tuple(slope.shape) for slope in wanted],
        f"return one tensor for each parameter, of its shape; got shapes {shapes}",
    )
    _expect_apart(given, each[-1], "only the last piece counts: `zero_grad` is inside the loop")
    _expect_apart(
        given,
        [slope + 5 for slope in wanted],
        "a `.grad` from before is still in there: forget it before the first piece",
    )
    sums = [torch.stack(slopes).sum(dim=0) for slopes in zip(*each, strict=True)]
    _expect_apart(given, sums, "that is the sum of the means of three pieces, not one mean")
    _expect_apart(
        given,
        [total / 3 for total in sums],
        "every piece has the same weight, but the last one holds 2 examples and the first 6",
    )
    _expect_apart(
        given, [12 * slope for slope in wanted], "that is the sum over examples, not their mean"
    )
    expect(
        _near(given, wanted),
        f"the first gradient is off by up to {(given[0] - wanted[0]).abs().max():.3g}",
    )
    _expect_piece_by_piece(answer)


def _expect_piece_by_piece(answer: Callable[[nn.Module, Parts], Sequence[Tensor]]) -> None:
    """Try other models and pieces; none of the models takes more rows than the largest piece."""
    generator = torch.Generator().manual_seed(1)
    for sizes in ([5], [1, 7], [4, 4, 1], [2, 3, 1, 6]):
        rows = sum(sizes)
        model = nn.Sequential(_linear(generator), nn.Tanh(), nn.Linear(3, 3, bias=False))
        x, y_true = torch.randn(rows, 4, generator=generator), torch.arange(rows) % 3
        wanted = _gradient(model, x, y_true)
        most = max(sizes)

        def forward(module: nn.Module, inputs: tuple[Tensor], most: int = most) -> None:
            expect(len(inputs[0]) <= most, "run one piece at a time: the batch does not fit")

        model.register_forward_pre_hook(forward)
        given = answer(model, list(zip(x.split(sizes), y_true.split(sizes), strict=True)))
        expect(
            _near(list(given), wanted),
            f"right for pieces of 6, 4 and 2 examples, and not for pieces of {sizes}",
        )


def _linear(generator: torch.Generator) -> nn.Linear:
    model = nn.Linear(4, 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def _gradient(model: nn.Module, x: Tensor, y_true: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(F.cross_entropy(model(x), y_true), list(model.parameters())))


def _near(given: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(map(are_close, given, other))


def _expect_apart(given: Sequence[Tensor], wrong: Sequence[Tensor], mistake: str) -> None:
    expect(not _near(given, wrong), mistake)


def clipped(gradients: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    norm = sum(gradient.square().sum() for gradient in gradients) ** 0.5
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [factor * gradient for gradient in gradients]


def _check_clipped(answer: Callable[[Sequence[Tensor], float], Sequence[Tensor]]) -> None:
    long = [torch.tensor([2.0, 1.0]), torch.tensor([[2.0], [-4.0]])]  # the norm is 5
    given = [as_floats(each) for each in answer([gradient.clone() for gradient in long], 1.0)]
    shapes = [tuple(gradient.shape) for gradient in given]
    expect(
        shapes == [(2,), (2, 1)],
        f"return a list of tensors of the same shapes; got {shapes}",
    )
    _expect_apart(
        given,
        [gradient / gradient.norm() for gradient in long],
        "each tensor is shortened on its own, which turns the direction: take one norm of all",
    )
    _expect_apart(
        given,
        [gradient.clamp(-1, 1) for gradient in long],
        "each number is cut on its own, which turns the direction: multiply all by one factor",
    )
    _expect_apart(
        given,
        [gradient / sum(each.norm() for each in long) for gradient in long],
        "the norms of the tensors do not add up: sum all squares, then take the root",
    )
    _expect_apart(
        given, [gradient / 25 for gradient in long], "the root is missing: that is the squared norm"
    )
    expect(
        _near(given, [gradient / 5 for gradient in long]),
        f"for (2, 1) and (2, −4) to norm 1, {beside(given, [g / 5 for g in long])}",
    )
    short = list(answer([gradient.clone() for gradient in long], 10.0))
    expect(
        _near(short, long),
        f"a norm of 5 is below 10, so that nothing changes: {beside(short, long)}",
    )
    nothing = list(answer([torch.zeros(2)], 1.0))
    expect(_near(nothing, [torch.zeros(2)]), "a gradient of 0 must stay 0: you divide by its norm")


def _gradients() -> Iterator[tuple[list[Tensor], float]]:
    generator = torch.Generator().manual_seed(1)
    for shapes in ([(3,)], [(2, 3), (2,)], [(1,), (4, 1), (2, 2, 2), (3,)]):
        gradients = [torch.randn(shape, generator=generator) for shape in shapes]
        for limit in (0.1, 1.0, 2.5, 100.0):
            yield gradients, limit
            yield [gradient.double() for gradient in gradients], limit
        yield [1e-3 * gradient for gradient in gradients], 1e-4
    yield [torch.zeros(2), torch.tensor([3.0, 4.0])], 1.0
    yield [torch.tensor([3.0, 4.0])], 5.0


EXERCISES = {
    "3.9.a": Exercise(
        check=_check_parts,
        solution=gradient_in_parts,
        hints=(
            "`backward` adds to `.grad`. Here that is what you want, if you start from nothing.",
            "The mean over all examples is the sum over all pieces of (sum of their losses) / N. "
            "N counts all examples, not those of the piece.",
            'Once `model.zero_grad()`. For each piece, `F.cross_entropy(…, reduction="sum") / N` '
            "and `backward()`. Return `[p.grad for p in model.parameters()]`.",
        ),
        praise="This is gradient accumulation: a large batch on a small machine.",
    ),
    "3.9.b": Exercise(
        check=_check_clipped,
        cases=_gradients,
        solution=clipped,
        hints=(
            "All gradients together are one long vector. What is its norm?",
            "The norm is the root of the sum of all squares. All tensors get the same factor, "
            "max_norm / norm, but never more than 1.",
            "`norm = sum(g.square().sum() for g in gradients) ** 0.5`, then "
            "`min(1.0, max_norm / norm)`; take care where the norm is 0.",
        ),
        praise="`nn.utils.clip_grad_norm_` does this, and `training.fit` has `clip_norm`.",
    ),
}
