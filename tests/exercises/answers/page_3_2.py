import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def by_loop(x, mask):
    pooled = torch.zeros(x.shape[:2])
    for text in range(len(x)):
        real = x[text][:, mask[text, 0]]
        if real.shape[1]:
            pooled[text] = real.max(dim=1).values
    return pooled


def emptied(x, mask):
    return torch.where(mask, x, 0.0).amax(dim=2)


def with_a_large_number(x, mask):
    return torch.where(mask, x, -1e4).amax(dim=2)


def lowered(x, mask):
    infinite = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    return (x + infinite).amax(dim=2)


def infinite_when_empty(x, mask):
    return torch.where(mask, x, -torch.inf).amax(dim=2)


def by_formula(length):
    return math.ceil(math.log2((length + 3) / 4))


def one_convolution(length):
    return math.ceil(math.log2((length + 1) / 2))


def one_mask_for_all(x, mask):
    return by_loop(x, mask[:1].expand(len(x), 1, -1) if len(x) > 2 else mask)


ANSWERS = {
    "3.2.a": Answers(
        right=by_loop,
        also_right=[
            lambda x, mask: np.nan_to_num(
                np.max(x.numpy(), axis=2, where=mask.numpy(), initial=-np.inf), neginf=0
            )
        ],
        wrong={
            "for (a Tensor of shape (3, 2, 5)": one_mask_for_all,
            "9 stands in the padding": lambda x, mask: x.amax(dim=2),
            "is −2, not 0": emptied,
            "take minus infinity": with_a_large_number,
            "NaN in the padding": lowered,
            "without letters must give 0": infinite_when_empty,
            "one number for each text": lambda x, mask: torch.where(mask, x, -torch.inf),
            "expected 5 and −2": lambda x, mask: torch.where(mask, x, 0.0).sum(dim=2),
        },
    ),
    "3.2.b": Answers(
        right=by_formula,
        also_right=[lambda length: np.int64(by_formula(length))],
        wrong={
            "two convolutions": one_convolution,
            "doubles from block to block": lambda length: math.ceil((length - 1) / 4),
            "29 is enough for 29": lambda length: by_formula(length + 1),
            "round up": lambda length: math.floor(math.log2((length + 3) / 4)),
            "no block at all": lambda length: max(1, by_formula(length)),
            "expected 3, 4, 5, 0 and 2": lambda length: 4 if length == 100 else by_formula(length),
            "yours begin with 2": lambda length: max(0, math.ceil(math.log2((length + 7) / 8))),
        },
    ),
}
