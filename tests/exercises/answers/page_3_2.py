import math

import numpy as np
import torch
from torch.nn import functional as F

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


def tell(encode, batch=True, mean=True, zeros=True, order=True):
    """Diagnose an encoder, some tests left out."""
    word = torch.tensor([[20, 30, 40, 50]])
    h = encode(word)[0]
    if batch and (encode(torch.cat([word, word.flip(1)]))[0] - h).abs().max() > 1e-6:
        return "statistics of the batch"
    longer = encode(F.pad(word, (0, 8)))[0]
    if mean and (3 * longer - h).abs().max() < 1e-6:
        return "plain mean"
    if zeros and (longer - h).abs().max() > 1e-6:
        return "padding read"
    if order and (encode(word.flip(1))[0] - h).abs().max() < 1e-6:
        return "bag of letters"
    return "healthy"


def without(**tests):
    return lambda encode: tell(encode, **tests)


def by_positions(x, weight, mask, d):
    """One position after the other."""
    x = x.masked_fill(~mask, 0)
    columns = []
    for i in range(x.shape[2]):
        column = x.new_zeros(len(x), len(weight))
        for tap, at in enumerate((i - d, i, i + d)):
            if 0 <= at < x.shape[2]:
                column = column + x[:, :, at] @ weight[:, :, tap].T
        columns.append(column)
    return torch.stack(columns, dim=2).masked_fill(~mask, 0)


def in_numpy(x, weight, mask, d):
    x = np.where(mask.numpy(), x.numpy(), 0)
    y = np.einsum("oi,bil->bol", weight[:, :, 1].numpy(), x)
    if d < x.shape[2]:
        y[:, :, d:] += np.einsum("oi,bil->bol", weight[:, :, 0].numpy(), x[:, :, :-d])
        y[:, :, :-d] += np.einsum("oi,bil->bol", weight[:, :, 2].numpy(), x[:, :, d:])
    return y * mask.numpy()


def with_torch(x, weight, mask, d):
    return F.conv1d(x.masked_fill(~mask, 0), weight, padding=d, dilation=d) * mask


def around(x, weight, mask, d):
    taps = (x.roll(d, 2), x, x.roll(-d, 2))
    return sum(torch.einsum("oi,bil->bol", weight[:, :, i], tap) for i, tap in enumerate(taps))


def by_matrix(x, weight, mask, d):
    """Right while the taps stay within the text."""
    return by_positions(x, weight, mask, min(d, x.shape[2] - 1))


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
    "3.2.c": Answers(
        right=0.75,
        also_right=[np.float64(0.73), lambda: 0.78],
        wrong={
            "the share of wrong *characters*": 0.3,
            "no error with probability": 0.5,
            "from 0 to 1": 75,
            "one number": "most",
        },
    ),
    "3.2.d": Answers(
        right=tell,
        also_right=[lambda encode: str(tell(encode))],
        wrong={
            'that is "statistics of the batch"': without(batch=False),
            'that is "plain mean"': without(mean=False),
            'that is "padding read"': without(zeros=False),
            'that is "bag of letters"': without(order=False),
            'that is "healthy"': lambda encode: "padding read",
            "return one of": lambda encode: "faulty",
        },
    ),
    "3.2.e": Answers(
        right=by_positions,
        also_right=[in_numpy],
        wrong={
            "still neighbors": lambda x, w, mask, d: by_positions(x, w, mask, 1),
            "taps are exchanged": lambda x, w, mask, d: by_positions(x, w.flip(2), mask, d),
            "the other end": around,
            "as many positions as x": lambda x, w, mask, d: by_positions(x, w, mask, d)[:, :, d:-d],
            "for the seven numbers": lambda x, w, mask, d: x * w[:, :, 1],
            "still read the padding": lambda x, w, mask, d: torch.where(
                mask, by_positions(x, w, torch.ones_like(mask), d), 0.0
            ),
            "at the padding the result": lambda x, w, mask, d: by_positions(
                torch.where(mask, x, 0.0), w, torch.ones_like(mask), d
            ),
            "NaN in the padding": lambda x, w, mask, d: torch.where(
                mask, by_positions(x * mask, w, torch.ones_like(mask), d), 0.0
            ),
            "beyond both ends": by_matrix,
            "without the convolutions": with_torch,
            "no gradient reaches `x`": lambda x, *rest: by_positions(x.detach(), *rest),
        },
    ),
}
