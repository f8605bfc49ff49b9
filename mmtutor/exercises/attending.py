"""Exercise 3.6.e: attention to tokens of which some are padding."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import expect
from mmtutor.exercises.forbidding import without_functions, without_modules


def look_up(
    X: Tensor, words: Tensor, null: Tensor, real: Tensor, W_q: Tensor, W_k: Tensor, W_v: Tensor
) -> Tensor:
    # Replaced and not multiplied: 0 times nan is nan.
    words = words.masked_fill(~real[:, :, None], 0.0)
    context = torch.cat([words, null.expand(len(X), 1, -1)], dim=1)
    scores = (X @ W_q) @ (context @ W_k).transpose(1, 2) / X.shape[2] ** 0.5
    asked = F.pad(real, (0, 1), value=True)
    scores = scores.masked_fill(~asked[:, None, :], -torch.inf)
    return X + torch.softmax(scores, dim=2) @ (context @ W_v)


def _tokens(
    batch: int, asking: int, words: int, size: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """Return X, words, null, real (all of them), W_q, W_k and W_v."""
    return (
        torch.randn(batch, asking, size, generator=generator),
        torch.randn(batch, words, size, generator=generator),
        torch.randn(size, generator=generator),
        torch.ones(batch, words, dtype=torch.bool),
        *(torch.randn(size, size, generator=generator) / size**0.5 for _ in range(3)),
    )


_NO_ATTENTION = "write the attention yourself, with tensors: no module, no packaged attention"


def check_look_up(answer: Callable[..., Tensor]) -> None:
    """Find the likely mistake in an answer to 3.6.e."""
    generator = torch.Generator().manual_seed(4)
    X, words, null, real, W_q, W_k, W_v = _tokens(3, 4, 5, 6, generator)
    got = as_floats(answer(X.clone(), words.clone(), null, real, W_q, W_k, W_v))
    expect(got.shape == X.shape, f"X' has the shape of X, (3, 4, 6), not {tuple(got.shape)}")
    context = torch.cat([words, null.expand(3, 1, 6)], dim=1)
    scores = (X @ W_q) @ (context @ W_k).transpose(1, 2)
    values, shares = context @ W_v, (scores / 6**0.5).softmax(dim=2)
    expect(
        not are_close(got, shares @ values),
        "the shortcut is missing: X itself is added to the answer",
    )
    alone = ((X @ W_q) @ (words @ W_k).transpose(1, 2) / 6**0.5).softmax(dim=2)
    transposed = (scores / 6**0.5).softmax(dim=1)
    left = (X @ W_q.T) @ (context @ W_k.T).transpose(1, 2) / 6**0.5
    for wrong, mistake in (
        (alone @ (words @ W_v), "the null token is not among those that are asked"),
        (
            scores.softmax(dim=2) @ values,
            "divide by the root of s before the softmax",
        ),
        ((scores / 6).softmax(dim=2) @ values, "divide by the root of s, not by s"),
        (
            transposed @ values,
            "the softmax runs over the wrong axis: for each token that asks, the weights of those "
            "that are asked sum to 1",
        ),
        (
            left.softmax(dim=2) @ (context @ W_v.T),
            "the matrices stand on the right: X @ W_q, not W_q X",
        ),
        (shares @ context, "what is averaged are the values, context @ W_v"),
    ):
        expect(not are_close(got, X + wrong), mistake)
    expect(
        are_close(got, X + shares @ values), "without padding, the numbers differ from the formula"
    )
    _check_padding(answer, X, words, null, W_q, W_k, W_v)
    silent = without_modules(answer, "", _NO_ATTENTION)
    ready = frozenset({"scaled_dot_product_attention", "multi_head_attention_forward"})
    without_functions(silent, ready, _NO_ATTENTION)(X, words, null, real, W_q, W_k, W_v)


def _check_padding(
    answer: Callable[..., Tensor], X: Tensor, words: Tensor, null: Tensor, *matrices: Tensor
) -> None:
    lengths = torch.tensor([5, 2, 0])
    real = torch.arange(5) < lengths[:, None]
    emptied = words.masked_fill(~real[:, :, None], 0.0)
    wanted = look_up(X, emptied, null, real, *matrices)
    got = as_floats(answer(X, emptied.clone(), null, real, *matrices))
    everywhere = torch.ones_like(real)
    expect(
        not are_close(got, look_up(X, emptied, null, everywhere, *matrices)),
        "padding still gets a weight: a product of 0 is not a weight of 0, since exp(0) = 1",
    )
    expect(
        not got.isnan().any(),
        "X' is nan where a caption has no words; the null token is always real, so something is "
        "left to look at",
    )
    expect(are_close(got, wanted), "where words are padding, the numbers differ from the formula")
    for junk in 7.0, torch.nan:
        given = words.masked_fill(~real[:, :, None], junk)
        expect(
            are_close(answer(X, given, null, real, *matrices), wanted),
            f"what stands in the padding, here {junk:g}, gets into X': replace it before it meets "
            "a matrix (0 times nan is nan)",
        )


def captions() -> Iterator[tuple[Tensor, ...]]:
    """Yield arguments of `look_up`, without padding and with it."""
    generator = torch.Generator().manual_seed(5)
    for sizes in ((1, 1, 1, 1), (5, 2, 7, 4), (2, 6, 3, 8)):
        X, words, null, real, *matrices = _tokens(*sizes, generator)
        yield X, words, null, real, *matrices
        yield X, words, null, torch.rand(real.shape, generator=generator) < 0.5, *matrices
