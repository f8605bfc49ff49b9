"""Exercises of page 3.3, A transformer is a residual network."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.examining import check_encoder_examination
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import (
    without_functions,
    without_modules,
)
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question

_PACKAGED = frozenset({"scaled_dot_product_attention", "multi_head_attention_forward"})


def count_parameters(width: int, hidden: int) -> int:
    attention = 4 * width**2 + 4 * width
    mlp = 2 * width * hidden + hidden + width
    norms = 2 * 2 * width
    return attention + mlp + norms


def _check_count(answer: Callable[[int, int], float]) -> None:
    right = count_parameters(32, 128)
    given = as_number(answer(32, 128))
    biases = 4 * 32 + 128 + 32
    expect(given != right - biases, "each linear map has a bias, one number for each output")
    expect(given != right - 64, "a block has two normalizations, one in each branch")
    expect(given != right - 128, "each normalization has a weight and a bias for each feature")
    expect(
        given != right - 32 * 33,
        "queries, keys and values take three maps; a fourth leads from what was read to the stream",
    )
    expect(given != right - 128 * 33, "the MLP has two linear maps, to `hidden` and back")
    expect(given == right, f"32 features and 128 hidden ones take {right:,}, not {given:,.10g}")
    told = "you build the block, or a layer of it: write a formula"
    without_modules(answer, "", told)(32, 128)


def _widths() -> Iterator[tuple[int, int]]:
    yield from ((1, 1), (8, 8), (48, 192), (64, 128), (512, 2048), (12_288, 49_152))


def attention(q: Tensor, k: Tensor, v: Tensor, real: Tensor) -> Tensor:
    k, v = (torch.where(real[:, :, None], x, 0.0) for x in (k, v))
    scores = q @ k.transpose(1, 2) / q.shape[2] ** 0.5
    # A very low number, not minus infinity: a text without letters would give 0/0.
    weights = torch.where(real[:, None], scores, -1e30).softmax(dim=2)
    return torch.where(real[:, None], weights, 0.0) @ v


def _tokens(seed: int, size: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    q, k, v = torch.randn(3, *size, generator=generator, dtype=torch.float64)
    return q, k, v


def _check_attention(answer: Callable[..., Tensor]) -> None:
    q, k, v = _tokens(0, (2, 4, 9))
    real = torch.ones(2, 4, dtype=torch.bool)
    got = as_floats(answer(q, k, v, real))
    expect(
        got.shape == v.shape, f"return one vector for each query, (2, 4, 9); got {(*got.shape,)}"
    )
    _expect_formula(got, q, k, v)
    real[0, 3] = real[1, 2] = False
    got = as_floats(answer(q, k, v, real))
    weights = (q @ k.transpose(1, 2) / 3).softmax(dim=2)
    kept = real[:, None].double()
    inverted = torch.where(real[:, None], -torch.inf, q @ k.transpose(1, 2) / 3).softmax(dim=2) @ v
    expect(not are_close(got, weights @ v), "the mask changes nothing: padding is still read")
    expect(not are_close(got, inverted), "the mask is inverted: only the padding is read")
    expect(
        not are_close(got, (weights * kept) @ v),
        "the weights of the real positions no longer add up to 1: take the padding out before the "
        "softmax",
    )
    expect(
        not are_close(got, (q @ k.transpose(1, 2) / 3 * kept).softmax(dim=2) @ v),
        "a score of 0 is a score like others, exp(0) = 1; the padding needs minus infinity",
    )
    wanted = attention(q, k, v, real)
    rows = real[:, :, None]
    expect(
        not are_close(got, wanted * rows) or are_close(wanted, wanted * rows),
        "the mask says which positions are read; at padding, too, a query gets its answer",
    )
    expect(are_close(got, wanted), "with padding, the answer is not the mean of the real values")
    lost = torch.where(rows, 0.0, torch.nan)
    got = as_floats(answer(q, k + lost, v + lost, real))
    expect(
        are_close(got, wanted),
        "NaN at the padding reaches the answer, since 0 × NaN is NaN: replace what stands there "
        "with `torch.where`",
    )
    got = as_floats(answer(q, k, v, real & torch.tensor([[True], [False]])))
    expect(
        not got[1].isnan().any(),
        "a text without letters gives NaN: a softmax over minus infinities alone is 0/0",
    )
    expect(are_close(got[1], torch.zeros(4, 9)), "a text without letters has nothing to read: 0")
    told = "write the softmax of the scores yourself, without torch's own attention"
    without_modules(without_functions(answer, _PACKAGED, told), "", told)(q, k, v, real)


def _expect_formula(got: Tensor, q: Tensor, k: Tensor, v: Tensor) -> None:
    scores = q @ k.transpose(1, 2)
    expect(
        not are_close(got, scores.softmax(dim=2) @ v),
        "the scores are not divided: their size grows with the root of the number of features",
    )
    expect(
        not are_close(got, (scores / 9).softmax(dim=2) @ v),
        "divide by the root of the number of features, not by the number itself",
    )
    expect(
        not are_close(got, (scores / 2).softmax(dim=2) @ v),
        "divide by the root of the number of features, not of the number of positions",
    )
    expect(
        not are_close(got, (scores / 3).softmax(dim=1) @ v),
        "the softmax runs over the queries: the weights of each *query* add up to 1, over all keys",
    )
    expect(
        not are_close(got, (scores.transpose(1, 2) / 3).softmax(dim=2) @ v),
        "queries and keys are exchanged: row i of the scores belongs to query i",
    )
    expect(
        are_close(got, (scores / 3).softmax(dim=2) @ v),
        "without padding, the answer should be softmax(q kᵀ / √d) v",
    )


def _batches() -> Iterator[tuple[Tensor, ...]]:
    for seed, size in enumerate([(1, 1, 1), (3, 5, 4), (2, 7, 16), (4, 2, 3)], start=1):
        real = torch.rand(size[:2], generator=torch.Generator().manual_seed(seed)) < 0.7
        yield *(tensor.float() for tensor in _tokens(seed, size)), real


def largest_weight() -> float:
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 200, 16, 64, generator=generator)
    scores = q @ k.transpose(1, 2)  # not divided by √64
    return scores.softmax(dim=2).amax(dim=2).mean().item()


def _check_largest(answer: Any) -> str:
    return compare_prediction(
        "3.3.c",
        answer,
        largest_weight,
        right_within=0.12,
        mistakes={
            1 / 16: "That would be if all scores were equal. How far apart are they?",
            1.0: "Nearly: now and then two of the sixteen scores lie close together.",
        },
        otherwise="A sum of 64 products of two standard normal numbers has a standard deviation of "
        "√64 = 8. How far is the largest of sixteen such scores from the next, and what does the "
        "exponential make of that?",
        highest=1.0,
    )


READINGS = ("stop early", "skip one block", "needs every block", "head is blind")
# Five blocks; read out after 0 to 5 of them, and with one of the five deleted.
_NETWORKS = {
    "A": ((0.11, 0.10, 0.12, 0.11, 0.13, 0.93), (0.21, 0.36, 0.44, 0.41, 0.12), "head is blind"),
    "B": ((0.13, 0.41, 0.64, 0.64, 0.80, 0.93), (0.24, 0.58, 0.92, 0.66, 0.80), "skip one block"),
    "C": ((0.12, 0.55, 0.84, 0.93, 0.93, 0.93), (0.22, 0.61, 0.83, 0.92, 0.93), "stop early"),
    "D": (
        (0.12, 0.34, 0.53, 0.69, 0.82, 0.93),
        (0.20, 0.45, 0.59, 0.68, 0.82),
        "needs every block",
    ),
}


def four_networks() -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return two rows of accuracies for each of four made-up networks of five blocks.

    Returns:
        Name → accuracy read out after 0, 1, …, 5 blocks; accuracy without block 1, …, 5.
    """
    return {name: rows[:2] for name, rows in _NETWORKS.items()}


