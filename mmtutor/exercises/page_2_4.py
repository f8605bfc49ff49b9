"""Exercises of page 2.4, Coordinated representations."""

import math
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtutor import losses
from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, Mistake, expect
from mmtutor.exercises.forbidding import expect_no_look_inside
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def loss_with_copies() -> float:
    candidates, digits = 60, 10
    fitting = candidates // digits  # no encoder can tell these from the partner
    return math.log(fitting)


_COPIES = {
    0.0: "0 needs one candidate that fits; here the words of six pairs are the same",
    math.log(60): "ln 60 is the loss of whoever knows nothing; this encoder knows the digit",
    math.log(10): "ln 10 = ln 60 - ln 6 is what knowing the digit saves; what is left?",
    math.log2(6): "the loss is measured with natural logarithms; this is in bits",
    1 / 6: "1/6 is the probability that the partner gets; the loss is its negative logarithm",
    math.log(5): "the partner is one of those that fit: count it, too",
}


def _check_copies(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.shape == (), "give one number")
    for value, mistake in _COPIES.items():
        expect(not torch.isclose(given, torch.tensor(value).double(), atol=0.005), mistake)
    expect(
        torch.isclose(given, torch.tensor(loss_with_copies()).double(), atol=0.01),
        f"among how many words that all fit does the picture have to guess? Got {given:.3f}",
    )


def loss_with_partners(left: Tensor, right: Tensor, labels: Tensor, temperature: float) -> Tensor:
    s = F.normalize(left) @ F.normalize(right).T / temperature
    partners = (labels[:, None] == labels[None]).to(s.dtype)
    total = s.new_zeros(())
    for logits in (s, s.T):
        each = (partners * logits.log_softmax(dim=1)).sum(dim=1) / partners.sum(dim=1)
        total = total - each.mean() / 2
    return total


def _vectors(examples: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, examples, 5, generator=generator)
    return left, right


