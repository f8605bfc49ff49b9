import numpy as np
import torch

from mmtutor.exercises.page_7_5 import FAULTS
from tests.exercises.answers.answers import Answers


def drawn_by_noise(groups, share, generator):
    names, which = groups.unique(return_inverse=True)
    ranks = torch.rand(len(names), generator=generator).argsort().argsort()
    return (ranks < round(share * len(names)))[which]


def examples_drawn(groups, share, generator):
    return torch.rand(len(groups), generator=generator) < share


def the_rest(groups, share, generator):
    return ~drawn_by_noise(groups, share, generator)


def first_groups(groups, share, generator):
    return torch.isin(groups, groups.unique()[:2])


def without_generator(groups, share, generator):
    names = groups.unique()
    return torch.isin(groups, names[torch.randperm(len(names))[:2]])


def groups_of_examples(groups, share, generator):
    """Draw examples until two groups are found, so that large groups come more often."""
    order = groups[torch.randperm(len(groups), generator=generator)].tolist()
    return torch.isin(groups, torch.tensor(list(dict.fromkeys(order))[:2]))


def interval(right, people, people_first=True, correction=1, root=True, times=1.96):
    right, people = np.asarray(right, dtype=float), np.asarray(people)
    each = np.array([right[people == person].mean() for person in np.unique(people)])
    middle = each.mean() if people_first else right.mean()
    reach = times * each.std(ddof=correction) / (len(each) ** 0.5 if root else 1)
    return [middle - reach, middle + reach]


FOUND = dict(zip("ABCDE", (FAULTS[i] for i in (4, 1, 0, 3, 2)), strict=True))


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


ANSWERS = {
    "7.5.a": Answers(
        right=drawn_by_noise,
        also_right=[lambda g, s, r: ~torch.isin(g, g[~drawn_by_noise(g, s, r)])],
        wrong={
            "draw groups, not examples": examples_drawn,
            "not for the rest": the_rest,
            "whatever the generator": first_groups,
            "must give the same split": without_generator,
            "more often than others": groups_of_examples,
            "you hold out 4": lambda g, s, r: drawn_by_noise(g, 2 * s, r),
            "a bool tensor": lambda g, s, r: drawn_by_noise(g, s, r).nonzero(),
        },
    ),
    "7.5.b": Answers(
        right=15 / 16,
        also_right=[0.9375, torch.tensor(0.9375), lambda: 1 - (1 / 2) ** 4],
        wrong={
            "how often *none*": 1 / 16,
            "the example itself is held out": 1 - 0.5**5,
            "the probability for one sister": 0.5,
            "at least one": 2,
            "from 0 to 1": 93.75,
            "Subtract it from 1": 0.8,
        },
    ),
    "7.5.c": Answers(
        right=0.97,
        also_right=[31 / 32, np.float64(0.96), lambda: 15 / 16 + 1 / 32],
        wrong={
            "split by person gives": 0.5,
            "of these, half are right": 1,
            "15 of 16 find a sister": 0.94,
            "at least one of them": 0.75,
            "Elsewhere it is right in half": 0.6,
            "from 0 to 1": 97,
        },
    ),
    "7.5.d": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A does not look like that: compare the set of `person`": exchanged("A", "B"),
            "A does not look like that: in the healthy table": exchanged("A", "C"),
            "A does not look like that: count how many different": exchanged("A", "D"),
            "A does not look like that: compare the set of `photo`": exchanged("A", "E"),
            "B does not look like that: in the healthy table": exchanged("B", "C"),
            "each occurs once": FOUND | {"C": FAULTS[1]},
            "choose one of": FOUND | {"C": "fine"},
            "a fault for each of the tables": ["A", "B"],
        },
    ),
    "7.5.e": Answers(
        right=interval,
        also_right=[lambda r, p: torch.tensor(interval(r, p)), lambda r, p: tuple(interval(r, p))],
        wrong={
            "the mean over examples": lambda r, p: interval(r, p, people_first=False),
            "divide by its square root": lambda r, p: interval(r, p, root=False),
            "less one": lambda r, p: interval(r, p, correction=0),
            "68 %": lambda r, p: interval(r, p, times=1),
            "lower end comes first": lambda r, p: interval(r, p)[::-1],
            "two numbers": lambda r, p: interval(r, p)[0],
            "it is 0.156 to 1.094": lambda r, p: interval(r, p, times=3),
        },
    ),
}
