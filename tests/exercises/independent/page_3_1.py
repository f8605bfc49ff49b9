import math

import torch
from torch.nn import functional as F


def field(n, stages, stem=3, jump=1, convolutions=2, first_jumps=False, growth=2):
    r = stem
    for stage in range(stages):
        for i in range(n * convolutions):
            if stage and i == 0 and first_jumps:
                jump *= growth
            r += 2 * jump
            if stage and i == 0 and not first_jumps:
                jump *= growth
    return r


def smallest(pixels, stages, **options):
    n = 1
    while field(n, stages, **options) < pixels:
        n += 1
    return n


def blocks_by_formula(pixels, stages):
    jump = 2 ** (stages - 1)
    fixed, per_block = 3 - 2 * (jump - 1), 4 * (2 * jump - 1)
    return max(1, math.ceil((pixels - fixed) / per_block))


def blocks_by_jumps(pixels, stages):
    jumps = [2**s for s in range(stages)]
    n = 1
    while (
        3
        + sum(4 * n * j for j in jumps)
        - sum(2 * (b - a) for a, b in zip(jumps, jumps[1:], strict=False))
        < pixels
    ):  # noqa: E501
        n += 1
    return n


def floored(pixels, stages):
    jump = 2 ** (stages - 1)
    return max(1, (pixels - 3 + 2 * (jump - 1)) // (4 * (2 * jump - 1)))


def strictly_above(pixels, stages):
    return smallest(pixels + 1, stages)


def halves_by_cat(maps):
    middle = maps.shape[3] // 2
    return torch.cat([maps[..., :middle].mean((2, 3)), maps[..., middle:].mean((2, 3))], dim=1)


def halves_by_unflatten(maps):
    return maps.unflatten(3, (2, -1)).mean(dim=(2, 4)).transpose(1, 2).flatten(1)


def halves_by_loop(maps):
    rows = []
    for example in maps:
        left, right = example.chunk(2, dim=2)
        channels = [half.sum() / half.numel() for side in (left, right) for half in side]
        rows.append(torch.stack(channels))
    return torch.stack(rows)


def interleaved(maps):
    return F.adaptive_avg_pool2d(maps, (1, 2)).flatten(1)


def squeezed(maps):
    return halves_by_cat(maps).squeeze()


def of_width_8(maps):
    return torch.cat([maps[..., :4].mean((2, 3)), maps[..., 4:].mean((2, 3))], dim=1)


def of_square(maps):
    middle = maps.shape[2] // 2
    return torch.cat([maps[..., :middle].mean((2, 3)), maps[..., middle:].mean((2, 3))], dim=1)


def upper_and_lower(maps):
    return halves_by_cat(maps.transpose(2, 3))


RIGHT = {
    "3.1.a": [smallest, blocks_by_formula, blocks_by_jumps],
    "3.1.b": [
        halves_by_cat,
        halves_by_unflatten,
        halves_by_loop,
        lambda maps: torch.cat([h.flatten(2).mean(-1) for h in maps.chunk(2, -1)], -1),
    ],
}

WRONG = {
    "3.1.a": [
        # The stem is forgotten.
        lambda pixels, stages: smallest(pixels, stages, stem=1),
        # The stride counts for the convolution that has it, not only for those behind.
        lambda pixels, stages: smallest(pixels, stages, first_jumps=True),
        # One convolution in each block.
        lambda pixels, stages: smallest(pixels, stages, convolutions=1),
        # No stride.
        lambda pixels, stages: smallest(pixels, stages, growth=1),
        # Stage 1 has a stride too.
        lambda pixels, stages: smallest(pixels, stages, jump=2),
        # More than `pixels` wide.
        strictly_above,
        # Rounded down.
        floored,
        # Three stages, whatever was asked.
        lambda pixels, stages: smallest(pixels, 3),
        # The blocks of all stages together.
        lambda pixels, stages: stages * smallest(pixels, stages),
        # The stem of photographs.
        lambda pixels, stages: smallest(pixels, stages, stem=7),
    ],
    "3.1.b": [
        # Left and right alternate.
        interleaved,
        # Upper and lower half.
        upper_and_lower,
        # The right half first.
        lambda maps: halves_by_cat(maps.flip(3)),
        # The largest, not the mean.
        lambda maps: torch.cat([h.amax(dim=(2, 3)) for h in maps.chunk(2, dim=3)], dim=1),
        # Sums.
        lambda maps: torch.cat([h.sum(dim=(2, 3)) for h in maps.chunk(2, dim=3)], dim=1),
        # A batch of one loses its axis.
        squeezed,
        # For a width of 8 only.
        of_width_8,
        # For square maps only.
        of_square,
        # No gradient.
        lambda maps: halves_by_cat(maps.detach()),
        # The two halves of the channels.
        lambda maps: maps.mean(dim=3).flatten(1)[:, : 2 * maps.shape[1]],
    ],
}
