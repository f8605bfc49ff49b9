import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def side(blocks, stages, convs=2, early=False, strided=True, stem=3):
    """Return the receptive field, by the strides' powers of two, with one mistake at will."""
    total = stem + 2 * convs * blocks
    for stage in range(1, stages):
        jump = 2**stage if strided else 1
        first = jump if early or not strided else jump // 2
        total += 2 * first + 2 * (convs * blocks - 1) * jump
    return total


def search(strict=False, **mistakes):
    def answer(pixels, stages):
        blocks = 1
        while (reach := side(blocks, stages, **mistakes)) < pixels or (strict and reach == pixels):
            blocks += 1
        return blocks

    return answer


def halves(axis=3, reduce=torch.mean, join=1, swap=False):
    """Return a pooling of two halves, with one mistake at will."""

    def answer(maps):
        parts = [reduce(part, dim=(2, 3)) for part in maps.chunk(2, dim=axis)]
        return torch.cat(parts[::-1] if swap else parts, dim=join)

    return answer


def in_turns(maps):
    return torch.nn.functional.adaptive_avg_pool2d(maps, (1, 2)).flatten(1)


def by_reshaping(maps):
    batch, channels, height, width = maps.shape
    parts = maps.reshape(batch, channels, height, 2, width // 2)
    return parts.mean(dim=(2, 4)).transpose(1, 2).reshape(batch, 2 * channels)


def by_numpy(maps):
    left, right = np.split(maps.numpy(), 2, axis=3)
    return np.concatenate([left.mean(axis=(2, 3)), right.mean(axis=(2, 3))], axis=1)


ANSWERS = {
    "3.1.a": Answers(
        right=search(),
        also_right=[lambda pixels, stages: np.int64(search()(pixels, stages))],
        wrong={
            "for (25, 2) expected": lambda p, s: {
                1: -((3 - p) // 4),
                3: -(-(p + 3) // 28),
                4: 4,
            }.get(s, 1),
            "two convolutions": search(convs=1),
            "exactly what our network": search(strict=True),
            "still reads at the old jump": search(early=True),
            "later convolutions reach further": search(strided=False),
            "3 for the stem": search(stem=1),
        },
    ),
    "3.1.b": Answers(
        right=by_reshaping,
        also_right=[by_numpy, lambda maps: halves()(maps.double())],
        wrong={
            "along the batch": halves(join=0),
            "upper and the lower": halves(axis=2),
            "left half comes first": halves(swap=True),
            "not in turns": in_turns,
            "those are sums": halves(reduce=torch.sum),
            "largest number": halves(reduce=torch.amax),
            "must give (2, 6)": lambda maps: maps.mean(dim=(2, 3)),
        },
    ),
}
