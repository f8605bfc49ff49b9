import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers

CASES = {
    "A": "pairs slipped",
    "B": "teacher knows no more",
    "C": "transfer",
    "D": "student cannot see it",
}


def exchanged(a, b):
    return CASES | {a: CASES[b], b: CASES[a]}


def by_ignored_index(y, t, y_true, alpha, tau):
    count = (y_true >= 0).sum().clamp(min=1)
    hard = F.cross_entropy(y, y_true, reduction="sum", ignore_index=-100) / count
    p, log_q = torch.softmax(t.data / tau, dim=1), torch.log_softmax(y / tau, dim=1)
    soft = torch.xlogy(p, p).sum() - (p * log_q).sum()
    return (1 - alpha) * hard + alpha * tau * tau * soft / len(y)


def transfer(reduction="batchmean", factor=1.0, detach=True, swap=False):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(y, t, y_true, alpha, tau):
        known = y_true != -100
        hard = F.cross_entropy(y[known], y_true[known]) if known.any() else 0 * y.sum()
        y, t = y / tau, (t.detach() if detach else t) / tau
        y, t = (t, y) if swap else (y, t)
        soft = F.kl_div(y.log_softmax(dim=1), t.softmax(dim=1), reduction=reduction)
        return (1 - alpha) * hard + alpha * tau**2 * factor * soft

    return answer


def without_square(y, t, y_true, alpha, tau):
    return transfer(factor=tau**-2)(y, t, y_true, alpha, tau)


def mean_over_classes(y, t, y_true, alpha, tau):
    return transfer(factor=1 / y.shape[1])(y, t, y_true, alpha, tau)


def mean_over_all_rows(y, t, y_true, alpha, tau):
    hard = F.cross_entropy(y, y_true, reduction="sum") / len(y)
    return (1 - alpha) * hard + transfer()(y, t, y_true * 0 - 100, alpha, tau)


def only_labeled(y, t, y_true, alpha, tau):
    known = y_true != -100
    return transfer()(y[known], t[known], y_true[known], alpha, tau)


def always_hot(y, t, y_true, alpha, tau):
    return transfer()(y, t, y_true, alpha, 1.0)


def nan_without_labels(y, t, y_true, alpha, tau):
    return (1 - alpha) * F.cross_entropy(y, y_true) + transfer()(y, t, y_true * 0 - 100, alpha, tau)


def shares_swapped(y, t, y_true, alpha, tau):
    return transfer()(y, t, y_true, 1 - alpha, tau)


def each_row(y, t, y_true, alpha, tau):
    return F.cross_entropy(y, y_true, reduction="none")


def student_detached(y, t, y_true, alpha, tau):
    return transfer()(y.detach(), t, y_true, alpha, tau) + 0 * y.sum()


