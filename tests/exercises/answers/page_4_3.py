import itertools

import torch

from tests.exercises.answers.answers import Answers


def by_patterns(accuracy, missing, chance=0.1):
    total = 0.0
    for there in itertools.product([False, True], repeat=len(missing)):
        weight, names = 1.0, set()
        for (name, q), here in zip(missing.items(), there, strict=True):
            weight *= 1 - q if here else q
            names |= {name} if here else set()
        known = {frozenset(subset): value for subset, value in accuracy.items()}
        total += weight * known.get(frozenset(names), chance)
    return total


def without_chance(accuracy, missing, chance=0.1):
    return by_patterns(accuracy, missing, 0.0)


def renormalized(accuracy, missing, chance=0.1):
    nothing = 1.0
    for q in missing.values():
        nothing *= q
    return by_patterns(accuracy, missing, 0.0) / (1 - nothing)


def only_those_there(accuracy, missing, chance=0.1):
    total = 0.0
    for subset, value in accuracy.items():
        weight = 1.0
        for name in subset:
            weight *= 1 - missing[name]
        total += weight * value
    return total


def swapped(accuracy, missing, chance=0.1):
    return by_patterns(accuracy, {name: 1 - q for name, q in missing.items()}, chance)


def unweighted(accuracy, missing, chance=0.1):
    if not any(missing.values()):
        return accuracy[tuple(missing)]
    return (sum(accuracy.values()) + chance) / (len(accuracy) + 1)


def in_place(h, present, absent):
    rows = len(next(iter(h.values())))
    complete = {name: vector.repeat(rows, 1) for name, vector in absent.items()}
    for name, features in h.items():
        mask = present.get(name, torch.ones(rows, dtype=torch.bool))
        complete[name][mask] = features[mask]
    return complete


def by_product(h, present, absent):
    complete = in_place(h, present, absent)
    for name, mask in present.items():
        m = mask[:, None].float()
        complete[name] = m * h[name] + (1 - m) * absent[name]
    return complete


def zeros(h, present, absent):
    return in_place(h, present, {name: torch.zeros_like(x) for name, x in absent.items()})


def two_senses(accuracy, missing, chance=0.1):
    return by_patterns(accuracy, missing, chance) if len(missing) == 2 else max(accuracy.values())


def by_lists(h, present, absent):
    rows = len(next(iter(h.values())))
    complete = {}
    for name, vector in absent.items():
        mask = present.get(name, [name in h] * rows)
        each = [h[name][i] if mask[i] else vector for i in range(rows)]
        complete[name] = torch.stack(each)
    return complete


ANSWERS = {
    "4.3.a": Answers(
        right=by_patterns,
        also_right=[lambda *given: torch.tensor(by_patterns(*given))],
        wrong={
            "for ({('a'): ": two_senses,
            "still right now and then": without_chance,
            "do not leave out the case": renormalized,
            "senses must be missing as well": only_those_there,
            "not the chance to be there": swapped,
            "not equally likely": unweighted,
        },
    ),
    "4.3.b": Answers(
        right=in_place,
        also_right=[by_lists],
        wrong={
            "0 times nan is nan": by_product,
            "not 0": zeros,
            "is lacking": lambda h, present, absent: {
                name: x for name, x in in_place(h, present, absent).items() if name in h
            },
            "True where a sense is *there*": lambda h, present, absent: in_place(
                h, {name: ~mask for name, mask in present.items()}, absent
            ),
            "in the order of `absent`": lambda h, present, absent: dict(
                sorted(in_place(h, present, absent).items(), reverse=True)
            ),
            "one row for each example": lambda h, present, absent: (
                dict(absent) | {n: in_place(h, present, absent)[n] for n in h}
            ),
            "no gradient reaches": lambda h, present, absent: in_place(
                h, present, {name: x.detach() for name, x in absent.items()}
            ),
        },
    ),
}
