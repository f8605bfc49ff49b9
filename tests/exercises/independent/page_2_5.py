"""Answers on page 2.5; the modules that freeze an encoder stand in `freezers`."""

import torch
from torch.nn import functional as F

from tests.exercises.independent import freezers


def loss_by_hand(y, t, y_true, alpha, tau):
    has_label = y_true >= 0
    log_q, log_p = F.log_softmax(y / tau, 1), F.log_softmax(t.detach() / tau, 1)
    soft = (log_p.exp() * (log_p - log_q)).sum() / len(y)
    rows = y[has_label].log_softmax(dim=1)
    hard = -rows[range(len(rows)), y_true[has_label]].sum() / max(len(rows), 1)
    return (1 - alpha) * hard + alpha * tau**2 * soft


def loss_by_torch(y, t, y_true, alpha, tau):
    p = (t.detach() / tau).softmax(dim=1)
    soft = F.kl_div((y / tau).log_softmax(dim=1), p, reduction="batchmean")
    hard = F.cross_entropy(y, y_true, reduction="sum") / (y_true != -100).sum().clamp(min=1)
    return (1 - alpha) * hard + alpha * tau * tau * soft


def loss_by_rows(y, t, y_true, alpha, tau):
    hard, soft = [], []
    for student, teacher, label in zip(y, t.detach(), y_true.tolist(), strict=True):
        if label != -100:
            hard.append(student.logsumexp(dim=0) - student[label])
        p = torch.softmax(teacher / tau, dim=0)
        cross = torch.logsumexp(student / tau, dim=0) - p @ (student / tau)
        entropy = torch.logsumexp(teacher / tau, dim=0) - p @ (teacher / tau)
        soft.append(cross - entropy)
    labels = sum(hard) / len(hard) if hard else 0.0
    return (1 - alpha) * labels + alpha * tau**2 * sum(soft) / len(soft)


def soft_part(y, t, tau):
    p = (t / tau).softmax(dim=1)
    return F.kl_div((y / tau).log_softmax(dim=1), p, reduction="batchmean")


def hard_part(y, y_true):
    return F.cross_entropy(y, y_true, reduction="sum") / (y_true != -100).sum().clamp(min=1)


def mixed(hard, soft, alpha, tau):
    return (1 - alpha) * hard + alpha * tau**2 * soft


def mean_of_entries(y, t, y_true, alpha, tau):
    p = (t.detach() / tau).softmax(dim=1)
    soft = F.kl_div((y / tau).log_softmax(dim=1), p, reduction="sum") / y.numel()
    return mixed(hard_part(y, y_true), soft, alpha, tau)


def only_labeled_taught(y, t, y_true, alpha, tau):
    rows = y_true != -100
    soft = soft_part(y[rows], t[rows].detach(), tau) if rows.any() else 0.0
    return mixed(hard_part(y, y_true), soft, alpha, tau)


def unknown_is_class_0(y, t, y_true, alpha, tau):
    hard = F.cross_entropy(y, y_true.clamp(min=0))
    return mixed(hard, soft_part(y, t.detach(), tau), alpha, tau)


def labels_overwritten(y, t, y_true, alpha, tau):
    loss = loss_by_torch(y, t, y_true, alpha, tau)
    y_true[y_true == -100] = 0
    return loss


def student_not_softened(y, t, y_true, alpha, tau):
    soft = F.kl_div(y.log_softmax(dim=1), (t.detach() / tau).softmax(dim=1), reduction="batchmean")
    return mixed(hard_part(y, y_true), soft, alpha, tau)


RIGHT = {"2.5.a": [loss_by_hand, loss_by_torch, loss_by_rows], "2.5.b": freezers.RIGHT}

WRONG = {
    "2.5.a": [
        # Not a number, without any label.
        lambda y, t, y_true, alpha, tau: mixed(
            F.cross_entropy(y, y_true), soft_part(y, t.detach(), tau), alpha, tau
        ),
        # The teacher gets a gradient.
        lambda y, t, y_true, alpha, tau: mixed(
            hard_part(y, y_true), soft_part(y, t, tau), alpha, tau
        ),
        # Divided by the number of classes, too.
        mean_of_entries,
        # Without the square of the temperature.
        lambda y, t, y_true, alpha, tau: mixed(
            hard_part(y, y_true), soft_part(y, t.detach(), tau) / tau**2, alpha, tau
        ),
        # The divergence the other way round.
        lambda y, t, y_true, alpha, tau: mixed(
            hard_part(y, y_true), soft_part(t.detach(), y, tau), alpha, tau
        ),
        # The cross-entropy divided by all rows.
        lambda y, t, y_true, alpha, tau: mixed(
            F.cross_entropy(y, y_true, reduction="sum") / len(y),
            soft_part(y, t.detach(), tau),
            alpha,
            tau,
        ),
        # Only labeled rows are taught.
        only_labeled_taught,
        # alpha and 1 - alpha exchanged.
        lambda y, t, y_true, alpha, tau: (
            alpha * hard_part(y, y_true) + (1 - alpha) * tau**2 * soft_part(y, t.detach(), tau)
        ),
        # The unknown label is taken for class 0.
        unknown_is_class_0,
        # The labels are overwritten.
        labels_overwritten,
        # The student keeps temperature 1.
        student_not_softened,
        # The student gets no gradient.
        lambda y, t, y_true, alpha, tau: loss_by_torch(y.detach(), t, y_true, alpha, tau),
    ],
    "2.5.b": freezers.WRONG,
}
