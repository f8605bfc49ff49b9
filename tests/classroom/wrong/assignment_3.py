"""Assignment 3, unequal lengths and two aims."""

from tests.classroom.wrong.wrong import Key, Wrong

WRONG: dict[Key, list[Wrong]] = {
    ("3", 0, "convolution"): [
        Wrong("(past, 0)", "(past // 2, past - past // 2)", "pad on the left only"),
        Wrong("(past, 0)", "(0, past)", "pad on the other side"),
        Wrong("weight, dilation=dilation", "weight.flip(2), dilation=dilation", "in reverse"),
        Wrong("(weight.shape[2] - 1) * dilation", "weight.shape[2] - 1"),
        Wrong(
            "F.pad(x, (past, 0)), weight, dilation=dilation",
            "F.pad(x, (weight.shape[2] - 1, 0)), weight",
            "dilation has no effect",
        ),
    ],
    ("3", 1, "convolution"): [
        Wrong("(past, ahead)", "(ahead, past)", "exchanged"),
        Wrong("weight, dilation=dilation", "weight.flip(2), dilation=dilation", "in reverse"),
        Wrong("(past, ahead)", "((past + ahead) // 2, (past + ahead) // 2)", "symmetric"),
        Wrong("(weight.shape[2] - 1) * dilation - ahead", "(weight.shape[2] - 1) * dilation"),
    ],
    ("3", 0, "chain"): [
        Wrong("x = x + f(x)", "x = f(x)", "shortcut is missing"),
        Wrong("f(x).tanh() * g(x).sigmoid()", "f(x).sigmoid() * g(x).tanh()", "exchanged"),
        Wrong("f(x).tanh()", "f(x)", "goes through a tanh"),
        Wrong(".tanh() * g", ".tanh() + g", "not added"),
        Wrong(
            "    for f, g in blocks:",
            "    arms = [(f(x).tanh(), g(x).sigmoid()) for f, g in blocks]\n"
            "    return x + sum(change * gate for change, gate in arms)\n"
            "    for f, g in blocks:",
            "not the first x",
        ),
    ],
    ("3", 1, "chain"): [
        Wrong(
            "torch.where(mask, x + f(x) * g(x).sigmoid(), 0)\n    return x",
            "x + f(x) * g(x).sigmoid()\n    return torch.where(mask, x, 0)",
            "before every block",
        ),
        Wrong("    x = torch.where(mask, x, 0)\n", "    x = x * mask\n"),
        Wrong("f(x) * g(x).sigmoid()", "f(x).tanh() * g(x).sigmoid()", "no activation"),
        Wrong("f(x) * g(x).sigmoid()", "f(x).sigmoid() * g(x)", "belongs to g"),
        Wrong("x + f(x) *", "f(x) *", "shortcut is missing"),
    ],
    ("3", 0, "pool"): [
        Wrong(" / len(query) ** 0.5", "", "√C"),
        Wrong(".masked_fill(~real, -torch.inf)", "", "exp(0) is 1"),
        Wrong("~real, -torch.inf", "~real, 0", "exp(0) is 1"),
        Wrong("x), weights", "x) / lengths[:, None], weights", "do not divide by the length"),
        Wrong("    x = torch.where(real[:, None], x, 0)\n", "", ""),
        Wrong(
            "scores.masked_fill(~real, -torch.inf).softmax(dim=1)",
            "(scores.exp() * real) / (scores.exp() * real).sum(dim=1, keepdim=True)",
        ),
    ],
    ("3", 1, "pool"): [
        Wrong(" - lengths[:, None].log()", "", "divides by the length"),
        Wrong("- lengths[:, None].log()", "- torch.tensor(x.shape[2]).log()", "not of the batch"),
        Wrong("-torch.inf", "0", "exp(0) is 1"),
        Wrong(".log()) / sharpness", ".log())", "divided by β"),
        Wrong("scaled.logsumexp(dim=2)", "scaled.exp().sum(dim=2).log()"),
        Wrong(
            "(sharpness * x).masked_fill(~real[:, None], -torch.inf)",
            "sharpness * torch.where(real[:, None], x, 0) - 1e3 * ~real[:, None]",
        ),
    ],
    ("3", 0, "loss"): [
        Wrong("error > 0, -tau, 1 - tau", "error > 0, tau, tau - 1", "wrong sign"),
        Wrong("slope, 0.0) / count", "slope, 0.0)", "divided by n"),
        Wrong("y_true - y", "y - y_true", "target minus the answer"),
        Wrong("real.sum().clamp(min=1)", "len(y)", "that are there"),
        Wrong(".clamp(min=1)", ""),
        Wrong("torch.where(real, slope, 0.0)", "slope"),
    ],
    ("3", 1, "loss"): [
        Wrong("delta**2 / 2 * torch", "torch", "δ²/2 is missing"),
        Wrong("delta**2 / 2 *", "delta / 2 *", "with the square"),
        Wrong("error / (1 + ratio) / count", "error / (1 + ratio)", "divided by n"),
        Wrong("y - y_true", "y_true - y", "wrong sign"),
        Wrong("real.sum().clamp(min=1)", "len(y)", "that are there"),
        Wrong(".clamp(min=1)", ""),
        Wrong(
            "error / (1 + ratio) / count", "delta**2 / 2 / (1 + ratio) / count", "depends on e too"
        ),
    ],
    ("3", 0, "weighting"): [
        Wrong("factors = torch.tensor([0.5, 1.0])", "factors = 0.5", "only the squared error"),
        Wrong("losses + s / 2)", "losses + s)", "half the sum"),
        Wrong("(factors * (-s).exp()", "(factors / s", "not 1 / s"),
        Wrong("return 0.5 - ", "return 0.5 + ", "minus sign"),
        Wrong("return 0.5 - ", "return -", "contributes 1/2"),
        Wrong("torch.tensor([1.0, 2.0]) * losses).log()", "losses).log()", "log(2 C)"),
    ],
    ("3", 1, "weighting"): [
        Wrong(" + s).mean() / 2", ").mean() / 2", "would cost nothing"),
        Wrong(
            "((-s).exp() * (y - targets) ** 2 + s).mean() / 2",
            "((-2 * s).exp() * (y - targets) ** 2 / 2 + s).mean()",
            "of the variance",
        ),
        Wrong("pull / len(y),", "pull,", "divided by N"),
        Wrong("(1 - pull", "(1 + pull", "minus sign"),
        Wrong(".square().mean().log()", ".square().log().mean()", "mean of the logarithms"),
        Wrong(".square().mean().log()", ".square().mean().log() / 2", "not log σ"),
    ],
}

