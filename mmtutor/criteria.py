"""What is known of torch's criteria: which targets they take, what their mean divides by."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

Criterion = Callable[..., Tensor]

CLASSES, LABELS, VALUES = "classification", "a binary cross-entropy", "regression"
_KINDS: dict[str, tuple[Any, ...]] = {
    CLASSES: (nn.CrossEntropyLoss, nn.NLLLoss, F.cross_entropy, F.nll_loss),
    LABELS: (
        *(nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss, nn.BCELoss),
        *(F.binary_cross_entropy_with_logits, F.multilabel_soft_margin_loss),
        F.binary_cross_entropy,
    ),
    VALUES: (
        *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss),
        *(F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss),
    ),
}


def core(criterion: Any) -> Any:
    """Return what is inside a `functools.partial`, or a criterion that looks at features."""
    if isinstance(criterion, partial):
        return core(criterion.func)
    inner = getattr(criterion, "criterion", None) if takes_features(criterion) else None
    return criterion if inner is None else core(inner)


def setting(criterion: Any, name: str, default: Any) -> Any:
    """Return an argument with which a criterion was made."""
    bound = getattr(criterion, "keywords", {})  # of a partial
    return bound.get(name, getattr(core(criterion), name, default))


def takes_features(criterion: Any) -> bool:
    """Return whether a criterion wants the network's features and presence in training."""
    return getattr(criterion, "takes_features", False)


def kind(criterion: Any) -> str | None:
    """Return what targets one of torch's usual criteria, or a subclass, takes; else None."""
    inner = core(criterion)
    for name, members in _KINDS.items():
        classes = tuple(member for member in members if isinstance(member, type))
        if isinstance(inner, classes) or inner in members:
            return name
    return None


def ignored_label(criterion: Any) -> int:
    """Return the label that the criterion leaves out of its mean; -100 is torch's default."""
    return setting(criterion, "ignore_index", -100)


def divisor(criterion: Any, targets: Tensor) -> float:
    """Return what the mean over targets divides by: examples, or the weights of their labels."""
    if kind(criterion) != CLASSES or targets.is_floating_point():
        return len(targets)
    labels = targets[targets != ignored_label(criterion)]
    weight = setting(criterion, "weight", None)
    if weight is None:
        return labels.numel()
    valid = labels[(labels >= 0) & (labels < len(weight))]  # others are refused with the loss
    return weight.detach().cpu().double()[valid.cpu()].sum().item()
