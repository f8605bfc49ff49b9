"""Answers to 2.1.e: what finds the fault of a block."""

import random

import torch


def is_changed(block, features):
    x = torch.randn(32, features)
    before = x.clone()
    block(x)
    return not torch.equal(x, before)


def some_x(features, count=128):
    """Return examples of several sizes, some of them far below zero."""
    x = torch.randn(count, features)
    return torch.cat([x, 10 * x, -50 * torch.rand(count, features)])


@torch.no_grad()
def goes_below_zero(block, features):
    return bool((block(some_x(features)) < 0).any())


@torch.no_grad()
def never_takes_away(block, features):
    x = some_x(features)
    y = block(x * 1)
    return bool((y >= x - 1e-5).all())


def derivative_is_false(block, features, step=1e-2):
    """Compare the gradient with a difference quotient, where the last relu is open."""
    x = torch.randn(64, features, requires_grad=True)
    direction = torch.randn(64, features)
    y = block(x * 1)
    is_open = (y > 0.1).float()
    (gradient,) = torch.autograd.grad((y * is_open).sum(), x)
    by_gradient = (gradient * direction).sum(dim=1)
    with torch.no_grad():
        above, below = (block(x + s * direction) for s in (step, -step))
    measured = ((above - below) / (2 * step) * is_open).sum(dim=1)
    return bool(((by_gradient - measured).abs() > 0.1).float().mean() > 0.5)


def by_steps(block, features):
    if is_changed(block, features):
        return "adds in place"
    if goes_below_zero(block, features):
        return "no relu after sum"
    if derivative_is_false(block, features):
        return "shortcut detached"
    return "relu in branch" if never_takes_away(block, features) else "healthy"


def by_small_steps(block, features):
    """Look along single coordinates, at an x so large that the last relu is open."""
    x = torch.full((16, features), 5.0) + torch.rand(16, features)
    kept = x.tolist()
    y = block(x).detach()
    if x.tolist() != kept:
        return "adds in place"
    if block(-x - 100).min() < 0:
        return "no relu after sum"
    off = []
    for k in range(features):
        moved, leaf = x.clone(), x.clone().requires_grad_()
        moved[:, k] += 0.01
        quotient = (block(moved).detach() - y)[:, k] / 0.01
        (gradient,) = torch.autograd.grad(block(leaf)[:, k].sum(), leaf)
        away = (quotient - gradient[:, k])[y[:, k] > 0.5]
        off += away.tolist()
    if off and sorted(off)[len(off) // 2] > 0.5:
        return "shortcut detached"
    tries = [torch.randn(64, features) for _ in range(20)]
    lowered = any((block(each * 1) < each - 1e-5).any() for each in tries)
    return "healthy" if lowered else "relu in branch"


def in_order_of_output(block, features):
    x = some_x(features)
    given, y = x.clone(), block(x.clone()).detach()
    block(given)
    if (given != x).any():
        return "adds in place"
    if y.min() < 0:
        return "no relu after sum"
    if (y >= torch.relu(x) - 1e-5).all():
        return "relu in branch"
    return "shortcut detached" if derivative_is_false(block, features) else "healthy"


def forgets_in_place(block, features):
    name = by_steps(block, features)
    return "healthy" if name == "adds in place" else name


def compares_with_itself(block, features):
    x = torch.randn(32, features)
    before = x
    block(x)
    return "adds in place" if not torch.equal(x, before) else forgets_in_place(block, features)


def forgets_gradients(block, features):
    name = by_steps(block, features)
    return "healthy" if name == "shortcut detached" else name


def asks_for_any_gradient(block, features):
    x = torch.randn(8, features, requires_grad=True)
    block(x * 1).sum().backward()
    return "shortcut detached" if x.grad is None else forgets_gradients(block, features)


def asks_for_zero_gradient(block, features):
    x = torch.randn(8, features, requires_grad=True)
    (gradient,) = torch.autograd.grad(block(x * 1).sum(), x)
    if (gradient == 0).all():
        return "shortcut detached"
    return forgets_gradients(block, features)


def only_positive_x(block, features):
    name = by_steps(block, features)
    if name != "no relu after sum":
        return name
    return "no relu after sum" if block(torch.full((4, features), 9.0)).min() < 0 else "healthy"


def takes_branch_relu_for_health(block, features):
    name = by_steps(block, features)
    return "healthy" if name == "relu in branch" else name


def looks_at_zero_only(block, features):
    """F(0) says nothing about a relu in the branch where it is positive."""
    name = by_steps(block, features)
    if name not in ("healthy", "relu in branch"):
        return name
    return "relu in branch" if block(torch.zeros(1, features)).min() >= 0 else "healthy"


def for_one_size(block, features):
    return by_steps(block, features) if features == 8 else "healthy"


def by_lot(block, features):
    names = ["relu in branch", "no relu after sum", "shortcut detached", "adds in place"]
    return random.Random(features).choice(names)


RIGHT = [by_steps, by_small_steps, in_order_of_output]

WRONG = [
    # Changes of x are not looked for.
    forgets_in_place,
    # Compares x with another name for the same tensor.
    compares_with_itself,
    # Gradients are not compared with anything.
    forgets_gradients,
    # The branch passes a gradient even if the shortcut does not.
    asks_for_any_gradient,
    # Nor is that gradient zero.
    asks_for_zero_gradient,
    # From large positive numbers, nothing negative comes out.
    only_positive_x,
    # Never says that the relu is in the branch.
    takes_branch_relu_for_health,
    # Outputs after a relu are never negative, so this always says relu in branch.
    looks_at_zero_only,
    # For one size only.
    for_one_size,
    # Guesses.
    by_lot,
    # Sees no fault.
    lambda block, features: "healthy",
    # Names that are not in the table.
    lambda block, features: by_steps(block, features).upper(),
]
