import copy

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def sinkhorn_by_division(scores, rounds):
    """Subtract the largest score, in 64 bits, and add nothing that overflows."""
    scores = scores.double()
    for _ in range(rounds):
        for axis in (-1, -2):
            scores = scores - torch.logsumexp(scores, dim=axis, keepdim=True)
    return scores.exp()


def sinkhorn_in_numpy(scores, rounds):
    logs = scores.double().numpy()
    for _ in range(rounds):
        for axis in (-1, -2):
            logs = logs - np.logaddexp.reduce(logs, axis=axis, keepdims=True)
    return np.exp(logs)


def divided(axes=(-1, -2), exponential=True, after=True):
    """Return the algorithm with exponentials, which overflow, and perhaps another fault."""

    def answer(scores, rounds):
        positive = scores.exp() if exponential else scores.clamp(min=1e-3)
        for _ in range(rounds if after else 40):
            for axis in axes:
                positive = positive / positive.sum(dim=axis, keepdim=True)
        return positive

    return answer


def over_the_first_axes(scores, rounds):
    for _ in range(rounds):
        scores = scores.log_softmax(dim=-1).log_softmax(dim=0)
    return scores.exp()


def step_with_loops(streams, branch, read, write, mixer):
    count = streams.shape[1]
    x = sum(read[i] * streams[:, i] for i in range(count))
    added = branch(x)
    rows = []
    for i in range(count):
        mixed = sum(mixer[i, j] * streams[:, j] for j in range(count))
        rows.append(mixed + write[i] * added)
    return torch.stack(rows, dim=1)


def step_by_tensordot(streams, branch, read, write, mixer):
    x = torch.tensordot(read, streams.transpose(0, 1), dims=1)
    mixed = torch.tensordot(streams, mixer, dims=([1], [1])).transpose(1, 2)
    written = torch.outer(write, branch(x).flatten()).view(len(write), *x.shape)
    return mixed + written.transpose(0, 1)


def other_step(
    transpose=False, mix=True, weigh=True, every=False, late=False, both=False, add=True, swap=False
):
    def answer(streams, branch, read, write, mixer):
        if swap:
            read, write = write, read
        mixed = (mixer.T if transpose else mixer) @ streams if mix else streams
        x = torch.einsum("m,bmf->bf", read, mixed if late else streams)
        added = branch(streams) if every else branch(x)[:, None].expand_as(streams)
        if weigh:
            added = write[:, None] * added
        if both:
            added = mixer @ added
        return mixed + added if add else mixed

    return answer


def examine(block, features, first=True, scale=True, later=True):
    """Diagnose a block with plain gradient descent, some tests left out."""
    block = copy.deepcopy(block)
    x, goal = torch.rand(32, features), torch.rand(32, features)
    if first and (block(x) - x).abs().max() > 0:
        return "scales the sum"
    sizes = [p.numel() for p in block.parameters()]
    if scale and 1 not in sizes:
        return "no parameter"
    before = [p.detach().clone() for p in block.parameters()]
    optimizer = torch.optim.SGD(block.parameters(), lr=1.0)
    for _ in range(3 if later else 1):
        optimizer.zero_grad()
        (block(x) - goal).square().mean().backward()
        optimizer.step()
    pairs = zip(before, block.parameters(), strict=True)
    moved = [p.numel() for old, p in pairs if not torch.equal(old, p)]
    if 1 not in moved:
        return "two zeros"
    return "healthy" if len(moved) == len(sizes) or not later else "branch detached"


def leaving_out(**tests):
    return lambda block, features: examine(block, features, **tests)


def changes_the_block(block, features):
    torch.nn.init.ones_(next(block.parameters()))
    return "healthy"


ANSWERS = {
    "2.2.a": Answers(
        right=2.70,
        also_right=[np.float64(2.7048), lambda: torch.tensor(1.01).double() ** 100, 2.718],
        wrong={
            "each reads a larger stream": 2.0,
            "0.1² of the variance": 1.1**100,
            "0.1 is the factor of the numbers": 11,
            "that is the standard deviation": 1.01**50,
            "before it is added": 2.0**100,
            "each block adds something": 1,
            "by which factor": 3.0,
            "give one number": [1.01, 2.7],
        },
    ),
    "2.2.b": Answers(
        right=10,
        also_right=[100**0.5, lambda: 9.5],
        wrong={
            "Nothing vanishes": 0,
            "every branch adds to it": 1,
            "That is about the square": 99,
            "That is the square": 100,
            "which grows": 2**99,
            "divided by √l too": 40,
            "give one number": "ten",
        },
    ),
    "2.2.c": Answers(
        right=sinkhorn_by_division,
        also_right=[sinkhorn_in_numpy],
        wrong={
            "an exponential overflows": divided(),
            "take the exponential of the scores first": divided(exponential=False),
            "the rows do not": divided(axes=(-2,)),
            "the columns do not": divided(axes=(-1,)),
            "rows come first": divided(axes=(-2, -1)),
            "it always goes on to the end": divided(after=False),
            "each matrix is on its own": over_the_first_axes,
            "return a matrix of shape": lambda scores, rounds: scores.sum(),
            "no gradient reaches": lambda scores, rounds: sinkhorn_by_division(
                scores.detach(), rounds
            ),
        },
    ),
    "2.2.d": Answers(
        right=step_with_loops,
        also_right=[step_by_tensordot],
        wrong={
            "the mixer is transposed": other_step(transpose=True),
            "the streams are not mixed": other_step(mix=False),
            "with the factors of `write`": other_step(weigh=False),
            "yours gets every stream": other_step(every=True),
            "before they are mixed": other_step(late=True),
            "mix the old streams only": other_step(both=True),
            "the branch is not added": other_step(add=False),
            "they are exchanged": other_step(swap=True),
            "as many streams as before": lambda *given: step_with_loops(*given).sum(dim=1),
        },
    ),
    "2.2.e": Answers(
        right=examine,
        also_right=[lambda block, features: examine(block, features) + ""],
        wrong={
            'that is "scales the sum"': leaving_out(first=False),
            'that is "no parameter"': leaving_out(scale=False),
            'that is "branch detached"': leaving_out(later=False),
            'that is "healthy"': lambda block, features: "two zeros",
            "return one of": lambda block, features: "fine",
            "changes its input": changes_the_block,
        },
    ),
}
