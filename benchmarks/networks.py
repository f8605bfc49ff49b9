"""`ImageResNet` as resnet18 against torchvision's resnet18 with the same weights.

Ours chooses its memory layout by itself (`fast_layout` in `mmtutor/layers.py`); torchvision's
stays in torch's default.
"""

import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from benchmarks.timing import Row, compare, forward, row, step
from mmtutor.encoders import ImageResNet

BATCH, SIDE = 8, 224


def rows() -> list[Row]:
    """Measure the forward pass, and forward and backward."""
    ours, theirs = networks()
    x = torch.randn(BATCH, 3, SIDE, SIDE)
    name = f"resnet18 on {BATCH} × 3 × {SIDE} × {SIDE}"
    what = f"{name}, largest difference of the features"
    found = [Row(what, difference(ours, theirs, x), aim="≤ 1e-05")]
    for what, work, aim in [("forward", forward, "≤ 1.02"), ("forward + backward", step, "≤ 0.85")]:
        times = compare({"mmtutor": work(ours, x), "torchvision": work(theirs, x)})
        found.append(row(f"{name}, {what}: mmtutor, torchvision", times, aim))
    return found


@torch.no_grad()
def difference(ours: nn.Module, theirs: nn.Module, x: Tensor) -> str:
    """Return the largest difference of two networks' features, in words."""
    return f"{(ours.eval()(x) - theirs.eval()(x)).abs().max():.0e}"


def networks() -> tuple[nn.Module, nn.Module]:
    """Return our network and torchvision's, with the same weights and without a head."""
    theirs = resnet18(weights=None)
    ours = ImageResNet.preset("resnet18")
    ours.load_torchvision(theirs)
    theirs.fc = nn.Identity()
    return ours, theirs
