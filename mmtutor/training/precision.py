"""In which number format a model computes: as it is, or in 16 bits where that is safe."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class Precision:
    """What the training loop asks at its named points; unless mixed, all of it does nothing.

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

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which a model and its criterion compute."""
        return torch.autocast(self.device.type, self.dtype) if self.dtype else nullcontext()

    def widen(self, x: Tensor) -> Tensor:
        """Return a result in 16 bits as float32 again."""
        return x.float() if self.dtype and x.dtype == self.dtype else x

    def scale(self, loss: Tensor) -> Tensor:
        """Return the loss whose gradients are to be computed."""
        return self.scaler.scale(loss)

    def unscale(self, optimizer: Optimizer) -> bool:
        """Divide the gradients by the scale, and return whether the step may be taken."""
        if not self.scaler.is_enabled():
            return True
        self.scaler.unscale_(optimizer)
        before = self.scaler.get_scale()
        self.scaler.update()
        return self.scaler.get_scale() >= before


def low_precision(device: torch.device) -> torch.dtype:
    """Return the 16-bit format that suits a device: float16 on GPUs before compute capability 8.

    Elsewhere bfloat16, which has the range of float32 and needs no scale.
    """
    old = device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0)
    return torch.float16 if old else torch.bfloat16
