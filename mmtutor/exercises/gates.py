"""Exercise 3.7.e: a gate for modalities of which some are missing."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import expect
from mmtutor.exercises.forbidding import without_modules

_NO_MODULE = "you use a module of the package: write it with tensors"


def gate_present(
    features: Sequence[Tensor], W: Sequence[Tensor], V: Sequence[Tensor], present: Tensor
) -> Tensor:
    # Replaced and not multiplied: 0 times nan is nan.
    known = [h.masked_fill(~present[:, m, None], 0.0) for m, h in enumerate(features)]
    joined = torch.cat(known, dim=1)
    scores = torch.stack([F.linear(joined, V_m) for V_m in V], dim=1)
    scores = scores.masked_fill(~present[:, :, None], -torch.inf)
    shares = torch.softmax(scores, dim=1).nan_to_num()
    candidates = [torch.tanh(F.linear(h, W_m)) for h, W_m in zip(known, W, strict=True)]
    return (shares * torch.stack(candidates, dim=1)).sum(dim=1)


def check_gated(answer: Callable[..., Tensor]) -> None:
    """Find the likely mistake in an answer to 3.7.e."""
    generator = torch.Generator().manual_seed(2)
    sizes, shared = (5, 3, 2), 7
    features = [torch.randn(6, size, generator=generator) for size in sizes]
    W = [torch.randn(shared, size, generator=generator) for size in sizes]
    V = [torch.randn(shared, sum(sizes), generator=generator) for _ in sizes]
    everything = torch.ones(6, 3, dtype=torch.bool)
    z = as_floats(answer([h.clone() for h in features], W, V, everything))
    expect(z.shape == (6, 7), f"z has shape (batch, shared) = (6, 7), not {tuple(z.shape)}")
    joined = torch.cat(features, dim=1)
    scores = torch.stack([joined @ V_m.T for V_m in V], dim=1)
    mapped = torch.stack([h @ W_m.T for h, W_m in zip(features, W, strict=True)], dim=1)

    def gives(shares: Tensor, candidates: Tensor) -> bool:
        return are_close(z, (shares * candidates).sum(dim=1))

    bounded = mapped.tanh()
    expect(
        not gives(scores.sigmoid(), bounded),
        "a sigmoid for each modality gives gates that do not sum to 1: take a softmax over the "
        "modalities",
    )
    expect(
        not gives(scores.softmax(dim=2), bounded) and not gives(scores.softmax(dim=0), bounded),
        "the softmax runs over the wrong axis: the shares of the *modalities* sum to 1",
    )
    expect(not gives(scores.softmax(dim=1), mapped), "the tanh is missing")
    expect(not gives(scores, bounded), "the scores are not shares yet: the softmax is missing")
    expect(
        gives(scores.softmax(dim=1), bounded),
        "with nothing missing, the numbers differ from the formula",
    )
    without_modules(answer, "mmtutor.", _NO_MODULE)(features, W, V, everything)
    _check_missing(answer, features, W, V)


def _check_missing(
    answer: Callable[..., Tensor],
    features: Sequence[Tensor],
    W: Sequence[Tensor],
    V: Sequence[Tensor],
) -> None:
    present = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0]]) > 0
    absent = ~present[:, :, None]
    zeroed = [h.masked_fill(absent[:, m], 0.0) for m, h in enumerate(features)]
    scores = torch.stack([torch.cat(zeroed, dim=1) @ V_m.T for V_m in V], dim=1)
    mapped = torch.stack([h @ W_m.T for h, W_m in zip(zeroed, W, strict=True)], dim=1).tanh()
    shares = scores.masked_fill(absent, -torch.inf).softmax(dim=1)
    wanted = (shares * mapped).sum(dim=1)
    keeping = (scores.softmax(dim=1) * mapped).sum(dim=1)
    z = answer([h.clone() for h in zeroed], W, V, present)
    expect(
        not are_close(z, keeping),
        "a missing modality keeps its share: the others should have it, so that the shares of "
        "those present sum to 1",
    )
    expect(are_close(z, wanted), "where a modality is missing, the shares differ from the formula")
    for junk in 7.0, torch.nan:
        given = [h.masked_fill(absent[:, m], junk) for m, h in enumerate(features)]
        expect(
            are_close(answer(given, W, V, present), wanted),
            f"what stands in place of a missing modality, here {junk:g}, gets into z: replace it "
            "before it meets a matrix (0 times nan is nan)",
        )
    nothing = as_floats(answer([h.clone() for h in features], W, V, present & False))
    expect(
        not nothing.isnan().any(),
        "where nothing is present, z is nan: a softmax over nothing but -inf divides 0 by 0",
    )
    expect((nothing == 0).all(), "where nothing is present, z should be 0")


def gates() -> Iterator[tuple[list[Tensor], list[Tensor], list[Tensor], Tensor]]:
    """Yield arguments of `gate_present`, complete and with gaps."""
    generator = torch.Generator().manual_seed(3)
    for batch, shared, sizes in ((1, 1, (1,)), (5, 4, (3, 2)), (8, 3, (2, 5, 1, 4))):
        features = [torch.randn(batch, size, generator=generator) for size in sizes]
        W = [torch.randn(shared, size, generator=generator) for size in sizes]
        V = [torch.randn(shared, sum(sizes), generator=generator) for _ in sizes]
        yield features, W, V, torch.ones(batch, len(sizes), dtype=torch.bool)
        present = torch.rand(batch, len(sizes), generator=generator) < 0.5
        yield features, W, V, present
        # Large scores must not overflow.
        yield features, W, [25 * V_m for V_m in V], torch.ones_like(present)
