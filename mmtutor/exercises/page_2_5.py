"""Exercises of page 2.5, Knowledge transfer between modalities."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.descending import step_downhill
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import expect_no_look_inside
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question

Loss = Callable[[Tensor, Tensor, Tensor, float, float], Tensor]


def transfer_loss(y: Tensor, t: Tensor, y_true: Tensor, alpha: float, tau: float) -> Tensor:
    log_q, p = (y / tau).log_softmax(dim=1), (t.detach() / tau).softmax(dim=1)
    soft = tau**2 * F.kl_div(log_q, p, reduction="batchmean")
    known = y_true != -100
    if not known.any():
        return alpha * soft
    return (1 - alpha) * F.cross_entropy(y[known], y_true[known]) + alpha * soft


def _check_loss(answer: Loss) -> None:
    generator = torch.Generator().manual_seed(0)
    y, t = torch.randn(2, 6, 5, generator=generator).unbind()
    y_true, alpha, tau = torch.tensor([3, -100, 0, -100, -100, 1]), 0.3, 2.0
    hard, soft = _terms(y, t, y_true, tau)
    loss = as_floats(answer(y, t, y_true, alpha, tau))
    expect(loss.ndim == 0, f"return one number for the batch; got the shape {tuple(loss.shape)}")

    def is_mix(of_hard: float, of_soft: float, other: Tensor = soft) -> bool:
        return are_close(loss, of_hard * hard + of_soft * other)

    expect(
        not is_mix(0.7, 0.3 / 4), "the factor τ² is missing: a higher τ would silence the teacher"
    )
    expect(
        not is_mix(0.7, 0.3 / 5),
        'the divergence is 5 times too small, once for each class: use reduction="batchmean"',
    )
    expect(not is_mix(0.7, 0.3 * 6), "that is the sum over the rows; divide it by their number")
    expect(not is_mix(0.3, 0.7), "alpha is the share of the teacher, 1 − alpha that of the labels")
    expect(
        not is_mix(0.7 * 3 / 6, 0.3),
        "the cross-entropy is a mean over the 3 rows with a label, not over all 6",
    )
    known = y_true != -100
    expect(
        not is_mix(0.7, 0.3, _terms(y[known], t[known], y_true[known], tau)[1]),
        "the teacher answers for all rows, also for those without a label",
    )
    expect(
        not is_mix(0.7, 0.3, _terms(t, y, y_true.clamp(min=0), tau)[1]),
        "this is KL(q‖p): F.kl_div takes the student's log-probabilities first",
    )
    expect(is_mix(0.7, 0.3), f"expected {0.7 * hard + 0.3 * soft:.4f}, got {loss:.4f}")
    _check_edges(answer, y, t)


def _check_edges(answer: Loss, y: Tensor, t: Tensor) -> None:
    loss = as_number(answer(y, t, torch.full((6,), -100), 0.3, 2.0))
    expect(
        not math.isnan(loss),
        "a batch without any label gives nan: the mean over no rows is 0 / 0",
    )
    soft = _terms(y, t, torch.zeros(6, dtype=torch.int64), 2.0)[1]
    expect(
        are_close(loss, 0.3 * soft),
        f"without any label, expected {0.3 * soft:.4f}, got {loss:.4f}",
    )
    y, t = y.clone().requires_grad_(), t.clone().requires_grad_()
    given = (y, t, torch.tensor([3, -100, 0, -100, -100, 1]), 0.3, 2.0)
    of_y, of_t = _gradients(answer, *given)
    expect(of_y.abs().sum() > 0, "no gradient reaches the student")
    expect(of_t.abs().sum() == 0, "the teacher gets a gradient, and would move: detach its logits")
    hard_only, wanted = (_gradients(transfer_loss, *given[:3], a, 2.0)[0] for a in (0.0, 0.3))
    expect(
        not are_close(of_y, 0.7 * hard_only),
        "only the labels send the student a gradient: its logits are detached in the divergence",
    )
    expect(
        are_close(of_y, wanted),
        "the loss is right and the student's gradient is not: a part of it is detached",
    )


def _gradients(
    answer: Loss, y: Tensor, t: Tensor, y_true: Tensor, alpha: float, tau: float
) -> tuple[Tensor, Tensor]:
    loss = torch.as_tensor(answer(y, t, y_true, alpha, tau))
    if not loss.requires_grad:
        return torch.zeros_like(y), torch.zeros_like(t)
    of_y, of_t = torch.autograd.grad(loss, (y, t), allow_unused=True, materialize_grads=True)
    return of_y, of_t


def _pairs() -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    generator = torch.Generator().manual_seed(1)
    for examples, classes, alpha, tau in ((4, 3, 0.5, 1.0), (9, 10, 0.9, 4.0), (1, 2, 0.2, 3.0)):
        y, t = 2 * torch.randn(2, examples, classes, generator=generator)
        y_true = torch.randint(classes, (examples,), generator=generator)
        yield y, t, y_true, alpha, tau
        yield y, t, torch.where(torch.arange(examples) % 3 == 1, -100, y_true), alpha, tau


def _terms(y: Tensor, t: Tensor, y_true: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy of the labeled rows and τ² times the mean divergence of all."""
    log_p, log_q = (t / tau).log_softmax(dim=1), (y / tau).log_softmax(dim=1)
    soft = tau**2 * (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()
    return F.cross_entropy(y, y_true, ignore_index=-100), soft


def frozen(encoder: nn.Module) -> nn.Module:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder.requires_grad_(False)
            self.train()

        def train(self, mode: bool = True) -> Self:
            return super().train(False)

        def forward(self, x: Tensor) -> Tensor:
            return self.encoder(x)

    return Frozen()


def _check_frozen(answer: Callable[[nn.Module], Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    x = 3 * torch.randn(8, 4, generator=generator) + 1
    before = copy.deepcopy(encoder).eval()
    wanted = before(x).detach()
    module = answer(encoder)
    expect(isinstance(module, nn.Module), "return a module, for example one of a class of your own")
    y = module(x)
    expect(isinstance(y, Tensor), "your module must return the features, a tensor")
    expect(
        are_close(y, wanted),
        "it normalizes with the batch's own mean: without a gradient, it still needs eval()",
    )
    first, last = nn.Linear(4, 4), nn.Linear(3, 2)
    network = nn.Sequential(first, module, last).train()
    expect(
        are_close(module(x), wanted),
        "train() on the whole network undoes your eval(): override train",
    )
    y = module(first(x))
    expect(y.requires_grad, "no gradient passes through: do not use no_grad inside")
    for _ in range(2):
        step_downhill(network, network(x).square().mean(), 0.1)
    learns = any(parameter.requires_grad for parameter in module.parameters())
    expect(not learns, "the optimizer moves its weights: they still require a gradient")
    expect(
        are_close(module(x), wanted),
        "after one step of training its features are others than before",
    )
    seen = x.clone().requires_grad_()
    slopes = [torch.autograd.grad(part(seen).square().sum(), seen)[0] for part in (module, before)]
    expect(
        are_close(slopes[0], slopes[1]),
        "the gradient that passes through is not that of the encoder",
    )


def share_after_an_erring_teacher() -> float:
    # For each kind of image the student gives the mean of the answers that it was taught. In this
    # mean the true digit has 0.6, and every other one 0.4 / 9: the errors do not add up anywhere.
    return 1.0


def _erring_teacher() -> float:
    """Return the accuracy of a linear student whose teacher is right in six cases of ten."""
    generator = torch.Generator().manual_seed(0)
    centers = 3 * torch.randn(10, 20, generator=generator)
    digits = torch.randint(10, (4000,), generator=generator)
    x = centers[digits] + torch.randn(4000, 20, generator=generator)
    wrong = (digits + torch.randint(1, 10, (4000,), generator=generator)) % 10
    errs = torch.rand(4000, generator=generator) >= 0.6
    told = torch.where(errs, wrong, digits)
    taught, new = slice(0, 3000), slice(3000, None)
    # Ridge regression on one-hot answers: a student that is as good as its answers.
    inputs = torch.cat([x, torch.ones(4000, 1)], dim=1).double()
    gram = inputs[taught].T @ inputs[taught] + torch.eye(21).double()
    target = F.one_hot(told[taught], 10).double()
    weights = torch.linalg.solve(gram, inputs[taught].T @ target)
    return ((inputs[new] @ weights).argmax(dim=1) == digits[new]).double().mean().item()


def _check_erring(answer: Any) -> str:
    return compare_prediction(
        "2.5.c",
        answer,
        _erring_teacher,
        right_within=0.05,
        mistakes={
            0.6: "To repeat an error, the student would have to see in the image when the teacher "
            "errs. These errors have nothing to do with the image.",
            0.4: "That is how often the teacher errs.",
            0.36: "The student does not err once more on top of its teacher.",
            0.1: "That is guessing. The teacher is right far more often than any wrong digit comes "
            "up.",
        },
        otherwise="What is the mean of all answers that the teacher gives to images of a three? "
        "Which digit has the largest share in it?",
        highest=1.0,
    )


SIZES = (20, 50, 200, 1000)
CASES = ("transfer", "pairs slipped", "student cannot see it", "teacher knows no more")
_CURVES = {
    "A": ((0.50, 0.75, 0.92, 0.96), (0.25, 0.36, 0.52, 0.65), (0.16, 0.19, 0.27, 0.44)),
    "B": ((0.26, 0.38, 0.51, 0.64), (0.25, 0.36, 0.52, 0.65), (0.24, 0.37, 0.53, 0.66)),
    "C": ((0.50, 0.75, 0.92, 0.96), (0.25, 0.36, 0.52, 0.65), (0.42, 0.55, 0.62, 0.66)),
    "D": ((0.50, 0.75, 0.92, 0.96), (0.10, 0.11, 0.10, 0.11), (0.11, 0.09, 0.10, 0.10)),
}
_RIGHT = {
    "A": "pairs slipped",
    "B": "teacher knows no more",
    "C": "transfer",
    "D": "student cannot see it",
}


def four_transfers() -> dict[str, dict[str, tuple[float, ...]]]:
    """Return made-up accuracies at `SIZES` labels: of the teacher and of a student, both ways."""
    names = ("teacher", "student alone", "student, taught")
    return {case: dict(zip(names, lines, strict=True)) for case, lines in _CURVES.items()}


def read_the_transfers() -> dict[str, str]:
    return {
        # Taught, it does worse than alone: what it is told does not belong to its image.
        "A": "pairs slipped",
        # All three lines are one, so there is nothing that the student lacks.
        "B": "teacher knows no more",
        # A gain with few labels, none with many.
        "C": "transfer",
        # No label helps the student either.
        "D": "student cannot see it",
    }


_SHOWN = {
    "transfer": "a transfer lifts the student above itself alone where labels are few",
    "pairs slipped": "answers to other images draw the student below what it reaches alone",
    "student cannot see it": "then labels would not help the student either",
    "teacher knows no more": "then the teacher would be no better than the student alone",
}


def _check_reading(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_RIGHT),
        "give a dict with a case for each of A, B, C and D",
    )
    for name, said in found.items():
        expect(said in CASES, f"{name}: choose one of {', '.join(CASES)}; got {said!r}")
    values = list(found.values())
    twice = [each for each in CASES if values.count(each) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, said in sorted(found.items()):
        expect(said == _RIGHT[name], f"{name} does not look like that: {_SHOWN[said]}")


Teaching = Callable[[Tensor, Tensor], Tensor]
FAULTS = (
    "healthy",
    "pairs slipped",
    "hard answers",
    "student not softened",
    "divergence swapped",
)


def _teaching(fault: str, tau: float) -> Teaching:
    """Return a transfer to an ideal student, with one fault."""

    def teach(x: Tensor, t: Tensor) -> Tensor:
        images, logits = torch.as_tensor(x).double(), torch.as_tensor(t).double()
        if fault == "pairs slipped":
            logits = logits.roll(1, dims=0)
        if fault == "hard answers":
            logits = 1000.0 * F.one_hot(logits.argmax(dim=1), logits.shape[1]).double()
        log_p = (logits / tau).log_softmax(dim=1).clamp(min=-200)
        _, image = torch.unique(images, dim=0, return_inverse=True)
        same = (image[:, None] == image[None]).double()
        share = same / same.sum(dim=1, keepdim=True)
        # The best answer to several at once: their mean, or, for KL(q||p), their geometric mean.
        log_q = share @ log_p if fault == "divergence swapped" else (share @ log_p.exp()).log()
        y = log_q if fault == "student not softened" else tau * log_q
        return (y - y.mean(dim=1, keepdim=True)).float()

    return teach


def examine_teaching(teach: Teaching, tau: float) -> str:
    t = torch.tensor([[2.0, 1.0, -3.0], [-1.0, 3.0, -2.0], [0.0, -2.0, 2.0]])
    # Three images, one answer to each: the student can repeat what it is told.
    y = teach(torch.eye(3), t)
    if torch.allclose(y, t.roll(1, dims=0), atol=1e-3):
        return "pairs slipped"
    if torch.allclose(y, t / tau, atol=1e-3):
        return "student not softened"
    if not torch.allclose(y, t, atol=1e-3):
        return "hard answers"
    # One image, three answers: the mean of the logits belongs to the geometric mean.
    y = teach(torch.zeros(3, 3), t)
    is_swapped = torch.allclose(y, t.mean(dim=0).expand(3, 3), atol=1e-3)
    return "divergence swapped" if is_swapped else "healthy"


_CLUES = {
    "healthy": "three different images get back the logits that they were taught, and one image "
    "with several answers gets the mean of their probabilities",
    "pairs slipped": "each image has the answer that belongs to the row above it",
    "hard answers": "the second best answer gets no more probability than the worst",
    "student not softened": "its logits are those of the teacher divided by τ",
    "divergence swapped": "different images look right; give one image several answers, and "
    "compare the mean of the probabilities with what comes out",
}


def _check_examination(answer: Callable[[Teaching, float], str]) -> None:
    expect_no_look_inside(answer)
    for tau in (2.0, 4.0):
        for fault in FAULTS:
            said = answer(_teaching(fault, tau), tau)
            expect(
                isinstance(said, str) and said in FAULTS,
                f"return one of {', '.join(map(repr, FAULTS))}; got {said!r}",
            )
            expect(said == fault, f"{fault!r} was taken for {said!r}: {_CLUES[fault]}")


EXERCISES = {
    "2.5.a": Exercise(
        check=_check_loss,
        cases=_pairs,
        solution=transfer_loss,
        hints=(
            "The divergence needs no label, so it takes all rows. `y_true != -100` says which "
            "rows the cross-entropy takes.",
            '`F.kl_div(log_q, p, reduction="batchmean")`, where p comes from `t.detach()`. '
            "The mean over no rows is nan: ask `known.any()` first.",
            "Return `alpha * tau**2 * divergence`, and where any label is known, add "
            "`(1 - alpha) * F.cross_entropy(y[known], y_true[known])`.",
        ),
        praise="So labeled and unlabeled pairs can come in one loader, in any mixture.",
        kind="write",
    ),
    "2.5.b": Exercise(
        check=_check_frozen,
        changes=frozenset({"encoder"}),
        solution=frozen,
        hints=(
            "Three things could move it: a gradient, a running average, and train mode, which "
            "uses other averages. Which call of the whole network brings back the last two?",
            "Write a class that holds the encoder, with `requires_grad_(False)`, and its own "
            "`train(self, mode=True)`.",
            "`train` may ignore its mode. Which one should it hand on to the `train` of "
            "`nn.Module`, whatever it was asked for? Call it once, at the end of `__init__`.",
        ),
        praise="A teacher inside a larger network stays what it was.",
        kind="write",
    ),
    "2.5.c": Exercise(
        check=_check_erring,
        is_value=True,
        solution=share_after_an_erring_teacher,
        hints=(
            "The student gives one answer to all images that look the same to it. Which one?",
            "Take all images of a three. What shares do the ten digits have among the answers that "
            "their teacher gives?",
            "The three has 0.6. The other 0.4 are spread over nine digits. The student names the "
            "digit with the largest share.",
        ),
        praise="A student can be better than its teacher, if the teacher's errors cannot be seen "
        "in what the student sees.",
        kind="predict",
    ),
    "2.5.d": Exercise(
        check=_check_reading,
        is_value=True,
        solution=read_the_transfers,
        hints=(
            "Look first at the student alone: which panel has one that learns nothing?",
            "In which panel does the teacher do harm?",
            "Of the two that are left, one has a teacher that is no better than the student.",
        ),
        praise="Teacher, student alone and student taught: these three lines, and no fewer, tell "
        "the four cases apart.",
        kind="read",
    ),
    "2.5.e": Exercise(
        check=_check_examination,
        solution=examine_teaching,
        hints=(
            "Let every image be different, as the rows of `torch.eye(3)`. What should a student "
            "with enough room answer?",
            "Three of the faults show there. For the last one, the student must not be able to "
            "agree with everybody: give it one image with several answers.",
            "The healthy loss is lowest at the mean of the probabilities. The swapped one is "
            "lowest at the softmax of the mean of the logits.",
        ),
        praise="A student that can repeat every answer hides the wrong divergence; only a conflict "
        "shows it.",
        kind="diagnose",
    ),
}

QUIZ = (
    Question(
        "Without the factor τ² in the loss, what happens if you raise τ from 1 to 10 and leave all "
        "else as it was?",
        (
            Answer(
                "The student trusts its teacher more, since softer answers carry more.",
                "Softer answers differ less, so they pull less; nothing makes up for it.",
            ),
            Answer(
                "The teacher's answers pull far less, and the labels decide.",
                "Their pull falls about as 1/τ², which here is a hundredth.",
                right=True,
            ),
            Answer(
                "Nothing, as Adam divides every gradient by its size.",
                "Adam scales the sum of both parts; their shares in it have changed.",
            ),
        ),
    ),
    Question(
        "Student and teacher are trained together, and the gradient of the divergence is not "
        "stopped at the teacher. There are no labels. What is likely?",
        (
            Answer(
                "Both end with one and the same answer to everything.",
                "Networks that ignore their inputs agree perfectly; page 2.4 calls it collapse.",
                right=True,
            ),
            Answer(
                "The teacher learns from the student, so that both get better.",
                "Neither is told which digit it is, so there is nothing to get better at.",
            ),
            Answer(
                "The loss stays high, as both run after each other.",
                "Both move towards each other, so the loss falls fast; it only means nothing.",
            ),
        ),
    ),
    Question(
        "A teacher is right in 97 of 100 cases. Its student, with 50,000 pairs, stays at 50. What "
        "do you ask first?",
        (
            Answer(
                "Whether a longer training or another temperature would help.",
                "Possibly a little; but no training adds what the input does not show.",
            ),
            Answer(
                "Whether the student has enough layers for such a teacher.",
                "Size helps to find what is in the input, and here that is in doubt.",
            ),
            Answer(
                "Whether the student's modality shows what the teacher knows.",
                "If it shows one bit of two, one half is the most that anybody can reach.",
                right=True,
            ),
        ),
    ),
)
