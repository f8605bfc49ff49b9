"""Exercises of page 3.2, The text encoder."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.exercise import Exercise, expect


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    largest = torch.where(mask, x, -torch.inf).amax(dim=2)
    return torch.where(mask.any(dim=2), largest, 0.0)


def _check_masked_max(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    x = torch.tensor([[[1.0, 5.0, 9.0], [-4.0, -2.0, 9.0]]])
    mask = torch.tensor([[[True, True, False]]])
    given = as_floats(answer(x, mask))
    expect(
        given.shape == (1, 2),
        f"expected one number for each text and channel, (1, 2); got {tuple(given.shape)}",
    )
    expect(given[0, 0] != 9, "9 stands in the padding: the maximum must leave it out")
    expect(
        given[0, 1] != 0,
        "the largest of −4 and −2 is −2, not 0: an emptied position wins against negative "
        "numbers, so fill it with something that never wins",
    )
    expect(
        are_close(given, torch.tensor([[5.0, -2.0]])), f"expected 5 and −2; got {given.tolist()}"
    )
    below = answer(x - 1e6, mask)
    expect(
        are_close(below, torch.tensor([[5.0, -2.0]]) - 1e6, 1e-7),
        "your filling wins against numbers of −1,000,000: take minus infinity",
    )
    spoilt = answer(x.masked_fill(~mask, torch.nan), mask)
    expect(
        are_close(spoilt, given),
        "NaN in the padding reaches the answer: choose with torch.where, do not multiply or add",
    )
    both = torch.cat([mask, torch.zeros_like(mask)])
    empty = as_floats(answer(torch.cat([x, x]), both))[1]
    expect(
        are_close(empty, torch.zeros(2)),
        f"a text without letters must give 0, as the masked mean does; got {empty.tolist()}",
    )


def _texts() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for texts, channels, length in ((1, 1, 1), (3, 2, 5), (5, 4, 7)):
        x = torch.randn(texts, channels, length, generator=generator) - 3
        real = torch.rand(texts, 1, length, generator=generator) < 0.6
        real[0] = True
        yield x, real
        yield x.double(), real
        yield x.masked_fill(~real, torch.nan), real
        yield x.masked_fill(~real, torch.inf), real & False


def blocks_needed(length: int) -> int:
    blocks, field = 0, 1
    while field < length:
        field += 2 * 2 * 2**blocks
        blocks += 1
    return blocks


def _check_blocks(answer: Callable[[int], int]) -> None:
    given = [as_number(answer(length)) for length in (29, 30, 100, 1, 10)]
    expect(
        given[:3] != [4, 4, 6],
        "a block has two convolutions: each of them adds 2 · d to the field",
    )
    expect(
        given[:3] != [7, 8, 25],
        "the dilation doubles from block to block; with d = 1 everywhere it would take 7",
    )
    expect(
        given[:3] != [4, 4, 5],
        "three blocks see exactly 29 positions: the field starts at 1, and 29 is enough for 29",
    )
    expect(given[:3] != [3, 3, 4] or given[4] != 2, "the first dilation is 1; yours begin with 2")
    expect(given[:3] != [3, 3, 4], "three blocks see 29 positions, one less than 30: round up")
    expect(
        given[:3] != [3, 4, 5] or given[3] == 0,
        f"one position needs no block at all; got {given[3]:g}",
    )
    expect(
        given == [3, 4, 5, 0, 2],
        f"for 29, 30, 100, 1 and 10 positions expected 3, 4, 5, 0 and 2; got {shown(given)}",
    )


def _lengths() -> Iterator[tuple[int]]:
    yield from ((length,) for length in (*range(1, 70), 125, 126, 253, 254, 1000, 1_000_000))


EXERCISES = {
    "3.2.a": Exercise(
        check=_check_masked_max,
        cases=_texts,
        gradients=frozenset({"x"}),
        solution=masked_max,
        hints=(
            "Which number, put into the padding, can never be the largest?",
            "`torch.where(mask, x, -torch.inf)`, then `amax(dim=2)`. What comes out where no "
            "position is real?",
            "`mask.any(dim=2)` says which texts have a letter. Take 0 for the others, with a "
            "second `torch.where`.",
        ),
        praise="Zero is right for sums and wrong for maxima: each pooling has its own nothing.",
    ),
    "3.2.b": Exercise(
        check=_check_blocks,
        cases=_lengths,
        solution=blocks_needed,
        hints=(
            "How much does block number i, counted from 0, add to the receptive field?",
            "It has two convolutions of three taps and the dilation 2**i, so it adds 4 · 2**i. "
            "The field starts at 1.",
            "Start with `blocks, field = 0, 1`. While `field < length`, add `4 * 2**blocks` to "
            "the field and 1 to the blocks.",
        ),
        praise="The field doubles with each block: a million positions take 18.",
    ),
}
