"""Exercises of page 3.1, The image encoder."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor import data
from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.examining import check_encoder_examination
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import expect_no_look_inside
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def blocks_needed(pixels: int, stages: int) -> int:
    blocks = 0
    side = 1
    while side < pixels:
        blocks += 1
        side, jump = 3, 1  # the stem
        for stage in range(stages):
            for conv in range(2 * blocks):
                side += 2 * jump
                if stage > 0 and conv == 0:
                    jump *= 2
    return blocks


def _check_blocks(answer: Callable[[int, int], int]) -> None:
    few = as_number(answer(18, 1))
    expect(few != 8, "a basic block has two convolutions, and each widens the field")
    expect(few == 4, f"one stage: 3 for the stem, then 4 for each block; (18, 1) is 4, not {few:g}")
    several = as_number(answer(54, 3))
    expect(
        several != 2,
        "the convolution with stride 2 still reads at the old jump: widen the side first, "
        "then double the jump",
    )
    expect(
        several not in (4, 5),
        "the jump doubles in every stage after the first; its later convolutions reach further",
    )
    expect(several == 3, f"three stages see 28 n - 3 pixels, so (54, 3) is 3, not {several:g}")
    exact = as_number(answer(25, 3))
    expect(exact != 2, "25 pixels are exactly what our network with one block a stage sees: 1")
    expect(exact == 1, f"(25, 3) is 1, not {exact:g}")


def _pictures() -> Iterator[tuple[int, int]]:
    for stages in (1, 2, 3, 4, 5):
        for pixels in (8, 11, 12, 25, 26, 28, 40, 56, 57, 112, 224, 225):
            yield pixels, stages


def pool_halves(maps: Tensor) -> Tensor:
    half = maps.shape[3] // 2
    left, right = maps[..., :half], maps[..., half:]
    return torch.cat([left.mean(dim=(2, 3)), right.mean(dim=(2, 3))], dim=1)


def _maps() -> Iterator[tuple[Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for shape in ((1, 1, 1, 2), (2, 5, 3, 4), (4, 2, 6, 8), (3, 3, 2, 2)):
        yield (torch.randn(shape, generator=generator),)
        yield (torch.randn(shape, generator=generator, dtype=torch.float64),)


def _check_halves(answer: Callable[[Tensor], Tensor]) -> None:
    maps = torch.arange(2 * 3 * 4 * 6, dtype=torch.float32).reshape(2, 3, 4, 6) ** 2
    got, wanted = answer(maps), pool_halves(maps)
    got = as_floats(got)
    expect(
        got.shape != (4, 3),
        "that joins the halves along the batch; features belong side by side: dim=1",
    )
    expect(
        got.shape == (2, 6),
        f"two examples of three channels must give (2, 6), not {tuple(got.shape)}",
    )
    top_bottom = torch.cat([maps[:, :, :2].mean((2, 3)), maps[:, :, 2:].mean((2, 3))], dim=1)
    expect(
        not are_close(got, top_bottom),
        "those are the upper and the lower half; width is the last axis",
    )
    expect(not are_close(got, wanted.roll(3, dims=1)), "the left half comes first")
    turns = wanted.reshape(2, 2, 3).transpose(1, 2).flatten(1)
    expect(
        not are_close(got, turns),
        "first all channels of the left half, then all of the right half, not in turns",
    )
    sums = are_close(got, wanted * 12)
    expect(not sums, "those are sums; the mean does not grow with the picture")
    highest = torch.cat([maps[..., :3].amax((2, 3)), maps[..., 3:].amax((2, 3))], dim=1)
    expect(not are_close(got, highest), "that is the largest number of each half; average")
    expect(are_close(got, wanted), "the shape is right, the means of the halves are not")


# Kernel and stride of each convolution → side and jump of the whole chain.
_CHAINS = {
    ((3, 1), (3, 1), (3, 1), (3, 2), (3, 1), (3, 2), (3, 1)): (25, 4),
    ((3, 1),): (3, 1),
    ((1, 1),): (1, 1),
    ((5, 2), (3, 1)): (9, 2),
    ((4, 4), (7, 1)): (28, 4),
    ((7, 2), (3, 2), (3, 1)): (19, 4),
    ((3, 2), (3, 2), (3, 2), (3, 1)): (31, 8),
}
_OURS = next(iter(_CHAINS))


def chain_of_convolutions(
    layers: Sequence[tuple[int, int]], seed: int
) -> Callable[[Tensor], Tensor]:
    """Return a random chain of convolutions with relu, `(batch, 1, h, w)` to maps.

    Args:
        layers: kernel size and stride of each. A kernel of odd size is padded.
        seed: of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    widths = [1, *[4] * len(layers)]
    weights = [
        torch.randn(after, before, size, size, generator=generator) / (size * before**0.5)
        for (size, _), before, after in zip(layers, widths, widths[1:], strict=False)
    ]

    def maps(x: Tensor) -> Tensor:
        for (size, stride), weight in zip(layers, weights, strict=True):
            padding = size // 2 if size % 2 else 0
            x = F.conv2d(x, weight.to(x.dtype), stride=stride, padding=padding).relu()
        return x

    return maps