def read_the_networks() -> dict[str, str]:
    return {
        # At chance until the last block, and yet no early block can be spared.
        "A": "head is blind",
        # Block 3 adds nothing to what can be read out, and nothing is lost without it.
        "B": "skip one block",
        # After three blocks all is there, and the last two can be spared together.
        "C": "stop early",
        # Each block adds something, and each is missed.
        "D": "needs every block",
    }


_READ_WRONGLY = {
    "stop early": "the accuracy still rises after its last block but one, so stopping loses some",
    "skip one block": "no block *between* others can go while all after it are needed",
    "needs every block": "look at its right panel: is every block missed?",
    "head is blind": "the head reads more after each of the first blocks",
}


def _check_reading(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_NETWORKS),
        "give a dict with a reading for each of A, B, C and D",
    )
    for name, reading in found.items():
        expect(reading in READINGS, f"{name}: choose one of {', '.join(READINGS)}; got {reading!r}")
    twice = [reading for reading in READINGS if list(found.values()).count(reading) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, reading in sorted(found.items()):
        right = _NETWORKS[name][2]
        told = _READ_WRONGLY[reading]
        if right == "head is blind" and reading == "needs every block":
            told = "true, but what does the left panel say about the head?"
        if right == "stop early" and reading == "skip one block":
            told = "more than one can go: from which block on does nothing change?"
        expect(reading == right, f"{name} does not look like that: {told}")


FAULTS = ("healthy", "no positions", "mask forgotten", "mask inverted", "letters never meet")


def faulty_encoder(fault: str, features: int, seed: int) -> Callable[[Tensor], Tensor]:
    """Return a small random transformer, ids to features, with one fault or none."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    table, places = drawn(257, features), drawn(64, features)
    blocks = [2 * drawn(5, features, features) / features**0.5 for _ in range(2)]

    def norm(x: Tensor) -> Tensor:
        return F.layer_norm(x, (features,))

    def encode(ids: Tensor) -> Tensor:
        real = ids != 0
        read = {"mask forgotten": torch.ones_like(real), "mask inverted": ~real}.get(fault, real)
        x = table[ids]
        if fault != "no positions":
            x = x + places[: ids.shape[1]]
        for to_q, to_k, to_v, first, last in blocks:
            h = norm(x)
            scores = (h @ to_q) @ (h @ to_k).transpose(1, 2) / features**0.5
            scores = scores.masked_fill(~read[:, None], -torch.inf)
            weights = scores.softmax(dim=2)
            x = x + (h if fault == "letters never meet" else weights @ h) @ to_v
            x = x + torch.relu(norm(x) @ first) @ last
        return torch.where(real[:, :, None], x, 0.0).sum(dim=1) / real.sum(dim=1, keepdim=True)

    return encode


def examine_encoder(encode: Callable[[Tensor], Tensor]) -> str:
    def features(*ids: int) -> Tensor:
        return encode(torch.tensor([ids]))[0]

    if features(5, 6, 7).isnan().any():
        return "mask inverted"
    if not torch.allclose(features(5, 6, 7), features(5, 6, 7, 0, 0)):
        return "mask forgotten"
    if torch.allclose(features(5, 6, 7), features(6, 5, 7)):
        return "no positions"
    # If letters never meet, replacing one changes as much whatever the other one is.
    beside_6 = features(5, 6) - features(8, 6)
    beside_7 = features(5, 7) - features(8, 7)
    return "letters never meet" if torch.allclose(beside_6, beside_7) else "healthy"


_OVERLOOKED = {
    "healthy": "All that should matter does, and nothing else; allow for rounding",
    "no positions": "Two words of the same letters in another order have the same features",
    "mask forgotten": "More zeros at the end change the features of a word",
    "mask inverted": "Only padding is read, so a text without padding has nothing to read",
    "letters never meet": "What a letter adds does not depend on the letters beside it",
}


def _check_examination(answer: Callable[[Callable[[Tensor], Tensor]], str]) -> None:
    check_encoder_examination(answer, faulty_encoder, _OVERLOOKED, sizes=[8, 12, 20])


EXERCISES = {
    "3.3.a": Exercise(
        check=_check_count,
        solution=count_parameters,
        hints=(
            "Which layers have parameters? Six linear maps and two normalizations.",
            "A linear map from a to b features has a · b weights and b biases.",
            "Queries, keys, values and the way back: four maps from `width` to `width`. The MLP: "
            "one from `width` to `hidden`, one back.",
        ),
        praise="With hidden = 4 · width it is about 12 · width², whatever the length of the text.",
        kind="derive",
        cases=_widths,
    ),
    "3.3.b": Exercise(
        check=_check_attention,
        solution=attention,
        hints=(
            "Three steps: scores of each query with each key, their softmax over the keys, and "
            "the weighted mean of the values. Where does the mask enter?",
            "`torch.where(real[:, None], scores, …)` before the softmax: `real[:, None]` has the "
            "shape (batch, 1, keys). And clean `k` and `v` at the padding, in case of NaN.",
            "If no position is real, minus infinity everywhere gives NaN. A very low finite "
            "number does not; set the weights of the padding to 0 after the softmax as well.",
        ),
        praise="That is what every transformer computes, in each head of each block.",
        kind="write",
        cases=_batches,
        gradients=frozenset({"q", "k", "v"}),
    ),
    "3.3.c": Exercise(
        check=_check_largest,
        is_value=True,
        solution=largest_weight,
        hints=(
            "What is the standard deviation of one score, a sum of 64 products?",
            "It is 8. The largest of sixteen such numbers is typically several units above the "
            "next one.",
            "A lead of 3 means e³ = 20 times the weight, a lead of 1 still 2.7 times. Leads from 0 "
            "to 8 all occur.",
        ),
        praise="Divided by √64 the scores have a standard deviation of 1, and the largest weight "
        "is about a quarter: then many positions are read, and the softmax passes gradients.",
        kind="predict",
    ),
    "3.3.d": Exercise(
        check=_check_reading,
        is_value=True,
        solution=read_the_networks,
        hints=(
            "Left: what the last layer can read after each block. Right: what is left without one "
            "block. Look for a curve that is flat somewhere.",
            "A curve that is flat at its end means something else than one that is flat in its "
            "middle, or at its beginning.",
            "Two networks rise with every block, or with every block but one. In the right panel, "
            "does the deletion of that one cost anything?",
        ),
        praise="What can be read out and what is needed are two questions, and take two plots.",
        kind="read",
    ),
    "3.3.e": Exercise(
        check=_check_examination,
        solution=examine_encoder,
        hints=(
            "For each fault, find two texts whose features should differ and do not, or the other "
            "way round.",
            "Three of the four need one or two calls: a text without padding, the same text with "
            "more padding, and an anagram.",
            "For the last, replace the first letter of a word of two, beside one second letter and "
            "beside another. If letters never meet, the features change by the same difference.",
        ),
        praise="Each of these faults leaves a network that trains, without any error message.",
        kind="diagnose",
    ),
}


QUIZ = (
    Question(
        "A transformer block is built without its shortcuts: y = MLP(norm(attention(norm(x)))). "
        "What is lost besides an easy way for the gradient?",
        (
            Answer(
                "Nothing of the content, because the attention gives each position a weight too.",
                "A position may read itself, but only mixed with others and through a matrix.",
            ),
            Answer(
                "The stream that all blocks read and add to, and with it the reading out midway.",
                "Without it each block replaces what came before, and none can be left out.",
                right=True,
            ),
            Answer(
                "The positions of the letters, since these are added to the stream by a shortcut.",
                "They are added once, at the beginning; any later layer could pass them on.",
            ),
        ),
    ),
    Question(
        "A text encoder has attention, a mask and a mean over the letters, but no position "
        "embeddings. Which task can it not learn, however long it is trained?",
        (
            Answer(
                "To tell whether a text has more vowels than consonants.",
                "Counting needs no order: a mean over the letters is enough.",
            ),
            Answer(
                "To tell whether a text contains both the letter a and the letter b, anywhere.",
                "Each letter may look for the other one, at any place.",
            ),
            Answer(
                "To tell whether a text begins with the letter with which it ends.",
                "Which letters are first and last is order, and anagrams have equal features.",
                right=True,
            ),
        ),
    ),
    Question(
        "After block 2 of six, the norm and the head of the finished network read the right class "
        "from the stream for half of the texts. What follows?",
        (
            Answer(
                "Half of the answers stand in the stream already, in the form that the head reads.",
                "More may be there in another form: the reading gives a lower bound.",
                right=True,
            ),
            Answer(
                "The blocks 3 to 6 can be removed at the price of half of the accuracy.",
                "So much for removing all four; of removing one of them it says nothing.",
            ),
            Answer(
                "The first two blocks do half of the work, and the other four the other half.",
                "What the head cannot read yet may be the larger part of the work.",
            ),
        ),
    ),
)