def _check_partners(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> None:
    left, right = _vectors(6, 0)
    apart = torch.arange(6)
    s = F.normalize(left) @ F.normalize(right).T / 0.5
    rows, columns = (F.cross_entropy(each, apart) for each in (s, s.T))
    plain = as_floats(answer(left, right, apart, 0.5))
    expect(plain.shape == (), f"return one number, not the shape {tuple(plain.shape)}")
    for wrong, mistake in {
        F.cross_entropy(left @ right.T / 0.5, apart) / 2
        + F.cross_entropy((left @ right.T).T / 0.5, apart) / 2: "compare directions: bring each "
        "vector to length 1 first",
        rows: "this looks for the right sides only; each right vector looks for its left ones, too",
        columns: "this looks for the left sides only; each left vector looks for its right ones, "
        "too",
        rows + columns: "the mean of both directions, not their sum",
        F.cross_entropy(s * 0.25, apart) / 2
        + F.cross_entropy(s.T * 0.25, apart) / 2: "divide by the temperature, do not multiply",
        -(rows + columns) / 2: "the sign is wrong: a logarithm of a probability is negative",
    }.items():
        expect(not are_close(plain, wrong), mistake)
    expect(
        are_close(plain, (rows + columns) / 2),
        "where all labels differ, this is the loss of the page: "
        f"expected {(rows + columns) / 2:.4f}; got {plain:.4f}",
    )
    labels = torch.tensor([0, 0, 1, 0, 1, 2])
    wanted = loss_with_partners(left, right, labels, 0.5)
    got = as_floats(answer(left, right, labels, 0.5))
    expect(
        not are_close(got, plain), "the labels change nothing: whoever shares a label is a partner"
    )
    partners = labels[:, None] == labels[None]
    summed = sum(-(partners * each.log_softmax(dim=1)).sum(dim=1).mean() / 2 for each in (s, s.T))
    expect(not are_close(got, summed), "divide by the number of partners, row by row")
    inside = sum(-(each.softmax(dim=1) * partners).sum(dim=1).log().mean() / 2 for each in (s, s.T))
    expect(
        not are_close(got, inside),
        "this is the logarithm of the sum of the partners' probabilities; the task asks for the "
        "mean of their logarithms",
    )
    pooled = sum(
        -(partners * each.log_softmax(dim=1)).sum() / partners.sum() / 2 for each in (s, s.T)
    )
    expect(
        not are_close(got, pooled),
        "every vector counts the same: first the mean over its partners, then over the vectors",
    )
    expect(are_close(got, wanted), f"expected {wanted:.4f}; got {got:.4f}")

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Mistake("this calls the packaged loss: write it from the formula")

    with mock.patch.object(losses, "info_nce", refuse):
        answer(left, right, labels, 0.5)


def _labeled() -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    for seed, (examples, classes) in enumerate([(1, 1), (4, 1), (8, 3), (12, 20)]):
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randint(classes, (examples,), generator=generator)
        for temperature in (0.1, 1.0):
            yield *_vectors(examples, seed), labels, temperature


def bits_in_small_batches() -> float:
    # The loss is never below 0, so (ln 4 - 0) / ln 2 = 2 bits are the most that four candidates
    # can show. It is a little less, because two of the four may show the same.
    return 2.0


def _small_batches() -> float:
    """Return the bits that a perfect pair of encoders shows in batches of 4, of 4 shared bits."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(16, (4000, 4), generator=generator)
    alike = (codes[:, :, None] == codes[:, None]).sum(dim=2)
    return (2 - alike.double().log2().mean()).item()


def _check_small(answer: Any) -> str:
    return compare_prediction(
        "2.4.c",
        answer,
        _small_batches,
        right_within=0.25,
        mistakes={
            4.0: "Four bits are shared, but four candidates cannot show them: the loss would have "
            "to fall below 0.",
            0.0: "Chance would be ln 4; these encoders know all that is shared.",
            1.0: "Count again: how many bits does it take to choose one of four?",
            1.386: "That is ln 4; in bits it is more.",
        },
        otherwise="How far can the loss fall, and from where? Set both into the formula for bits.",
        highest=16.0,
    )


STATES = ("trained", "collapsed", "pairs slipped", "not trained")
_SPACES = {"A": "pairs slipped", "B": "not trained", "C": "collapsed", "D": "trained"}


def four_spaces() -> dict[str, Tensor]:
    """Return made-up cosines of eight images (rows) with their eight words, of four networks."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, state in _SPACES.items():
        noise = 0.12 * torch.randn(8, 8, generator=generator)
        if state == "trained":
            cosines = 0.8 * torch.eye(8) + 0.05 + noise
        elif state == "pairs slipped":
            cosines = 0.8 * torch.eye(8).roll(1, dims=1) + 0.05 + noise
        elif state == "collapsed":
            cosines = 0.97 + 0.1 * noise
        else:
            cosines = 1.3 * noise
        found[name] = cosines.clamp(-1, 1)
    return found


def name_the_spaces() -> dict[str, str]:
    return {
        # Each image is near to the word of the next pair.
        "A": "pairs slipped",
        # No order, and all cosines are small.
        "B": "not trained",
        # Everything is near to everything: no word can be found.
        "C": "collapsed",
        # The diagonal is bright, and nothing else.
        "D": "trained",
    }


_LOOKS = {
    "trained": "after training, each image is near to its own word, on the diagonal, and far from "
    "the others",
    "collapsed": "after a collapse, all cosines are near 1, so that nothing stands out",
    "pairs slipped": "if the pairs have slipped, there is one bright word for each image, beside "
    "the diagonal",
    "not trained": "without training, no cosine is large and there is no order",
}


def _check_spaces(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_SPACES),
        "give a dict with a state for each of A, B, C and D",
    )
    for name, said in found.items():
        expect(said in STATES, f"{name}: choose one of {', '.join(STATES)}; got {said!r}")
    values = list(found.values())
    twice = [each for each in STATES if values.count(each) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, said in sorted(found.items()):
        expect(said == _SPACES[name], f"{name} does not look like that: {_LOOKS[said]}")


Loss = Callable[[Tensor, Tensor], Tensor]
FAULTS = (
    "healthy",
    "not normalized",
    "one direction",
    "right detached",
    "temperature multiplied",
    "partners slipped",
)


def _faulty(fault: str, temperature: float) -> Loss:
    """Return the contrastive loss with one fault."""

    def loss(left: Tensor, right: Tensor) -> Tensor:
        if fault == "right detached":
            right = right.detach()
        if fault != "not normalized":
            left, right = F.normalize(left), F.normalize(right)
        scale = temperature if fault == "temperature multiplied" else 1 / temperature
        s = scale * left @ right.T
        partner = torch.arange(len(s))
        if fault == "partners slipped":
            partner = partner.roll(1)
        rows = F.cross_entropy(s, partner)
        if fault == "one direction":
            return rows
        # What is the partner of a column is the row whose partner it is.
        return (rows + F.cross_entropy(s.T, partner.argsort())) / 2

    return loss


def examine_loss(loss: Loss, temperature: float) -> str:
    # Three pairs, each exactly alike and at right angles to the others.
    apart = math.log(1 + 2 * math.exp(-1 / temperature))
    found = loss(torch.eye(3), torch.eye(3)).item()
    if math.isclose(found, apart + 1 / temperature, abs_tol=1e-3):
        return "partners slipped"
    if not math.isclose(found, apart, abs_tol=1e-3):
        return "temperature multiplied"
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 3, 4, generator=generator)
    left.requires_grad_()
    right.requires_grad_()
    value = loss(left, right)
    (slope,) = torch.autograd.grad(value, right, allow_unused=True, materialize_grads=True)
    if slope.abs().sum() == 0:
        return "right detached"
    if not torch.isclose(loss(2 * left, right), value):
        return "not normalized"
    is_symmetric = torch.isclose(loss(right, left), value, atol=1e-5)
    return "healthy" if is_symmetric else "one direction"


_SIGNS = {
    "healthy": "it does not depend on lengths, both sides get a gradient, exchanging them changes "
    "nothing, and pairs that are alike have the lowest loss",
    "not normalized": "doubling the vectors of a side changes it",
    "one direction": "loss(left, right) and loss(right, left) differ",
    "right detached": "its value is right, and no gradient reaches the right side",
    "temperature multiplied": "pairs that are exactly alike, and far from all others, still have a "
    "loss near ln N",
    "partners slipped": "it is low for left against a rolled right, and high for true pairs",
}


