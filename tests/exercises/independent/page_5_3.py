import collections
import itertools

import numpy as np
import torch


def habit_by_counters(train, test):
    counts = collections.defaultdict(collections.Counter)
    for question, answer in train:
        counts[question][answer] += 1
    commonest = collections.Counter(answer for _, answer in train).most_common(1)[0][0]
    right = 0
    for question, answer in test:
        rule = counts[question].most_common(1)[0][0] if question in counts else commonest
        right += rule == answer
    return right / len(test)


def habit_by_lists(train, test):
    def most(answers):
        return max(answers, key=answers.count)

    everything = [answer for _, answer in train]
    known = {question: [a for q, a in train if q == question] for question, _ in train}
    return np.mean([most(known.get(q, everything)) == a for q, a in test])


def habit_by_sorting(train, test):
    ordered = sorted(train, key=lambda pair: str(pair[0]))
    rule = {}
    for question, pairs in itertools.groupby(ordered, key=lambda pair: pair[0]):
        rule[question] = collections.Counter(a for _, a in pairs).most_common()[0][0]
    other = collections.Counter(a for _, a in train).most_common()[0][0]
    return torch.tensor([float(rule.get(q, other) == a) for q, a in test]).mean()


def habit_without_default(train, test):
    known = {q for q, _ in train}
    return sum(habit_by_lists(train, [pair]) for pair in test if pair[0] in known) / len(test)


def habit_of_known(train, test):
    known = {q for q, _ in train}
    return habit_by_lists(train, [pair for pair in test if pair[0] in known] or test)


def habit_of_all(train, test):
    most = collections.Counter(answer for _, answer in train).most_common(1)[0][0]
    return sum(answer == most for _, answer in test) / len(test)


def habit_of_last(train, test):
    rule = dict(train)
    most = collections.Counter(answer for _, answer in train).most_common(1)[0][0]
    return sum(rule.get(q, most) == a for q, a in test) / len(test)


def habit_of_first(train, test):
    return habit_of_last(train[::-1], test)


def habit_of_rules(train, test):
    """Take the commonest answer of the rules, one for each question, as the commonest of all."""
    counts = collections.defaultdict(collections.Counter)
    for q, a in train:
        counts[q][a] += 1
    rule = {q: c.most_common(1)[0][0] for q, c in counts.items()}
    other = collections.Counter(rule.values()).most_common(1)[0][0]
    return sum(rule.get(q, other) == a for q, a in test) / len(test)


def habit_over_questions(train, test):
    shares = [
        habit_by_lists(train, [pair for pair in test if pair[0] == question])
        for question in {q for q, _ in test}
    ]
    return sum(shares) / len(shares)


def habit_extended(train, test):
    train += test
    return habit_by_lists(train, test)


def groups_by_loop(predicted, targets, group):
    right = predicted == targets
    return sum(bool(right[group == g].all()) for g in group.unique()) / len(group.unique())


def groups_by_set(predicted, targets, group):
    rows = list(zip(predicted.tolist(), targets.tolist(), group.tolist(), strict=True))
    groups = {g for _, _, g in rows}
    return 1 - len({g for p, t, g in rows if p != t}) / len(groups)


def groups_by_scatter(predicted, targets, group):
    member = torch.unique(group, return_inverse=True)[1]
    ok = torch.ones(int(member.max()) + 1)
    ok = ok.scatter_reduce(0, member, (predicted == targets).float(), "amin")
    return ok.mean()


def groups_by_numpy(predicted, targets, group):
    _, member = np.unique(group.numpy(), return_inverse=True)
    wrong = np.bincount(member, weights=(predicted != targets).numpy())
    return np.mean(wrong == 0)


def groups_that_stand_together(predicted, targets, group):
    right = (predicted == targets).tolist()
    pairs = zip(group.tolist(), right, strict=True)
    runs = [all(r for _, r in run) for _, run in itertools.groupby(pairs, lambda p: p[0])]
    return sum(runs) / len(runs)


def groups_from_zero(predicted, targets, group):
    wrong = torch.bincount(group, weights=(predicted != targets).double())
    return (wrong == 0).double().mean()


def groups_from_zero_to_count(predicted, targets, group):
    right = predicted == targets
    return sum(bool(right[group == g].all()) for g in range(len(group.unique()))) / len(
        group.unique()
    )


def groups_any(predicted, targets, group):
    right = predicted == targets
    return sum(bool(right[group == g].any()) for g in group.unique()) / len(group.unique())


def groups_mean(predicted, targets, group):
    right = (predicted == targets).double()
    return torch.stack([right[group == g].mean() for g in group.unique()]).mean()


def groups_of_pairs(predicted, targets, group):
    right = predicted == targets
    counts = [right[group == g].sum() >= 2 for g in group.unique()]
    return sum(map(bool, counts)) / len(counts)


def groups_sorted(predicted, targets, group):
    order = group.argsort()
    for x in (predicted, targets, group):
        x.copy_(x[order])
    return groups_that_stand_together(predicted, targets, group)


RIGHT = {
    "5.3.a": [habit_by_counters, habit_by_lists, habit_by_sorting],
    "5.3.b": [groups_by_loop, groups_by_set, groups_by_scatter, groups_by_numpy],
}

WRONG = {
    "5.3.a": [
        # A new question counts as wrong.
        habit_without_default,
        # A new question is left out.
        habit_of_known,
        # One answer to all questions.
        habit_of_all,
        # The last answer, not the commonest.
        habit_of_last,
        # The first answer.
        habit_of_first,
        # The commonest of the rules, not of the answers.
        habit_of_rules,
        # Every question of the test counts alike.
        habit_over_questions,
        # Makes the rule from the test.
        lambda train, test: habit_by_lists(test, test),
        # On what it was made from.
        lambda train, test: habit_by_lists(train, train),
        # From both, and the list of training pairs has changed.
        habit_extended,
    ],
    "5.3.b": [
        # The accuracy.
        lambda predicted, targets, group: (predicted == targets).float().mean(),
        # Any of a group.
        groups_any,
        # The mean of the groups' accuracies.
        groups_mean,
        # Groups have to stand together.
        groups_that_stand_together,
        # Numbers that no group has count as groups.
        groups_from_zero,
        # Groups have to be numbered from 0.
        groups_from_zero_to_count,
        # Groups of two.
        groups_of_pairs,
        # The number of groups, not the share.
        lambda predicted, targets, group: (
            groups_by_loop(predicted, targets, group) * len(group.unique())
        ),
        # Divided by the number of examples.
        lambda predicted, targets, group: (
            groups_by_loop(predicted, targets, group) * len(group.unique()) / len(group)
        ),
        # Sorts what was given.
        groups_sorted,
    ],
}
