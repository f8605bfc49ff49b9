"""Exercises of page 2.1, The residual block."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.blocks import ResidualBlock
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.question import Answer, Question


def count_parameters(in_channels: int, out_channels: int, stride: int) -> int:
    convolutions = 9 * in_channels * out_channels + 9 * out_channels**2
    norms = 2 * out_channels + 2 * out_channels
    if stride == 1 and in_channels == out_channels:
        return convolutions + norms
    return convolutions + norms + in_channels * out_channels + 2 * out_channels


def _check_count(answer: Callable[[int, int, int], int]) -> None:
    plain = answer(16, 16, 1)
    expect(plain != 2 * 9 * 16 * 16, "a normalization has a weight and a bias for each channel")
    expect(plain == _true_count(16, 16, 1), f"(16, 16, 1) has 4,672 parameters, not {plain:,}")
    changed = answer(16, 32, 2)
    no_projection = _true_count(16, 32, 2) - 16 * 32 - 2 * 32
    expect(changed != no_projection, "where the shapes differ, the shortcut is a projection")
    expect(changed != no_projection + 16 * 32, "the projection has a normalization too")
    expect(
        changed == _true_count(16, 32, 2),
        f"(16, 32, 2) has 14,528 parameters, not {changed:,}; "
        "the second convolution already has out_channels inputs",
    )
    expect(
        answer(16, 16, 2) == _true_count(16, 16, 2),
        "a stride alone also changes the shape, so it needs a projection",
    )


def _true_count(in_channels: int, out_channels: int, stride: int) -> int:
    block = ResidualBlock(in_channels, out_channels, stride=stride)
    return sum(parameter.numel() for parameter in block.parameters())


def start_as_identity(branch: Any) -> nn.Module:
    with torch.no_grad():
        branch.norm2.weight.zero_()
        branch.norm2.bias.zero_()
    return branch


class _Branch(nn.Module):
    """The branch of page 2.1, with a trained last normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(4)
        nn.init.constant_(self.norm2.weight, 0.7)
        nn.init.constant_(self.norm2.bias, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))


def _check_identity(answer: Callable[[nn.Module], nn.Module]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        branch, x = _Branch(), torch.rand(8, 4, 5, 5)
    before = branch(x).detach()
    same = answer(branch)
    expect(same is branch, "change the branch that you are given, and return it")
    after = branch(x).detach()
    expect(not torch.equal(after, before), "F(x) is what it was: nothing has been changed")
    expect(
        not torch.allclose(after, torch.tensor(0.3)),
        "F(x) is 0.3 everywhere, the bias of norm2; it has to be zero too",
    )
    expect((after == 0).all(), f"F(x) must be 0 everywhere; it goes up to {after.abs().max():.2g}")
    expect(
        all(parameter.requires_grad for parameter in branch.parameters()),
        "a frozen layer cannot learn; leave requires_grad as it is",
    )
    first = branch.conv1.weight.detach().clone()
    optimizer = torch.optim.SGD(branch.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (branch(x) - x.flip(3)).square().mean().backward()
        optimizer.step()
    expect(
        not torch.equal(branch.conv1.weight, first),
        "after three steps conv1 has not moved: two factors of zero wait for each other",
    )


def share_of_paths(blocks: int, longest: int) -> float:
    return sum(math.comb(blocks, length) for length in range(longest + 1)) / 2**blocks


def _check_share(answer: Callable[[int, int], float]) -> None:
    share = answer(4, 1)
    expect(share != 5, "5 is the number of paths; divide by the number of all paths")
    expect(share != 4 / 16, "count the path that takes no branch at all as well")
    expect(share != 1 / 16, "`range(longest)` ends before `longest`; a path of that length counts")
    expect(share != 2 / 5, "lengths are not equally likely: of 4 blocks, 4 paths take one branch")
    expect(math.isclose(share, 5 / 16), f"of 16 paths, 5 take at most one branch; got {share}")
    share = answer(50, 30)
    expect(math.isclose(share, share_of_paths(50, 30)), f"(50, 30) is 0.941; got {share}")


EXERCISES = {
    "2.1.a": Exercise(
        check=_check_count,
        solution=count_parameters,
        hints=(
            "Which layers have parameters? Two convolutions, two normalizations, maybe a shortcut.",
            "A 3×3 convolution without bias has 9 · inputs · outputs weights; a normalization "
            "has 2 for each channel.",
            "If the stride is not 1 or the channels differ, add a 1×1 convolution and its "
            "normalization.",
        ),
        praise="ResNet-18 is eight such blocks, a stem and a last layer.",
    ),
    "2.1.b": Exercise(
        check=_check_identity,
        solution=start_as_identity,
        hints=(
            "Which layer of F comes last, and what does it do to its input?",
            "norm2 multiplies by `norm2.weight` and adds `norm2.bias`. Which must be zero?",
            "Zero both, inside `with torch.no_grad():`, and leave all other layers alone.",
        ),
        praise="The sum passes x unchanged, and from the second step on every layer learns.",
    ),
    "2.1.c": Exercise(
        check=_check_share,
        solution=share_of_paths,
        hints=(
            "At each block a path chooses between two ways. How many paths choose the branch "
            "exactly k times?",
            "That number is the binomial coefficient, `math.comb(blocks, k)`.",
            "Add the coefficients from k = 0 up to and including `longest`, and divide by "
            "2**blocks.",
        ),
        praise="94 % of the paths of 50 blocks take 30 branches or fewer: many short paths.",
    ),
}

QUIZ = (
    Question(
        "The derivative of y = x + F(x) is I + ∂F/∂x. What follows for the gradient that reaches "
        "x?",
        (
            Answer(
                "It can never be smaller than the gradient that arrived from above at y.",
                "Where ∂F/∂x is close to −I the two terms cancel, and with F(x) = −x nothing is "
                "left of the gradient.",
            ),
            Answer(
                "It contains the gradient from above unchanged, plus what the branch passes on.",
                "The term I hands it through whatever the weights are; the branch can add to it "
                "or cancel part of it.",
                right=True,
            ),
            Answer(
                "It no longer depends on the branch.",
                "The term ∂F/∂x is the branch's part, and only where F is constant is it zero.",
            ),
        ),
    ),
    Question(
        "The branch is F(x) = W₂ relu(W₁ x), and both matrices start at zero, instead of W₂ only. "
        "What happens in training?",
        (
            Answer(
                "The branch stays zero for ever.",
                "The gradient of each factor is multiplied by the other, which is zero: neither "
                "can make the first move.",
                right=True,
            ),
            Answer(
                "The block starts as the identity, as before, and learns from the second step on.",
                "That holds for a single zero: its own gradient is not zero, so it leaves zero at "
                "the first step. Two in a row wait for each other.",
            ),
            Answer(
                "The gradient grows from block to block, and training diverges after some steps.",
                "A branch that gives zero adds nothing, neither to the signal nor to the gradient.",
            ),
        ),
    ),
    Question(
        "Plain networks with batch normalization and He's initialization get worse with depth, "
        "even on their training data. What does this show?",
        (
            Answer(
                "Deep networks overfit, because they have more weights than examples.",
                "Who overfits has a small training loss, and it is the training loss that is "
                "large here.",
            ),
            Answer(
                "Their gradients vanish, so that the first layers never learn anything at all.",
                "Normalization and a careful initialization keep the gradients alive, and the "
                "deep plain network is worse all the same.",
            ),
            Answer(
                "Depth makes optimization harder, although a copy of the shallow net would do.",
                "The deep network could hold the shallow one and copy in its other layers, but "
                "training does not find that: degradation.",
                right=True,
            ),
        ),
    ),
)
