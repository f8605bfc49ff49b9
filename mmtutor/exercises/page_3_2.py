"""Exercises of page 3.2, The text encoder."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.examining import check_encoder_examination
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import without_functions, without_modules
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


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


_WORDS = "zero one two three four five six seven eight nine".split()


def unknown_share() -> float:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([len(word) for word in _WORDS]).repeat(2000)
    is_wrong = torch.rand(len(lengths), 5, generator=generator) < 0.3
    is_there = torch.arange(5) < lengths[:, None]
    return (is_wrong & is_there).any(dim=1).float().mean().item()


def _check_unknown(answer: Any) -> str:
    return compare_prediction(
        "3.2.c",
        answer,
        unknown_share,
        right_within=0.06,
        mistakes={
            0.3: "That is the share of wrong *characters*. A word is known only if all of its "
            "characters are right.",
            0.7: "That is the share of *right characters*. Of how many words are all characters "
            "right?",
        },
        otherwise="A word of n characters has no error with probability 0.7ⁿ, and these words have "
        "three to five characters.",
        highest=1.0,
    )


FAULTS = ("healthy", "plain mean", "padding read", "statistics of the batch", "bag of letters")


def faulty_encoder(fault: str, features: int, seed: int) -> Callable[[Tensor], Tensor]:
    """Return a small random text encoder of two convolutions, with one fault or none."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    table, biases = drawn(257, features), drawn(2, features)
    kernels = [drawn(features, features, 3) / features**0.5 for _ in range(2)]
    if fault == "bag of letters":
        kernels = [kernel[:, :, 1:2] for kernel in kernels]

    def norm(x: Tensor) -> Tensor:
        axes = (0, 2) if fault == "statistics of the batch" else (1,)
        return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True) + 1e-5).sqrt()

    def encode(ids: Tensor) -> Tensor:
        real = (ids != 0)[:, None]
        x = torch.where(real, table[ids].movedim(2, 1), 0.0)
        for kernel, bias in zip(kernels, biases, strict=True):
            x = torch.relu(norm(F.conv1d(x, kernel, bias, padding="same")))
            if fault != "padding read":
                x = torch.where(real, x, 0.0)
        total = torch.where(real, x, 0.0).sum(dim=2)
        positions = real.sum(dim=2) if fault != "plain mean" else ids.shape[1]
        return total / positions

    return encode


def examine_encoder(encode: Callable[[Tensor], Tensor]) -> str:
    def features(*texts: list[int]) -> Tensor:
        return encode(torch.tensor(texts))[0]

    alone = features([5, 6, 7])
    if not torch.allclose(alone, features([5, 6, 7], [8, 9, 10])):
        return "statistics of the batch"
    padded = features([5, 6, 7, 0, 0, 0])
    if torch.allclose(padded, alone / 2):
        return "plain mean"
    if not torch.allclose(padded, alone):
        return "padding read"
    return "bag of letters" if torch.allclose(alone, features([6, 5, 7])) else "healthy"


_OVERLOOKED = {
    "healthy": "All that should matter does, and nothing else; allow for rounding",
    "plain mean": "With as many zeros as letters, the features of a text are half as large",
    "padding read": "More zeros change the features of a text, and not by one factor",
    "statistics of the batch": "Another text in the batch changes the features, without padding",
    "bag of letters": "Two texts of the same letters in another order have the same features",
}


def _check_examination(answer: Callable[[Callable[[Tensor], Tensor]], str]) -> None:
    check_encoder_examination(answer, faulty_encoder, _OVERLOOKED, sizes=[8, 12, 20])


_CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d"})


def dilated_convolution(x: Tensor, weight: Tensor, mask: Tensor, d: int) -> Tensor:
    length = x.shape[2]
    x = F.pad(torch.where(mask, x, 0.0), (d, d))
    taps = [x[:, :, start : start + length] for start in (0, d, 2 * d)]
    y = sum(torch.einsum("oi,bil->bol", weight[:, :, i], tap) for i, tap in enumerate(taps))
    return torch.where(mask, y, 0.0)


def _check_dilated(answer: Callable[[Tensor, Tensor, Tensor, int], Tensor]) -> None:
    # The numbers of the page: one channel, seven positions.
    x, weight = torch.tensor([[[2.0, 0, 1, 3, 0, 1, 2]]]), torch.tensor([[[1.0, 2, -1]]])
    everything = torch.ones(1, 1, 7, dtype=torch.bool)
    given = as_floats(answer(x, weight, everything, 2))
    expect(
        given.shape == (1, 1, 7),
        f"the result has as many positions as x, here (1, 1, 7); got {tuple(given.shape)}",
    )
    wanted = dilated_convolution(x, weight, everything, 2)
    narrow = dilated_convolution(x, weight, everything, 1)
    turned = dilated_convolution(x, weight.flip(2), everything, 2)
    ring = x.roll(2, 2) + 2 * x - x.roll(-2, 2)
    expect(not are_close(given, narrow), "d changes nothing: the taps are still neighbors")
    expect(not are_close(given, turned), "the taps are exchanged: the first one reads i − d")
    expect(not are_close(given, ring), "beyond the ends stands 0; yours reads the other end")
    expect(
        are_close(given, wanted),
        f"for the seven numbers of the page and d = 2 expected {shown(wanted.flatten().tolist())}; "
        f"got {shown(given.flatten().tolist())}",
    )
    mask = torch.arange(7)[None, None] < 5
    given = as_floats(answer(x, weight, mask, 2))
    expect(
        not are_close(given, torch.where(mask, wanted, 0.0)),
        "the letters still read the padding: empty it before you compute",
    )
    wanted = dilated_convolution(x, weight, mask, 2)
    expect(given[0, 0, 5:].abs().max() == 0, "at the padding the result must be 0")
    expect(
        are_close(given, wanted),
        f"with the last two as padding expected {shown(wanted.flatten().tolist())}; "
        f"got {shown(given.flatten().tolist())}",
    )
    spoilt = as_floats(answer(x.masked_fill(~mask, torch.nan), weight, mask, 2))
    expect(
        are_close(spoilt, given),
        "NaN in the padding reaches the answer: choose with torch.where, do not multiply",
    )
    far = as_floats(answer(x, weight, everything, 9))
    expect(
        are_close(far, 2 * x),
        "with d = 9, the outer taps lie beyond both ends of seven numbers, and the middle one "
        "alone counts",
    )
    told = "write the sums yourself, without the convolutions of torch"
    without_modules(without_functions(answer, _CONVOLUTIONS, told), "", told)(
        x, weight, everything, 2
    )


