"""Exercises of page 3.6, Fusion: nine ideas."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor.exercises import attending
from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import expect_no_look_inside, without_modules
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def film_for_xor() -> tuple[float, float, float, float]:
    w, v, c, beta = 1.0, -1.0, -1.0, 0.0
    return w, v, c, beta


def _check_film(answer: Callable[[], Sequence[float]]) -> None:
    numbers = as_floats(answer())
    expect(numbers.shape == (4,), "return four numbers: w, v, c and beta")
    w, v, c, beta = numbers.tolist()
    h_I = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    h_T = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    z = (1 + v * h_T + c) * w * h_I + beta
    expect(v != 0, "with v = 0 the scale does not depend on the text: nothing is multiplied")
    expect(w != 0, "with w = 0 the picture is not used at all")
    expect(
        abs(c + 1) < 1e-6,
        "the 1 in 1 + γ still lets the picture pass by itself; which c takes the 1 away?",
    )
    expect(
        abs(beta) < 1e-6,
        "the shift moves all four corners by the same amount; here it is not needed",
    )
    expect(
        not are_close(z, h_I * h_T),
        "this is +1 where both agree and -1 where they differ: turn one sign",
    )
    wanted = [-1, 1, 1, -1]
    expect(
        are_close(z, torch.tensor(wanted).float()),
        f"(-1,-1), (-1,1), (1,-1), (1,1) should give {wanted}; got {z.tolist()}",
    )


_NO_MODULE = "you use a module of the package: write it with tensors"


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
    z = as_floats(answer([h.clone() for h in features], factors, bias))
    expect(
        z.shape != (6, 4, 7),
        "one vector for each of the four ranks is left: add them up, over axis 1",
    )
    expect(z.shape == (6, 7), f"z has shape (batch, shared) = (6, 7), not {tuple(z.shape)}")
    maps = _maps(features, factors)
    summed_first = torch.stack([each.sum(dim=1) for each in maps]).prod(dim=0) + bias
    expect(
        not are_close(z, summed_first),
        "you add over the ranks before you multiply: that is one product of sums, rank 1",
    )
    added = torch.stack(maps).sum(dim=(0, 2)) + bias
    expect(
        not are_close(z, added),
        "you add the modalities: that is the sum again, without any interaction",
    )
    in_front = _fused(_maps(features, factors, in_front=True), bias)
    expect(
        not are_close(z, in_front),
        "the 1 stands in front; append it at the end, where the factors expect it",
    )
    expect(
        not are_close(z, _fused(maps[:2], bias)),
        "you multiply two modalities only; there may be any number of them",
    )
    wanted = _fused(maps, bias)
    expect(not are_close(z, wanted - bias), "the bias is missing")
    expect(are_close(z, wanted), "the numbers differ from the formula")
    without_modules(answer, "mmtutor.", _NO_MODULE)(features, factors, bias)


def _ranks() -> Iterator[tuple[list[Tensor], list[Tensor], Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for batch, rank, shared, sizes in (
        (1, 1, 1, (1,)),
        (3, 2, 5, (4, 4)),
        (5, 4, 2, (3, 1, 2, 6)),
        (4, 1, 3, (2, 2, 2)),
    ):
        features = [torch.randn(batch, size, generator=generator) for size in sizes]
        factors = [torch.randn(rank, size + 1, shared, generator=generator) for size in sizes]
        yield features, factors, torch.randn(shared, generator=generator)


def accuracy_of_a_sum() -> float:
    generator = torch.Generator().manual_seed(0)
    shares = torch.tensor([0.3, 0.3, 0.3, 0.1])  # of (-1, -1), (-1, 1), (1, -1) and (1, 1)

    def draw(examples: int) -> tuple[Tensor, Tensor]:
        corner = torch.multinomial(shares, examples, replacement=True, generator=generator)
        signs = torch.stack([2.0 * (corner // 2) - 1, 2.0 * (corner % 2) - 1], dim=1)
        noise = 0.2 * torch.randn(examples, 2, generator=generator)
        return signs + noise, (signs[:, 0] != signs[:, 1]).float()

    h, differ = draw(2000)
    weights = torch.zeros(3, requires_grad=True)  # w_I, w_T and the bias
    optimizer = torch.optim.Adam([weights], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        score = h @ weights[:2] + weights[2]
        F.binary_cross_entropy_with_logits(score, differ).backward()
        optimizer.step()
    h, differ = draw(4000)
    found = h @ weights[:2] + weights[2] > 0
    return (found == differ.bool()).float().mean().item()


def _check_accuracy(answer: Any) -> str:
    return compare_prediction(
        "3.6.c",
        answer,
        accuracy_of_a_sum,
        right_within=0.03,
        mistakes={
            1: "A sum gets three of the four corners right at most, whatever its weights are.",
            0.75: "Three corners of four, yes, but count them by their shares.",
            0.5: "Guessing is where a *balanced* XOR leaves a sum, for all corners pull alike. "
            "Here one pulls less than the others.",
            0.6: "0.6 is the share of the class that is more frequent. The sum can do better than "
            "to answer always the same.",
            0.7: "One of the three frequent corners would be given up there. Which corner costs "
            "least?",
        },
        otherwise="Which corner will cross-entropy give up, and how frequent are the other three?",
        highest=1,
    )


Fuse = Callable[[Tensor, Tensor], Tensor]
FAULTS = ("healthy", "image ignored", "text ignored", "no interaction", "examples mixed")


def faulty_fusion(fault: str, sizes: tuple[int, int], seed: int) -> Fuse:
    """Return a fusion of two vectors, with one fault or none."""
    generator = torch.Generator().manual_seed(seed)
    image, text = (torch.randn(size, 16, generator=generator) for size in sizes)
    last = torch.randn(16, 6, generator=generator) / 4

    def fuse(h_I: Tensor, h_T: Tensor) -> Tensor:
        a, b = h_I @ image.to(h_I), h_T @ text.to(h_T)
        if fault == "image ignored":
            a = torch.zeros_like(a)
        if fault == "text ignored":
            b = torch.zeros_like(b)
        if fault == "no interaction":
            return (torch.relu(a) + torch.relu(b)) @ last.to(a)
        if fault == "examples mixed":
            return (torch.softmax(a + b, dim=0) * torch.tanh(a)) @ last.to(a)
        return torch.relu(a + b) @ last.to(a)

    return fuse


def examine_fusion(g: Fuse, h_I: Tensor, h_T: Tensor) -> str:
    z = g(h_I, h_T)
    if not torch.allclose(g(h_I[:1], h_T[:1]), z[:1], atol=1e-4):
        return "examples mixed"
    other_I, other_T = h_I.roll(1, dims=0), h_T.roll(1, dims=0)
    if torch.allclose(g(other_I, h_T), z, atol=1e-4):
        return "image ignored"
    if torch.allclose(g(h_I, other_T), z, atol=1e-4):
        return "text ignored"
    difference = z - g(other_I, h_T) - g(h_I, other_T) + g(other_I, other_T)
    return "healthy" if difference.abs().max() > 1e-3 else "no interaction"


_OVERLOOKED = {
    "healthy": "Allow for rounding where you compare, and change one thing at a time",
    "image ignored": "Other images beside the same texts give the same z",
    "text ignored": "Other texts beside the same images give the same z",
    "no interaction": "Both are used, but exchanging the image changes z by the same amount "
    "whichever text stands beside it",
    "examples mixed": "The first example alone gives another z than it does in its batch",
}


def _check_diagnosis(answer: Callable[[Fuse, Tensor, Tensor], str]) -> None:
    expect_no_look_inside(answer)
    generator = torch.Generator().manual_seed(1)
    for seed, sizes in enumerate([(5, 3), (4, 7), (2, 2), (12, 9)]):
        h_I, h_T = (torch.randn(9, size, generator=generator) for size in sizes)
        for fault in FAULTS:
            found = answer(faulty_fusion(fault, sizes, seed), h_I.clone(), h_T.clone())
            expect(
                isinstance(found, str) and found in FAULTS,
                f"return one of {', '.join(FAULTS)}; got {found!r}",
            )
            expect(
                found == fault,
                f'a fusion was called "{found}" that is "{fault}". {_OVERLOOKED[fault]}',
            )


EXERCISES = {
    "3.6.a": Exercise(
        check=_check_film,
        solution=film_for_xor,
        hints=(
            "XOR of signs is a product: -h_I · h_T is 1 where they differ and -1 where they agree.",
            "Multiply out: (1 + v h_T + c) w h_I = (1 + c) w h_I + v w h_T h_I. Which term is too "
            "much?",
            "Choose c so that the term with h_I alone is gone, and then look at the sign of the "
            "other.",
        ),
        praise="One product does what no sum can, with a single number for z.",
        kind="derive",
    ),
    "3.6.b": Exercise(
        check=_check_low_rank,
        cases=_ranks,
        gradients=frozenset({"features", "factors", "bias"}),
        solution=low_rank,
        hints=(
            "First map each modality, rank by rank; then multiply over the modalities; then add "
            "over the ranks.",
            '`torch.einsum("bd,rds->brs", h_with_one, W)` maps one modality for all ranks.',
            "The maps of all modalities have the shape (batch, rank, shared). Over which of these "
            "axes do you add, once they are multiplied?",
        ),
        praise="Three modalities or ten: the weights grow with the sum of the sizes.",
        kind="write",
    ),
    "3.6.c": Exercise(
        check=_check_accuracy,
        is_value=True,
        solution=accuracy_of_a_sum,
        hints=(
            "How many corners of an XOR can a straight line get right?",
            "Three of four. Cross-entropy is a mean over examples: which corner has least say?",
            "The corner (1, 1) is given up. Add the shares of the other three.",
        ),
        praise="Nine in ten, and no interaction at all: where one combination is rare, a good "
        "accuracy does not show that the modalities have met. Look at the rare corner by itself.",
        kind="predict",
    ),
    "3.6.d": Exercise(
        check=_check_diagnosis,
        solution=examine_fusion,
        hints=(
            "Call g again with one thing changed: other images, other texts, a single example.",
            "`h_I.roll(1, dims=0)` puts another image beside each text. The page has a number "
            "for the interaction.",
            "A fusion that ignores a modality has no interaction either, and one that mixes "
            "examples answers to every change: which test comes first?",
        ),
        praise="Four calls, and you need not read a line of the code that you test.",
        kind="diagnose",
    ),
    "3.6.e": Exercise(
        check=attending.check_look_up,
        cases=attending.captions,
        gradients=frozenset({"X", "words", "null", "W_q", "W_k", "W_v"}),
        solution=attending.look_up,
        hints=(
            "First the case without padding: put the null token behind the words with `torch.cat`; "
            "the scores then have the shape (batch, asking, words + 1).",
            "Padding gets the score minus infinity, *before* the softmax over the last axis; and "
            "its numbers are replaced by zeros before anything is multiplied.",
            "`F.pad(real, (0, 1), value=True)` says that the null token is real. `masked_fill` "
            "replaces, where a product with 0 would keep a nan.",
        ),
        praise="This is the attention inside CrossAttentionFusion, with one head: a caption "
        "without any words leaves the null token to look at.",
        kind="write",
    ),
}

QUIZ = (
    Question(
        "You concatenate h_I and h_T and put one linear layer on top, then the linear head. What "
        "can this network not learn?",
        (
            Answer(
                "Which of the two modalities is the more reliable one, on average.",
                "Larger weights for the columns of the better modality are all that this takes.",
            ),
            Answer(
                "To add up the evidence that both give for a class.",
                "That is exactly what it does: each class gets a score from either side, and the "
                "scores are added.",
            ),
            Answer(
                "That a feature of the image counts only if the text says so.",
                "Both steps are linear, so the image changes the scores by the same amount "
                "whatever the text is: no interaction.",
                right=True,
            ),
        ),
    ),
    Question(
        "Low-rank fusion of rank 4 replaces a tensor fusion of 5 and 3 features. What is lost?",
        (
            Answer(
                "Nothing: each slice of the tensor is a 6×4 matrix, of rank 4 at most.",
                "A matrix with four columns is always a sum of four outer products, so the rank "
                "suffices to express every tensor.",
                right=True,
            ),
            Answer(
                "The products of two features, of which only four remain in each number of z.",
                "Each of the four terms is a product of two weighted sums, and so contains "
                "products of all pairs.",
            ),
            Answer(
                "The single features, for only the products of both sides are kept.",
                "The appended 1 is multiplied too, and a feature times 1 is the feature itself.",
            ),
        ),
    ),
    Question(
        "The interaction of a fusion, computed by the four calls of this page, is not zero. What "
        "do you know about it?",
        (
            Answer(
                "It gets all four corners of an XOR right, once it is trained.",
                "A single relu behind a sum has an interaction too, and its border is still one "
                "straight line, so three corners are its limit.",
            ),
            Answer(
                "It is not just something from the image plus something from the text.",
                "Such a sum has no interaction. What this fusion can compare, and whether "
                "training finds it, is left for an experiment.",
                right=True,
            ),
            Answer(
                "It contains a product of a feature of the image and one of the text.",
                "The residual MLP has an interaction and multiplies nothing: it bends a sum by "
                "relus.",
            ),
        ),
    ),
)
