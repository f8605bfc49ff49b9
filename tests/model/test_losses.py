import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.losses import FocalLoss, info_nce


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def close(actual: Tensor, expected: float) -> None:
    torch.testing.assert_close(actual, torch.tensor(expected), rtol=1e-5, atol=1e-6)


# --- InfoNCE ---------------------------------------------------------------------------------


def test_info_nce_of_pairs_is_its_formula() -> None:
    first = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    second = torch.tensor([[3.0, 0.0], [0.5, 0.0]])
    # Cosines (1, 1) and (0, 0). Rows: both softmaxes are even, ln 2 each. Columns: (1, 0), where
    # the partner is the first, ln(1 + 1/e), and (1, 0), where it is the second, ln(1 + e).
    rows = math.log(2)
    columns = (math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 2
    close(info_nce(first, second, temperature=1.0), (rows + columns) / 2)


def test_with_several_partners_it_is_the_mean_over_them() -> None:
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    second = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    positives = torch.tensor([[True, False, True], [False, True, False]])
    # Rows: (1, 0, −1) with the partners 1 and −1, so ln(e + 1 + 1/e) − 0; (0, 1, 0) with the
    # partner 1, ln(e + 2) − 1. Columns: (1, 0), (0, 1) and (−1, 0), each with one partner.
    rows = (math.log(math.e + 1 + 1 / math.e) + math.log(math.e + 2) - 1) / 2
    columns = (2 * math.log(1 + 1 / math.e) + math.log(1 + math.e)) / 3
    close(info_nce(first, second, 1.0, positives), (rows + columns) / 2)


def test_pairs_give_the_usual_line_of_torch() -> None:
    first, second = torch.randn(7, 5), torch.randn(7, 5)
    logits = F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / 0.07
    labels = torch.arange(7)
    expected = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    torch.testing.assert_close(info_nce(first, second), expected)
    diagonal = torch.eye(7, dtype=torch.bool)
    assert torch.equal(info_nce(first, second, positives=diagonal), info_nce(first, second))


def test_neither_length_nor_side_of_the_vectors_matters() -> None:
    first, second = torch.randn(4, 3), torch.randn(4, 3)
    loss = info_nce(first, second)
    torch.testing.assert_close(info_nce(9 * first, 0.1 * second), loss)
    torch.testing.assert_close(info_nce(second, first), loss)


@pytest.mark.parametrize("scale", [1e25, 1e-25, 1e-38])
def test_vectors_whose_squares_no_float_can_hold_have_their_direction(scale: float) -> None:
    first, second = torch.randn(2, 4, 3)
    torch.testing.assert_close(info_nce(scale * first, second), info_nce(first, second))
    first.requires_grad_()
    info_nce(scale * first, scale * second).backward()
    (expected,) = torch.autograd.grad(info_nce(first, second), first)
    torch.testing.assert_close(first.grad, expected)


def test_one_pair_is_no_task() -> None:
    assert info_nce(torch.randn(1, 3), torch.randn(1, 3)) == 0


def test_the_gradients_are_right_and_reach_the_temperature() -> None:
    first, second = (torch.randn(3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    log_tau = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    positives = torch.tensor([[True, False, True], [False, True, False], [True, False, True]])
    for partners in (None, positives):
        torch.autograd.gradcheck(
            lambda a, b, t, partners=partners: info_nce(a, b, t.exp(), partners),
            (first, second, log_tau),
        )


def test_a_small_temperature_does_not_overflow() -> None:
    first = torch.randn(4, 3, requires_grad=True)
    loss = info_nce(first, torch.randn(4, 3), temperature=1e-6)
    loss.backward()
    assert loss.isfinite() and loss > 1e4
    assert first.grad.isfinite().all()


def test_a_vector_of_zeros_leaves_loss_and_gradient_finite_and_small() -> None:
    first = torch.randn(4, 3)
    first[1] = 0
    first.requires_grad_()
    second = torch.randn(4, 3)
    loss = info_nce(first, second)
    loss.backward()
    # All its cosines are 0, so its own row is even: ln 4.
    logits = F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / 0.07
    labels = torch.arange(4)
    assert F.cross_entropy(logits[1:2], labels[1:2]).item() == pytest.approx(math.log(4))
    expected = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    torch.testing.assert_close(loss, expected)
    assert first.grad.isfinite().all() and first.grad.abs().max() < 100


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_costs_only_the_rounding_of_the_vectors(dtype: torch.dtype) -> None:
    first, second = torch.randn(8, 16).to(dtype).requires_grad_(), torch.randn(8, 16).to(dtype)
    exact = info_nce(first.float(), second.float())
    assert torch.equal(info_nce(first, second), exact)
    with torch.autocast("cpu", dtype=dtype):
        loss = info_nce(first, second)
    assert torch.equal(loss, exact) and loss.dtype == torch.float32
    loss.backward()
    assert first.grad.dtype == dtype and first.grad.isfinite().all()


VECTORS = torch.ones(3, 2)
PAIRS = torch.eye(3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((VECTORS.long(), VECTORS), TypeError, "float tensors .*; got torch.int64"),
        ((VECTORS, [[1.0, 2.0]]), TypeError, "float tensors .*; got list"),
        ((VECTORS, torch.ones(3, 4)), ValueError, r"one number of features; got \(3, 2\) and"),
        ((torch.ones(3), VECTORS), ValueError, r"got \(3,\) and \(3, 2\)"),
        ((VECTORS, torch.ones(4, 2)), TypeError, r"a bool tensor \(3, 4\); got NoneType"),
        ((VECTORS, VECTORS, 1.0, PAIRS.float()), TypeError, r"\(3, 3\); got torch.float32"),
        ((VECTORS, VECTORS, 1.0, PAIRS[:2]), ValueError, r"\(3, 3\); got \(2, 3\)"),
        ((VECTORS, VECTORS[:2], 1.0, PAIRS[:, :2]), ValueError, "True in each row and column"),
        ((VECTORS[:2], VECTORS, 1.0, PAIRS[:2]), ValueError, "True in each row and column"),
        ((VECTORS[:0], VECTORS[:0]), ValueError, "True in each row and column"),
        ((VECTORS, VECTORS, 0.0), ValueError, "temperature must be above 0; got 0.0"),
        ((VECTORS, VECTORS, torch.tensor(-1.0)), ValueError, "above 0; got -1.0"),
        ((VECTORS, VECTORS, math.nan), ValueError, "above 0; got nan"),
    ],
)
def test_wrong_arguments_of_info_nce_are_named(
    arguments: tuple, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        info_nce(*arguments)


# --- focal loss ------------------------------------------------------------------------------

# Probabilities (0.9, 0.1) for both; the labels are 0 and 1, so p is 0.9 and 0.1.
LOGITS = torch.tensor([[0.9, 0.1], [0.9, 0.1]]).log()
LABELS = torch.tensor([0, 1])
EASY, HARD = 0.1**2 * -math.log(0.9), 0.9**2 * -math.log(0.1)


def test_focal_loss_is_its_formula() -> None:
    close(FocalLoss(gamma=2.0)(LOGITS, LABELS), (EASY + HARD) / 2)
    close(
        FocalLoss(gamma=2.0, weight=torch.tensor([1.0, 3.0]))(LOGITS, LABELS), (EASY + 3 * HARD) / 4
    )
    close(FocalLoss(ignore_index=0)(LOGITS, LABELS), HARD)


@pytest.mark.parametrize("shape", [(6,), (6, 2), (2, 3, 4)])
@pytest.mark.parametrize("weight", [None, torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)])
@pytest.mark.parametrize("ignored", [-100, 1, 255])
def test_without_gamma_it_is_cross_entropy(
    shape: tuple[int, ...], weight: Tensor | None, ignored: int
) -> None:
    logits = torch.randn(shape[0], 3, *shape[1:], dtype=torch.float64)
    labels = torch.randint(3, shape)
    labels.view(-1)[:2] = torch.tensor([ignored, 0])
    expected = nn.CrossEntropyLoss(weight, ignore_index=ignored)(logits, labels)
    actual = FocalLoss(0.0, weight, ignored)(logits, labels)
    torch.testing.assert_close(actual, expected, rtol=1e-14, atol=0)


def test_more_gamma_counts_easy_examples_less() -> None:
    shares = []
    for gamma in (0.0, 1.0, 2.0):
        logits = LOGITS.clone().requires_grad_()
        FocalLoss(gamma)(logits, LABELS).backward()
        easy, hard = logits.grad.norm(dim=1)
        shares.append((easy / hard).item())
    assert shares[0] > 3 * shares[1] > 9 * shares[2]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_the_gradient_is_right_and_stays_finite_at_both_ends(gamma: float) -> None:
    criterion = FocalLoss(gamma)
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(criterion, (logits, torch.tensor([0, 1, 2, 0])))
    # p = 1 to the last digit, and p = e⁻²⁰⁰ with nothing left to count less.
    ends = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    criterion(ends, torch.tensor([0, 0])).backward()
    assert ends.grad.tolist() == [[0, 0], [-0.5, 0.5]]


@pytest.mark.parametrize("gap", [5.0, 10.0, 15.0, 17.0, 20.0, 90.0, 104.0])
def test_near_certainty_the_gradient_fades_without_a_leap(gap: float) -> None:
    logits = torch.tensor([[gap, 0.0]], requires_grad=True)
    FocalLoss(0.5)(logits, torch.tensor([0])).backward()
    assert logits.grad.abs().max() <= 1.6 * math.exp(-gap) + 1e-6


def test_a_class_that_is_ruled_out_does_no_harm() -> None:
    logits = torch.tensor([[1.0, 2.0, -math.inf]], requires_grad=True)
    FocalLoss()(logits, torch.tensor([0])).backward()
    assert logits.grad.isfinite().all() and logits.grad[0, 2] == 0


def test_wrong_arguments_of_focal_loss_are_named() -> None:
    with pytest.raises(ValueError, match="gamma must be at least 0; got -1"):
        FocalLoss(-1)
    with pytest.raises(TypeError, match=r"not probabilities; got torch.float32 \(2, 2\)"):
        FocalLoss()(LOGITS, LOGITS.exp())


# --- label smoothing -------------------------------------------------------------------------


def test_label_smoothing_is_in_torch() -> None:
    logits = torch.tensor([[0.7, 0.2, 0.1]]).log()
    surprise = [-math.log(p) for p in (0.7, 0.2, 0.1)]
    # Of the target, 0.9 is the label's and 0.1 is spread over all three classes.
    expected = 0.9 * surprise[0] + 0.1 * sum(surprise) / 3
    close(nn.CrossEntropyLoss(label_smoothing=0.1)(logits, torch.tensor([0])), expected)
