"""Answers on page 2.1; those that are written as classes stand in `bottlenecks`."""

import copy
import math
from fractions import Fraction

import numpy as np
import torch
from scipy.stats import binom
from torch import nn

from mmtutor import blocks
from tests.exercises.independent import bottlenecks, mechanics


def count_layer_by_layer(in_channels, out_channels, stride):
    layers = [(in_channels, 3), (out_channels, 3)]
    if not (stride == 1 and in_channels == out_channels):
        layers.append((in_channels, 1))
    return sum(before * out_channels * k * k + 2 * out_channels for before, k in layers)


def count_by_formula(in_channels, out_channels, stride):
    i, o = in_channels, out_channels
    return 9 * o * (i + o) + 4 * o + (stride != 1 or i != o) * o * (i + 2)


def count_by_building(in_channels, out_channels, stride):
    block = blocks.ResidualBlock(in_channels, out_channels, stride=stride)
    return sum(p.numel() for p in block.parameters())


def identity_by_init(branch):
    nn.init.zeros_(branch.norm2.weight)
    nn.init.zeros_(branch.norm2.bias)
    return branch


@torch.no_grad()
def identity_by_loop(branch):
    for p in branch.norm2.parameters():
        p.mul_(0)
    return branch


def identity_by_state(branch):
    state = branch.state_dict()
    for name in ("norm2.weight", "norm2.bias"):
        state[name] = torch.zeros_like(state[name])
    branch.load_state_dict(state)
    return branch


def only_weight(branch):
    nn.init.zeros_(branch.norm2.weight)
    return branch


def all_zero(branch):
    for p in branch.parameters():
        nn.init.zeros_(p)
    return branch


def conv_and_norm_zero(branch):
    nn.init.zeros_(branch.conv2.weight)
    return identity_by_init(branch)


def conv_zero(branch):
    nn.init.zeros_(branch.conv2.weight)
    return branch


def first_norm_zero(branch):
    nn.init.zeros_(branch.norm1.weight)
    nn.init.zeros_(branch.norm1.bias)
    return branch


def frozen_norm(branch):
    identity_by_init(branch).norm2.requires_grad_(False)
    return branch


def nearly_zero(branch):
    nn.init.constant_(branch.norm2.weight, 1e-2)
    nn.init.zeros_(branch.norm2.bias)
    return branch


def zero_forward(branch):
    branch.forward = lambda x: 0 * x
    return branch


def share_by_table(blocks, longest):
    paths = np.array([1.0])
    for _ in range(blocks):
        paths = np.convolve(paths, [0.5, 0.5])
    return paths[: longest + 1].sum()


def share_by_fraction(blocks, longest):
    return Fraction(sum(math.comb(blocks, k) for k in range(longest + 1)), 2**blocks)


def share_by_normal(blocks, longest):
    return 0.5 * (1 + math.erf((longest - blocks / 2) / (blocks / 2) ** 0.5))


RIGHT = {
    "2.1.a": [
        count_layer_by_layer,
        count_by_formula,
        lambda in_channels, out_channels, stride: int(
            np.prod([3, 3, in_channels, out_channels])
            + 9 * out_channels**2
            + 4 * out_channels
            + (0 if (stride, in_channels) == (1, out_channels) else (in_channels + 2))
            * out_channels
        ),
    ],
    "2.1.b": [identity_by_init, identity_by_loop, identity_by_state],
    "2.1.c": [
        lambda blocks, longest: (
            sum(math.comb(blocks, length) for length in range(longest + 1)) / 2**blocks
        ),
        share_by_table,
        lambda blocks, longest: binom.cdf(longest, n=blocks, p=0.5),
        lambda blocks, longest: float(share_by_fraction(blocks, longest)),
    ],
    "2.1.d": [256, math.sqrt(2) ** 16, torch.tensor(256.0), np.float64(300), lambda: 2**8],
    "2.1.e": mechanics.RIGHT,
    "2.1.f": bottlenecks.RIGHT,
}

WRONG = {
    "2.1.a": [
        # No projection.
        lambda in_channels, out_channels, stride: (
            9 * out_channels * (in_channels + out_channels) + 4 * out_channels
        ),
        # A projection only where the channels change.
        lambda in_channels, out_channels, stride: count_by_formula(in_channels, out_channels, 1),
        # A projection only where the stride is not 1.
        lambda in_channels, out_channels, stride: (
            9 * out_channels * (in_channels + out_channels)
            + 4 * out_channels
            + (stride != 1) * out_channels * (in_channels + 2)
        ),
        # A projection always.
        lambda in_channels, out_channels, stride: count_by_formula(in_channels, out_channels, 2),
        # The projection has no normalization.
        lambda in_channels, out_channels, stride: (
            count_by_formula(in_channels, out_channels, stride)
            - 2 * out_channels * (stride != 1 or in_channels != out_channels)
        ),
        # The convolutions have biases.
        lambda in_channels, out_channels, stride: (
            count_by_formula(in_channels, out_channels, stride) + 2 * out_channels
        ),
        # Both convolutions start from in_channels: right where nothing changes.
        lambda in_channels, out_channels, stride: (
            count_by_formula(in_channels, out_channels, stride)
            + 9 * out_channels * (in_channels - out_channels)
        ),
        # Running averages are counted as parameters.
        lambda in_channels, out_channels, stride: (
            count_by_formula(in_channels, out_channels, stride) + 4 * out_channels
        ),
        # Builds the block, which the task forbids.
        count_by_building,
    ],
    "2.1.b": [
        # The trained bias of the last normalization stays.
        only_weight,
        # No layer can learn.
        all_zero,
        # The last convolution and its normalization block each other.
        conv_and_norm_zero,
        # In evaluation, running mean and bias are left.
        conv_zero,
        # The wrong normalization.
        first_norm_zero,
        # The last normalization learns no more.
        frozen_norm,
        # Only nearly zero.
        nearly_zero,
        # No weights were set, and no layer can learn.
        zero_forward,
        # A copy was changed.
        lambda branch: identity_by_init(copy.deepcopy(branch)),
        # Right, but in evaluation mode from now on.
        lambda branch: identity_by_init(branch).eval(),
    ],
    "2.1.c": [
        # Less than `longest`.
        lambda blocks, longest: share_by_table(blocks, longest - 1),
        # The number of paths.
        lambda blocks, longest: share_by_table(blocks, longest) * 2**blocks,
        # Exactly `longest`.
        lambda blocks, longest: math.comb(blocks, longest) / 2**blocks,
        # The path that takes no branch is forgotten.
        lambda blocks, longest: share_by_table(blocks, longest) - 0.5**blocks,
        # Longer than `longest`.
        lambda blocks, longest: 1 - share_by_table(blocks, longest),
        # All lengths equally often.
        lambda blocks, longest: min(1.0, (longest + 1) / (blocks + 1)),
        # The normal curve, half a step off.
        share_by_normal,
        # Integer division.
        lambda blocks, longest: sum(math.comb(blocks, k) for k in range(longest + 1)) // 2**blocks,
        # The example.
        lambda blocks, longest: share_by_table(50, 30),
    ],
    "2.1.d": [
        # Doubled by each block.
        2.0**16,
        # Nothing changes.
        1,
        # Added block by block.
        17,
        # The square root of the number of blocks.
        4.0,
        # It vanishes.
        2.0**-8,
        # One block.
        math.sqrt(2),
        # e for each two blocks.
        math.exp(8),
    ],
    "2.1.e": mechanics.WRONG,
    "2.1.f": bottlenecks.WRONG,
}