def measure_field(maps: Callable[[Tensor], Tensor]) -> tuple[int, int]:
    rows = 96
    pictures = torch.zeros(rows, 1, rows, 16)
    for row in range(rows):
        pictures[row, :, row] = torch.nan  # whatever sees this row of pixels becomes NaN
    seen = maps(pictures)[..., 0].isnan().any(dim=1)  # (row of pixels, row of the maps)
    middle = seen.shape[1] // 2
    first, second = (seen[:, row].nonzero().flatten() for row in (middle, middle + 1))
    return len(first), int(second[0] - first[0])


def _check_field(answer: Callable[[Callable[[Tensor], Tensor]], Any]) -> None:
    expect_no_look_inside(answer)
    got = as_floats(answer(chain_of_convolutions(_OURS, 0))).flatten()
    expect(got.shape == (2,), "return two numbers: the side of the field and the jump")
    side, jump = got.tolist()
    told = "The chain of this page, kernel 3 in all seven layers, has side 25 and jump 4"
    expect(side != 625, "that is how many pixels are seen; give the side of their square")
    expect(
        side not in (13, 14, 15, 16, 17),
        f"{told}; you found {side:g}. A position near the edge sees padding in place of pixels: "
        "ask one in the middle of a large picture",
    )
    expect(side not in (24, 26), f"{told}; you found {side:g}: count the first and the last pixel")
    expect(jump != 1 / 4, "the jump counts pixels for each position, not positions for each pixel")
    expect(
        jump != 1 or side != 25,
        f"{told}: by how many pixels do the fields of two *neighboring positions* lie apart?",
    )
    expect(
        not 17 < side < 25,
        f"{told}; you found {side:g}. A relu that is off hides pixels in one picture: take several "
        "random pictures together",
    )
    expect((side, jump) == (25, 4), f"{told}; you found {side:g} and {jump:g}")
    for seed, (layers, wanted) in enumerate(_CHAINS.items()):
        found = tuple(as_floats(answer(chain_of_convolutions(layers, seed))).flatten().tolist())
        listed = ", ".join(f"({size}, {stride})" for size, stride in layers)
        expect(
            found == wanted,
            f"for layers with (kernel, stride) {listed}, side and jump are {wanted}; you found "
            f"({', '.join(f'{number:g}' for number in found)})",
        )


def share_lost_by_one_pixel() -> float:
    shown = data.digits("validation", {"image": data.Image(canvas=12)})
    pictures, digit = shown.inputs["image"], shown.targets
    x, moved = (F.pad(pictures, (a, 8 - a, 4, 4)).flatten(1) for a in (4, 5))
    other = torch.cdist(x, x).masked_fill(digit[:, None] == digit, torch.inf).amin(dim=1)
    return ((x - moved).norm(dim=1) > other).float().mean().item()