RIGHT: list[tuple[Key, str]] = [
    (
        ("3", 0, "convolution"),
        """
def causal_convolution(x, weight, dilation):
    batch, _, time = x.shape
    y = x.new_zeros(batch, len(weight), time)
    taps = weight.shape[2]
    for t in range(time):
        for j in range(taps):
            seen = t - (taps - 1 - j) * dilation
            if seen >= 0:
                y[:, :, t] += x[:, :, seen] @ weight[:, :, j].T
    return y
""",
    ),
    (
        ("3", 0, "pool"),
        """
def attend(x, query, lengths):
    pooled, weights = [], torch.zeros(len(x), x.shape[2])
    for i, length in enumerate(lengths.tolist()):
        real = x[i, :, :length].double()
        scores = query.double() @ real / len(query) ** 0.5
        weights[i, :length] = torch.softmax(scores, 0).float()
        pooled.append(real @ torch.softmax(scores, 0))
    return torch.stack(pooled), weights
""",
    ),
    (
        ("3", 1, "pool"),
        """
import numpy as np


def soft_maximum(x, sharpness, lengths):
    rows = []
    for one, length in zip(x.numpy().astype(float), lengths.tolist()):
        real = sharpness * one[:, :length]
        top = real.max(axis=1)
        rows.append((top + np.log(np.exp(real - top[:, None]).mean(axis=1))) / sharpness)
    return torch.tensor(np.stack(rows))
""",
    ),
    (
        ("3", 0, "loss"),
        """
def quantile_loss(y, y_true, tau):
    y = y.clone().requires_grad_()
    there = ~torch.isnan(y_true)
    if not there.any():
        return 0.0, torch.zeros(len(y))
    error = y_true[there] - y[there]
    loss = torch.where(error >= 0, tau * error, (tau - 1) * error).mean()
    return loss, torch.autograd.grad(loss, y)[0]
""",
    ),
    (
        ("3", 1, "weighting"),
        """
def uncertain_loss(y, s, targets):
    return F.gaussian_nll_loss(y, targets, s.exp(), eps=1e-12)


def uncertain_gradient(y, s, targets):
    return torch.func.grad(uncertain_loss, argnums=(0, 1))(y, s, targets)


def best_s(y, targets):
    return np.log(np.mean((y - targets).numpy() ** 2))


import numpy as np
""",
    ),
]
