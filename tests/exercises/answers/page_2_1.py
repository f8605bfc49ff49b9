import math

import numpy as np
import torch

from mmtutor import blocks
from tests.exercises.answers.answers import Answers


def count_term_by_term(in_channels, out_channels, stride):
    total = 9 * out_channels * (in_channels + out_channels) + 4 * out_channels
    if in_channels != out_channels or stride != 1:
        total += out_channels * (in_channels + 2)
    return total


def zero(*names, freeze=False):
    """Return an answer that zeroes these parameters of the branch."""

    def answer(branch):
        for name in names:
            torch.nn.init.zeros_(branch.get_parameter(name))
        return branch.requires_grad_(not freeze)

    return answer


def share_by_recursion(blocks, longest):
    if longest < 0:
        return 0.0
    if blocks == 0:
        return 1.0
    counts = [1]
    for _ in range(blocks):
        counts = [a + b for a, b in zip([0, *counts], [*counts, 0], strict=True)]
    return sum(counts[: longest + 1]) / sum(counts)


def count(norms=True, projection=True, projection_norm=True, second_from_input=False):
    def formula(i, o, stride):
        total = 9 * i * o + 9 * (i if second_from_input else o) * o + 4 * o * norms
        if projection and (stride != 1 or i != o):
            total += i * o + 2 * o * projection_norm
        return total

    return formula


def ignore_stride(i, o, stride):
    return count_term_by_term(i, o, 1)


def only_stride(i, o, stride):
    return count_term_by_term(i, i if stride == 1 else o, stride)


def tell(block, features, in_place=True, sign=True, below=True, gradient=True, rows=500):
    """Diagnose a block, some tests left out."""
    x = torch.rand(rows, features)
    kept = x.clone()
    with torch.no_grad():
        y = block(x)
    if in_place and (x - kept).abs().max() > 0:
        return "adds in place"
    if sign and y.min() < 0:
        return "no relu after sum"
    if below and (kept - y).max() <= 0:
        return "relu in branch"
    if not gradient:
        return "healthy"
    x = kept.double().requires_grad_()
    y = block(x)
    back = torch.autograd.grad(y.mean(), x)[0].sum().item()
    ahead = (block(x + 1e-5).mean() - block(x - 1e-5).mean()).item() / 2e-5
    return "healthy" if abs(back - ahead) < 0.05 * abs(ahead) else "shortcut detached"


def without(**tests):
    return lambda block, features: tell(block, features, **tests)


class ByHand(torch.nn.Module):
    """A bottleneck in which one thing may be wrong."""

    def __init__(
        self,
        i,
        o,
        stride=1,
        quarter=4,
        bias=False,
        zero=("norm3",),
        end=False,
        inner=True,
        after=True,
        project="needed",
        project_norm=True,
        padding=1,
        frozen=False,
        strided=3,
    ):
        super().__init__()
        nn, w = torch.nn, o // quarter
        self.conv1 = nn.Conv2d(i, w, 1, stride if strided == 1 else 1, bias=bias)
        self.conv2 = nn.Conv2d(w, w, 3, stride if strided == 3 else 1, padding, bias=bias)
        self.conv3 = nn.Conv2d(w, o, 1, bias=bias)
        self.norm1, self.norm2, self.norm3 = map(nn.BatchNorm2d, (w, w, o))
        for name in zero:
            nn.init.zeros_(self.get_submodule(name).weight)
        self.project = None
        if project == "always" or (project == "needed" and (i, 1) != (o, stride)):
            self.project = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False))
            if project_norm:
                self.project.append(nn.BatchNorm2d(o))
        self.conv1.requires_grad_(not frozen)
        self.act = torch.relu if inner else nn.Identity()
        self.end = torch.relu if end else nn.Identity()
        self.after = torch.relu if after else nn.Identity()

    def forward(self, x):
        h = self.act(self.norm1(self.conv1(x)))
        h = self.act(self.norm2(self.conv2(h)))
        h = self.end(self.norm3(self.conv3(h)))
        return self.after(h + (x if self.project is None else self.project(x)))


def bottleneck(**changes):
    return lambda *sizes: ByHand(*sizes, **changes)


class Silent(ByHand):
    def forward(self, x):
        super().forward(x)


def by_building(i, o, stride):
    return sum(p.numel() for p in blocks.ResidualBlock(i, o, stride=stride).parameters())


def without_projection_at_stride_one(i, o, stride):
    return count(projection=stride != 1 or i != o)(i, o, stride) - 96 * (i == 16 and o == 8)


def zero_conv_and_norm(branch):
    branch.norm2.weight.data *= 0
    branch.norm2.bias.data = torch.zeros(4)
    return branch


def paths_by_log(blocks, longest):
    chosen = range(min(longest, blocks) + 1)
    logs = [
        math.lgamma(blocks + 1) - math.lgamma(k + 1) - math.lgamma(blocks - k + 1) for k in chosen
    ]
    return torch.tensor(logs).double().sub(blocks * math.log(2)).exp().sum()


