import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def decode_in_a_loop(numbers):
    text = bytearray()
    for number in numbers:
        if number:
            text.append(number - 1)
    return str(text, "utf-8")


def units_by_replacement(code):
    return len("0".join(code.replace("-", "=")).replace("=", "---"))


def leak_by_sets(train_groups, test_groups):
    seen = set(train_groups)
    return sum(group in seen for group in test_groups) / len(test_groups)


def only_before_padding(numbers):
    return bytes(n - 1 for n in numbers[: numbers.index(0)]).decode() if 0 in numbers else ""


def shortened_in_place(numbers):
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return bytes(n - 1 for n in numbers).decode()


def decode_by_numpy(numbers):
    codes = np.array(numbers, dtype=np.int64)
    return (codes[codes > 0] - 1).astype(np.uint8).tobytes().decode()


def digits_only(code):
    return 9 + 2 * code.count("-")


def leak_pair_by_pair(train_groups, test_groups):
    return np.mean([bool((train_groups == group).any()) for group in test_groups])


def leak_by_matrix(train_groups, test_groups):
    return (test_groups[:, None] == train_groups).any(dim=1).double().mean()


def one_group_only(train_groups, test_groups):
    return (test_groups == train_groups.max()).double().mean()


def envelope(sound, sample_rate):
    """Return the signals of a sound as lengths of tones and of silences, in samples."""
    power = np.convolve(np.asarray(sound) ** 2, np.ones(sample_rate // 250), "same")
    edges = np.flatnonzero(np.diff((power > 0.2 * power.max()).astype(int)))
    lengths = np.diff(edges)
    return lengths[::2], lengths[1::2]


def by_silences(sound, sample_rate):
    tones, silences = envelope(sound, sample_rate)
    dashes = tones > 2 * silences.mean()
    first, count = bool(dashes[0]), int(dashes.sum())
    return (5 + count) % 10 if first else 5 - count


def by_longest_and_shortest(sound, sample_rate):
    tones, _ = envelope(sound, sample_rate)
    dashes = tones > (tones.min() + tones.max()) / 2
    return (5 + int(dashes.sum())) % 10 if dashes[0] else 5 - int(dashes.sum())


def by_fixed_length(sound, sample_rate):
    tones, _ = envelope(sound, sample_rate)
    dashes = tones > 0.11 * sample_rate
    return (5 + int(dashes.sum())) % 10 if dashes[0] else 5 - int(dashes.sum())


def by_fixed_loudness(sound, sample_rate):
    loud = (sound.abs().unfold(0, 24, 1).amax(dim=1) > 0.5).long()
    lengths = loud.diff().nonzero()[:, 0].diff()
    if len(lengths) != 9:
        return 0
    dashes = lengths[::2] > 2 * lengths[1::2].float().mean()
    return (5 + int(dashes.sum())) % 10 if dashes[0] else 5 - int(dashes.sum())


ANSWERS = {
    "1.2.a": Answers(
        right=decode_in_a_loop,
        also_right=[decode_by_numpy],
        wrong={
            "for ([116, 102, 113, 117]) expected 'sept'": only_before_padding,
            "changes its input, `numbers`": shortened_in_place,
            "bytes plus one": lambda numbers: bytes(n for n in numbers if n).decode(),
            "padding is no text": lambda numbers: bytes(max(n - 1, 0) for n in numbers).decode(),
            "several bytes": lambda numbers: "".join(chr(n - 1) for n in numbers if n),
            "return a string": lambda numbers: bytes(n - 1 for n in numbers if n),
        },
    ),
    "1.2.b": Answers(
        right=units_by_replacement,
        also_right=[lambda code: np.int64(2 * (len(code) + code.count("-")) - 1)],
        wrong={
            "for ('.') expected 1": digits_only,
            "counts the signals": len,
            "silences between the signals": lambda code: sum(1 + 2 * (c == "-") for c in code),
            "none after the last": lambda code: sum(2 + 2 * (c == "-") for c in code),
        },
    ),
    "1.2.c": Answers(
        right=leak_by_sets,
        also_right=[leak_pair_by_pair, leak_by_matrix],
        wrong={
            "for ([": one_group_only,
            "share of training rows": lambda a, b: torch.isin(a, b).float().mean().item(),
            "not groups": lambda a, b: torch.isin(b.unique(), a).float().mean().item(),
            "divide by": lambda a, b: torch.isin(b, a).sum().item(),
            "return one number": lambda a, b: torch.isin(b, a),
        },
    ),
    "1.2.d": Answers(
        right=0.875,
        also_right=[np.float64(0.87), torch.tensor(0.88), lambda: 0.75 + 0.25 / 2],
        wrong={
            "The coins have nothing to do": 0.5,
            "a guess is right every other time": 0.75,
            "all three may be in the test": 1,
            "one after the other": 2 / 3,
            "at least one of the two other copies": 0.6,
            "predict a number from 0 to 1": 87.5,
        },
    ),
    "1.2.e": Answers(
        right=by_silences,
        also_right=[lambda sound, rate: torch.tensor(by_silences(sound, rate))],
        wrong={
            "0 has only dashes and 5 only dots": by_longest_and_shortest,
            "no length and no loudness may be a constant": by_fixed_length,
            "first a": by_fixed_loudness,
            "are exchanged": lambda sound, rate: (10 - by_silences(sound, rate)) % 10,
            "return the digit": lambda sound, rate: "--...",
            "sounds are read wrongly. Print": lambda sound, rate: 11,
        },
    ),
}