def _inputs() -> Iterator[tuple[Tensor, Tensor, Tensor, int]]:
    generator = torch.Generator().manual_seed(3)
    sizes = ((1, 1, 1, 1, 1), (2, 3, 2, 5, 1), (3, 2, 4, 9, 3), (2, 4, 4, 4, 6))
    for batch, inside, outside, length, d in sizes:
        x = torch.randn(batch, inside, length, generator=generator)
        weight = torch.randn(outside, inside, 3, generator=generator)
        mask = torch.rand(batch, 1, length, generator=generator) < 0.7
        yield x, weight, mask, d
        yield x.masked_fill(~mask, torch.nan), weight, mask, d


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
        kind="write",
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
        kind="derive",
    ),
    "3.2.c": Exercise(
        check=_check_unknown,
        is_value=True,
        solution=unknown_share,
        hints=(
            "When is a typed word still in the table?",
            "Only if no character went wrong. How probable is that for a word of three characters?",
            "0.7³ is about a third. Do the same for four and for five characters, and count how "
            "many of the ten words have each length.",
        ),
        praise="A table of whole words loses most of these texts; bytes lose a letter at a time.",
        kind="predict",
    ),
    "3.2.d": Exercise(
        check=_check_examination,
        solution=examine_encoder,
        hints=(
            "For each fault, find two inputs whose features should agree and do not, or the other "
            "way round.",
            "A text alone and beside another of the same length; the same text with zeros behind "
            "it; the same letters in another order.",
            "Two faults react to zeros. With three zeros behind three letters, one of them gives "
            "exactly half of the features.",
        ),
        praise="None of these faults stops a training, or is seen in a loss.",
        kind="diagnose",
    ),
    "3.2.e": Exercise(
        check=_check_dilated,
        cases=_inputs,
        gradients=frozenset({"x", "weight"}),
        solution=dilated_convolution,
        hints=(
            "The result is the sum of three products, one for each tap: a matrix of weights times "
            "a shifted copy of x.",
            "Empty the padding, and put d zeros on both sides of the positions. Then tap number 0, "
            "1, 2 reads a piece of the length of x that begins at 0, d or 2 · d.",
            'One tap is `torch.einsum("oi,bil->bol", weight[:, :, tap], piece)`. What must stand '
            "at the padding of the sum?",
        ),
        praise="With a norm and a plus sign around two of these you have the page's block.",
        kind="write",
    ),
}


QUIZ = (
    Question(
        "A text encoder takes the masked mean, but does not empty the padding between its "
        "convolutions. You compare the features of a word with 20 and with 60 zeros behind it.",
        (
            Answer(
                "They differ, and by more the more zeros are added behind it.",
                "That is what an unmasked mean does. Only padding within reach of a letter speaks "
                "to it, and 20 zeros are more than enough.",
            ),
            Answer(
                "They are equal, and yet differ from those without zeros.",
                "The error is complete after a few zeros; only the bare word shows it.",
                right=True,
            ),
            Answer(
                "They are equal, so that padding does no harm here.",
                "Equal they are, but both are wrong by the same amount.",
            ),
        ),
    ),
    Question(
        "Under a mean, a network with the receptive field R = 29 is to tell whether an opening "
        "bracket stands 40 characters before a question mark or behind it. What helps?",
        (
            Answer(
                "More training texts, since it has to learn such a rare case.",
                "Both orders give the same windows, so all texts of the world cannot tell them "
                "apart.",
            ),
            Answer(
                "More channels, so that the mean can keep both characters apart.",
                "The mean keeps that both occur; their order is in no window.",
            ),
            Answer(
                "One more block with dilation 8, which widens the window to 61.",
                "2 · 2 · 8 = 32 more positions: now windows hold both characters.",
                right=True,
            ),
        ),
    ),
    Question(
        "A paper reports that a network reads better than n-grams, after one training run of each "
        "with 2,000 texts. Which question comes first?",
        (
            Answer(
                "How much better is it with more steps, more texts, and other seeds?",
                "An order that holds at one budget may turn at another, as on this page.",
                right=True,
            ),
            Answer(
                "Which optimizer and which normalization does the network have?",
                "Good to know, but it cannot say whether the order holds elsewhere.",
            ),
            Answer(
                "How many parameters does each of the two methods have?",
                "Counts of parameters say little here: most rows of a table of n-grams are never "
                "read.",
            ),
        ),
    ),
)
