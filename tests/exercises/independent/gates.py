"""Answers to 3.7.e: gates for modalities of which some are missing."""

import torch
from torch.nn import functional as F


def emptied(features, present):
    return [torch.where(present[:, m, None], x, 0.0) for m, x in enumerate(features)]


def gate_by_softmax(features, W, V, present):
    features = emptied(features, present)
    h = torch.cat(features, dim=1)
    scores = torch.stack([h @ v.T for v in V], dim=1)
    scores = scores.masked_fill(~present[:, :, None], -torch.inf)
    nobody = ~present.any(dim=1)[:, None, None]
    shares = scores.masked_fill(nobody, 0.0).softmax(dim=1)
    said = torch.stack([torch.tanh(x @ w.T) for x, w in zip(features, W, strict=True)], dim=1)
    return (shares * said * present[:, :, None]).sum(dim=1)


def gate_by_exponentials(features, W, V, present):
    """Go through the modalities, and keep numerator and denominator."""
    features = emptied(features, present)
    h = torch.cat(features, dim=-1)
    scores = [F.linear(h, v) for v in V]
    top = torch.stack(scores).amax(dim=0).detach()
    above, below = 0.0, 0.0
    for m, (x, w, score) in enumerate(zip(features, W, scores, strict=True)):
        e = torch.where(present[:, m : m + 1], (score - top).exp(), 0.0)
        above, below = above + e * F.linear(x, w).tanh(), below + e
    return above / torch.where(below > 0, below, 1.0)


def gate_by_examples(features, W, V, present):
    """Work on one example after the other, with the modalities that it has."""
    rows = []
    for i, here in enumerate(present.tolist()):
        mine = [
            x[i] if there else torch.zeros_like(x[i])
            for x, there in zip(features, here, strict=True)
        ]  # noqa: E501
        h = torch.cat(mine)
        at_hand = [m for m, there in enumerate(here) if there]
        z = torch.zeros(W[0].shape[0])
        if at_hand:
            shares = torch.softmax(torch.stack([V[m] @ h for m in at_hand]), dim=0)
            for share, m in zip(shares, at_hand, strict=True):
                z = z + share * torch.tanh(W[m] @ mine[m])
        rows.append(z)
    return torch.stack(rows)


def parts(features, W, V, present, axis=1):
    """Return shares and contents as a beginner would, from features as they are."""
    h = torch.cat(features, dim=1)
    scores = torch.stack([h @ v.T for v in V], dim=1)
    said = torch.stack([torch.tanh(x @ w.T) for x, w in zip(features, W, strict=True)], dim=1)
    return scores, said


def nan_gets_through(features, W, V, present):
    features = [x * present[:, m, None] for m, x in enumerate(features)]
    return gate_from(*parts(features, W, V, present), present)


def gate_from(scores, said, present):
    shares = scores.masked_fill(~present[:, :, None], -1e9).softmax(dim=1)
    return (shares * said * present[:, :, None]).sum(dim=1)


def shares_not_restored(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    return (scores.softmax(dim=1) * present[:, :, None] * said).sum(dim=1)


def nan_if_nothing(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    shares = scores.masked_fill(~present[:, :, None], -torch.inf).softmax(dim=1)
    return (shares * said).sum(dim=1)


def over_numbers_of_z(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    return (scores.softmax(dim=2) * present[:, :, None] * said).sum(dim=1)


def by_sigmoids(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    return (scores.sigmoid() * present[:, :, None] * said).sum(dim=1)


def not_emptied_in_h(features, W, V, present):
    scores, said = parts([x.nan_to_num() for x in features], W, V, present)
    return gate_from(scores, said, present)


def without_tanh(features, W, V, present):
    features = emptied(features, present)
    scores, _ = parts(features, W, V, present)
    said = torch.stack([x @ w.T for x, w in zip(features, W, strict=True)], dim=1)
    return gate_from(scores, said, present)


def overflows(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    e = scores.exp() * present[:, :, None]
    return (e * said).sum(dim=1) / e.sum(dim=1).clamp(min=1e-30)


def empties_in_place(features, W, V, present):
    for m, x in enumerate(features):
        x[~present[:, m]] = 0
    return gate_by_softmax(features, W, V, present)


def for_two_only(features, W, V, present):
    return gate_by_softmax(
        features[:2], W[:2], [v[:, : features[0].shape[1] + features[1].shape[1]] for v in V[:2]],
        present[:, :2],
    )  # fmt: skip


def one_share_for_all(features, W, V, present):
    scores, said = parts(emptied(features, present), W, V, present)
    return gate_from(scores.mean(dim=2, keepdim=True).expand_as(scores), said, present)


def missing_for_all(features, W, V, present):
    return gate_by_softmax(features, W, V, present.all(dim=0).expand_as(present))


RIGHT = [gate_by_softmax, gate_by_exponentials, gate_by_examples]

WRONG = [
    # NaN times zero is NaN.
    nan_gets_through,
    # Those present do not share the whole.
    shares_not_restored,
    # NaN where nothing is present.
    nan_if_nothing,
    # Softmax over the numbers of z.
    over_numbers_of_z,
    # Shares that do not sum to 1.
    by_sigmoids,
    # What is missing still speaks in h.
    not_emptied_in_h,
    # No tanh.
    without_tanh,
    # exp of a large score is infinite.
    overflows,
    # Changes the features.
    empties_in_place,
    # For two modalities.
    for_two_only,
    # One share for all numbers of z.
    one_share_for_all,
    # Missing in one example counts as missing in all.
    missing_for_all,
    # The gate learns nothing.
    lambda features, W, V, present: gate_by_softmax(features, W, [v.detach() for v in V], present),
]
