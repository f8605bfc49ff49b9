import numpy as np
import torch
from torch.nn import functional as F


def elsewhere_by_classes(y, y_true, seen, met):
    answer = (y + met.log() - seen.log()).argmax(dim=1)
    total = 0.0
    for k, frequency in enumerate(met.tolist()):
        rows = y_true == k
        if frequency > 0 and rows.any():
            total += frequency * (answer[rows] == k).double().mean().item()
    return total


def elsewhere_by_weights(y, y_true, seen, met):
    """Weigh every example by how much more often its class is met than it occurs here."""
    p = y.softmax(dim=1) * (met / seen)
    right = (p.argmax(dim=1) == y_true).double()
    counts = torch.bincount(y_true, minlength=len(met))
    return (right * met[y_true] / counts[y_true]).sum()


def elsewhere_by_numpy(y, y_true, seen, met):
    logits, true, new = y.double().numpy(), y_true.numpy(), met.double().numpy()
    with np.errstate(divide="ignore"):
        answer = np.argmax(logits + np.log(new) - np.log(seen.double().numpy()), axis=1)
    classes = np.flatnonzero(new)
    recall = [np.mean(answer[true == k] == k) for k in classes]
    return np.dot(new[classes], recall)


def recalls(shifted, y_true, classes):
    answer = shifted.argmax(dim=1)
    return torch.stack([(answer[y_true == k] == k).double().mean() for k in range(classes)])


def weighted(shifted, y_true, weights):
    recall = recalls(shifted, y_true, len(weights))
    return (recall.nan_to_num() * weights).sum()


def shifted_in_place(y, y_true, seen, met):
    y += met.log() - seen.log()
    return weighted(y, y_true, met)


def pull_by_hand(own, other, w, y_true, weight):
    target = F.one_hot(y_true, own.shape[1])
    push = (own + other).softmax(dim=1) - target + weight * (own.softmax(dim=1) - target)
    return push @ w / len(own)


def pull_by_einsum(own, other, w, y_true, weight):
    p, q = torch.softmax(own + other, 1), torch.softmax(own, 1)
    g = p + weight * q
    g[torch.arange(len(g)), y_true] -= 1 + weight
    return torch.einsum("nc,cf->nf", g, w).div(g.shape[0])


def pull_by_numpy(own, other, w, y_true, weight):
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    a, b = own.double().numpy(), other.double().numpy()
    target = np.eye(a.shape[1])[y_true.numpy()]
    g = (softmax(a + b) - target) + weight * (softmax(a) - target)
    return torch.from_numpy(g @ w.double().numpy() / len(a))


def pull_by_autograd(own, other, w, y_true, weight):
    leaf = own.detach().clone().requires_grad_()
    loss = F.cross_entropy(leaf + other, y_true) + weight * F.cross_entropy(leaf, y_true)
    return torch.autograd.grad(loss, leaf)[0] @ w


def pull_of_logits(own, other, w, y_true, weight):
    eye = torch.eye(own.shape[1], dtype=own.dtype)
    return pull_by_hand(own, other, eye, y_true, weight)


def pull_of_both(own, other, w, y_true, weight):
    target = F.one_hot(y_true, own.shape[1])
    both = own.softmax(dim=1) + other.softmax(dim=1) - 2 * target
    return (both + weight * (own.softmax(dim=1) - target)) @ w / len(own)


RIGHT = {
    "5.6.a": [elsewhere_by_classes, elsewhere_by_weights, elsewhere_by_numpy],
    "5.6.b": [pull_by_hand, pull_by_einsum, pull_by_numpy],
}

WRONG = {
    "5.6.a": [
        # The frequencies of the examples.
        lambda y, y_true, seen, met: (
            ((y + met.log() - seen.log()).argmax(dim=1) == y_true).double().mean()
        ),
        # All classes alike.
        lambda y, y_true, seen, met: recalls(
            y + met.log() - seen.log(), y_true, len(met)
        ).nanmean(),
        # No shift.
        lambda y, y_true, seen, met: weighted(y, y_true, met),
        # Shifted to equal frequencies.
        lambda y, y_true, seen, met: weighted(y - seen.log(), y_true, met),
        # The old frequencies stay in the logits.
        lambda y, y_true, seen, met: weighted(y + met.log(), y_true, met),
        # Shifted the other way.
        lambda y, y_true, seen, met: weighted(y + seen.log() - met.log(), y_true, met),
        # The frequencies of the training.
        lambda y, y_true, seen, met: weighted(y + met.log() - seen.log(), y_true, seen),
        # NaN, if a class is never met.
        lambda y, y_true, seen, met: (
            recalls(y + met.log() - seen.log(), y_true, len(met)) * met
        ).sum(),
        # Shifted by frequencies, not by their logarithms.
        lambda y, y_true, seen, met: weighted(y + met - seen, y_true, met),
        # Logits are multiplied.
        lambda y, y_true, seen, met: weighted(y * met / seen, y_true, met),
        # Changes the logits.
        shifted_in_place,
    ],
    "5.6.b": [
        # Not divided by the number of examples.
        lambda own, other, w, y_true, weight: (
            pull_by_hand(own, other, w, y_true, weight) * len(own)
        ),
        # No own loss.
        lambda own, other, w, y_true, weight: pull_by_hand(own, other, w, y_true, 0.0),
        # The own loss with weight 1.
        lambda own, other, w, y_true, weight: pull_by_hand(own, other, w, y_true, 1.0),
        # The own loss only.
        lambda own, other, w, y_true, weight: (
            pull_by_hand(own, other, w, y_true, weight) - pull_by_hand(own, other, w, y_true, 0.0)
        ),
        # The gradient with respect to the logits.
        pull_of_logits,
        # The loss of the word in place of the picture's.
        lambda own, other, w, y_true, weight: pull_by_hand(other, own, w, y_true, weight),
        # Two losses in place of that of the sum.
        pull_of_both,
        # By autograd, which is not allowed.
        pull_by_autograd,
        # Downhill.
        lambda own, other, w, y_true, weight: -pull_by_hand(own, other, w, y_true, weight),
        # Divided by the number of classes, too.
        lambda own, other, w, y_true, weight: (
            pull_by_hand(own, other, w, y_true, weight) / own.shape[1]
        ),
        # The mixture sums to 1.
        lambda own, other, w, y_true, weight: (
            pull_by_hand(own, other, w, y_true, weight) / (1 + weight)
        ),
    ],
}
