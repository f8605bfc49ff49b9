"""Exercises of page 3.1, The image encoder."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.exercise import Exercise, expect


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
    ),
}