def looks_inside(block, features):
    names = dict(zip(block.__code__.co_freevars, block.__closure__, strict=True))
    return names["fault"].cell_contents


def from_the_package(i, o, stride=1):
    return blocks.ResidualBlock(i, o, stride=stride)


class Detached(ByHand):
    def forward(self, x):
        return super().forward(x) if self.project else self.branch_only(x)

    def branch_only(self, x):
        h = self.act(self.norm1(self.conv1(x)))
        h = self.norm3(self.conv3(self.act(self.norm2(self.conv2(h)))))
        return torch.relu(h + x.detach())


class InPlace(ByHand):
    def forward(self, x):
        x += 0.0 if self.project is not None else 1.0
        x -= 0.0 if self.project is not None else 1.0
        return super().forward(x)


ANSWERS = {
    "2.1.a": Answers(
        right=count_term_by_term,
        also_right=[lambda *sizes: np.int64(count_term_by_term(*sizes))],
        wrong={
            "you build the block": by_building,
            "weight and a bias": count(norms=False),
            "shortcut is a projection": count(projection=False),
            "projection has a normalization": count(projection_norm=False),
            "second convolution": count(second_from_input=True),
            "stride alone": ignore_stride,
            "other channels alone": only_stride,
        },
    ),
    "2.1.b": Answers(
        right=zero("conv2.weight", "norm2.bias"),
        also_right=[zero_conv_and_norm],
        wrong={
            "bias of norm2": zero("norm2.weight"),
            "it goes up to": zero("norm2.bias"),
            "wait for each other": zero("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"),
            "cannot learn": zero("norm2.weight", "norm2.bias", freeze=True),
            "nothing has been changed": lambda branch: branch,
            "change the branch that you are given": lambda branch: torch.nn.Identity(),
        },
    ),
    "2.1.c": Answers(
        right=share_by_recursion,
        also_right=[lambda n, k: np.float64(share_by_recursion(n, k)), paths_by_log],
        wrong={
            "for (1, 1) expected 1": lambda n, k: share_by_recursion(n, min(k, n - 1)),
            "all paths": lambda n, k: sum(math.comb(n, i) for i in range(k + 1)),
            "no branch at all": lambda n, k: sum(math.comb(n, i) for i in range(1, k + 1)) / 2**n,
            "ends before": lambda n, k: sum(math.comb(n, i) for i in range(k)) / 2**n,
            "not equally likely": lambda n, k: (k + 1) / (n + 1),
        },
    ),
    "2.1.d": Answers(
        right=256,
        also_right=[np.float32(300), lambda: 2**8, torch.tensor(200.0)],
        wrong={
            "Nothing vanishes": 0,
            "adds as much again": 1.0,
            "not grow linearly": np.int64(16),
            "counts one addition": 17,
            "doubles the *square*": 2**16,
            "two independent parts": 5000,
            "give one number": "256",
        },
    ),
    "2.1.e": Answers(
        right=tell,
        also_right=[lambda block, n: tell(block, n, rows=2000)],
        wrong={
            "its code is not to be looked at": looks_inside,
            "its gradient is not": without(gradient=False),
            "compare it with a copy": lambda block, n: tell(lambda x: block(x.clone()), n),
            "negative numbers": without(sign=False),
            "never makes y smaller": without(below=False),
            "many random x": lambda block, n: (
                "relu in branch"
                if (block(torch.ones(1, n)) >= 1).any()
                else tell(block, n, gradient=False)
            ),
            "autograd gave up": without(in_place=False),
            "return one of": lambda block, n: "broken",
        },
    ),
    "2.1.f": Answers(
        right=ByHand,
        also_right=[bottleneck(zero=["conv3"])],
        wrong={
            "nothing from mmtutor.blocks": from_the_package,
            "stride is on the first": bottleneck(strided=1),
            "a part of your block is detached": Detached,
            "off by up to": bottleneck(zero=[]),
            "wait for each other": bottleneck(zero=["norm2", "norm3"]),
            "is frozen": bottleneck(frozen=True),
            "have biases": bottleneck(bias=True),
            "has a normalization too": bottleneck(project_norm=False),
            "identity, without weights": bottleneck(project="always"),
            "the shortcut is a projection": bottleneck(project="never"),
            "width of 4 inside": bottleneck(quarter=2),
            "ends in a relu": bottleneck(end=True),
            "relus are missing": bottleneck(inner=False),
            "a relu follows the sum": bottleneck(after=False),
            "needs padding 1": bottleneck(padding=0, strided=1),
            "forward returns None": Silent,
            "should give shape": lambda i, o, stride=1: ByHand(i, o, 1),
            "not one block": lambda *sizes: torch.rand(3),
        },
    ),
}
