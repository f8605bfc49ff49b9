import numpy as np
import torch


def decode_until_zero(numbers):
    text = bytearray()
    for number in numbers:
        if number == 0:
            break
        text.append(number - 1)
    return text.decode()


def decode_by_numpy(numbers):
    numbers = np.asarray(numbers)
    return (numbers[numbers > 0] - 1).astype(np.uint8).tobytes().decode("utf-8")


def decode_up_to_first_zero(numbers):
    return bytes(n - 1 for n in numbers[: numbers.index(0)]).decode()


def decode_and_empty(numbers):
    while 0 in numbers:
        numbers.remove(0)
    return bytes(n - 1 for n in numbers).decode()


def units_by_drawing(code):
    drawn = {".": "=", "-": "==="}
    return len(" ".join(drawn[signal] for signal in code))


def units_by_loop(code):
    units = 0
    for i, signal in enumerate(code):
        units += (1 if i else 0) + (3 if signal == "-" else 1)
    return units


def leaked_by_numpy(train_groups, test_groups):
    return np.isin(np.asarray(test_groups), np.asarray(train_groups)).mean()


def leaked_by_set(train_groups, test_groups):
    known = set(torch.as_tensor(train_groups).tolist())
    rows = torch.as_tensor(test_groups).tolist()
    return len([group for group in rows if group in known]) / len(rows)


def as_sets(*groups):
    return (set(torch.as_tensor(each).tolist()) for each in groups)


def share_of_groups(train_groups, test_groups):
    train, test = as_sets(train_groups, test_groups)
    return len(train & test) / len(test)


def jaccard(train_groups, test_groups):
    train, test = as_sets(train_groups, test_groups)
    return len(train & test) / len(train | test)


RIGHT = {
    "1.2.a": [
        lambda numbers: bytes(n - 1 for n in numbers if n).decode("utf-8"),
        decode_until_zero,
        decode_by_numpy,
    ],
    "1.2.b": [
        lambda code: 3 * code.count("-") + code.count(".") + len(code) - 1,
        units_by_drawing,
        units_by_loop,
    ],
    "1.2.c": [
        leaked_by_numpy,
        leaked_by_set,
        lambda train_groups, test_groups: (
            torch.isin(torch.as_tensor(test_groups), torch.as_tensor(train_groups)).double().mean()
        ),
    ],
}

WRONG = {
    "1.2.a": [
        # Each byte is taken for a letter: wrong for é, 七.
        lambda numbers: "".join(chr(n - 1) for n in numbers if n),
        # The padding becomes letters.
        lambda numbers: bytes(max(n - 1, 0) for n in numbers).decode(),
        # Forgets that 1 was added.
        lambda numbers: bytes(n for n in numbers if n).decode(),
        # Drops whatever is not ASCII.
        lambda numbers: bytes(n - 1 for n in numbers if n).decode("ascii", errors="ignore"),
        # Reads the bytes in another encoding.
        lambda numbers: bytes(n - 1 for n in numbers if n).decode("latin-1"),
        # Takes spaces off the ends, which belong to the text.
        lambda numbers: bytes(n - 1 for n in numbers if n).decode().strip(),
        # Stops with an error where there is no padding.
        decode_up_to_first_zero,
        # Returns bytes, not a string.
        lambda numbers: bytes(n - 1 for n in numbers if n),
        # Takes the padding out of the reader's own list.
        decode_and_empty,
    ],
    "1.2.b": [
        # No silences.
        lambda code: 3 * code.count("-") + code.count("."),
        # A silence after the last signal too.
        lambda code: 4 * code.count("-") + 2 * code.count("."),
        # Dots and dashes exchanged.
        lambda code: 3 * code.count(".") + code.count("-") + len(code) - 1,
        # Always four silences: right for digits, whose codes have five signals.
        lambda code: 3 * code.count("-") + code.count(".") + 4,
        # A silence of 3, as between letters.
        lambda code: 3 * code.count("-") + code.count(".") + 3 * (len(code) - 1),
        # All signals equally long.
        lambda code: 2 * len(code) - 1,
        # The example.
        lambda code: 13,
    ],
    "1.2.c": [
        # The share of groups, not of rows.
        share_of_groups,
        # Intersection over union.
        jaccard,
        # The share of training rows.
        lambda train_groups, test_groups: leaked_by_numpy(test_groups, train_groups),
        # The number of rows.
        lambda train_groups, test_groups: (
            leaked_by_numpy(train_groups, test_groups) * len(test_groups)
        ),
        # The share that is honest.
        lambda train_groups, test_groups: 1 - leaked_by_numpy(train_groups, test_groups),
        # Divides by the number of training rows.
        lambda train_groups, test_groups: (
            leaked_by_numpy(train_groups, test_groups) * len(test_groups) / len(train_groups)
        ),
        # Compares row by row.
        lambda train_groups, test_groups: (
            sum(a == b for a, b in zip(train_groups, test_groups, strict=False)) / len(test_groups)
        ),
        # 0 for an honest split, whatever was given.
        lambda train_groups, test_groups: 0.0,
    ],
}
