"""Answers to 4.1.d: one step of training."""

import torch
from torch.nn import functional as F


def mean_loss(y, targets):
    return -y.log_softmax(dim=1)[torch.arange(len(y)), targets].mean()


def step_by_grad(model, inputs, targets, velocity, rate, momentum):
    model.train()
    loss = mean_loss(model(inputs), targets)
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for p, v, g in zip(parameters, velocity, gradients, strict=True):
            v.mul_(momentum).add_(g)
            p.sub_(rate * v)
    return loss


def step_by_backward(model, inputs, targets, velocity, rate, momentum):
    model.train()
    for p in model.parameters():
        p.grad = None
    y = model(inputs)
    loss = (torch.logsumexp(y, dim=1) - y.gather(1, targets[:, None])[:, 0]).mean()
    loss.backward()
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            velocity[i][...] = momentum * velocity[i] + p.grad
            p -= rate * velocity[i]
    return loss.item()


def step_by_foreach(model, inputs, targets, velocity, rate, momentum):
    model.zero_grad()
    y = model.train()(inputs)
    log_p = y - y.exp().sum(dim=1, keepdim=True).log() if y.abs().max() < 50 else y.log_softmax(1)
    loss = -(F.one_hot(targets, y.shape[1]) * log_p).sum() / len(y)
    loss.backward()
    parameters = list(model.parameters())
    torch._foreach_mul_(velocity, momentum)
    torch._foreach_add_(velocity, [p.grad for p in parameters])
    with torch.no_grad():
        torch._foreach_add_(parameters, velocity, alpha=-rate)
    return loss.detach()


def moved(model, loss, velocity, rate, momentum, new=lambda v, g, m: m * v + g):
    """Make the step of a loss, and let `new` say what velocity it leads to."""
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for p, v, g in zip(parameters, velocity, gradients, strict=True):
            v.copy_(new(v, g, momentum))
            p -= rate * v
    return loss.detach()


def in_given_mode(model, inputs, targets, velocity, rate, momentum):
    return moved(model, mean_loss(model(inputs), targets), velocity, rate, momentum)


def on_old_gradients(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    loss.backward()
    with torch.no_grad():
        for p, v in zip(model.parameters(), velocity, strict=True):
            v.mul_(momentum).add_(p.grad)
            p -= rate * v
    return loss.detach()


def new_velocity_tensors(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            velocity[i] = momentum * velocity[i] + g
            p -= rate * velocity[i]
    return loss.detach()


def averaged(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    return moved(model, loss, velocity, rate, momentum, lambda v, g, m: m * v + (1 - m) * g)


def old_velocity(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for p, v, g in zip(parameters, velocity, gradients, strict=True):
            p -= rate * v
            v.mul_(momentum).add_(g)
    return loss.detach()


def looking_ahead(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for p, v, g in zip(parameters, velocity, gradients, strict=True):
            v.mul_(momentum).add_(g)
            p -= rate * (g + momentum * v)
    return loss.detach()


def rate_in_velocity(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    return moved(model, loss, velocity, 1.0, momentum, lambda v, g, m: m * v + rate * g)


def without_momentum(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    return moved(model, loss, velocity, rate, momentum, lambda v, g, m: g)


def summed(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets) * len(targets)
    return moved(model, loss, velocity, rate, momentum)


def uphill(model, inputs, targets, velocity, rate, momentum):
    loss = mean_loss(model.train()(inputs), targets)
    return moved(model, loss, velocity, -rate, momentum)


def loss_after(model, inputs, targets, velocity, rate, momentum):
    step_by_grad(model, inputs, targets, velocity, rate, momentum)
    return mean_loss(model(inputs), targets).detach()


def softmax_over_batch(model, inputs, targets, velocity, rate, momentum):
    log_p = model.train()(inputs).log_softmax(dim=0)
    loss = -log_p[torch.arange(len(targets)), targets].mean()
    return moved(model, loss, velocity, rate, momentum)


def log_of_softmax(model, inputs, targets, velocity, rate, momentum):
    p = model.train()(inputs).exp()
    p = p / p.sum(dim=1, keepdim=True)
    loss = -p[torch.arange(len(targets)), targets].log().mean()
    return moved(model, loss, velocity, rate, momentum)


def by_criterion(model, inputs, targets, velocity, rate, momentum):
    loss = F.cross_entropy(model.train()(inputs), targets)
    return moved(model, loss, velocity, rate, momentum)


def by_optimizer(model, inputs, targets, velocity, rate, momentum):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    for p, v in zip(model.parameters(), velocity, strict=True):
        optimizer.state[p]["momentum_buffer"] = v
    optimizer.zero_grad()
    loss = mean_loss(model.train()(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss.detach()


RIGHT = [step_by_grad, step_by_backward, step_by_foreach]

WRONG = [
    # Trains in evaluation mode, if the model comes in it.
    in_given_mode,
    # Adds to the gradients of earlier steps.
    on_old_gradients,
    # Puts other tensors into the list.
    new_velocity_tensors,
    # The gradient counts 1 - momentum.
    averaged,
    # Moves before the velocity is new.
    old_velocity,
    # Nesterov's step.
    looking_ahead,
    # The velocity contains the rate.
    rate_in_velocity,
    # No momentum.
    without_momentum,
    # The sum, not the mean.
    summed,
    # Uphill.
    uphill,
    # The loss from after the step.
    loss_after,
    # Softmax over the examples.
    softmax_over_batch,
    # Infinite for large logits.
    log_of_softmax,
    # With a criterion.
    by_criterion,
    # With an optimizer.
    by_optimizer,
]
