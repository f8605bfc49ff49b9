"""Exercises of page 1.2, One digit, four modalities."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_number, described
from mmtutor.exercises.exercise import Exercise, expect


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
    ),
}
