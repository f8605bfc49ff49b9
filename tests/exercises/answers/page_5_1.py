from copy import deepcopy

import numpy as np
import torch
from torch import nn

from tests.exercises.answers.answers import Answers


def by_truncating(W, share):  # noqa: N803
    U, sigma, Vh = torch.linalg.svd(W, full_matrices=False)  # noqa: N806
    for r in range(1, len(sigma) + 1):
        left, right = U[:, :r] * sigma[:r], Vh[:r]
        if (left @ right).norm() ** 2 >= share * W.norm() ** 2 - 1e-5:
            return r, W.numel() - left.numel() - right.numel()


def ranked(power=2, extra=1, relative=True, saved=lambda r, m, n: m * n - r * (m + n)):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(W, share):  # noqa: N803
        kept = torch.linalg.svdvals(W) ** power
        whole = kept.sum() if relative else 30.0
        r = int((kept.cumsum(dim=0) < share * whole).sum()) + extra
        return r, saved(r, *W.shape)

    return answer


def rank_alone(W, share):  # noqa: N803
    return ranked()(W, share)[0]


def calibrated(reset=True, momentum=None, mode=True, back=True, momentum_back=True):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(model, batches):
        norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
        before = [norm.momentum for norm in norms]
        for norm in norms:
            if reset:
                norm.reset_running_stats()
            norm.momentum = momentum
        model.train(mode)
        with torch.no_grad():
            for batch in batches:
                model(batch)
        for norm, old in zip(norms, before, strict=True):
            if momentum_back:
                norm.momentum = old
        return model.eval() if back else model

    return answer


def by_hooks(model, batches):
    modes = [part.training for part in model.modules()]
    heard, hooks = {}, []
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d):
            hear = lambda part, x, y: heard.setdefault(part, []).append(x[0])  # noqa: E731
            hooks.append(part.register_forward_hook(hear))
    model.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
        for part, inputs in heard.items():
            part.running_mean.copy_(torch.stack([x.mean(0) for x in inputs]).mean(0))
            part.running_var.copy_(torch.stack([x.var(0) for x in inputs]).mean(0))
    for hook in hooks:
        hook.remove()
    for part, mode in zip(model.modules(), modes, strict=True):
        part.training = mode
    return model


def first_norm_only(model, batches):
    norm = next(part for part in model.modules() if isinstance(part, nn.BatchNorm1d))
    others = [p for p in model.modules() if isinstance(p, nn.BatchNorm1d) and p is not norm]
    for other in others:
        other.running_mean.zero_()
    norm.reset_running_stats()
    norm.momentum = None
    norm.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    norm.momentum = 0.1
    return model.eval()


def means_only(model, batches):
    variances = [p.running_var.clone() for p in model.modules() if isinstance(p, nn.BatchNorm1d)]
    model = calibrated()(model, batches)
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
    for norm, variance in zip(norms, variances, strict=True):
        norm.running_var.copy_(variance)
    return model


def trained_on(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.train()
    for batch in batches:
        model(batch).square().mean().backward()
        optimizer.step()
    return model.eval()


def by_numpy(W, share):  # noqa: N803
    kept = np.cumsum(np.linalg.svd(W.numpy(), compute_uv=False) ** 2)
    r = int(np.searchsorted(kept / kept[-1], share)) + 1
    return [r, W.numel() - r * sum(W.shape)]


def back_to_eval(model, batches):
    modes = [part.training for part in model.modules()]
    model = calibrated()(model, batches)
    return model if not any(modes) else model.eval()


def by_hand(model, batches):
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
    kept = [(norm.training, norm.momentum) for norm in norms]
    sums = [(torch.zeros_like(n.running_mean), torch.zeros_like(n.running_var)) for n in norms]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.inference_mode():
        for batch in batches:
            model(batch)
            for norm, (mean, var) in zip(norms, sums, strict=True):
                mean += norm.running_mean
                var += norm.running_var
    for norm, (mean, var), (mode, momentum) in zip(norms, sums, kept, strict=True):
        norm.running_mean.copy_(mean / len(batches))
        norm.running_var.copy_(var / len(batches))
        norm.train(mode)
        norm.momentum = momentum
    return model


def all_rows(model, batches):
    return calibrated()(model, [torch.cat(list(batches))])


ANSWERS = {
    "5.1.a": Answers(
        right=by_truncating,
        also_right=[by_numpy],
        wrong={
            "you summed σ": ranked(power=1),
            "one rank more": ranked(extra=0),
            "divide by the sum": ranked(relative=False),
            "return two numbers": rank_alone,
            "is what the two factors have": ranked(saved=lambda r, m, n: r * (m + n)),
            "sign is turned round": ranked(saved=lambda r, m, n: r * (m + n) - m * n),
            "in place of 240; got 192": ranked(saved=lambda r, m, n: m * n - 2 * r * 12),
            "this costs 3": ranked(saved=lambda r, m, n: max(0, m * n - r * (m + n))),
        },
    ),
    "5.1.b": Answers(
        right=by_hooks,
        also_right=[by_hand],
        wrong={
            "modes stay as they were": back_to_eval,
            "another network, a copy": lambda model, batches: calibrated()(
                deepcopy(model), batches
            ),
            "the mean over all rows": all_rows,
            "in eval mode": calibrated(reset=False, mode=False),
            "old averages are still": calibrated(reset=False, momentum=0.1),
            "near 0": calibrated(momentum=0.1),
            "only the last batch": calibrated(momentum=1.0),
            "left in train mode": calibrated(back=False),
            "no longer what it was": calibrated(momentum_back=False),
            "the second is not": first_norm_only,
            "running variances": means_only,
            "has changed": trained_on,
        },
    ),
}