def _check_loss(answer: Callable[[Loss, float], str]) -> None:
    expect_no_look_inside(answer)
    for temperature in (0.2, 0.5):
        for fault in FAULTS:
            said = answer(_faulty(fault, temperature), temperature)
            expect(
                isinstance(said, str) and said in FAULTS,
                f"return one of {', '.join(map(repr, FAULTS))}; got {said!r}",
            )
            expect(said == fault, f"{fault!r} was taken for {said!r}: {_SIGNS[fault]}")


EXERCISES = {
    "2.4.a": Exercise(
        check=_check_copies,
        is_value=True,
        solution=loss_with_copies,
        hints=(
            "For one picture, how many of the sixty words are its digit's?",
            "The softmax shares the probability evenly among the words that fit, and the others "
            "get none.",
            "The loss is minus the logarithm of the partner's probability, which is 1 over that "
            "number.",
        ),
        praise="A contrastive loss on ten classes cannot come near 0, and that is no fault of the "
        "encoders.",
        kind="derive",
    ),
    "2.4.b": Exercise(
        check=_check_partners,
        cases=_labeled,
        solution=loss_with_partners,
        hints=(
            "Begin with the similarities and a table of who is a partner of whom.",
            "`s.log_softmax(dim=1)` has the logarithms of one direction; take them where "
            "`labels[:, None] == labels[None]`.",
            "Divide the sum of each row by its number of partners, then take the mean over rows, "
            "with a minus. Do the same with `s.T`, and take the mean of both.",
        ),
        praise="With labels for partners, the loss of the page becomes that of Khosla et al. "
        "(2020), and the copies are no longer pushed away.",
        kind="write",
        gradients=frozenset({"left", "right"}),
    ),
    "2.4.c": Exercise(
        check=_check_small,
        is_value=True,
        solution=bits_in_small_batches,
        hints=(
            "The number of bits is (ln N - L) / ln 2. What is the smallest possible L?",
            "With N = 4 and L = 0, how many bits are that?",
            "Sometimes two of four candidates show the same, so it is a little less.",
        ),
        praise="So a measured number of shared bits is a lower bound, and small batches make it a "
        "weak one.",
        kind="predict",
    ),
    "2.4.d": Exercise(
        check=_check_spaces,
        is_value=True,
        solution=name_the_spaces,
        hints=(
            "Where should the bright cells be, if each image is to find its word?",
            "In one panel nothing is dark. What would a search in it return?",
            "One panel has a bright cell in every row, though not where it belongs.",
        ),
        praise="One look at such a table, before any number, finds the commonest bugs.",
        kind="read",
    ),
    "2.4.e": Exercise(
        check=_check_loss,
        solution=examine_loss,
        hints=(
            "What must not change a cosine? And what must not change a loss that is the mean of "
            "two directions?",
            "Ask for the gradient of each side, double the vectors of one side, and exchange the "
            "sides.",
            "For the other two, begin with pairs that are exactly alike and at right angles to all "
            "others, such as `torch.eye(3)`: the healthy loss is ln(1 + 2 exp(-1/temperature)).",
        ),
        praise="Four properties of a healthy loss, and each of the five faults breaks one.",
        kind="diagnose",
    ),
}

QUIZ = (
    Question(
        "A pair of encoders is trained only to bring partners near. The loss falls almost to 0. "
        "What have the encoders learned?",
        (
            Answer(
                "What both modalities share, since that is all that partners have in common.",
                "There is an easier way to be near a partner: be near everything.",
            ),
            Answer(
                "Nothing that tells one pair from another: all vectors are nearly the same.",
                "A constant output makes every distance 0, so that nothing can be found.",
                right=True,
            ),
            Answer(
                "The training pairs by heart, which new pairs would show.",
                "On new pairs the loss is as low; it is the search that fails.",
            ),
        ),
    ),
    Question(
        "For the XOR of message and key the contrastive loss finds no shared bit. Why?",
        (
            Answer(
                "Message and key have nothing to do with each other until the label is known.",
                "The loss never sees the label, and for it the two are independent coins.",
                right=True,
            ),
            Answer(
                "The encoders are too small to compute an XOR of the two sides.",
                "No encoder sees both sides, and a larger one would not change that.",
            ),
            Answer(
                "The batches are too small to show a whole bit.",
                "A hundred candidates could show more than six bits.",
            ),
        ),
    ),
    Question(
        "After training the loss on new pairs is still ln N. What do you look at first?",
        (
            Answer(
                "Whether the learning rate is small enough for a loss with so many candidates.",
                "Possible, but there is a cheaper and more frequent reason.",
            ),
            Answer(
                "Whether the temperature should be learned in place of being set by hand.",
                "No temperature finds partners that are not there.",
            ),
            Answer(
                "Whether row i of the one side still belongs to row i of the other.",
                "Slipped pairs share nothing, and nothing raises an error.",
                right=True,
            ),
        ),
    ),
)
