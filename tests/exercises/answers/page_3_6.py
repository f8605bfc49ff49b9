import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def mapped(features, factors):
    ones = [torch.cat([h, torch.ones(len(h), 1)], dim=1) for h in features]
    return torch.stack(
        [torch.einsum("bd,rds->brs", h, W) for h, W in zip(ones, factors, strict=True)]
    )


def rank_by_rank(features, factors, bias):
    total = bias
    for rank in range(len(factors[0])):
        term = 1
        for h, W in zip(features, factors, strict=True):
            term = term * (h @ W[rank, :-1] + W[rank, -1])
        total = total + term
    return total


def one_in_front(features, factors, bias):
    moved = [torch.cat([W[:, 1:], W[:, :1]], dim=1) for W in factors]
    return rank_by_rank(features, moved, bias)


def tell(g, h_I, h_T, alone=True, ignored=True, interaction=True):
    """Diagnose a fusion, some tests left out."""
    z = g(h_I, h_T)
    if alone:
        one_by_one = [g(h_I[i : i + 1], h_T[i : i + 1]) for i in range(len(z))]
        if (torch.cat(one_by_one) - z).abs().max() > 1e-3:
            return "examples mixed"
    order = torch.arange(len(z)).flip(0)
    image, text = g(h_I[order], h_T), g(h_I, h_T[order])
    if ignored and (image - z).norm() < 1e-3:
        return "image ignored"
    if ignored and (text - z).norm() < 1e-3:
        return "text ignored"
    rest = z - image - text + g(h_I[order], h_T[order])
    return "no interaction" if interaction and rest.norm() < 1e-3 else "healthy"


def without(**tests):
    return lambda g, h_I, h_T: tell(g, h_I, h_T, **tests)


def swapped(g, h_I, h_T):
    found = tell(g, h_I, h_T)
    return {"image ignored": "text ignored", "text ignored": "image ignored"}.get(found, found)


def look(
    X,
    words,
    null,
    real,
    W_q,
    W_k,
    W_v,
    shortcut=True,
    scale=lambda s: s**0.5,
    with_null=True,
    mask=True,
    replace=True,
    right=True,
    values=True,
):
    """Answer the questions of one example after the other, with the words that are real."""
    if not right:
        W_q, W_k, W_v = W_q.T, W_k.T, W_v.T
    rows = []
    for x, w, there in zip(X, words, real, strict=True):
        w = w[there] if mask else (w * there[:, None] if replace else w)
        C = torch.cat([w, null[None]]) if with_null else w
        scores = (x @ W_q) @ (C @ W_k).T / scale(X.shape[2])
        answer = scores.softmax(1) @ (C @ W_v if values else C)
        rows.append(x + answer if shortcut else answer)
    return torch.stack(rows)


def look_with(**changes):
    return lambda *given: look(*given, **changes)


def across(X, words, null, real, W_q, W_k, W_v):
    C = torch.cat([words, null.expand(len(X), 1, -1)], 1)
    scores = (X @ W_q) @ (C @ W_k).mT / X.shape[2] ** 0.5
    return X + scores.softmax(1) @ (C @ W_v)


def masked_only(X, words, null, real, W_q, W_k, W_v):
    """Give padding the weight 0, and let its numbers through."""
    C = torch.cat([words, null.expand(len(X), 1, -1)], 1)
    there = torch.cat([real, torch.ones_like(real[:, :1])], 1)
    scores = (X @ W_q) @ (C @ W_k).mT / X.shape[2] ** 0.5
    return X + scores.masked_fill(~there[:, None], -torch.inf).softmax(2) @ (C @ W_v)


def null_masked(X, words, null, real, W_q, W_k, W_v):
    words = words.where(real[..., None], torch.zeros(()))
    C = torch.cat([words, null.expand(len(X), 1, -1)], 1)
    there = torch.cat([real, real.any(1, keepdim=True)], 1)
    scores = (X @ W_q) @ (C @ W_k).mT / X.shape[2] ** 0.5
    return X + scores.masked_fill(~there[:, None], -torch.inf).softmax(2) @ (C @ W_v)


