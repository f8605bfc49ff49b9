from collections import Counter

import torch

from tests.exercises.answers.answers import Answers


def commonest(answers):
    return Counter(answers).most_common(1)[0][0]


def by_search(train, test):
    hits = 0
    for question, answer in test:
        known = [a for q, a in train if q == question] or [a for _, a in train]
        hits += commonest(known) == answer
    return hits / len(test)


def from_the_test(train, test):
    return by_search(test, test)


def from_the_test_if_known(train, test):
    hits = 0
    known = {question for question, _ in train}
    for question, answer in test:
        same = [a for q, a in test if q == question]
        hits += commonest(same if question in known else [a for _, a in train]) == answer
    return hits / len(test)


def one_answer_for_all(train, test):
    habit = commonest([a for _, a in train])
    return sum(habit == answer for _, answer in test) / len(test)


def unknown_is_wrong(train, test):
    known = {q for q, _ in train}
    hits = sum(
        commonest([a for q, a in train if q == question]) == answer
        for question, answer in test
        if question in known
    )
    return hits / len(test)


def unknown_left_out(train, test):
    known = {q for q, _ in train}
    return by_search(train, [pair for pair in test if pair[0] in known])


def last_answer(train, test):
    habit = dict(train)
    return sum(habit.get(q) == a for q, a in test) / len(test)


def by_loop(predicted, targets, group):
    hit = predicted == targets
    return sum(bool(hit[group == g].all()) for g in set(group.tolist())) / len(set(group.tolist()))


def examples(predicted, targets, group):
    return (predicted == targets).float().mean()


def mean_of_groups(predicted, targets, group):
    hit = (predicted == targets).float()
    return torch.stack([hit[group == g].mean() for g in group.unique()]).mean()


def any_right(predicted, targets, group):
    hit = predicted == targets
    return sum(bool(hit[group == g].any()) for g in group.unique()) / len(group.unique())


def examples_of_good_groups(predicted, targets, group):
    hit = predicted == targets
    return torch.stack([hit[group == g].all() for g in group]).float().mean()


def how_many(predicted, targets, group):
    return by_loop(predicted, targets, group) * len(group.unique())


def numbered_from_zero(predicted, targets, group):
    return how_many(predicted, targets, group) / (group.max() + 1)


def neighbors(predicted, targets, group):
    hit = (predicted == targets).view(-1, 2)
    return hit.all(dim=1).float().mean() / 2


def by_tables(train, test):
    table = {}
    for question, answer in train:
        for key in (("known", question), ("all",)):
            table.setdefault(key, []).append(answer)
    said = [commonest(table.get(("known", q), table[("all",)])) for q, _ in test]
    return torch.tensor([a == b for a, (_, b) in zip(said, test, strict=True)]).double().mean()


def by_matrix(predicted, targets, group):
    same = group[:, None] == group
    good = ~(same & (predicted != targets)).any(dim=1)
    return (good / same.sum(dim=1)).sum() / (1 / same.sum(dim=1)).sum()


ANSWERS = {
    "5.3.a": Answers(
        right=by_search,
        also_right=[by_tables],
        wrong={
            "could not be known before it": from_the_test,
            "taken from the test": from_the_test_if_known,
            "every question gets the same answer": one_answer_for_all,
            "you count it as wrong": unknown_is_wrong,
            "are left out": unknown_left_out,
            "not a number of hits": lambda train, test: 8 * by_search(train, test),
            "right in 3": last_answer,
        },
    ),
    "5.3.b": Answers(
        right=by_loop,
        also_right=[by_matrix],
        wrong={
            "share of right examples": examples,
            "half right counts 0": mean_of_groups,
            "it takes all of them": any_right,
            "divide groups by groups": examples_of_good_groups,
            "return their share": how_many,
            "not 31": numbered_from_zero,
            "2 of the 4 groups": neighbors,
            "one number": lambda p, y, group: p == y,
        },
    ),
}
