"""Exercises of page 1.2, One digit, four modalities."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_number, described
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def decode(numbers: list[int]) -> str:
    return bytes(number - 1 for number in numbers if number != 0).decode("utf-8")


def _check_decode(answer: Callable[[list[int]], str]) -> None:
    text = answer([116, 102, 113, 117, 0, 0])
    expect(isinstance(text, str), f"return a string; got {described(text)}")
    expect(text != "tfqu", "the numbers are bytes plus one: subtract it again")
    expect("\0" not in text and not text.endswith("  "), "padding is no text; leave it out")
    expect(text == "sept", f"[116, 102, 113, 117, 0, 0] is 'sept'; got {text!r}")
    numbers = [byte + 1 for byte in "七".encode()]
    text = answer([*numbers, 0])
    expect(len(text) != 3, "one character can have several bytes: decode all bytes together")
    expect(text == "七", f"{[*numbers, 0]} is '七'; got {text!r}")


def _texts() -> Iterator[tuple[list[int]]]:
    for text in ("sept", "", "z", "два", "a b", "七 7", "naïve ¿", "~", " x "):
        for padding in (0, 1, 5):
            yield ([byte + 1 for byte in text.encode()] + [0] * padding,)


def morse_units(code: str) -> int:
    return sum(3 if signal == "-" else 1 for signal in code) + len(code) - 1


def _check_morse(answer: Callable[[str], int]) -> None:
    units = as_number(answer("--..."))
    expect(units != 5, "this counts the signals; a dash is three units long")
    expect(units != 9, "the silences between the signals count too")
    expect(units != 14, "silence lies between two signals: there is none after the last")
    expect(units == 13, f"'--...' is 3 + 1 + 3 + 1 + 1 + 1 + 1 + 1 + 1 = 13 units; got {units:g}")


def _codes() -> Iterator[tuple[str]]:
    for code in ("-----", ".....", ".", "-", ".-", "--", "-.-.", "......-", "...---..."):
        yield (code,)


def leaked_share(train_groups: Tensor, test_groups: Tensor) -> float:
    return torch.isin(test_groups, train_groups).float().mean().item()


class _Groups(Tensor):
    """Groups whose numbers a `set` finds by their value; those of a plain tensor it does not."""

    def __hash__(self) -> int:
        return hash(self.item()) if self.ndim == 0 else super().__hash__()


def _groups(*numbers: int) -> Tensor:
    return torch.tensor(numbers).as_subclass(_Groups)


def _check_leak(answer: Callable[[Tensor, Tensor], float]) -> None:
    train, test = _groups(0, 0, 1, 2, 2, 2), _groups(2, 3, 3, 4)
    share = answer(train, test)
    expect(not isinstance(share, Tensor) or share.ndim == 0, "return one number")
    share = as_number(share)
    expect(share != 0.5, "this is the share of training rows; ask the test rows")
    expect(not are_close(share, 1 / 3), "count rows, not groups: a large group weighs more")
    expect(share != 1, "1 is the number of leaked rows here; divide by the number of test rows")
    expect(are_close(share, 0.25), f"one of these four test rows has leaked; got {share}")
    share = as_number(answer(train, _groups(3, 4)))
    expect(share == 0, f"no common group is a share of 0; got {share}")


def _splits() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for largest, train, test in ((4, 3, 5), (9, 6, 4), (30, 20, 11), (3, 8, 6), (1, 2, 3)):
        sizes = (train,), (test,)
        yield tuple(_groups(*torch.randint(largest, n, generator=generator)) for n in sizes)  # type: ignore[misc]
    yield _groups(700, -3, 12), _groups(12, 12, 700, 5)
    yield _groups(5), _groups(5)


def accuracy_on_coin_flips() -> float:
    hits = []
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        photographs = torch.rand(300, 64, generator=generator).repeat(3, 1)
        photographs += 0.02 * torch.randn(photographs.shape, generator=generator)
        coins = torch.randint(2, (300,), generator=generator).repeat(3)
        train, test = torch.randperm(900, generator=generator).split(450)
        nearest = torch.cdist(photographs[test], photographs[train]).argmin(dim=1)
        hits.append((coins[train][nearest] == coins[test]).double().mean().item())
    return sum(hits) / len(hits)


def _check_coins(answer: Any) -> str:
    return compare_prediction(
        "1.2.d",
        answer,
        accuracy_on_coin_flips,
        right_within=0.03,
        mistakes={
            0.5: "The coins have nothing to do with the scans, but a copy in training has the same "
            "coin: how many test photographs have one?",
            0.75: "For three of four test photographs a copy is in training. The others are "
            "guessed, and a guess is right every other time.",
            1: "Not every test photograph has a copy in training: all three may be in the test.",
            2 / 3: "Draw two copies, one after the other: each is in training with probability one "
            "half.",
            0.67: "Draw two copies, one after the other: each is in training with probability one "
            "half.",
        },
        otherwise="With which probability is at least one of the two other copies in training? "
        "Where none is, the answer is a guess.",
        highest=1,
    )


def decode_morse(sound: Tensor, sample_rate: int) -> int:
    # How loud each millisecond is; a swing of the tone lasts up to two.
    step = sample_rate // 1000
    level = sound[: len(sound) // step * step].abs().reshape(-1, step).amax(dim=1)
    loud = (level.unfold(0, 3, 1).amax(dim=1) > level.max() / 3).long()
    changes = loud.diff().nonzero()[:, 0].tolist()
    lengths = torch.tensor(changes).diff()
    signals, silences = lengths[::2], lengths[1::2]
    # A silence is as long as a dot, even where there is no dot to compare with.
    dashes = signals > 2 * silences.float().mean()
    code = "".join("-" if dash else "." for dash in dashes)
    return [_signals(digit) for digit in range(10)].index(code)


def _signals(digit: int) -> str:
    if digit <= 5:
        return "." * digit + "-" * (5 - digit)
    return "-" * (digit - 5) + "." * (10 - digit)


def _sound(digit: int, generator: torch.Generator, sample_rate: int = 8000) -> Tensor:
    """Render a digit as the page's data do: speed, pitch, level and start are drawn."""
    speed, pitch, level, start = torch.rand(4, generator=generator).tolist()
    dot = 1.2 / (24 + 12 * speed)
    time = torch.arange(sample_rate) / sample_rate
    starts, ends, now = [], [], 0.0
    for signal in _signals(digit):
        starts.append(now)
        now += dot * (3 if signal == "-" else 1)
        ends.append(now)
        now += dot
    offset = start * (1 - ends[-1] - 0.02) + 0.01
    inside = torch.full_like(time, -1.0)
    for a, b in zip(starts, ends, strict=True):
        inside = torch.maximum(inside, torch.minimum(time - a - offset, b + offset - time))
    envelope = 0.5 - 0.5 * torch.cos(math.pi * (inside / 0.005).clamp(0, 1))
    tone = torch.sin(2 * math.pi * (500 + 400 * pitch) * time + 6 * level)
    return (0.3 + 0.6 * level) * envelope * tone


