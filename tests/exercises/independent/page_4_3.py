import itertools
import math

import numpy as np
import torch


def expected_by_keys(accuracy, missing, chance=0.1):
    total = math.prod(missing.values()) * chance
    for subset, score in accuracy.items():
        here = [1 - p if name in subset else p for name, p in missing.items()]
        total += math.prod(here) * score
    return total


def expected_by_subsets(accuracy, missing, chance=0.1):
    known = {frozenset(subset): score for subset, score in accuracy.items()}
    total = 0.0
    for there in itertools.product([False, True], repeat=len(missing)):
        probability, subset = 1.0, set()
        for (name, p), is_there in zip(missing.items(), there, strict=True):
            probability *= 1 - p if is_there else p
            subset |= {name} if is_there else set()
        total += probability * known.get(frozenset(subset), chance)
    return total


def expected_by_numpy(accuracy, missing, chance=0.1):
    p = np.array(list(missing.values()))
    scores = [chance, *accuracy.values()]
    there = np.array([[name in subset for name in missing] for subset in ((), *accuracy)])
    return np.where(there, 1 - p, p).prod(axis=1) @ np.array(scores)


def expected_in_order(accuracy, missing, chance=0.1):
    total = 0.0
    for count in range(len(missing) + 1):
        for subset in itertools.combinations(missing, count):
            p = math.prod(1 - q if name in subset else q for name, q in missing.items())
            total += p * accuracy.get(subset, chance)
    return total


def expected_with(accuracy, missing, chance, weight):
    total = chance * math.prod(missing.values())
    for subset, score in accuracy.items():
        total += score * weight(subset, missing)
    return total


def only_there(subset, missing):
    return math.prod(1 - missing[name] for name in subset)


def only_gone(subset, missing):
    return math.prod(p for name, p in missing.items() if name not in subset)


def exchanged(subset, missing):
    return math.prod(p if name in subset else 1 - p for name, p in missing.items())


def expected_and_noted(accuracy, missing, chance=0.1):
    accuracy[()] = chance
    return expected_by_subsets(accuracy, missing, chance)


def normalized(accuracy, missing, chance=0.1):
    nothing = math.prod(missing.values())
    return expected_by_keys(accuracy, missing, 0.0) / max(1 - nothing, 1e-9)


def complete_by_where(h, present, absent):
    batch = len(next(iter(h.values())))
    full = {}
    for name, learnt in absent.items():
        rows = learnt.expand(batch, -1)
        if name in h and name in present:
            full[name] = torch.where(present[name][:, None], h[name], rows)
        else:
            full[name] = h.get(name, rows)
    return full


def complete_by_rows(h, present, absent):
    """Put every row together by itself."""
    batch = next(iter(h.values())).shape[0]
    result = {}
    for name in absent:
        mask = present.get(name, torch.ones(batch, dtype=torch.bool))
        rows = []
        for i in range(batch):
            rows.append(h[name][i] if name in h and mask[i] else absent[name])
        result[name] = torch.stack(rows)
    return result


def complete_by_lerp_free_index(h, present, absent):
    (batch, _), *_ = (x.shape for x in h.values())
    result = {}
    for name, learnt in absent.items():
        x = learnt[None].repeat(batch, 1)
        if name in h:
            there = present.get(name, torch.full((batch,), True)).nonzero().flatten()
            x = x.index_copy(0, there, h[name][there])
        result[name] = x
    return result


def complete_by_product(h, present, absent):
    full = complete_by_where(h, {}, absent)
    for name, mask in present.items():
        if name in h:
            m = mask[:, None].float()
            full[name] = m * h[name] + (1 - m) * absent[name]
    return full


def complete_with_zeros(h, present, absent):
    zeros = {name: torch.zeros_like(learnt) for name, learnt in absent.items()}
    return complete_by_where(h, present, zeros)


def order_of_h(h, present, absent):
    full = complete_by_where(h, present, absent)
    return {name: full[name] for name in [*h, *(absent.keys() - h.keys())]}


def not_expanded(h, present, absent):
    full = complete_by_where(h, present, absent)
    return {name: x if name in h else absent[name] for name, x in full.items()}


def detached(h, present, absent):
    return complete_by_where(h, present, {n: x.detach() for n, x in absent.items()})


def h_changed(h, present, absent):
    for name, x in complete_by_where(h, present, absent).items():
        h[name] = x
    return {name: h[name] for name in absent}


def rows_changed(h, present, absent):
    for name, mask in present.items():
        if name in h:
            with torch.no_grad():
                h[name][~mask] = absent[name]
    return complete_by_where(h, {}, absent)


RIGHT = {
    "4.3.a": [expected_by_keys, expected_by_subsets, expected_by_numpy],
    "4.3.b": [complete_by_where, complete_by_rows, complete_by_lerp_free_index],
}

WRONG = {
    "4.3.a": [
        # Nothing for chance.
        lambda accuracy, missing, chance=0.1: expected_by_keys(accuracy, missing, 0.0),
        # Chance counts fully.
        lambda accuracy, missing, chance=0.1: expected_by_keys(accuracy, missing, 0.0) + chance,
        # The chance of the example, whatever was given.
        lambda accuracy, missing, chance=0.1: expected_by_keys(accuracy, missing, 0.1),
        # The others may be missing or not.
        lambda accuracy, missing, chance=0.1: expected_with(accuracy, missing, chance, only_there),
        # Those at hand may be missing.
        lambda accuracy, missing, chance=0.1: expected_with(accuracy, missing, chance, only_gone),
        # Missing and present exchanged.
        lambda accuracy, missing, chance=0.1: expected_with(accuracy, missing, chance, exchanged),
        # As if something were always there.
        normalized,
        # All subsets equally often.
        lambda accuracy, missing, chance=0.1: sum(accuracy.values()) / len(accuracy),
        # Finds a subset only if its names stand in the order of `missing`.
        expected_in_order,
        # Changes the dictionary.
        expected_and_noted,
    ],
    "4.3.b": [
        # NaN times zero is NaN.
        complete_by_product,
        # Zeros, as before.
        complete_with_zeros,
        # In the order of the senses at hand.
        order_of_h,
        # A missing sense has one row only.
        not_expanded,
        # Nothing is learned.
        detached,
        # Changes the dictionary.
        h_changed,
        # Changes the features, and nothing is learned from them.
        rows_changed,
        # Masks are not looked at.
        lambda h, present, absent: complete_by_where(h, {}, absent),
        # Masks the other way round.
        lambda h, present, absent: complete_by_where(
            h, {name: ~mask for name, mask in present.items()}, absent
        ),
        # Only the senses at hand.
        lambda h, present, absent: {
            name: x for name, x in complete_by_where(h, present, absent).items() if name in h
        },
        # Added to what is there.
        lambda h, present, absent: {
            name: x + absent[name] for name, x in complete_by_where(h, present, absent).items()
        },
    ],
}