def _check_share(answer: Any) -> str:
    return compare_prediction(
        "3.1.d",
        answer,
        share_lost_by_one_pixel,
        right_within=0.12,
        mistakes={
            0.0: "One pixel is little to the eye, but half the width of a stroke.",
            1.0: "That is nearly so for three pixels. Over one pixel, strokes still overlap.",
        },
        otherwise="A stroke of about two pixels, moved by one: at both of its edges nearly all "
        "gray values change. And how near is the most similar of some 230 pictures of other "
        "digits, "
        "which all stand in the middle?",
        highest=1.0,
    )


FAULTS = ("healthy", "training mode", "sums", "strides forgotten", "red only")


def faulty_encoder(fault: str, features: int, seed: int) -> Callable[[Tensor], Tensor]:
    """Return a small random encoder of color pictures, with one fault or none."""
    generator = torch.Generator().manual_seed(seed)
    widths = [3, features, features, features]
    layers = []
    for number, (before, after) in enumerate(zip(widths, widths[1:], strict=False)):
        weight = torch.randn(after, before, 3, 3, generator=generator, dtype=torch.float64)
        shift = torch.randn(after, generator=generator, dtype=torch.float64) / 4
        stride = 2 if number and fault != "strides forgotten" else 1
        layers.append((weight / (9 * before) ** 0.5, shift, stride))
    if fault == "red only":
        layers[0][0][:, 1:] = 0

    def encode(x: Tensor) -> Tensor:
        x = x.double()
        for weight, shift, stride in layers:
            x = F.conv2d(x, weight, stride=stride, padding=1)
            if fault == "training mode":
                x = F.batch_norm(x, None, None, training=True)
            x = (x + shift[:, None, None]).relu()
        return x.sum(dim=(2, 3)) if fault == "sums" else x.mean(dim=(2, 3))

    return encode


def examine_encoder(encode: Callable[[Tensor], Tensor]) -> str:
    x = torch.rand(4, 3, 48, 48)
    if not torch.allclose(encode(x)[0], encode(x[:1])[0]):
        return "training mode"
    level = torch.full((1, 3, 64, 64), 0.5)
    if encode(level).norm() > 2 * encode(level[..., :32, :32]).norm():
        return "sums"
    red = x * torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    if torch.allclose(encode(x), encode(red)):
        return "red only"
    spot = F.pad(x[..., :8, :8], (20, 20, 20, 20))
    return (
        "strides forgotten" if torch.allclose(encode(spot), encode(spot.roll(1, 3))) else "healthy"
    )


_OVERLOOKED = {
    "healthy": "All that should matter does, and nothing else; allow for rounding and for edges",
    "training mode": "A picture has other features beside other pictures",
    "sums": "A larger picture of the same gray has larger features",
    "strides forgotten": "A small thing far from the edges, moved by one pixel, has equal features",
    "red only": "Whatever stands in green and blue, the features are the same",
}


def _check_examination(answer: Callable[[Callable[[Tensor], Tensor]], str]) -> None:
    check_encoder_examination(answer, faulty_encoder, _OVERLOOKED, sizes=[6, 8, 12])


