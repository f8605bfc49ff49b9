"""Exercises of page 2.2, Residual streams."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import expect_no_look_inside
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def variance_at_the_end() -> float:
    scale, blocks = 0.1, 100
    return (1 + scale**2) ** blocks


_ENDS = {
    2.0: "1 + 100 · 0.01 would be right if every branch read the same; each reads a larger stream",
    1.1**100: "a branch that is multiplied by 0.1 has 0.1² of the variance",
    11.0: "0.1 is the factor of the numbers, and each branch reads a larger stream than the last",
    1.01**50: "that is the standard deviation; the variance is its square",
    2.0**100: "the branch is multiplied by 0.1 before it is added",
    1.0: "each block adds something, however small",
}


def _check_variance(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.shape == (), "give one number")
    for value, mistake in _ENDS.items():
        expect(not are_close(given, value, 1e-3), mistake)
    expect(
        torch.isclose(given, torch.tensor(2.70).double(), atol=0.03),
        f"by which factor does one block multiply the variance? got {given:.4g}",
    )


_DEPTH = 99


def growth_of_the_gradient() -> float:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(64, 256, generator=generator).requires_grad_()
    x = start
    for _ in range(99):
        # The first matrix keeps the variance; the second makes up for what the relu takes.
        first = torch.randn(256, 256, generator=generator) / 256**0.5
        last = torch.randn(256, 256, generator=generator) / 128**0.5
        x = x + torch.relu(F.layer_norm(x, (256,)) @ first) @ last
    at_end = torch.randn(64, 256, generator=generator)
    (at_start,) = torch.autograd.grad(x, start, at_end)
    return (at_start.norm() / at_end.norm()).item()


def _check_gradient(answer: Any) -> str:
    return compare_prediction(
        "2.2.b",
        answer,
        growth_of_the_gradient,
        right_within=1.5,
        is_factor=True,
        mistakes={
            0: "Nothing vanishes: the shortcut hands the gradient on as it is.",
            1: "The shortcut hands it on unchanged, but every branch adds to it.",
            _DEPTH: "That is about the square of it: independent parts add up by their squares.",
            _DEPTH + 1: "That is the square of it: independent parts add up by their squares.",
            2**_DEPTH: "So it would double at every block. But the normalization divides what "
            "goes back through a branch by the size of the stream, which grows.",
        },
        otherwise="Go back through block l: its branch was fed with the stream divided by its "
        "standard deviation, about √l, so what comes back through it is divided by √l too.",
    )


def sinkhorn(scores: Tensor, rounds: int) -> Tensor:
    # Dividing by a sum is subtracting its logarithm; so no exponential can overflow.
    for _ in range(rounds):
        scores = scores.log_softmax(dim=-1).log_softmax(dim=-2)
    return scores.exp()


def _check_sinkhorn(answer: Callable[[Tensor, int], Tensor]) -> None:
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.5, -1.0], [0.0, 0.0, 3.0]])
    found = as_floats(answer(scores, 30))
    expect(found.shape == (3, 3), f"return a matrix of shape (3, 3); got {tuple(found.shape)}")
    expect(
        not (found < 0).any(),
        "an entry is negative: the exponential comes first, and makes all of them positive",
    )
    expect(
        not are_close(found, sinkhorn(scores.clamp(min=1e-3).log(), 30), 1e-3),
        "take the exponential of the scores first",
    )
    rows, columns = found.sum(dim=-1), found.sum(dim=-2)
    one = torch.ones(3)
    expect(
        are_close(rows, one, 1e-3) or not are_close(columns, one, 1e-3),
        "the columns add up to 1 and the rows do not: every round does both",
    )
    expect(
        are_close(columns, one, 1e-3) or not are_close(rows, one, 1e-3),
        "the rows add up to 1 and the columns do not: every round does both",
    )
    expect(are_close(found, sinkhorn(scores, 30), 1e-3), "rows and columns must add up to 1")
    once = as_floats(answer(scores, 1))
    expect(
        not are_close(once, sinkhorn(scores.T, 1).T),
        "rows come first and columns second, so that after a round the columns are right",
    )
    expect(
        not are_close(once, found, 1e-3),
        "it always goes on to the end; do as many rounds as `rounds` says",
    )
    expect(are_close(once, sinkhorn(scores, 1)), "after one round the numbers are not right")
    several = as_floats(answer(torch.stack([scores, scores.T]), 30))
    expect(
        several.shape == (2, 3, 3) and are_close(several[1], sinkhorn(scores.T, 30), 1e-3),
        "of a batch, each matrix is on its own: the last two axes are rows and columns",
    )
    large = as_floats(answer(1000 * scores, 5))
    expect(
        large.isfinite().all(),
        "scores of 1,000 give nan: an exponential overflows. Stay with logarithms, "
        "or subtract the largest score first",
    )


def _scores() -> Iterator[tuple[Tensor, int]]:
    generator = torch.Generator().manual_seed(0)
    for shape, rounds in (((4, 4), 20), ((2, 2), 3), ((1, 1), 1), ((3, 2, 5, 5), 7), ((4, 4), 0)):
        yield torch.randn(shape, generator=generator), rounds


def step(
    streams: Tensor,
    branch: Callable[[Tensor], Tensor],
    read: Tensor,
    write: Tensor,
    mixer: Tensor,
) -> Tensor:
    added = branch(torch.einsum("m,bmf->bf", read, streams))
    return mixer @ streams + write[:, None] * added[:, None]


def _wave(x: Tensor) -> Tensor:
    return torch.sin(3 * x) + 0.5 * x.roll(1, dims=-1)


def _step_arguments(
    seed: int, batch: int = 5, count: int = 3, features: int = 4
) -> tuple[Tensor, Callable[[Tensor], Tensor], Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return drawn(batch, count, features), _wave, drawn(count), drawn(count), drawn(count, count)


def _check_step(answer: Callable[..., Tensor]) -> None:
    streams, branch, read, write, mixer = given = _step_arguments(0)
    found = as_floats(answer(*given))
    shape = tuple(streams.shape)
    expect(
        found.shape == shape,
        f"there are as many streams as before: the shape is {shape}; got {tuple(found.shape)}",
    )
    x = torch.einsum("m,bmf->bf", read, streams)
    mixed = mixer @ streams
    added = write[:, None] * branch(x)[:, None]
    late = branch(torch.einsum("m,bmf->bf", read, mixed))[:, None]
    wrong = {
        "the mixer is transposed: new stream i takes the share M[i, j] of stream j": mixer.T
        @ streams
        + added,
        "the streams are not mixed: multiply them with the mixer": streams + added,
        "what the branch gives is added with the factors of `write`": mixed + branch(x)[:, None],
        "the branch reads one vector, the sum of the streams with the factors of `read`; yours "
        "gets every stream": mixed + write[:, None] * branch(streams),
        "the branch reads the streams as they came, before they are mixed": mixed
        + write[:, None] * late,
        "what the branch gives is mixed too: mix the old streams only": mixer @ (streams + added),
        "the branch is not added": mixed,
        "the branch reads with the factors of `read`, and its result is added with those of "
        "`write`: they are exchanged": mixed
        + read[:, None] * branch(torch.einsum("m,bmf->bf", write, streams))[:, None],
    }
    for mistake, value in wrong.items():
        expect(not are_close(found, value), mistake)
    expect(are_close(found, mixed + added), "the numbers are not those of the formula")


def _steps() -> Iterator[tuple[Any, ...]]:
    for seed, sizes in enumerate([(1, 1, 1), (2, 4, 3), (6, 2, 8), (4, 4, 4)], start=1):
        yield _step_arguments(seed, *sizes)


FAULTS = ("healthy", "two zeros", "no parameter", "scales the sum", "branch detached")


class ScaledBlock(nn.Module):
    """A residual block on vectors, x + scale * F(x), with one fault or none."""

    scale: Tensor

    def __init__(self, fault: str, features: int) -> None:
        super().__init__()
        self._fault = fault
        self.first = nn.Linear(features, 2 * features, bias=False)
        self.last = nn.Linear(2 * features, features, bias=False)
        if fault == "two zeros":
            nn.init.zeros_(self.last.weight)
        scale = torch.zeros(1)
        self.scale = scale if fault == "no parameter" else nn.Parameter(scale)

    def forward(self, x: Tensor) -> Tensor:
        added = self.last(torch.relu(self.first(x)))
        if self._fault == "scales the sum":
            return self.scale * (x + added)
        return x + self.scale * (added.detach() if self._fault == "branch detached" else added)


def examine_block(block: nn.Module, features: int) -> str:
    block = deepcopy(block)
    x, target = torch.randn(2, 64, features)
    if not torch.equal(block(x), x):
        return "scales the sum"
    scales = [p for p in block.parameters() if p.numel() == 1]
    matrices = [p for p in block.parameters() if p.numel() > 1]
    if not scales:
        return "no parameter"

    def learns(parameter: Tensor) -> bool:
        loss = (block(x) - target).square().mean()
        gradients = torch.autograd.grad(loss, parameter, allow_unused=True, materialize_grads=True)
        return bool(gradients[0].any())

    if not learns(scales[0]):
        return "two zeros"
    nn.init.ones_(scales[0])
    return "healthy" if learns(matrices[0]) else "branch detached"


_OVERLOOKED = {
    "healthy": "At the first step only its scale gets a gradient, and the weights of its branch "
    "get theirs once the scale is not zero any more",
    "two zeros": "No parameter of it ever gets a gradient, although one of them is the scale",
    "no parameter": "Its scale is not among its parameters, so no optimizer will change it",
    "scales the sum": "It multiplies x too, and with it the whole stream",
    "branch detached": "Its scale learns and its branch never does, even if the scale is not zero",
}


def _check_diagnosis(answer: Callable[[nn.Module, int], str]) -> None:
    expect_no_look_inside(answer)
    for seed, features in enumerate([8, 12, 5, 24]):
        for fault in FAULTS:
            torch.manual_seed(seed)
            found = answer(ScaledBlock(fault, features), features)
            expect(
                isinstance(found, str) and found in FAULTS,
                f"return one of {', '.join(FAULTS)}; got {found!r}",
            )
            expect(
                found == fault,
                f'a block was called "{found}" that is "{fault}". {_OVERLOOKED[fault]}',
            )


EXERCISES = {
    "2.2.a": Exercise(
        check=_check_variance,
        is_value=True,
        solution=variance_at_the_end,
        hints=(
            "What is the variance of 0.1 · F(x), if F(x) has the variance of x?",
            "One block multiplies the variance by 1 + 0.1².",
            "A hundred blocks multiply it a hundred times by the same factor.",
        ),
        praise="With 1/√n in place of 0.1 it would be nearly e for every depth; and 0.1 is 1/√100.",
        kind="derive",
    ),
    "2.2.b": Exercise(
        check=_check_gradient,
        is_value=True,
        solution=growth_of_the_gradient,
        hints=(
            "The gradient of x + F(norm(x)) has two parts: one through the shortcut, one through "
            "the branch.",
            "Behind l − 1 blocks, the stream has about l times its first variance. The "
            "normalization divides by its standard deviation, and so does its derivative.",
            "So block l multiplies the square of the gradient's norm by 1 + 1/l. Multiply 2/1, "
            "3/2, 4/3 and so on: what is left?",
        ),
        praise="It grows like the square root of the depth, no faster: the stream that grows makes "
        "its own branches quiet.",
        kind="predict",
    ),
    "2.2.c": Exercise(
        check=_check_sinkhorn,
        solution=sinkhorn,
        cases=_scores,
        gradients=frozenset({"scores"}),
        hints=(
            "The exponential makes all entries positive. Then divide by sums, again and again.",
            "`keepdim=True` lets you divide a matrix by the sums of its rows, which are those over "
            "`dim=-1`.",
            "For scores that are large, work with logarithms: to divide by a sum is to subtract "
            "`torch.logsumexp` along that axis.",
        ),
        praise="Every product of such matrices is of the same kind, whatever the depth.",
        kind="write",
    ),
    "2.2.d": Exercise(
        check=_check_step,
        solution=step,
        cases=_steps,
        gradients=frozenset({"streams", "read", "write", "mixer"}),
        hints=(
            "Three steps: read one vector from the streams, mix the streams, write the branch's "
            "result into each of them.",
            "`mixer @ streams` multiplies the last two axes of `streams`, for each example of the "
            "batch: just what mixing is.",
            "The branch's result has shape (batch, features), and needs an axis for the streams: "
            "`write[:, None]` times it with `[:, None]` has (batch, streams, features).",
        ),
        praise="With one stream, and ones in all three places, it is x + F(x).",
        kind="write",
    ),
    "2.2.e": Exercise(
        check=_check_diagnosis,
        solution=examine_block,
        hints=(
            "Four of the five return x exactly. What tells them apart is who gets a gradient.",
            "Work on a deep copy. Look at the parameters with one entry, at their gradient, and "
            "at the other gradients after the scale was set to 1.",
            "In the order: is the output x; is there a scale among the parameters; does it get a "
            "gradient; does the branch get one once the scale is 1?",
        ),
        praise="A network in which nothing moves prints a loss like any other: look at gradients.",
        kind="diagnose",
    ),
}


QUIZ = (
    Question(
        "The stream of a network with normalization after each sum always has variance 1. "
        "What is left in it of the first block, 26 blocks later, before any training?",
        (
            Answer(
                "As much as of any other block, for the normalization treats all of them alike.",
                "It halves everything that is older at every block, and the first is the oldest.",
            ),
            Answer(
                "Next to nothing: every later block has halved the variance that it had.",
                "Each sum doubles the variance and each normalization halves it, for all within.",
                right=True,
            ),
            Answer(
                "More than of the others, since its contribution has been normalized most often.",
                "Each of these normalizations has made it smaller, not larger.",
            ),
        ),
    ),
    Question(
        "A branch is multiplied by a learned number that starts at 0. At the first step, which "
        "weights of this block get a gradient?",
        (
            Answer(
                "None, because everything in the block is multiplied by 0, also on the way back.",
                "The number itself is multiplied by the output of the branch, which is not 0.",
            ),
            Answer(
                "All of them, because the shortcut hands the gradient on into the branch.",
                "The shortcut leads past the branch; into it the gradient comes times the number.",
            ),
            Answer(
                "Only the number: its gradient is multiplied by the branch, theirs by the number.",
                "From the second step on the number is not 0, and the branch learns too.",
                right=True,
            ),
        ),
    ),
    Question(
        "Fifty doubly stochastic mixers, drawn at random and applied one after another to four "
        "streams: what becomes of the streams?",
        (
            Answer(
                "They stay as they are, since the gain of every single mixer is exactly 1.",
                "The gain bounds the largest; the differences between the streams may shrink.",
            ),
            Answer(
                "Their mean stays, and their differences vanish: they become one.",
                "Every mixer takes means of streams, and means of means come ever closer.",
                right=True,
            ),
            Answer(
                "They explode or vanish, as all products of many random matrices do in the end.",
                "Rows and columns that add up to 1 forbid it: the largest gain is 1.",
            ),
        ),
    ),
)
