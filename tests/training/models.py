"""Models of one parameter, of which every value can be worked out by hand."""

import torch
from torch import Tensor, nn

from mmtutor.training import History, fit


class Scale(nn.Module):
    """Output w · x, for one parameter w."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(
        self,
        inputs: dict[str, Tensor],
        present: dict[str, Tensor] | None = None,
        lengths: dict[str, Tensor] | None = None,
    ) -> Tensor:
        x = inputs["x"]
        for factor in (present, lengths):
            x = x if factor is None else x * factor["x"]
        return self.w * x


def batch(x: list, targets: list) -> tuple[dict[str, Tensor], Tensor]:
    return {"x": torch.tensor(x)}, torch.tensor(targets)


def sgd(model: nn.Module, lr: float) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


class Climber(nn.Module):
    """Output w for every example. Under L1 loss to a far target, SGD of rate 1 adds 1 a step."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.w.expand(len(inputs["x"]))


def towards(target: float) -> list[tuple[dict[str, Tensor], Tensor]]:
    """One batch of two examples."""
    return [({"x": torch.zeros(2)}, torch.full((2,), target))]


def climb(model: nn.Module, train_loader=None, validation_loader=None, **options) -> History:
    options = {"optimizer": torch.optim.SGD(model.parameters(), lr=1.0), **options}
    return fit(
        model, train_loader or towards(100.0), validation_loader, criterion=nn.L1Loss(), **options
    )
