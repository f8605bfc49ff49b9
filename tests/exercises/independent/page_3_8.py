import numpy as np
import torch
from torch.nn import functional as F


def bce_by_softplus(y, y_true):
    return F.softplus(torch.where(y_true > 0.5, -y, y)).mean()


def bce_by_logaddexp(y, y_true):
    return (torch.logaddexp(torch.zeros_like(y), y) - y * y_true).sum() / y.numel()


def bce_by_two_classes(y, y_true):
    both = torch.stack([torch.zeros_like(y), y], dim=1).log_softmax(dim=1)
    return -both.gather(1, y_true.long()[:, None]).mean()


def bce_clamped(y, y_true):
    p = torch.sigmoid(y).clamp(1e-7, 1 - 1e-7)
    return -(y_true * p.log() + (1 - y_true) * (1 - p).log()).mean()


def bce_plain(y, y_true):
    p = 1 / (1 + torch.exp(-y))
    return -(y_true * p.log() + (1 - y_true) * (1 - p).log()).mean()


def bce_nan_removed(y, y_true):
    p = torch.sigmoid(y)
    loss = -(y_true * p.log() + (1 - y_true) * (1 - p).log())
    return loss.nan_to_num(posinf=1000.0).mean()


def bce_of_class_1(y, y_true):
    return -(y_true * F.logsigmoid(y)).mean()


def smoothed_by_torch(y, y_true, eps):
    classes = y.shape[1]
    target = F.one_hot(y_true, classes) * (1 - eps) + eps / classes
    return (y.softmax(dim=1) - target) / len(y)


def smoothed_by_numpy(y, y_true, eps):
    logits = y.detach().double().numpy()
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    g = e / e.sum(axis=1, keepdims=True) - eps / logits.shape[1]
    g[np.arange(len(g)), y_true.numpy()] -= 1 - eps
    return torch.from_numpy(g / len(g))


def smoothed_by_rows(y, y_true, eps):
    rows = []
    for logits, true in zip(y, y_true.tolist(), strict=True):
        row = torch.exp(logits - torch.logsumexp(logits, dim=0)) - eps / len(logits)
        row = row.clone()
        row[true] = row[true] - (1 - eps)
        rows.append(row / y.shape[0])
    return torch.stack(rows)


def smoothed_elsewhere(y, y_true, eps):
    others = eps / (y.shape[1] - 1)
    target = F.one_hot(y_true, y.shape[1]) * (1 - eps - others) + others
    return (y.softmax(dim=1) - target) / len(y)


def smoothed_by_autograd(y, y_true, eps):
    leaf = y.detach().clone().requires_grad_()
    F.cross_entropy(leaf, y_true, label_smoothing=eps).backward()
    return leaf.grad


def smoothed_without_maximum(y, y_true, eps):
    e = y.exp()
    target = F.one_hot(y_true, y.shape[1]) * (1 - eps) + eps / y.shape[1]
    return (e / e.sum(dim=1, keepdim=True) - target) / len(y)


def smoothed_too_much(y, y_true, eps):
    target = F.one_hot(y_true, y.shape[1]) + eps / y.shape[1]
    return (y.softmax(dim=1) - target) / len(y)


def smoothed_too_little(y, y_true, eps):
    return (y.softmax(dim=1) - F.one_hot(y_true, y.shape[1]) * (1 - eps)) / len(y)


def smoothed_down(y, y_true, eps):
    target = F.one_hot(y_true, y.shape[1]) * (1 - eps) + eps / y.shape[1]
    return (y.softmax(dim=0) - target) / len(y)


def smoothed_in_place(y, y_true, eps):
    g = smoothed_by_torch(y, y_true, eps)
    with torch.no_grad():
        return y.copy_(g)


RIGHT = {
    "3.8.a": [
        bce_by_softplus,
        bce_by_logaddexp,
        bce_by_two_classes,
        lambda y, y_true: (
            torch.relu(y) - y * y_true + torch.log1p(torch.exp(-torch.abs(y)))
        ).mean(),
    ],
    "3.8.b": [smoothed_by_torch, smoothed_by_numpy, smoothed_by_rows],
}

WRONG = {
    "3.8.a": [
        # Infinite or NaN at 1000.
        bce_plain,
        # Never more than 16.
        bce_clamped,
        # A number in place of NaN.
        bce_nan_removed,
        # Class 0 costs nothing.
        bce_of_class_1,
        # A sum.
        lambda y, y_true: bce_by_softplus(y, y_true) * len(y),
        # The classes exchanged.
        lambda y, y_true: bce_by_softplus(-y, y_true),
        # A loss of torch, which is not allowed.
        F.binary_cross_entropy_with_logits,
        # The same in other words.
        lambda y, y_true: F.cross_entropy(
            torch.stack([torch.zeros_like(y), y], dim=1), y_true.long()
        ),
        # Cut at 100.
        lambda y, y_true: bce_by_softplus(y.clamp(-100, 100), y_true),
        # No gradient.
        lambda y, y_true: bce_by_softplus(y.detach(), y_true),
        # In bits.
        lambda y, y_true: bce_by_softplus(y, y_true) / np.log(2),
        # One number for each example.
        lambda y, y_true: F.softplus(y) - y * y_true,
    ],
    "3.8.b": [
        # Not divided by the number of examples.
        lambda y, y_true, eps: smoothed_by_torch(y, y_true, eps) * len(y),
        # Divided by the number of entries.
        lambda y, y_true, eps: smoothed_by_torch(y, y_true, eps) / y.shape[1],
        # Smoothing goes to the other classes only.
        smoothed_elsewhere,
        # The target sums to more than 1.
        smoothed_too_much,
        # The target sums to less than 1.
        smoothed_too_little,
        # Downhill instead of uphill.
        lambda y, y_true, eps: -smoothed_by_torch(y, y_true, eps),
        # No smoothing.
        lambda y, y_true, eps: smoothed_by_torch(y, y_true, 0.0),
        # The smoothing of the example.
        lambda y, y_true, eps: smoothed_by_torch(y, y_true, 0.1),
        # Softmax over the examples.
        smoothed_down,
        # By autograd, which is not allowed.
        smoothed_by_autograd,
        # exp of large logits is infinite.
        smoothed_without_maximum,
        # Overwrites the logits.
        smoothed_in_place,
    ],
}
