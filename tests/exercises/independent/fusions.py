"""Answers to 3.6.d: what finds the fault of a fusion from outside."""

import numpy as np
import torch


def distance(a, b):
    return (a - b).abs().max().item()


def mixes(g, h_I, h_T):
    """Exchange all examples but one, and look at that one, for each example."""
    z = g(h_I, h_T)
    for i in range(len(h_I)):
        other_I, other_T = torch.randn_like(h_I), torch.randn_like(h_T)
        other_I[i], other_T[i] = h_I[i], h_T[i]
        if distance(g(other_I, other_T)[i], z[i]) > 1e-4:
            return True
    return False


@torch.no_grad()
def by_four_calls(g, h_I, h_T):
    if mixes(g, h_I, h_T):
        return "examples mixed"
    other_I, other_T = torch.randn_like(h_I), torch.randn_like(h_T)
    a, b, c, d = g(h_I, h_T), g(other_I, h_T), g(h_I, other_T), g(other_I, other_T)
    if distance(a, b) < 1e-5:
        return "image ignored"
    if distance(a, c) < 1e-5:
        return "text ignored"
    return "no interaction" if distance(a - b, c - d) < 1e-4 else "healthy"


def by_numpy(g, h_I, h_T):
    rng = np.random.default_rng(0)

    def call(image, text):
        with torch.no_grad():
            return g(torch.tensor(image), torch.tensor(text)).numpy()

    kept = h_I.detach().numpy(), h_T.detach().numpy()
    new = [rng.permutation(h.ravel()).reshape(h.shape) + np.float32(0.5) for h in kept]
    z = call(*kept)
    for row in range(len(z)):
        mates = [h.copy() for h in new]
        for mate, h in zip(mates, kept, strict=True):
            mate[row] = h[row]
        if not np.allclose(call(*mates)[row], z[row], atol=1e-4):
            return "examples mixed"
    image, text, both = call(new[0], kept[1]), call(kept[0], new[1]), call(*new)
    if np.allclose(image, z, atol=1e-5):
        return "image ignored"
    if np.allclose(text, z, atol=1e-5):
        return "text ignored"
    return "no interaction" if np.allclose(z + both, image + text, atol=1e-4) else "healthy"


def without_mixing(g, h_I, h_T):
    other_I, other_T = torch.randn_like(h_I), torch.randn_like(h_T)
    a, b, c, d = g(h_I, h_T), g(other_I, h_T), g(h_I, other_T), g(other_I, other_T)
    if distance(a, b) < 1e-5:
        return "image ignored"
    if distance(a, c) < 1e-5:
        return "text ignored"
    return "no interaction" if distance(a - b, c - d) < 1e-4 else "healthy"


def by_permuting(g, h_I, h_T):
    order = torch.arange(len(h_I)).flip(0)
    if distance(g(h_I[order], h_T[order]), g(h_I, h_T)[order]) > 1e-4:
        return "examples mixed"
    return without_mixing(g, h_I, h_T)


def with_exact_equality(g, h_I, h_T):
    name = by_four_calls(g, h_I, h_T)
    if name != "no interaction":
        return name
    other_I, other_T = torch.randn_like(h_I), torch.randn_like(h_T)
    a, b, c, d = g(h_I, h_T), g(other_I, h_T), g(h_I, other_T), g(other_I, other_T)
    return "no interaction" if torch.equal(a - b, c - d) else "healthy"


def without_exchange(g, h_I, h_T):
    """Compare z with itself: a difference of differences of one picture is always zero."""
    name = by_four_calls(g, h_I, h_T)
    return "no interaction" if name == "healthy" else name


def sides_exchanged(g, h_I, h_T):
    name = by_four_calls(g, h_I, h_T)
    other = {"image ignored": "text ignored", "text ignored": "image ignored"}
    return other.get(name, name)


def interaction_first(g, h_I, h_T):
    """What ignores a side has no interaction either."""
    name = by_four_calls(g, h_I, h_T)
    return "no interaction" if name.endswith("ignored") else name


def too_tolerant(g, h_I, h_T):
    if mixes(g, h_I, h_T):
        return "examples mixed"
    other_I, other_T = h_I + 1e-4, h_T + 1e-4
    a, b, c = g(h_I, h_T), g(other_I, h_T), g(h_I, other_T)
    if distance(a, b) < 1e-2:
        return "image ignored"
    return "text ignored" if distance(a, c) < 1e-2 else "healthy"


def overwrites(g, h_I, h_T):
    name = by_four_calls(g, h_I, h_T)
    h_I.normal_()
    return name


def for_no_interaction_blind(g, h_I, h_T):
    name = by_four_calls(g, h_I, h_T)
    return "healthy" if name == "no interaction" else name


def mixing_at_random(g, h_I, h_T):
    return "examples mixed" if distance(g(h_I, h_T)[:1], g(h_I, h_T)[1:2]) > 0 else "healthy"


RIGHT = [by_four_calls, by_numpy]

WRONG = [
    # Does not look for mixing.
    without_mixing,
    # Means over the batch do not care for the order either.
    by_permuting,
    # Sums of floats are not exactly equal.
    with_exact_equality,
    # Sees no interaction anywhere.
    without_exchange,
    # Image and text exchanged.
    sides_exchanged,
    # Says no interaction where a side is ignored.
    interaction_first,
    # Moves the features so little that nothing seems to matter.
    too_tolerant,
    # Right, but the features that were given are overwritten.
    overwrites,
    # Takes a sum for healthy.
    for_no_interaction_blind,
    # Different examples have different z.
    mixing_at_random,
    # Sees no fault.
    lambda g, h_I, h_T: "healthy",
    # Names that are not in the table.
    lambda g, h_I, h_T: by_four_calls(g, h_I, h_T).replace(" ", "_"),
]