def _check_decoder(answer: Callable[[Tensor, int], Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    sounds = [(digit, _sound(digit, generator)) for _ in range(8) for digit in range(10)]
    found: list[tuple[int, int]] = []
    for digit, sound in sounds:
        given = answer(sound.clone(), 8000)
        expect(
            isinstance(given, int | float | Tensor) or hasattr(given, "item"),
            f"return the digit, a number from 0 to 9; got {described(given)}",
        )
        found.append((digit, int(as_number(given))))
    wrong = {digit for digit, given in found if digit != given}
    if wrong and wrong <= {0, 5}:
        expect(
            False,
            "0 has only dashes and 5 only dots, so comparing the signals with each other does not "
            "tell them apart: compare them with the silences, which are as long as a dot",
        )
    mirrored = {digit for digit, given in found if given == (10 - digit) % 10}
    expect(len(mirrored) < 10, "dots and dashes are exchanged: 1 is one dot and four dashes")
    times = sum(digit != given for digit, given in found)
    expect(
        times < len(found) * 0.9,
        f"{times} of {len(found)} sounds are read wrongly. Print how long the tones and the "
        "silences of one of them are, and compare with its code",
    )
    digit, given = next((pair for pair in found if pair[0] != pair[1]), (0, 0))
    expect(
        not wrong,
        f"{times} of {len(found)} sounds are read wrongly, first a {digit}, read as {given}. They "
        "differ in speed, pitch and level: no length and no loudness may be a constant",
    )


EXERCISES = {
    "1.2.a": Exercise(
        check=_check_decode,
        cases=_texts,
        solution=decode,
        hints=(
            "Undo the steps of `encode` in the opposite order: padding, plus one, UTF-8.",
            "Drop the zeros, subtract one from the rest.",
            "`bytes(list_of_numbers).decode('utf-8')` turns all bytes into a string at once.",
        ),
        praise="It reads every script, because it never looks at single bytes.",
        kind="write",
    ),
    "1.2.b": Exercise(
        check=_check_morse,
        cases=_codes,
        solution=morse_units,
        hints=(
            "Add up the signals first, the silences afterwards.",
            "A dot is 1, a dash is 3; five signals have four silences between them.",
            "The silences are `len(code) - 1`.",
        ),
        praise="Zero is the longest with 19, five the shortest with 9: duration alone tells much.",
        kind="derive",
    ),
    "1.2.c": Exercise(
        check=_check_leak,
        cases=_splits,
        solution=leaked_share,
        hints=(
            "For each test row, ask whether its group is among the training groups.",
            "`torch.isin(a, b)` answers that for each element of a.",
            "The mean of the answers, as floats, is the share.",
        ),
        praise=(
            "On a random split of these scans it is 1: every test row has its form in training. "
            "(If your code looks numbers up in a set, give it lists, `groups.tolist()`: the set "
            "finds a tensor's numbers in this check, but not elsewhere.)"
        ),
        kind="diagnose",
    ),
    "1.2.d": Exercise(
        check=_check_coins,
        is_value=True,
        solution=accuracy_on_coin_flips,
        hints=(
            "A photograph whose copy is in training gets the copy's coin. How many have one?",
            "Each of the two other copies is in training with probability one half.",
            "At least one is there with probability 3/4. In the other quarter the answer is right "
            "every other time.",
        ),
        praise="Nearly nine of ten right about coins: whoever splits copies at random measures "
        "memory, and calls it knowledge.",
        kind="predict",
    ),
    "1.2.e": Exercise(
        check=_check_decoder,
        solution=decode_morse,
        hints=(
            "First find when there is sound: a tone swings through zero, so take the largest "
            "absolute value of each few milliseconds.",
            "What is loud is more than a share of the loudest. The places where loud and silent "
            "change give the lengths of all tones and silences.",
            "A silence between two signals is as long as a dot; a tone of more than twice that is "
            "a dash. Then look the five signals up in `codes`.",
        ),
        praise="Ten lines that know how the data were made. Part 3 builds a network that has to "
        "find this out.",
        kind="write",
    ),
}


QUIZ = (
    Question(
        "Two texts are encoded as [116, 102] and [102, 116]. Their mean is the same. What does "
        "that say about the texts?",
        (
            Answer(
                "They have the same meaning for a network, because it sees the same amounts.",
                "The numbers are names of bytes; their mean is no property of the text.",
            ),
            Answer(
                "Nothing, because the numbers are names: only which one stands where counts.",
                "An embedding gives each name a vector of its own, and then one may calculate.",
                right=True,
            ),
            Answer(
                "They contain the same letters, so that a network cannot tell them apart.",
                "They do, but in another order, and order is what a text network reads.",
            ),
        ),
    ),
    Question(
        "Why is the error on other forms several times that of a random split of the same scans?",
        (
            Answer(
                "With a random split, most test scans have a scan by the same hand in training.",
                "What is easy is then the hand that is known already, not the digit.",
                right=True,
            ),
            Answer(
                "With a random split there are more training scans, so that the error is smaller.",
                "Both splits have equally many training scans; the page made sure of that.",
            ),
            Answer(
                "The forms that are held out happen to be written less clearly than the others.",
                "The forms are drawn anew ten times, and the difference is there in every draw.",
            ),
        ),
    ),
    Question(
        "A linear model reads the digit from a quarter of the raw sounds. What follows?",
        (
            Answer(
                "The sounds carry little information about the digit, and fusion would not help.",
                "With its start and its level taken out, the same model reads nearly all of them.",
            ),
            Answer(
                "The model was trained too briefly, and would reach the others with more steps.",
                "More steps do not help a linear model with a tone that may begin anywhere.",
            ),
            Answer(
                "At least that much is known easily; how much is known in all, remains open.",
                "A baseline is a lower bound: the digit may be there in a form that it misses.",
                right=True,
            ),
        ),
    ),
)
