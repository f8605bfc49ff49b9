"""A step downhill, for checks that ask whether something learns."""

import torch
from torch import Tensor, nn

from mmtutor.exercises.exercise import expect


def step_downhill(module: nn.Module, loss: Tensor, rate: float) -> None:
    """Change the parameters of a module by one step of gradient descent.

    The first optimizer of torch in a session imports a compiler, for seconds; a check would spend
    its time limit on that.
    """
    expect(loss.requires_grad, "no gradient gets through, so that nothing can learn")
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    slopes = torch.autograd.grad(loss, learning, allow_unused=True)
    with torch.no_grad():
        for parameter, slope in zip(learning, slopes, strict=True):
            if slope is not None:
                parameter.sub_(rate * slope)
