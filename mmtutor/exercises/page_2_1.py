"""Exercises of page 2.1, The residual block."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.blocks import ResidualBlock
from mmtutor.exercises.exercise import Exercise, expect


def count_parameters(in_channels: int, out_channels: int, stride: int) -> int:
    convolutions = 9 * in_channels * out_channels + 9 * out_channels**2
    norms = 2 * out_channels + 2 * out_channels
    if stride == 1 and in_channels == out_channels:
        return convolutions + norms
    return convolutions + norms + in_channels * out_channels + 2 * out_channels


def _check_count(answer: Callable[[int, int, int], int]) -> None:
    plain = answer(16, 16, 1)
    expect(plain != 2 * 9 * 16 * 16, "a normalisation has a weight and a bias for each channel")
    expect(plain == _true_count(16, 16, 1), f"(16, 16, 1) has 4,672 parameters, not {plain:,}")
    changed = answer(16, 32, 2)
    no_projection = _true_count(16, 32, 2) - 16 * 32 - 2 * 32
    expect(changed != no_projection, "where the shapes differ, the shortcut is a projection")
    expect(changed != no_projection + 16 * 32, "the projection has a normalisation too")
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


def pre_activation(
    x: Tensor, norm1: nn.Module, conv1: nn.Module, norm2: nn.Module, conv2: nn.Module
) -> Tensor:
    h = conv1(F.relu(norm1(x)))
    return x + conv2(F.relu(norm2(h)))


def _check_pre_activation(answer: Callable[..., Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 5, 5, generator=generator)
    norm1, norm2 = _random_norm(generator), _random_norm(generator)
    conv1, conv2 = _random_conv(generator), _random_conv(generator)
    kept = x.clone()
    y = answer(x, norm1, conv1, norm2, conv2)
    expect(isinstance(y, Tensor), f"return a tensor, not a {type(y).__name__}")
    expect(torch.equal(x, kept), "your function changes x itself; do not work in place on it")
    right = pre_activation(x, norm1, conv1, norm2, conv2)
    expect(not torch.allclose(y, right - x), "this is F(x); the shortcut is missing")
    expect(not torch.allclose(y, F.relu(right)), "nothing may follow the sum, not even a relu")
    first = F.relu(norm1(x))
    expect(
        not torch.allclose(y, first + right - x),
        "the shortcut carries x itself, not x after normalisation and relu",
    )
    expect(
        torch.allclose(y, right, atol=1e-5),
        "the order is norm, relu, convolution, and once more; then add x",
    )


def _random_norm(generator: torch.Generator) -> nn.Module:
    norm = nn.BatchNorm2d(4).eval()
    nn.init.normal_(norm.weight, generator=generator)
    nn.init.normal_(norm.bias, generator=generator)
    return norm.requires_grad_(False)


def _random_conv(generator: torch.Generator) -> nn.Module:
    conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
    nn.init.normal_(conv.weight, generator=generator)
    return conv.requires_grad_(False)


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
            "Which layers have parameters? Two convolutions, two normalisations, maybe a shortcut.",
            "A 3×3 convolution without bias has 9 · inputs · outputs weights; a normalisation "
            "has 2 for each channel.",
            "If the stride is not 1 or the channels differ, add a 1×1 convolution and its "
            "normalisation.",
        ),
        praise="ResNet-18 is eight such blocks, a stem and a last layer.",
    ),
    "2.1.b": Exercise(
        check=_check_pre_activation,
        solution=pre_activation,
        hints=(
            "Pre-activation: what activates comes before each convolution.",
            "The branch is norm, relu, convolution, norm, relu, convolution.",
            "h = conv1(relu(norm1(x))), and the sum adds x, not relu(norm1(x)).",
        ),
        praise="Nothing but plus signs is left on the main path.",
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
