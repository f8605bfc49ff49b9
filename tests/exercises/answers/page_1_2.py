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


ANSWERS = {
    "1.2.a": Answers(
        right=decode_in_a_loop,
        wrong={
            "bytes plus one": lambda numbers: bytes(n for n in numbers if n).decode(),
            "padding is no text": lambda numbers: bytes(max(n - 1, 0) for n in numbers).decode(),
            "several bytes": lambda numbers: "".join(chr(n - 1) for n in numbers if n),
            "return a string": lambda numbers: bytes(n - 1 for n in numbers if n),
        },
    ),
    "1.2.b": Answers(
        right=units_by_replacement,
        wrong={
            "counts the signals": len,
            "silences between the signals": lambda code: sum(1 + 2 * (c == "-") for c in code),
            "none after the last": lambda code: sum(2 + 2 * (c == "-") for c in code),
        },
    ),
    "1.2.c": Answers(
        right=leak_by_sets,
        wrong={
            "share of training rows": lambda a, b: torch.isin(a, b).float().mean().item(),
            "not groups": lambda a, b: torch.isin(b.unique(), a).float().mean().item(),
            "divide by": lambda a, b: torch.isin(b, a).sum().item(),
            "return one number": lambda a, b: torch.isin(b, a),
        },
    ),
}
