import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def count_maps(width, hidden):
    maps = [(width, 3 * width), (width, width), (width, hidden), (hidden, width)]
    return sum((inside + 1) * outside for inside, outside in maps) + 4 * width


def fewer(take):
    """Count, and take off what somebody has forgotten."""
    return lambda width, hidden: count_maps(width, hidden) - take(width, hidden)


def by_building(width, hidden):
    layer = torch.nn.TransformerEncoderLayer(width, 1, hidden, batch_first=True)
    return sum(weights.numel() for weights in layer.parameters())


def row_by_row(q, k, v, real):
    answers = []
    for queries, keys, values, there in zip(q, k, v, real, strict=True):
        keys, values = keys[there], values[there]
        if len(keys) == 0:
            answers.append(0 * torch.ones_like(queries))
            continue
        scores = torch.einsum("id,jd->ij", queries, keys) / math.sqrt(queries.shape[1])
        answers.append(torch.einsum("ij,jd->id", scores.softmax(dim=1), values))
    return torch.stack(answers)


def in_numpy(q, k, v, real):
    q, k, v, real = (x.numpy() for x in (q.double(), k.double(), v.double(), real))
    k, v = np.where(real[:, :, None], k, 0), np.where(real[:, :, None], v, 0)
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
    powers = np.exp(scores - scores.max(axis=2, keepdims=True)) * real[:, None]
    return powers @ v / np.maximum(powers.sum(axis=2, keepdims=True), 1e-30)


def with_exponentials(q, k, v, real):
    k, v = (x.masked_fill(~real.unsqueeze(2), 0) for x in (k, v))
    powers = (q @ k.mT / q.shape[-1] ** 0.5).exp() * real.unsqueeze(1)
    return powers @ v / powers.sum(dim=2, keepdim=True).clamp(min=1e-30)


def attend(q, k, v, real, scale="root", fill=-torch.inf, dim=2, invert=False, after=False):
    """Attention in which one thing may be wrong."""
    sizes = {"root": q.shape[2] ** 0.5, "none": 1, "all": q.shape[2], "n": q.shape[1] ** 0.5}
    scores = q @ k.mT / sizes[scale]
    real = ~real if invert and not real.all() else real
    if fill is not None and not after:
        scores = torch.where(real[:, None], scores, fill)
    weights = scores.softmax(dim=dim)
    return (weights * real[:, None] if after else weights) @ v


def wrong(**changes):
    return lambda q, k, v, real: attend(q, k, v, real, **changes)


def filled(scores, real):
    return scores.masked_fill(~real[:, None], -torch.inf)


def cleaned(q, k, v, real):
    return attend(q, k.masked_fill(~real[..., None], 0), v.masked_fill(~real[..., None], 0), real)


def exchanged(q, k, v, real):
    return filled(k @ q.mT / q.shape[2] ** 0.5, real).softmax(dim=2) @ v


def also_at_padding(q, k, v, real):
    return torch.where(real[:, :, None], row_by_row(q, k, v, real), 0.0)


def a_mean_for_nothing(q, k, v, real):
    k, v = (torch.where(real[:, :, None], x, 0.0) for x in (k, v))
    scores = torch.where(real[:, None], q @ k.mT / q.shape[2] ** 0.5, -1e9)
    return scores.softmax(dim=2) @ torch.where(real.any(dim=1)[:, None, None], v, 1.0)


def torchs_own(q, k, v, real):
    k, v = (torch.where(real[:, :, None], x, 0.0) for x in (k, v))
    mask = real[:, None].expand(-1, q.shape[1], -1)
    read = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return torch.where(real.any(dim=1)[:, None, None], read, 0.0)


def detached(q, k, v, real):
    return row_by_row(q.detach(), k, v, real)


READ = {
    "A": "head is blind",
    "B": "skip one block",
    "C": "stop early",
    "D": "needs every block",
}


def misread(a, b):
    return READ | {a: READ[b], b: READ[a]}


