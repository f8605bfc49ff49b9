"""Answers to 2.1.f: bottlenecks."""

import torch
from torch import nn

from mmtutor import blocks


class Named(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        inside = out_channels // 4
        self.conv1 = nn.Conv2d(in_channels, inside, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, inside, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(inside)
        self.conv3 = nn.Conv2d(inside, out_channels, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(self.norm3.weight)
        self.conv_s = self.norm_s = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.conv_s = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.norm_s = nn.BatchNorm2d(out_channels)

    def branch(self, x):
        h = torch.relu(self.norm1(self.conv1(x)))
        h = torch.relu(self.norm2(self.conv2(h)))
        return self.norm3(self.conv3(h))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.norm_s(self.conv_s(x)))


def conv_norm(before, after, k, stride=1):
    conv = nn.Conv2d(before, after, k, stride=stride, padding=k // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after))


class InSequence(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        inside = out_channels // 4
        self.shortcut = None
        if (in_channels, stride) != (out_channels, 1):
            self.shortcut = conv_norm(in_channels, out_channels, 1, stride)
        self.F = nn.Sequential(
            conv_norm(in_channels, inside, 1),
            nn.ReLU(inplace=True),
            conv_norm(inside, inside, 3, stride),
            nn.ReLU(inplace=True),
            conv_norm(inside, out_channels, 1),
        )
        self.F[4][1].weight.data.zero_()

    def forward(self, x):
        s = x if self.shortcut is None else self.shortcut(x)
        return (s + self.F(x)).clamp(min=0)


class ZeroOnlyWithoutProjection(Named):
    """The task asks for the identity only where there is no projection."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if not isinstance(self.conv_s, nn.Identity):
            nn.init.ones_(self.norm3.weight)


class StrideAtFront(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.conv1.stride, self.conv2.stride = self.conv2.stride, self.conv1.stride


class FreshNorm(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        nn.init.ones_(self.norm3.weight)


class ConvZeroToo(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        nn.init.zeros_(self.conv3.weight)


class NoProjectionForStride(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if in_channels == out_channels:
            self.conv_s, self.norm_s = nn.AvgPool2d(1, stride), nn.Identity()


class AlwaysProjects(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.conv_s = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.norm_s = nn.BatchNorm2d(out_channels)


class NoNormOnShortcut(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.norm_s = nn.Identity()


class WithBiases(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        inside = out_channels // 4
        self.conv2 = nn.Conv2d(inside, inside, 3, stride, padding=1)


class QuarterOfInputs(Named):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        inside = in_channels // 4
        self.conv1, self.norm1 = conv_norm(in_channels, inside, 1)
        self.conv2, self.norm2 = conv_norm(inside, inside, 3, stride)
        self.conv3 = nn.Conv2d(inside, out_channels, 1, bias=False)


class NoReluAfterSum(Named):
    def forward(self, x):
        return self.branch(x) + self.norm_s(self.conv_s(x))


class ReluBeforeSum(Named):
    def forward(self, x):
        return torch.relu(self.branch(x)) + torch.relu(self.norm_s(self.conv_s(x)))


class OneReluInside(Named):
    def branch(self, x):
        h = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return self.norm3(self.conv3(h))


class FirstNormZero(FreshNorm):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        nn.init.zeros_(self.norm1.weight)


class AddsInPlace(Named):
    def forward(self, x):
        s = self.norm_s(self.conv_s(x))
        s += self.branch(x)
        return torch.relu(s)


class DetachedShortcut(Named):
    def forward(self, x):
        return torch.relu(self.branch(x) + self.norm_s(self.conv_s(x.detach())))


class FromThePackage(blocks.ResidualBlock):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride=stride, bottleneck=True, zero_init=True)

    def forward(self, x):
        return super().forward(x)


RIGHT = [Named, InSequence, ZeroOnlyWithoutProjection]

WRONG = [
    # The first 1×1 convolution has the stride.
    StrideAtFront,
    # A fresh block does not return relu(x).
    FreshNorm,
    # Convolution and normalization block each other: nothing learns.
    ConvZeroToo,
    # The identity, thinned out, where only the stride asks for a projection.
    NoProjectionForStride,
    # A projection where the shapes agree.
    AlwaysProjects,
    # The projection has no normalization.
    NoNormOnShortcut,
    # One convolution has a bias.
    WithBiases,
    # A quarter of in_channels wide: right where nothing changes.
    QuarterOfInputs,
    # No relu after the sum.
    NoReluAfterSum,
    # Relu before the sum.
    ReluBeforeSum,
    # No relu between the second and the third convolution.
    OneReluInside,
    # Zero at the front: the last normalization still has a bias to learn, but x does not pass.
    FirstNormZero,
    # Changes the input.
    AddsInPlace,
    # No gradient through the shortcut.
    DetachedShortcut,
    # Made of the package's block, which the task forbids.
    FromThePackage,
]
