"""Exercises of page 5.3, Harder tasks: questions and dialogue."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_number
from mmtutor.exercises.exercise import Exercise, expect

Pairs = Sequence[tuple[str, str]]


def habit_accuracy(train: Pairs, test: Pairs) -> float:
    overall = Counter(answer for _, answer in train).most_common(1)[0][0]
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for question, answer in train:
        counted[question][answer] += 1
    habit = {question: answers.most_common(1)[0][0] for question, answers in counted.items()}
    hits = sum(habit.get(question, overall) == answer for question, answer in test)
    return hits / len(test)


def _check_habit(answer: Callable[[Pairs, Pairs], float]) -> None:
    # The habits are yes, 7 and left; the commonest answer of all is yes, 3 of 8.
    train = [("even?", "yes")] * 3 + [("even?", "no")]
    train += [("which?", "7")] * 2 + [("which?", "3"), ("side?", "left")]
    # Right: yes to even? (1 of 4), 7 to which? (1 of 2), yes to both new questions (1 of 2).
    test = [("even?", "yes")] + [("even?", "no")] * 3
    test += [("which?", "7"), ("which?", "3"), ("odd?", "yes"), ("equal?", "no")]
    given = as_number(answer(list(train), list(test)))
    expect(
        not are_close(given, 6 / 8) or not _reads_the_test(answer),
        "you count the answers of the test: that rule could not be known before it",
    )
    expect(
        not are_close(given, 5 / 8) or not _reads_the_test(answer),
        "the habits of known questions are taken from the test; take them from `train`",
    )
    expect(
        not are_close(given, 2 / 8) or not _is_blind_to_questions(answer),
        "every question gets the same answer; each question has a habit of its own",
    )
    expect(
        not are_close(given, 2 / 8),
        "a question that is not in `train` must get the commonest answer of all of `train`; you "
        "count it as wrong",
    )
    expect(
        not are_close(given, 2 / 6),
        "questions that are not in `train` are left out; they are part of the test",
    )
    expect(given <= 1, f"an accuracy is a share from 0 to 1, not a number of hits; got {given:g}")
    expect(
        are_close(given, 3 / 8),
        f"in a test of 8 questions this rule is right in 3, which is 0.375; got {given:.6g}",
    )


def _questions() -> Iterator[tuple[Pairs, Pairs]]:
    """Yield pairs, in which no two answers of a question are equally common."""
    train = [("a", "1")] * 2 + [("a", "2")] * 5 + [("b", "1")] * 4 + [("c", "3"), ("b", "2")]
    test = [("a", "2"), ("b", "1"), ("b", "2"), ("c", "3"), ("d", "2"), ("e", "1"), ("", "2")]
    yield train, test
    yield train[::-1], test[::2]
    yield [*train, ("f", "5")], [("f", "5"), ("f", "2"), ("g", "5")]
    yield [("q", "yes")], [("q", "no"), ("r", "yes")]
    yield train, [("a", "1")]


def _is_blind_to_questions(answer: Callable[[Pairs, Pairs], float]) -> bool:
    train = [("a", "1"), ("a", "1"), ("a", "1"), ("b", "2"), ("b", "2")]
    return are_close(as_number(answer(train, [("a", "1"), ("b", "2")])), 1 / 2)


def _reads_the_test(answer: Callable[[Pairs, Pairs], float]) -> bool:
    train = [("a", "1"), ("a", "1"), ("b", "2")]
    return are_close(as_number(answer(train, [("a", "3")])), 1.0)


def all_right(predicted: Tensor, targets: Tensor, group: Tensor) -> Tensor:
    names, member = group.unique(return_inverse=True)
    wrong = torch.zeros(len(names)).index_add(0, member, (predicted != targets).float())
    return (wrong == 0).float().mean()


def _check_groups(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    # Group 4 has two right, group 9 one of two, group 2 one of three, group 30 one of one; in
    # this order, neighbors belong to different groups.
    group = torch.tensor([4, 9, 2, 4, 30, 9, 2, 2])
    right = torch.tensor([1, 1, 1, 1, 1, 0, 0, 0], dtype=torch.bool)
    targets = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6])
    predicted = torch.where(right, targets, targets + 1)
    given = as_number(answer(predicted.clone(), targets.clone(), group.clone()))
    expect(
        not are_close(given, 5 / 8),
        "this is the share of right examples; a group counts once, and only if all are right",
    )
    expect(
        not are_close(given, (1 + 1 / 2 + 1 / 3 + 1) / 4),
        "this is the mean accuracy of the groups; a group that is half right counts 0",
    )
    expect(
        not are_close(given, 1.0),
        "a group counts here if one of its examples is right; it takes all of them",
    )
    expect(
        not are_close(given, 3 / 8),
        "this is a share of the examples that are in good groups; divide groups by groups",
    )
    expect(
        not are_close(given, 2.0),
        "this is the number of groups that count; return their share",
    )
    expect(
        not are_close(given, 2 / 31),
        "the groups are numbered 2, 4, 9 and 30: there are four, not 31",
    )
    expect(are_close(given, 2 / 4), f"2 of the 4 groups count, 0.5; got {given:.6g}")


def _grouped() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for examples, groups, share in ((1, 1, 1.0), (9, 4, 0.8), (30, 12, 0.9), (12, 5, 0.0)):
        targets = torch.randint(10, (examples,), generator=generator)
        right = torch.rand(examples, generator=generator) < share
        predicted = torch.where(right, targets, (targets + 1) % 10)
        group = torch.randint(groups, (examples,), generator=generator)
        yield predicted, targets, group
        yield predicted, targets, 40 - 90 * group
        yield targets, targets, group


EXERCISES = {
    "5.3.a": Exercise(
        check=_check_habit,
        cases=_questions,
        solution=habit_accuracy,
        hints=(
            "Which answers does a question have in `train`, and how often each? And all questions "
            "together?",
            "A `Counter` for each question, in a `defaultdict(Counter)`; "
            "`counter.most_common(1)[0][0]` is its commonest answer.",
            "Make a dictionary `habit` from question to answer. Then count in how many pairs of "
            "`test` `habit.get(question, overall) == answer`, and divide by `len(test)`.",
        ),
        praise="Run this on a data set before you train on it; it takes a second.",
    ),
    "5.3.b": Exercise(
        check=_check_groups,
        cases=_grouped,
        solution=all_right,
        hints=(
            "A group counts if none of its examples is wrong. How many wrong ones has each?",
            "`group.unique(return_inverse=True)` gives the names of the groups and, for each "
            "example, the place of its group among them.",
            "`torch.zeros(len(names)).index_add(0, member, wrong.float())` counts the wrong ones; "
            "then the share of zeros.",
        ),
        praise="Habit can be right on one example of a pair, never on both.",
    ),
}