def tell(encode, nan=True, more=True, anagram=True, meet=True):
    """Diagnose an encoder, some tests left out."""
    full = torch.tensor([[20, 30, 40, 50], [30, 20, 40, 50]])
    h = encode(full)
    if nan and not h.isfinite().all():
        return "mask inverted"
    h = h.nan_to_num()
    if more and (encode(F.pad(full, (0, 3))) - h).abs().max() > 1e-6:
        return "mask forgotten"
    if anagram and (h[0] - h[1]).abs().max() < 1e-6:
        return "no positions"
    if meet:
        a, b, c, d = encode(torch.tensor([[20, 30], [20, 31], [21, 30], [21, 31]]))
        if (a - b - c + d).abs().max() < 1e-6:
            return "letters never meet"
    return "healthy"


def without(**tests):
    return lambda encode: tell(encode, **tests)


ANSWERS = {
    "3.3.a": Answers(
        right=count_maps,
        also_right=[lambda c, h: np.int64(4 * c * c + 2 * c * h + h + 9 * c)],
        wrong={
            "has a bias": fewer(lambda c, h: 5 * c + h),
            "two normalizations": fewer(lambda c, h: 2 * c),
            "a weight and a bias for each feature": fewer(lambda c, h: 4 * c),
            "a fourth leads": fewer(lambda c, h: c * (c + 1)),
            "to `hidden` and back": fewer(lambda c, h: h * (c + 1)),
            "take 12,704": lambda c, h: 12 * c * c,
            "write a formula": by_building,
            "for (1, 1)": lambda c, h: 12 * c * c + 13 * c,
        },
    ),
    "3.3.b": Answers(
        right=row_by_row,
        also_right=[in_numpy, with_exponentials],
        wrong={
            "not divided": wrong(scale="none"),
            "not by the number itself": wrong(scale="all"),
            "not of the number of positions": wrong(scale="n"),
            "runs over the queries": wrong(dim=1),
            "are exchanged": exchanged,
            "padding is still read": wrong(fill=None),
            "only the padding is read": wrong(invert=True),
            "no longer add up to 1": wrong(after=True),
            "a score of 0": wrong(fill=0.0),
            "NaN at the padding": attend,
            "gives NaN": cleaned,
            "has nothing to read: 0": a_mean_for_nothing,
            "gets its answer": also_at_padding,
            "one vector for each query": lambda *given: row_by_row(*given).mean(dim=1),
            "without torch's own attention": torchs_own,
            "no gradient reaches `q`": detached,
        },
    ),
    "3.3.c": Answers(
        right=0.8,
        also_right=[np.float64(0.75), lambda: 0.78],
        wrong={
            "if all scores were equal": 1 / 16,
            "lie close together": 1.0,
            "from 0 to 1": 1.5,
            "one number": "large",
            "a standard deviation of": 0.25,
        },
    ),
    "3.3.d": Answers(
        right=READ,
        also_right=[lambda: dict(reversed(READ.items()))],
        wrong={
            "A does not look like that: true, but": misread("A", "D"),
            "A does not look like that: no block": misread("A", "B"),
            "A does not look like that: the accuracy": misread("A", "C"),
            "B does not look like that: look at": misread("B", "D"),
            "B does not look like that: the accuracy": misread("B", "C"),
            "C does not look like that: look at": misread("C", "D"),
            "each occurs once": READ | {"D": "stop early"},
            "choose one of": READ | {"D": "all"},
            "a reading for each": ["A", "B"],
        },
    ),
    "3.3.e": Answers(
        right=tell,
        also_right=[lambda encode: str(tell(encode))],
        wrong={
            'that is "mask inverted"': without(nan=False),
            'that is "mask forgotten"': without(more=False),
            'that is "no positions"': without(anagram=False),
            'that is "letters never meet"': without(meet=False),
            'that is "healthy"': lambda encode: "no positions",
            "return one of": lambda encode: "faulty",
        },
    ),
}
