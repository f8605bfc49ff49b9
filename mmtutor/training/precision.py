"""In which number format a model computes: as it is, or in 16 bits where that is safe."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Precision:
    """Computes outputs and loss, and takes an optimizer's steps, in mixed precision if asked.

    Mixed precision computes matrix products and convolutions in 16 bits, and keeps parameters,
    normalizations and sums in float32. In float16, small gradients would become 0: the loss is
    multiplied by a scale, and a step whose gradients overflow is left out and lowers the scale.
    Source: Micikevicius et al. 2018, section 3.

    Args:
        device: where the model is.
        mixed: whether to compute in mixed precision.
    """

    def __init__(self, device: torch.device, mixed: bool = False) -> None:
        self.device = device
        self.dtype = low_precision(device) if mixed else None
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.dtype is torch.float16)

    @property
    def scale(self) -> float:
        """By what the loss is multiplied; 1 except in float16."""
        return self.scaler.get_scale()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a model or a criterion; what it returns in 16 bits is float32 again."""
        if self.dtype is None:
            return function(*arguments)
        with torch.autocast(self.device.type, self.dtype):
            result = function(*arguments)
        return result.float() if getattr(result, "dtype", None) == self.dtype else result

    def step(self, loss: Tensor, optimizer: Optimizer, clip_norm: float | None) -> bool:
        """Compute the gradients, clip their total norm, and take a step unless they overflow.

        Returns:
            Whether the step was taken.
        """
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(optimizer)
        if clip_norm is not None:
            parameters = [each for group in optimizer.param_groups for each in group["params"]]
            nn.utils.clip_grad_norm_(parameters, clip_norm)
        self.scaler.step(optimizer)
        before = self.scale
        self.scaler.update()
        return self.scale >= before

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the scale; empty except in float16."""
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the scale back; a run that was on another kind of GPU may have had none."""
        if state:
            self.scaler.load_state_dict(state)


def low_precision(device: torch.device) -> torch.dtype:
    """Return the 16-bit format that suits a device: float16 on GPUs before compute capability 8.

    Elsewhere bfloat16, which has the range of float32 and needs no scale.
    """
    old = device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0)
    return torch.float16 if old else torch.bfloat16
