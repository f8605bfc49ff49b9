"""Answers to 5.1.b: running averages of a batch normalization, made anew."""

import copy

import torch
from torch import nn


def norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]


@torch.no_grad()
def by_no_momentum(model, batches):
    modes = {m: m.training for m in model.modules()}
    momenta = [norm.momentum for norm in norms(model)]
    for norm in norms(model):
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for batch in batches:
        model(batch)
    for norm, momentum in zip(norms(model), momenta, strict=True):
        norm.momentum = momentum
    for m, mode in modes.items():
        m.training = mode
    return model


@torch.no_grad()
def by_falling_momentum(model, batches):
    before = [(m, m.training) for m in model.modules()]
    kept = {norm: norm.momentum for norm in norms(model)}
    for norm in kept:
        norm.train()
    for i, batch in enumerate(batches):
        for norm in kept:
            norm.momentum = 1 / (i + 1)
        model(batch)
    for norm, momentum in kept.items():
        norm.momentum = momentum
    for m, mode in before:
        m.training = mode
    return model


def by_hooks(model, batches):
    """Collect mean and variance of what comes in, and write their averages."""
    seen = {norm: [] for norm in norms(model)}
    modes = {norm: norm.training for norm in seen}

    def note(norm, inputs):
        seen[norm].append((inputs[0].mean(dim=0), inputs[0].var(dim=0)))

    hooks = [norm.train().register_forward_pre_hook(note) for norm in seen]
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for hook in hooks:
        hook.remove()
    for norm, pairs in seen.items():
        means, variances = zip(*pairs, strict=True)
        norm.running_mean.copy_(torch.stack(means).mean(dim=0))
        norm.running_var.copy_(torch.stack(variances).mean(dim=0))
        norm.training = modes[norm]
    return model


def keeping_modes(pass_all):
    """Let a function change modes and momenta, and give them back."""

    def recalibrate(model, batches):
        modes = {m: m.training for m in model.modules()}
        momenta = {norm: norm.momentum for norm in norms(model)}
        with torch.no_grad():
            pass_all(model, batches)
        for norm, momentum in momenta.items():
            norm.momentum = momentum
        for m, mode in modes.items():
            m.training = mode
        return model

    return recalibrate


@keeping_modes
def at_momentum_of_page(model, batches):
    for norm in norms(model):
        norm.train()
    for batch in batches:
        model(batch)


@keeping_modes
def without_reset(model, batches):
    for norm in norms(model):
        norm.train().momentum = None
    for batch in batches:
        model(batch)


@keeping_modes
def last_batch_only(model, batches):
    for norm in norms(model):
        norm.train().momentum = 1.0
    for batch in batches:
        model(batch)


@keeping_modes
def in_evaluation(model, batches):
    model.eval()
    for norm in norms(model):
        norm.reset_running_stats()
        norm.momentum = None
    for batch in batches:
        model(batch)


@keeping_modes
def first_norm_only(model, batches):
    norm = norms(model)[0].train()
    norm.reset_running_stats()
    norm.momentum = None
    for batch in batches:
        model(batch)


@keeping_modes
def started_at_zero(model, batches):
    """Start from mean 0 and variance 1, which then count as one more batch."""
    for norm in norms(model):
        norm.train().reset_running_stats()
    for i, batch in enumerate(batches):
        for norm in norms(model):
            norm.momentum = 1 / (i + 2)
        model(batch)


@keeping_modes
def all_rows_at_once(model, batches):
    for norm in norms(model):
        norm.train().momentum = 1.0
    model(torch.cat(list(batches)))


@keeping_modes
def with_a_step(model, batches):
    by_no_momentum(model, batches)
    for p in model.parameters():
        p.mul_(0.99)


@torch.no_grad()
def left_in_train_mode(model, batches):
    by_no_momentum(model, batches)
    return model.train()


@torch.no_grad()
def left_in_evaluation(model, batches):
    by_no_momentum(model, batches)
    return model.eval()


def without_momentum_from_now_on(model, batches):
    by_no_momentum(model, batches)
    for norm in norms(model):
        norm.momentum = None
    return model


def one_mode_for_all(model, batches):
    """Give the mode of the whole model to parts that had another."""
    was = model.training
    by_no_momentum(model, batches)
    return model.train(was)


def of_a_copy(model, batches):
    return by_no_momentum(copy.deepcopy(model), batches)


RIGHT = [by_no_momentum, by_falling_momentum, by_hooks]

WRONG = [
    # The last batches count most.
    at_momentum_of_page,
    # What was counted before counts on.
    without_reset,
    # The last batch only.
    last_batch_only,
    # In evaluation mode nothing is averaged.
    in_evaluation,
    # The first of several normalizations.
    first_norm_only,
    # Zero and one count as a batch.
    started_at_zero,
    # The averages over all rows, not over batches.
    all_rows_at_once,
    # Weights have changed.
    with_a_step,
    # In training mode from now on.
    left_in_train_mode,
    # In evaluation mode from now on.
    left_in_evaluation,
    # The momentum is gone.
    without_momentum_from_now_on,
    # Parts that were frozen have another mode.
    one_mode_for_all,
    # The model itself is as it was.
    of_a_copy,
]
