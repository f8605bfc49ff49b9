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


def by_gradient(maps, pictures=24, at_edge=False, add=0, power=1, invert=False, still=False):
    """Measure a field by the gradients of some random pictures, with one mistake at will."""
    x = torch.rand(pictures, 1, 96, 96, dtype=torch.float64, requires_grad=True)
    outputs = maps(x)
    row = 0 if at_edge else outputs.shape[2] // 2
    spans = []
    for at in (row, row + 1):
        (gradient,) = torch.autograd.grad(outputs[:, :, at].sum(), x, retain_graph=True)
        spans.append(gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten())
    side, jump = len(spans[0]) + add, int(spans[1][-1] - spans[0][-1])
    return side**power, 1 if still else 1 / jump if invert else jump


def field(**mistakes):
    return lambda maps: by_gradient(maps, **mistakes)


def by_changing(maps):
    """Measure a field by changing rows of pixels."""
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(12, 1, 100, 20, generator=generator, dtype=torch.float64)
    before, moved = maps(x), []
    for row in range(100):
        changed = x.clone()
        changed[:, :, row] += torch.randn(12, 1, 20, generator=generator, dtype=torch.float64)
        moved.append((maps(changed) != before).any(dim=0).any(dim=0).any(dim=1))
    seen = torch.stack(moved)
    at = seen.shape[1] // 2
    first = seen.int().argmax(dim=0)
    return np.array([int(seen[:, at].sum()), int(first[at + 1] - first[at])])


def too_narrow(maps):
    side, jump = by_gradient(maps)
    return (side - 4, jump) if side == 25 else (side, jump)


def only_ours(maps):
    return 25, 4


def looks_inside(maps):
    layers = maps.__closure__[0].cell_contents
    side, jump = 1, 1
    for size, stride in layers:
        side, jump = side + (size - 1) * jump, jump * stride
    return side, jump


def tell(encode, batch=True, size=True, color=True, move=True):
    """Diagnose an encoder, some tests left out."""
    pictures = torch.rand(3, 3, 40, 40, generator=torch.Generator().manual_seed(3))
    h = encode(pictures)
    if batch and (encode(pictures[1:])[0] - h[1]).abs().max() > 1e-6:
        return "training mode"
    small, large = (encode(torch.ones(1, 3, n, n)).abs().sum() for n in (40, 80))
    if size and large > 3 * small:
        return "sums"
    changed = pictures.clone()
    changed[:, 1:] = changed[:, 1:].flip(0) ** 2
    if color and (encode(changed) - h).abs().max() < 1e-6:
        return "red only"
    empty = torch.zeros(2, 3, 50, 50)
    empty[0, :, 24, 24] = empty[1, :, 25, 24] = 1
    first, second = encode(empty)
    if move and (first - second).abs().max() < 1e-6:
        return "strides forgotten"
    return "healthy"


def without(**tests):
    return lambda encode: tell(encode, **tests)


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
    "3.1.c": Answers(
        right=by_gradient,
        also_right=[by_changing, lambda maps: torch.tensor(by_gradient(maps))],
        wrong={
            "give the side of their square": field(power=2),
            "ask one in the middle": field(at_edge=True),
            "count the first and the last pixel": field(add=-1),
            "pixels for each position": field(invert=True),
            "fields of two *neighboring positions*": field(still=True),
            "take several random pictures": too_narrow,
            "two numbers": lambda maps: by_gradient(maps)[0],
            "(3, 1), side and jump are (3, 1)": only_ours,
            "its code is not to be looked at": looks_inside,
        },
    ),
    "3.1.d": Answers(
        right=0.75,
        also_right=[np.float64(0.7), lambda: 0.8],
        wrong={
            "half the width of a stroke": 0,
            "for three pixels": 1.0,
            "from 0 to 1": 40,
            "one number": "half of them",
            "at both of its edges": 0.3,
        },
    ),
    "3.1.e": Answers(
        right=tell,
        also_right=[lambda encode: str(tell(encode))],
        wrong={
            'that is "training mode"': without(batch=False),
            'that is "sums"': without(size=False),
            'that is "red only"': without(color=False),
            'that is "strides forgotten"': without(move=False),
            'that is "healthy"': lambda encode: "sums",
            "return one of": lambda encode: "faulty",
        },
    ),
}