def packaged_attention(X, words, null, real, W_q, W_k, W_v):
    words = words.where(real[..., None], torch.zeros(()))
    C = torch.cat([words, null.expand(len(X), 1, -1)], 1)
    there = torch.cat([real, torch.ones_like(real[:, :1])], 1)
    return X + torch.nn.functional.scaled_dot_product_attention(
        X @ W_q, C @ W_k, C @ W_v, attn_mask=there[:, None]
    )


def three_at_most(features, factors, bias):
    maps = [h @ W[:, :-1] + W[:, -1:] for h, W in zip(features[:3], factors, strict=False)]
    return torch.stack(maps).prod(dim=0).sum(dim=0) + bias


ANSWERS = {
    "3.6.a": Answers(
        right=lambda: [-2, 0.5, -1, 0],
        also_right=[lambda: np.array([0.5, -2, -1, 0]), lambda: torch.tensor([1, -1, -1, 0])],
        wrong={
            "which c takes the 1 away": lambda: (1, -1, 0, 0),
            "turn one sign": lambda: (1, 1, -1, 0),
            "does not depend on the text": lambda: (1, 0, -1, 0),
            "moves all four corners": lambda: (1, -1, -1, 1),
            "picture is not used": lambda: (0, 1, -1, 0),
            "return four numbers": lambda: (1, -1),
            "should give": lambda: (1, -2, -1, 0),
        },
    ),
    "3.6.b": Answers(
        right=rank_by_rank,
        also_right=[lambda *given: rank_by_rank(*given).double().numpy()],
        wrong={
            "for ([": three_at_most,
            "before you multiply": lambda features, factors, bias: (
                mapped(features, factors).sum(dim=2).prod(dim=0) + bias
            ),
            "that is the sum again": lambda features, factors, bias: (
                mapped(features, factors).sum(dim=(0, 2)) + bias
            ),
            "bias is missing": lambda features, factors, bias: (
                mapped(features, factors).prod(dim=0).sum(dim=1)
            ),
            "the 1 stands in front": one_in_front,
            "two modalities only": lambda features, factors, bias: rank_by_rank(
                features[:2], factors[:2], bias
            ),
            "four ranks is left": lambda features, factors, bias: (
                mapped(features, factors).prod(dim=0) + bias
            ),
            "differ from the formula": lambda features, factors, bias: rank_by_rank(
                features, factors, -bias
            ),
        },
    ),
    "3.6.c": Answers(
        right=0.9,
        also_right=[torch.tensor(0.9), np.float32(0.89), lambda: 1 - 0.1],
        wrong={
            "three of the four corners right at most": 1,
            "count them by their shares": 0.75,
            "a *balanced* XOR": 0.5,
            "more frequent": 0.6,
            "Which corner costs least": 0.7,
            "Which corner will": 0.33,
            "from 0 to 1": 90,
        },
    ),
    "3.6.d": Answers(
        right=tell,
        also_right=[
            lambda g, h_I, h_T: str(tell(lambda a, b: g(a.double(), b.double()), h_I, h_T))
        ],
        wrong={
            "The first example alone": without(alone=False),
            "Other images beside": without(ignored=False),
            "whichever text stands beside it": without(interaction=False),
            'called "text ignored"': swapped,
            "Allow for rounding": lambda g, h_I, h_T: (
                "examples mixed" if len(g(h_I, h_T)) > 1 else "healthy"
            ),
            "return one of": lambda g, h_I, h_T: True,
        },
    ),
    "3.6.e": Answers(
        right=look,
        also_right=[lambda *given: look(*given).detach().numpy().astype("float64")],
        wrong={
            "shortcut is missing": look_with(shortcut=False),
            "null token is not among": look_with(with_null=False),
            "root of s before the softmax": look_with(scale=lambda s: 1),
            "not by s": look_with(scale=lambda s: s),
            "runs over the wrong axis": across,
            "stand on the right": look_with(right=False),
            "are the values": look_with(values=False),
            "still gets a weight": look_with(mask=False),
            "here nan": masked_only,
            "has no words": null_masked,
            "no packaged attention": packaged_attention,
            "has the shape of X": lambda *given: look(*given).mean(1),
            "differ from the formula": lambda *given: 2 * look(*given),
        },
    ),
}
