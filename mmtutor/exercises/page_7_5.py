"""Exercises of page 7.5, Your own data."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def held_out(groups: Tensor, share: float, generator: torch.Generator) -> Tensor:
    names = groups.unique()
    order = torch.randperm(len(names), generator=generator)
    drawn = names[order[: round(share * len(names))]]
    return torch.isin(groups, drawn)


def _check_held_out(answer: Callable[[Tensor, float, torch.Generator], Tensor]) -> None:
    # Eight groups, whose ids and sizes are uneven and whose examples do not lie together.
    sizes = {3: 1, 4: 2, 7: 1, 20: 3, 21: 12, 30: 2, 31: 1, 50: 4}
    groups = torch.tensor([name for name, size in sizes.items() for _ in range(size)])
    groups = groups[torch.randperm(len(groups), generator=torch.Generator().manual_seed(5))]
    names = groups.unique()

    def draw(seed: int) -> Tensor:
        mask = answer(groups.clone(), 0.25, torch.Generator().manual_seed(seed))
        expect(
            isinstance(mask, Tensor) and mask.dtype == torch.bool and mask.shape == groups.shape,
            "return one truth value for each example, a bool tensor of the shape of groups",
        )
        return mask

    masks = [draw(seed) for seed in range(200)]
    for mask in masks:
        on_both = torch.isin(groups[mask], groups[~mask]).any()
        expect(not on_both, "a group is on both sides: draw groups, not examples")
    counts = {len(groups[mask].unique()) for mask in masks}
    expect(counts != {6}, "True is for what is held out, a quarter of the groups, not for the rest")
    expect(
        counts == {2},
        f"a quarter of 8 groups is 2; you hold out {', '.join(map(str, sorted(counts)))}",
    )
    expect(torch.equal(draw(0), masks[0]), "the same generator must give the same split: use it")
    expect(
        any(not torch.equal(mask, masks[0]) for mask in masks),
        "the same groups whatever the generator: draw them at random",
    )
    often = torch.stack([torch.isin(names, groups[mask]) for mask in masks]).float().mean(dim=0)
    expect(
        0.12 < often.min() and often.max() < 0.38,
        "some groups are held out more often than others; each should have the same chance, "
        "however many examples it has",
    )


def leaking_share() -> float:
    # None of the four others is in training with probability (1/2) ** 4.
    return 1 - 0.5**4


_LEAKS = {
    0.0625: "this is how often *none* of the four others is in training",
    0.96875: "the example itself is held out; only its four sisters may be in training",
    0.5: "this is the probability for one sister; there are four",
    2.0: "four times one half counts the sisters in training; ask whether there is at least one",
}


def _check_leaking(answer: Any) -> None:
    share = as_floats(answer() if callable(answer) else answer)
    expect(share.numel() == 1, "give one number")
    for value, mistake in _LEAKS.items():
        expect(not are_close(share.reshape(()), value), mistake)
    expect(0 <= share <= 1, f"a probability is from 0 to 1; got {share.item():g}")
    expect(
        are_close(share.reshape(()), leaking_share()),
        "what is the probability that all four sisters are held out, too? Subtract it from 1",
    )


def accuracy_by_memory() -> float:
    generator = torch.Generator().manual_seed(0)
    people, takes = 3000, 3
    faces = torch.randn(people, 20, generator=generator).repeat(takes, 1)
    x = faces + 0.1 * torch.randn(faces.shape, generator=generator)
    labels = torch.randint(2, (people,), generator=generator).repeat(takes)
    order = torch.randperm(len(x), generator=generator)
    test, train = order[: len(x) // 4], order[len(x) // 4 :]
    nearest = train[torch.cdist(x[test], x[train]).argmin(dim=1)]
    return (labels[nearest] == labels[test]).float().mean().item()


def _check_memory(answer: Any) -> str:
    fifteen = "15 of 16 find a sister, but of those that find none half are right by chance."
    return compare_prediction(
        "7.5.c",
        answer,
        accuracy_by_memory,
        right_within=0.015,
        mistakes={
            0.5: "That is what the split by person gives. Here the nearest neighbor is mostly the "
            "same person, whose label is known.",
            1: "One test example in 16 has no sister in training; of these, half are right.",
            0.9375: fifteen,
            0.94: fifteen,
            0.75: "Three quarters of the examples are in training, but a test example has two "
            "sisters: how often is at least one of them there?",
        },
        otherwise="How often has a test example a sister in training? There it is right. "
        "Elsewhere it is right in half of the cases.",
        highest=1,
    )


FAULTS = (
    "healthy",
    "person in both parts",
    "photo in both parts",
    "same word everywhere",
    "sound missing for one digit",
)
_WORDS = (("null", "zéro", "cero"), ("eins", "un", "uno"), ("zwei", "deux", "dos"))
_TABLES = dict(zip("ABCDE", (FAULTS[i] for i in (4, 1, 0, 3, 2)), strict=True))


def five_tables() -> dict[str, list[dict[str, str]]]:
    """Return five tables of 90 rows: 30 people with three takes, one digit of three each.

    Four have one fault each, the fifth has none.
    """
    return {name: _table(fault, seed) for seed, (name, fault) in enumerate(_TABLES.items())}


def _table(fault: str, seed: int) -> list[dict[str, str]]:
    generator = torch.Generator().manual_seed(seed)
    lost = torch.rand(90, generator=generator) < 0.2
    words = torch.randint(3, (30,), generator=generator).tolist()
    test = set(torch.randperm(30, generator=generator)[:10].tolist())
    rows = []
    for i in range(90):
        person, take = divmod(i, 3)
        digit = person % 3
        part = person in test
        if fault == "person in both parts":
            part = take == 2
        word = _WORDS[digit][words[person]]
        silent = lost[i] if fault != "sound missing for one digit" else digit == 2
        rows.append(
            {
                "photo": f"{person:02}-{take}.png",
                "word": "digit" if fault == "same word everywhere" else word,
                "sound": "" if silent else f"{person:02}-{take}.wav",
                "digit": str(digit),
                "person": f"p{person:02}",
                "part": "test" if part else "train",
            }
        )
    if fault == "photo in both parts":
        known = [row["photo"] for row in rows if row["part"] == "train"]
        asked = [row for row in rows if row["part"] == "test"]
        for row, photo in zip(asked[::3], known[::3], strict=False):
            row["photo"] = photo
    return rows


def name_the_faults() -> dict[str, str]:
    return {
        # Every row without a sound has the digit 2, and every 2 is without: no need to listen.
        "A": "sound missing for one digit",
        # Each person has two takes in train and one in test.
        "B": "person in both parts",
        # No person and no photo is in both parts; sounds are missing here and there.
        "C": "healthy",
        # One word, "digit", in all rows.
        "D": "same word everywhere",
        # Ten test rows name a photo of somebody in train, under another person.
        "E": "photo in both parts",
    }


_SIGNS = {
    "healthy": "in the healthy table, people and photos of test do not occur in train, words "
    "vary, and sounds are missing at any digit",
    "person in both parts": "compare the set of `person` in train with that in test",
    "photo in both parts": "compare the set of `photo` in train with that in test",
    "same word everywhere": "count how many different words there are",
    "sound missing for one digit": "count for each digit how many sounds are empty",
}


def _check_faults(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_TABLES),
        "give a dict with a fault for each of the tables A, B, C, D and E",
    )
    for name, fault in found.items():
        expect(fault in FAULTS, f"{name}: choose one of {', '.join(FAULTS)}; got {fault!r}")
    twice = [fault for fault in FAULTS if list(found.values()).count(fault) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, fault in sorted(found.items()):
        expect(fault == _TABLES[name], f"{name} does not look like that: {_SIGNS.get(fault)}")


def interval_by_person(right: Tensor, people: Tensor) -> tuple[float, float]:
    each = torch.stack([right[people == person].double().mean() for person in people.unique()])
    reach = 1.96 * each.std() / len(each) ** 0.5
    return (each.mean() - reach).item(), (each.mean() + reach).item()


def _check_interval(answer: Callable[[Tensor, Tensor], tuple[float, float]]) -> None:
    # Four people are right in 1, 0, 1/2 and 1 of their takes: mean 0.625, deviation 0.4787.
    right = torch.tensor([1, 0, 1, 1, 0, 1, 0, 1, 1]).bool()
    people = torch.tensor([2, 5, 2, 9, 5, 2, 9, 7, 2])
    ends = as_floats(answer(right, people))
    expect(ends.shape == (2,), "return two numbers, the lower and the upper end")
    low, high = ends.tolist()
    expect(low < high, "the lower end comes first")
    middle, reach = (low + high) / 2, (high - low) / 2
    expect(
        not are_close(middle, 6 / 9),
        "the middle is the mean over examples; average within each person first, then over people",
    )
    expect(
        not are_close(reach, 1.96 * 0.4787, 1e-3),
        "the deviation of one person is not that of the mean of four: divide by its square root, 2",
    )
    expect(
        not are_close(reach, 1.96 * 0.4146 / 2, 1e-3),
        "the sum of squares is divided by the number of people less one, as the mean is estimated",
    )
    expect(
        not are_close(reach, 0.4787 / 2, 1e-3),
        "one standard error holds 68 %; 95 % takes 1.96 of them",
    )
    expect(
        are_close([low, high], [0.1558, 1.0942], 1e-3),
        f"for people right in 1, 0, 1/2 and 1 it is 0.156 to 1.094; got {low:.3f} to {high:.3f}",
    )


EXERCISES = {
    "7.5.a": Exercise(
        check=_check_held_out,
        solution=held_out,
        hints=(
            "What is drawn are groups. List each of them once; `groups.unique()` does that.",
            "`torch.randperm(…, generator=generator)` brings the list into a random order. How "
            "many of its first entries do you need?",
            "An example is held out if its group is among those that were drawn: `torch.isin` "
            "asks that for all examples at once.",
        ),
        praise="Three lines, and nobody who is tested was seen in training.",
        kind="write",
    ),
    "7.5.b": Exercise(
        check=_check_leaking,
        is_value=True,
        solution=leaking_share,
        hints=(
            "It is easier to ask when a held-out take does *not* leak.",
            "It does not leak if all four other takes of the person are held out as well.",
            "Four independent events of probability one half: multiply, and take the opposite.",
        ),
        praise="The more takes a person has, the more surely a random split leaks.",
        kind="derive",
    ),
    "7.5.c": Exercise(
        check=_check_memory,
        is_value=True,
        solution=accuracy_by_memory,
        hints=(
            "Nothing about the labels can be learned from the faces. What can be remembered?",
            "A test example is right whenever its nearest neighbor is the same person.",
            "By hand, this page found how often a sister is in training. Add half of the rest.",
        ),
        praise="Labels drawn at random, and an accuracy of 97 %: only the split made it.",
        kind="predict",
    ),
    "7.5.d": Exercise(
        check=_check_faults,
        is_value=True,
        solution=name_the_faults,
        hints=(
            "Make sets: the people, photos and words of train, and those of test.",
            "`{row['person'] for row in rows if row['part'] == 'test'}` is such a set, and `&` "
            "gives what two sets share.",
            "For what is missing, use `collections.Counter` on the digits of the rows whose sound "
            "is empty.",
        ),
        praise="The last kind is easy to overlook: that a cell is empty may tell the answer.",
        kind="diagnose",
    ),
    "7.5.e": Exercise(
        check=_check_interval,
        solution=interval_by_person,
        hints=(
            "First one number for each person, the share of right answers among the takes.",
            "Then the mean and the standard deviation of these numbers, as many as people.",
            "`each.std()` divides by the number less one. The mean of many varies less than one "
            "of them, by the square root of how many there are.",
        ),
        praise="It counts people, not takes: three photos of one sheet are no three opinions.",
        kind="write",
    ),
}

QUIZ = (
    Question(
        "Somebody photographs 40 plants ten times each. What should the split keep together?",
        (
            Answer(
                "The photos of one day, because the light on that day is the same for all plants.",
                "This would be right for a network that must work on other days; here the same "
                "plant would still be in both parts.",
            ),
            Answer(
                "All photos of one plant.",
                "A network that knows the plant from training need not look for what makes its "
                "species.",
                right=True,
            ),
            Answer(
                "All photos of one species, so that species are tested that were never seen.",
                "Then the network would be asked for classes that it has never met, and could not "
                "name them.",
            ),
        ),
    ),
    Question(
        "The table has 12 sounds less than rows. What does `from_table` do with these rows?",
        (
            Answer(
                "It leaves the rows out.",
                "Then their images and texts would be lost, and a network can learn from those.",
            ),
            Answer(
                "It fills in silence, which the network learns as one sound among the others.",
                "There is silence in the tensor, but `present` says that it is a placeholder, and "
                "no encoder sees it.",
            ),
            Answer(
                "It keeps them and notes in `present` which of them lack the sound.",
                "The fusion is then told which features are real, so it has to be built with "
                "`allow_missing=True`.",
                right=True,
            ),
        ),
    ),
    Question(
        "After a split by person, `inspect` still finds photos in both parts. What is the cause?",
        (
            Answer(
                "One person is in the table under two names.",
                "The split can only keep together what the table says belongs together, so look "
                "at the rows that the report names.",
                right=True,
            ),
            Answer(
                "The share of the test part was too large, so that people had to be divided.",
                "The share counts people; none of them is divided, however large it is.",
            ),
            Answer(
                "The seed was unlucky, and another seed would put these photos into one part.",
                "Another seed may hide the copies, but they would still count twice wherever "
                "they are.",
            ),
        ),
    ),
)
