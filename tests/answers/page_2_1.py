import math

from torch.nn import functional as F

from tests.answers.answers import Answers


def count_term_by_term(in_channels, out_channels, stride):
    total = 9 * out_channels * (in_channels + out_channels) + 4 * out_channels
    if in_channels != out_channels or stride != 1:
        total += out_channels * (in_channels + 2)
    return total


def pre_activation_backwards(x, norm1, conv1, norm2, conv2):
    return conv2(norm2(conv1(norm1(x).clamp(min=0))).clamp(min=0)).add(x)


def share_by_recursion(blocks, longest):
    if longest < 0:
        return 0.0
    if blocks == 0:
        return 1.0
    counts = [1]
    for _ in range(blocks):
        counts = [a + b for a, b in zip([0, *counts], [*counts, 0], strict=True)]
    return sum(counts[: longest + 1]) / sum(counts)


def count(norms=True, projection=True, projection_norm=True, second_from_input=False):
    def formula(i, o, stride):
        total = 9 * i * o + 9 * (i if second_from_input else o) * o + 4 * o * norms
        if projection and (stride != 1 or i != o):
            total += i * o + 2 * o * projection_norm
        return total

    return formula


def ignore_stride(i, o, stride):
    return count_term_by_term(i, o, 1)


def branch(x, norm1, conv1, norm2, conv2):
    return conv2(F.relu(norm2(conv1(F.relu(norm1(x))))))


def in_place(x, norm1, conv1, norm2, conv2):
    x += branch(x, norm1, conv1, norm2, conv2)
    return x


ANSWERS = {
    "2.1.a": Answers(
        right=count_term_by_term,
        wrong={
            "weight and a bias": count(norms=False),
            "shortcut is a projection": count(projection=False),
            "projection has a normalisation": count(projection_norm=False),
            "second convolution": count(second_from_input=True),
            "stride alone": ignore_stride,
        },
    ),
    "2.1.b": Answers(
        right=pre_activation_backwards,
        wrong={
            "shortcut is missing": branch,
            "nothing may follow the sum": lambda x, *layers: F.relu(x + branch(x, *layers)),
            "carries x itself": lambda x, n1, *rest: F.relu(n1(x)) + branch(x, n1, *rest),
            "the order is": lambda x, n1, c1, n2, c2: x + n2(c2(F.relu(n1(c1(x))))),
            "changes x itself": in_place,
            "return a tensor": lambda x, *layers: [x],
        },
    ),
    "2.1.c": Answers(
        right=share_by_recursion,
        wrong={
            "all paths": lambda n, k: sum(math.comb(n, i) for i in range(k + 1)),
            "no branch at all": lambda n, k: sum(math.comb(n, i) for i in range(1, k + 1)) / 2**n,
            "ends before": lambda n, k: sum(math.comb(n, i) for i in range(k)) / 2**n,
            "not equally likely": lambda n, k: (k + 1) / (n + 1),
        },
    ),
}
