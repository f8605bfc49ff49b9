"""Exercises of page 3.5, Fusion."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises.exercise import Exercise, expect


def film_for_xor() -> tuple[float, float, float, float]:
    w, v, c, beta = 1.0, -1.0, -1.0, 0.0
    return w, v, c, beta


def _check_film(answer: Callable[[], Sequence[float]]) -> None:
    numbers = answer()
    expect(
        isinstance(numbers, Sequence | Tensor) and len(numbers) == 4,
        "return four numbers: w, v, c and beta",
    )
    w, v, c, beta = (float(number) for number in numbers)
    h_I = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    h_T = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    z = (1 + v * h_T + c) * w * h_I + beta
    expect(v != 0, "with v = 0 the scale does not depend on the text: nothing is multiplied")
    expect(w != 0, "with w = 0 the picture is not used at all")
    expect(
        c == -1,
        "the 1 in 1 + γ still lets the picture pass by itself; which c takes the 1 away?",
    )
    expect(beta == 0, "the shift moves all four corners by the same amount; here it is not needed")
    expect(
        not torch.allclose(z, h_I * h_T),
        "this is +1 where both agree and -1 where they differ: turn one sign",
    )
    wanted = [-1, 1, 1, -1]
    expect(
        torch.allclose(z, torch.tensor(wanted).float()),
        f"(-1,-1), (-1,1), (1,-1), (1,1) should give {wanted}; got {z.tolist()}",
    )


def low_rank(features: Sequence[Tensor], factors: Sequence[Tensor], bias: Tensor) -> Tensor:
    product = torch.ones(())
    for h, W in zip(features, factors, strict=True):
        product = product * torch.einsum("bd,rds->brs", F.pad(h, (0, 1), value=1.0), W)
    return product.sum(dim=1) + bias


def _maps(
    features: Sequence[Tensor], factors: Sequence[Tensor], *, in_front: bool = False
) -> list[Tensor]:
    """Return what each modality contributes to each rank: `(batch, rank, shared)`."""
    place = (1, 0) if in_front else (0, 1)
    padded = [F.pad(h, place, value=1.0) for h in features]
    pairs = zip(padded, factors, strict=True)
    return [torch.stack([h @ each for each in W], dim=1) for h, W in pairs]


def _fused(maps: Sequence[Tensor], bias: Tensor) -> Tensor:
    return torch.stack(list(maps)).prod(dim=0).sum(dim=1) + bias


def _check_low_rank(answer: Callable[[list[Tensor], list[Tensor], Tensor], Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    features = [torch.randn(6, size, generator=generator) for size in (5, 3, 2)]
    factors = [torch.randn(4, size + 1, 7, generator=generator) for size in (5, 3, 2)]
    bias = torch.randn(7, generator=generator)
    z = answer(features, factors, bias)
    expect(isinstance(z, Tensor), "return a tensor")
    expect(
        z.shape != (6, 4, 7),
        "one vector for each of the four ranks is left: add them up, over axis 1",
    )
    expect(z.shape == (6, 7), f"z has shape (batch, shared) = (6, 7), not {tuple(z.shape)}")
    maps = _maps(features, factors)
    summed_first = torch.stack([each.sum(dim=1) for each in maps]).prod(dim=0) + bias
    expect(
        not torch.allclose(z, summed_first, atol=1e-4),
        "you add over the ranks before you multiply: that is one product of sums, rank 1",
    )
    added = torch.stack(maps).sum(dim=(0, 2)) + bias
    expect(
        not torch.allclose(z, added, atol=1e-4),
        "you add the modalities: that is the sum again, without any interaction",
    )
    in_front = _fused(_maps(features, factors, in_front=True), bias)
    expect(
        not torch.allclose(z, in_front, atol=1e-4),
        "the 1 stands in front; append it at the end, where the factors expect it",
    )
    expect(
        not torch.allclose(z, _fused(maps[:2], bias), atol=1e-4),
        "you multiply two modalities only; there may be any number of them",
    )
    wanted = _fused(maps, bias)
    expect(not torch.allclose(z, wanted - bias, atol=1e-4), "the bias is missing")
    expect(torch.allclose(z, wanted, atol=1e-4), "the numbers differ from the formula")


EXERCISES = {
    "3.5.a": Exercise(
        check=_check_film,
        solution=film_for_xor,
        hints=(
            "XOR of signs is a product: -h_I · h_T is 1 where they differ and -1 where they agree.",
            "Multiply out: (1 + v h_T + c) w h_I = (1 + c) w h_I + v w h_T h_I. Which term is too "
            "much?",
            "c = -1 removes it; then v · w has to be -1.",
        ),
        praise="One product does what no sum can, with a single number for z.",
    ),
    "3.5.b": Exercise(
        check=_check_low_rank,
        solution=low_rank,
        hints=(
            "First map each modality, rank by rank; then multiply over the modalities; then add "
            "over the ranks.",
            '`torch.einsum("bd,rds->brs", h_with_one, W)` maps one modality for all ranks.',
            "Start with `product = 1.0`, and in a loop `product = product * maps`; at the end "
            "`product.sum(dim=1) + bias`.",
        ),
        praise="Three modalities or ten: the weights grow with the sum of the sizes.",
    ),
}
