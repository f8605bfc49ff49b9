"""Answers to 2.5.b: modules that keep an encoder as it is."""

import copy

import torch
from torch import nn


class Frozen(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = copy.deepcopy(encoder).eval()
        for p in self.encoder.parameters():
            p.requires_grad = False

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x):
        return self.encoder(x)


class Hidden(nn.Module):
    """Holds the encoder in a list, where no module, optimizer or mode finds it."""

    def __init__(self, encoder):
        super().__init__()
        self.kept = [copy.deepcopy(encoder).eval().requires_grad_(False)]

    def forward(self, x):
        return self.kept[0](x)


def frozen_itself(encoder):
    """Return a copy that stays in evaluation mode, without a class around it."""
    kept = copy.deepcopy(encoder).requires_grad_(False).eval()
    kept.train = lambda mode=True: kept
    return kept


class EvalEachTime(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        self.encoder.requires_grad_(False)

    def forward(self, x):
        self.encoder.eval()
        return self.encoder(x)


class WithoutGradients(Frozen):
    def forward(self, x):
        with torch.no_grad():
            return self.encoder(x)


class Detached(Frozen):
    def forward(self, x):
        return self.encoder(x).detach()


class EvalOnce(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = copy.deepcopy(encoder).eval().requires_grad_(False)

    def forward(self, x):
        return self.encoder(x)


class StillLearning(Frozen):
    def __init__(self, encoder):
        super().__init__(encoder)
        self.encoder.requires_grad_(True)


class Shared(Frozen):
    def __init__(self, encoder):
        super().__init__(encoder)
        self.encoder = encoder


class InTrainMode(Frozen):
    def train(self, mode=True):
        nn.Module.train(self, mode)
        self.encoder.train()
        return self

    def __init__(self, encoder):
        super().__init__(encoder)
        self.train()


def only_requires_grad(encoder):
    return copy.deepcopy(encoder).requires_grad_(False)


def no_module(encoder):
    kept = frozen_itself(encoder)
    return lambda x: kept(x)


def freezes_original(encoder):
    encoder.eval().requires_grad_(False)
    return copy.deepcopy(encoder)


RIGHT = [Frozen, Hidden, frozen_itself, EvalEachTime]

WRONG = [
    # No gradient gets through to what comes before.
    WithoutGradients,
    # The same, at the end.
    Detached,
    # train() of the whole network brings dropout and batch statistics back.
    EvalOnce,
    # An optimizer changes its weights.
    StillLearning,
    # It is the encoder itself, which learns on outside.
    Shared,
    # Normalizes with the batch, and keeps its averages moving.
    InTrainMode,
    # Without gradients for the weights, but in the mode of everything else.
    only_requires_grad,
    # Not a module.
    no_module,
    # Freezes the encoder that was given, and the mode of the copy can change.
    freezes_original,
    # Nothing is frozen.
    copy.deepcopy,
]