def frozen_copy(encoder):
    kept = copy.deepcopy(encoder).eval()
    kept.requires_grad_(False)

    class Still(nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = kept

        def forward(self, x):
            self.kept.eval()
            return self.kept(x)

    return Still()


def wrapper(forward, gradients=False):
    """Return an answer whose module stays in eval mode and has this forward."""

    def answer(encoder):
        class Wrapper(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = encoder.requires_grad_(gradients)
                self.train()

            def train(self, mode=True):
                return super().train(False)

        Wrapper.forward = forward
        return Wrapper()

    return answer


def only_parameters(encoder):
    return encoder.requires_grad_(False)


def only_for_now(encoder):
    return encoder.requires_grad_(False).eval()


def row_by_row(y, t, y_true, alpha, tau):
    p, q = ((x.double() / tau).softmax(dim=1) for x in (t.detach(), y))
    soft = sum((p[i] * (p[i] / q[i]).log()).sum() for i in range(len(y))) / len(y)
    known = [i for i in range(len(y)) if y_true[i] >= 0]
    log_p = y.log_softmax(dim=1)
    hard = -sum(log_p[i, y_true[i]] for i in known) / max(1, len(known))
    return (1 - alpha) * hard + alpha * tau**2 * soft


def divergence_detached(y, t, y_true, alpha, tau):
    return transfer()(y, t, y_true, 0.0, tau) * (1 - alpha) + alpha * (
        transfer()(y, t, y_true * 0 - 100, 1.0, tau).detach()
    )


def by_overriding(encoder):
    encoder.eval().requires_grad_(False)
    encoder.train = lambda mode=True: encoder
    return encoder


def dropout_left_on(encoder):
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder.requires_grad_(False)

        def forward(self, x):
            self.encoder[1].eval()
            return self.encoder(x)

    return Partly()


def examine_by_conflict_first(teach, tau):
    """Look at one image with two answers, then at two images."""
    t = torch.tensor([[3.0, 0.0, -3.0, 0.0], [-2.0, 2.0, 1.0, -1.0]])
    both = teach(torch.ones(2, 5), t)
    if torch.allclose(both[0], t.mean(dim=0), atol=1e-2):
        return "divergence swapped"
    apart = teach(torch.tensor([[0.0], [1.0]]), t)
    candidates = {
        "healthy": t,
        "pairs slipped": t.flip(0),
        "student not softened": t / tau,
        "hard answers": 100 * t,
    }
    return min(candidates, key=lambda name: (candidates[name] - apart).abs().sum().item())


def examine_by_probabilities(teach, tau):
    generator = torch.Generator().manual_seed(1)
    t = 2 * torch.randn(4, 3, generator=generator)
    t = t - t.mean(dim=1, keepdim=True)
    y = teach(torch.arange(4.0)[:, None], t)
    p, q = (t / tau).softmax(dim=1), (y / tau).softmax(dim=1)
    if torch.allclose(q, p.roll(1, dims=0), atol=1e-3):
        return "pairs slipped"
    if q.max(dim=1).values.min() > 0.999:
        return "hard answers"
    if not torch.allclose(q, p, atol=1e-3):
        return "student not softened"
    one = (teach(torch.zeros(4, 1), t)[0] / tau).softmax(dim=0)
    is_mean = torch.allclose(one, p.mean(dim=0), atol=1e-3)
    return "healthy" if is_mean else "divergence swapped"


def except_for(name):
    def examine(teach, tau):
        found = examine_by_conflict_first(teach, tau)
        return "healthy" if found == name else found

    return examine


ANSWERS = {
    "2.5.a": Answers(
        right=by_ignored_index,
        also_right=[row_by_row],
        wrong={
            "only the labels send the student": divergence_detached,
            "factor τ² is missing": without_square,
            "once for each class": mean_over_classes,
            "the sum over the rows": transfer(reduction="sum"),
            "the share of the teacher": shares_swapped,
            "not over all 6": mean_over_all_rows,
            "answers for all rows": only_labeled,
            "this is KL(q‖p)": transfer(swap=True),
            "gives nan": nan_without_labels,
            "would move": transfer(detach=False),
            "reaches the student": student_detached,
            "one number for the batch": each_row,
            "expected 1.75": always_hot,
        },
    ),
    "2.5.b": Answers(
        right=frozen_copy,
        also_right=[by_overriding],
        wrong={
            "batch's own mean": only_parameters,
            "undoes your eval()": only_for_now,
            "return a module": lambda encoder: encoder.eval().forward,
            "no gradient passes": wrapper(torch.no_grad()(lambda self, x: self.encoder(x))),
            "still require a gradient": wrapper(lambda self, x: self.encoder(x), gradients=True),
        },
    ),
    "2.5.c": Answers(
        right=1.0,
        also_right=[0.97, torch.tensor(0.99), lambda: np.float64(1)],
        wrong={
            "would have to see in the image when": 0.6,
            "how often the teacher errs": 0.4,
            "does not err once more": 0.36,
            "That is guessing": 0.1,
            "What is the mean of all answers": 0.8,
            "a number from 0 to 1": 100,
            "give one number": None,
        },
    ),
    "2.5.d": Answers(
        right=CASES,
        also_right=[lambda: dict(reversed(CASES.items()))],
        wrong={
            "A does not look like that: a transfer lifts": exchanged("A", "C"),
            "A does not look like that: then the teacher": exchanged("A", "B"),
            "A does not look like that: then labels": exchanged("A", "D"),
            "B does not look like that: then labels": exchanged("B", "D"),
            "each occurs once": CASES | {"B": "transfer"},
            "choose one of": CASES | {"B": "overfitting"},
            "for each of A, B, C and D": ["transfer"],
        },
    ),
    "2.5.e": Answers(
        right=examine_by_conflict_first,
        also_right=[examine_by_probabilities],
        wrong={
            "'pairs slipped' was taken for 'healthy'": except_for("pairs slipped"),
            "'hard answers' was taken for 'healthy'": except_for("hard answers"),
            "'student not softened' was taken for": except_for("student not softened"),
            "'divergence swapped' was taken for 'healthy'": except_for("divergence swapped"),
            "'healthy' was taken for": lambda teach, tau: "hard answers",
            "return one of": lambda teach, tau: "faulty",
            "its code is not to be looked at": lambda teach, tau: (
                teach.__closure__[0].cell_contents
            ),
        },
    ),
}