EXERCISES = {
    "3.1.a": Exercise(
        check=_check_blocks,
        cases=_pictures,
        solution=blocks_needed,
        hints=(
            "For a given `n`, write down kernel and stride of every convolution in order.",
            "Walk through them with `side` and `jump`, as `receptive_field` does; stage 1 has "
            "no stride, every later stage begins with one.",
            "Try n = 1, 2, 3, … until `side >= pixels`. For each: side 3 and jump 1 after the "
            "stem; each convolution adds `2 * jump`; after the first of a later stage, "
            "`jump` doubles.",
        ),
        praise="Strides are the cheap way to see far: one more stage more than doubles the field.",
        kind="derive",
    ),
    "3.1.b": Exercise(
        check=_check_halves,
        cases=_maps,
        gradients=frozenset({"maps"}),
        solution=pool_halves,
        hints=(
            "Which axis is the width, and where is its middle?",
            "Slice `maps[..., :half]` and `maps[..., half:]`, and average each over height and "
            "width.",
            "Join the two `(batch, channels)` results with `torch.cat([left, right], dim=1)`.",
        ),
        praise="Twice the features, and left differs from right; within a half, place is lost.",
        kind="write",
    ),
    "3.1.c": Exercise(
        check=_check_field,
        solution=measure_field,
        hints=(
            "Which pixels can change one number of the maps? Change pixels and look, or ask "
            "autograd "
            "for the gradient of that number.",
            "Take a picture much larger than the field, and a position in the middle of the "
            "maps. A "
            "relu may hide a pixel in one picture: add up the sizes of the gradients of several.",
            "The side is the number of rows with any influence. For the jump, do the same for the "
            "position one row below: how many pixels further down does its field begin? (A pixel "
            "that is NaN makes everything NaN that sees it: also a way.)",
        ),
        praise="It works for any network, also one whose code you have never seen.",
        kind="write",
    ),
    "3.1.d": Exercise(
        check=_check_share,
        is_value=True,
        solution=share_lost_by_one_pixel,
        hints=(
            "Strokes of these digits are about two pixels wide. What is left of one that moves "
            "by a "
            "pixel?",
            "Compare two distances: that of a digit from itself moved, and that from the most "
            "similar "
            "of all pictures of other digits, of which there are some 230.",
            "Over three pixels nearly all digits are lost. Over one, half of the ink stays "
            "where it "
            "was. Half of the ink, though, is less than two digits have in common: most are lost.",
        ),
        praise="A shift that the eye hardly notices is already more than another digit, for most.",
        kind="predict",
    ),
    "3.1.e": Exercise(
        check=_check_examination,
        solution=examine_encoder,
        hints=(
            "For each fault, find two pictures (or two batches) whose features should be equal and "
            "are not, or the other way round.",
            "One picture alone and in a batch; the same gray in two sizes; with and without green "
            "and blue; a small patch on black, moved by one pixel. Which pair tells which fault?",
            "The mode first, since in training mode every other test misleads. Edges change "
            "features "
            "a little, so ask whether they become *several times* as large, and keep what you move "
            "far away from the edges.",
        ),
        praise="None of these raises an error, and all of them train.",
        kind="diagnose",
    ),
}


QUIZ = (
    Question(
        "An encoder has learned from pictures of 28 × 28 pixels. It gets one of 56 × 56. What "
        "happens?",
        (
            Answer(
                "An error: its weights were made for 28 × 28 positions.",
                "A kernel does not know how often it is used, and the mean takes any number of "
                "positions.",
            ),
            Answer(
                "It gives as many features as before; whether they are good is another question.",
                "The maps get larger, the mean does not care. But things twice as large look "
                "unfamiliar to it.",
                right=True,
            ),
            Answer(
                "It gives four times as many features, because there are four times as many "
                "positions.",
                "So it would without pooling. The mean leaves one number for each channel.",
            ),
        ),
    ),
    Question(
        "Two 3 × 3 convolutions follow one another. You give the first one the stride 2. What "
        "happens "
        "to the field of what comes out?",
        (
            Answer(
                "It grows from 5 to 7 pixels, since the second one now looks at every second "
                "pixel.",
                "1 + 2 = 3, and then two jumps of two pixels each: 3 + 2 · 2 = 7.",
                right=True,
            ),
            Answer(
                "It stays at 5 pixels, since a stride only drops positions and moves nothing.",
                "Those that are left stand two pixels apart, and the next kernel spans three of "
                "them.",
            ),
            Answer(
                "It doubles from 5 to 10 pixels, as the stride doubles all distances.",
                "Only what comes after the stride is doubled; the first kernel still sees 3 "
                "pixels.",
            ),
        ),
    ),
    Question(
        "A photo app must tell whether a person stands on the left or on the right. Which encoder?",
        (
            Answer(
                "Stem, stages and the mean over all positions: it is the one for pictures of "
                "any size.",
                "The mean forgets the place, except for what leaks in from the padding at the "
                "edges.",
            ),
            Answer(
                "The same with more stages, until one position sees the whole picture.",
                "Then each position sees the person, but the mean still adds left and right "
                "together.",
            ),
            Answer(
                "The same with a mean over the left half and another one over the right half.",
                "Twice the features, and the two sides can be told apart.",
                right=True,
            ),
        ),
    ),
)
