import math

import torch


def max_by_where(x, mask):
    largest = torch.where(mask, x, -torch.inf).amax(dim=2)
    return torch.where(mask.any(dim=2), largest, 0.0)


def max_by_rows(x, mask):
    rows = []
    for features, real in zip(x, mask[:, 0], strict=True):
        kept = features[:, real]
        rows.append(kept.max(dim=1).values if kept.numel() else x.new_zeros(len(features)))
    return torch.stack(rows)


def max_by_sorting(x, mask):
    filled = x.masked_fill(~mask, float("-inf")).sort(dim=-1, descending=True).values[..., 0]
    return filled.masked_fill(~mask.any(dim=-1), 0)


def max_in_place(x, mask):
    x[~mask.expand_as(x)] = -torch.inf
    return torch.where(mask.any(dim=2), x.amax(dim=2), 0.0)


def max_of_shifted(x, mask):
    largest = (x + (mask.float() - 1) * 1e9).amax(dim=2)
    return torch.where(mask.any(dim=2), largest, 0.0)


def max_from_minus_ten(x, mask):
    return torch.where(mask.any(dim=2), torch.where(mask, x, -10.0).amax(dim=2), 0.0)


def max_of_first(x, mask):
    """Take as many positions of each text as the longest text of the batch has."""
    return x[:, :, : int(mask.sum(dim=2).max())].amax(dim=2)


def blocks_by_loop(length):
    blocks, field = 0, 1
    while field < length:
        field += 4 * 2**blocks
        blocks += 1
    return blocks


def blocks_by_bits(length):
    return ((length + 6) // 4 - 1).bit_length()


def blocks_below(length, per_block=4, first=1, least=0, field=1):
    blocks = least
    while field + per_block * first * (2**blocks - 1) < length:
        blocks += 1
    return blocks


RIGHT = {
    "3.2.a": [max_by_where, max_by_rows, max_by_sorting],
    "3.2.b": [
        blocks_by_loop,
        blocks_by_bits,
        lambda length: math.ceil(math.log2((length + 3) / 4)) if length > 1 else 0,
        lambda length: next(b for b in range(99) if 1 + 4 * (2**b - 1) >= length),
    ],
}

WRONG = {
    "3.2.a": [
        # Zeros win against negative numbers.
        lambda x, mask: torch.where(mask, x, 0.0).amax(dim=2),
        # NaN times zero is NaN.
        lambda x, mask: (x * mask).amax(dim=2),
        # Minus infinity for a text without letters.
        lambda x, mask: torch.where(mask, x, -torch.inf).amax(dim=2),
        # The padding is not looked at.
        lambda x, mask: x.amax(dim=2),
        # Changes x.
        max_in_place,
        # A very negative number is added, and NaN stays NaN.
        max_of_shifted,
        # Wrong below -10.
        max_from_minus_ten,
        # Cut for all texts alike.
        max_of_first,
        # The largest of the channels.
        lambda x, mask: torch.where(mask, x, 0.0).amax(dim=1),
        # Never below zero.
        lambda x, mask: max_by_where(x, mask).clamp(min=0),
        # No gradient.
        lambda x, mask: max_by_where(x.detach(), mask),
        # The mean.
        lambda x, mask: torch.where(mask, x, 0.0).sum(2) / mask.sum(2).clamp(min=1),
    ],
    "3.2.b": [
        # More than `length`.
        lambda length: blocks_below(length + 1),
        # One convolution in each block.
        lambda length: blocks_below(length, per_block=2),
        # The first dilation is 2.
        lambda length: blocks_below(length, first=2),
        # At least one block, even for a single position.
        lambda length: blocks_below(length, least=1),
        # The position itself is forgotten.
        lambda length: blocks_below(length, field=0),
        # All dilations are 1.
        lambda length: math.ceil((length - 1) / 4),
        # Rounded down.
        lambda length: int(math.log2((length + 3) / 4)),
        # Always one more.
        lambda length: int(math.log2((length + 3) / 4)) + 1,
        # The million.
        lambda length: 18,
    ],
}
