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


class Traits:
    """What is known of a criterion.

    Args:
        criterion: any function or module, or None; of a `functools.partial`, or of a criterion
            that looks at features, the one inside is described.

    Attributes:
        takes_features: whether it wants the network's features and presence in training.
        kind: which targets it takes, if it is one of torch's usual ones or a subclass; else None.
        reduction: how its loss is made of those of the examples.
        ignored: the label that it leaves out of its mean; -100 is torch's default.
        weight: the weight of each class, or None.
        of_chances: whether it is a binary cross-entropy of probabilities, not logits.
    """

    def __init__(self, criterion: Any) -> None:
        self.takes_features = getattr(criterion, "takes_features", False)
        if self.takes_features:
            criterion = getattr(criterion, "criterion", criterion)
        given: dict[str, Any] = {}
        while isinstance(criterion, partial):
            given = criterion.keywords | given
            criterion = criterion.func
        kinds = [kind for kind, members in _KINDS.items() if _is_one_of(criterion, members)]
        self.kind = kinds[0] if kinds else None
        self.reduction = given.get("reduction", getattr(criterion, "reduction", "mean"))
        self.ignored = given.get("ignore_index", getattr(criterion, "ignore_index", -100))
        self.weight = given.get("weight", getattr(criterion, "weight", None))
        self.of_chances = _is_one_of(criterion, (nn.BCELoss, F.binary_cross_entropy))

    def divisor(self, targets: Tensor) -> float:
        """Return what the mean over targets divides by: examples, or weights of their labels."""
        if self.kind != CLASSES or targets.is_floating_point():
            return len(targets)
        counted = targets != self.ignored
        if self.weight is None:
            return int(counted.sum())
        valid = counted & (targets >= 0) & (targets < len(self.weight))  # else it is refused
        return self.weight.detach().cpu().double()[targets[valid].cpu()].sum().item()


def _is_one_of(criterion: Any, members: tuple[Any, ...]) -> bool:
    return any(
        isinstance(criterion, each) if isinstance(each, type) else criterion is each
        for each in members
    )
