"""Checks that turn a cryptic or silent training failure into a message with a remedy.

Those made for every batch look at types, shapes and labels, which costs microseconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer
from torch.utils.data import Dataset, IterableDataset

from mmtutor.batch import Batch
from mmtutor.criteria import CLASSES, Traits


def check_loader(loader: Any) -> None:
    """Raise TypeError unless a loader gives batches, as far as its type tells."""
    if isinstance(loader, Dataset) and not isinstance(loader, IterableDataset):
        advice = "gives single examples: pass mmtutor.data.loader(dataset), or a DataLoader of it"
    elif not isinstance(loader, Iterable):
        advice = "is no iterable of batches: the model comes first, then its loader"
    else:
        return
    raise TypeError(f"the loader is {_name(loader)}, which {advice}")


def batches(loader: Iterable[Any]) -> Iterator[Batch]:
    """Yield what a loader gives; raise ValueError if it has not the form of a batch, or is none."""
    empty = True
    for item in loader:
        empty = False
        if fault := _fault(item):
            raise ValueError(
                f"the batch holds {fault}. It must be (inputs, targets), (inputs, targets, "
                "present) or (inputs, targets, present, lengths): inputs a dict of tensors "
                "(batch, ...) by modality, targets a tensor (batch, ...), present a dict of bool "
                "tensors (batch,), lengths one of int64 tensors (batch,), either None if not "
                "needed; batch is at least 1"
            )
        yield Batch(*item)
    if empty:
        raise ValueError(
            "the loader gave no batch. Is the data set empty, has it fewer than batch_size "
            "examples with drop_last=True, or is it a generator that was used up before? "
            "Pass a list of batches or a DataLoader"
        )


def _fault(item: Any) -> str | None:
    if not isinstance(item, (tuple, list)):
        return form(item)
    if len(item) not in (2, 3, 4):
        return f"{form(item)} of {len(item)}"
    inputs, targets, *rest = item
    if not isinstance(targets, Tensor) or not targets.ndim or not len(targets):
        return f"as targets {form(targets)}"
    others = zip(("present", "lengths"), rest, strict=False)
    parts = {"inputs": inputs, **{what: part for what, part in others if part is not None}}
    dtypes = {"present": torch.bool, "lengths": torch.int64}
    for what, tensors in parts.items():
        if not isinstance(tensors, Mapping):
            return f"as {what} {form(tensors)}"
        for name, tensor in tensors.items():
            found = f"as {what}[{name!r}] {form(tensor)}"
            if not isinstance(tensor, Tensor) or tensor.shape[:1] != targets.shape[:1]:
                return f"{found}, as targets {form(targets)}"
            if what != "inputs" and (tensor.dtype != dtypes[what] or tensor.ndim > 1):
                is_lengths = what == "present" and tensor.dtype == torch.int64
                return found + " (lengths are the fourth part)" * is_lengths
    return None


def check_criterion(model: nn.Module, criterion: Any) -> None:
    """Raise unless the criterion averages over a batch of what the model gives."""
    if isinstance(criterion, type):
        raise TypeError(f"the criterion is {_name(criterion)}: pass {criterion.__name__}()")
    if not callable(criterion):
        raise TypeError(
            f"the criterion is {criterion if isinstance(criterion, str) else _name(criterion)}, "
            "but it must be called with outputs and targets, like nn.CrossEntropyLoss(); it "
            "comes after the loader, and a device after it, as device=…"
        )
    traits = Traits(criterion)
    if traits.reduction not in ("mean", "batchmean"):
        raise ValueError(
            f"the criterion has reduction={traits.reduction!r}, but it must return the mean loss "
            "of a batch: make it with reduction='mean'"
        )
    if traits.takes_features and not hasattr(model, "with_features"):
        raise TypeError(
            f"{type(criterion).__name__} looks at the features of a MultiModalNet, which "
            f"{_name(model)} does not give"
        )


def check_optimizer(model: nn.Module, criterion: Any, optimizer: Any) -> None:
    """Raise TypeError or ValueError unless the optimizer would train model and criterion."""
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LBFGS):
        remedy = "the optimizer must be made of the model's parameters, such as "
        if isinstance(optimizer, LBFGS):
            remedy = "the optimizer must take a step from one gradient, such as "
        raise TypeError(f"{remedy}torch.optim.Adam(model.parameters()); got {_name(optimizer)}")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    held = {id(parameter) for parameter in parameters}
    if not any(parameter.requires_grad for parameter in parameters):
        raise ValueError(
            "there is nothing to train, as requires_grad is False for all parameters: call "
            "requires_grad_(True) on the part of the model that should learn"
        )
    if held.isdisjoint(map(id, model.parameters())):
        raise ValueError(
            "the optimizer holds no parameter of this model, so the model would not learn: "
            "make the optimizer again, from model.parameters(), after the model"
        )
    own = criterion.named_parameters() if isinstance(criterion, nn.Module) else ()
    left_out = [name for name, each in own if each.requires_grad and id(each) not in held]
    if left_out:
        raise ValueError(
            f"the optimizer leaves out {', '.join(left_out[:3])} of the criterion, which would "
            "not learn: make it from [*model.parameters(), *criterion.parameters()]"
        )


def check_settings(clip_norm: Any, mixed_precision: Any) -> None:
    """Raise ValueError unless clip_norm is positive or None, and mixed_precision a bool."""
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm must be above 0, or None; got {clip_norm}")
    if not isinstance(mixed_precision, bool):
        raise ValueError(
            "mixed_precision is True or False, and the device decides on the format; "
            f"got {mixed_precision!r}"
        )


def check_outputs(outputs: Any, targets: Tensor) -> None:
    """Raise ValueError unless there is one output for each target."""
    if not isinstance(outputs, Tensor) or outputs.shape[:1] != targets.shape[:1]:
        raise ValueError(
            f"the model returned {form(outputs)} for targets {form(targets)}: it must return a "
            f"tensor with one output for each of the {len(targets)} examples, (batch, ...)"
        )


def check_loss(loss: Any) -> None:
    """Raise TypeError unless a criterion returned one number, as a tensor."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(
            f"the criterion returned {form(loss)}, but it must return the mean loss of the "
            "batch as a tensor with one number: end it with .mean(), and without .item()"
        )


def check_some_count(traits: Traits, divisor: float) -> None:
    """Raise ValueError if the mean over a batch would divide by 0."""
    if not divisor:
        raise ValueError(
            f"every label of the batch is {traits.ignored}, which the criterion ignores, or has "
            "the weight 0, so there is nothing to average: leave such batches out"
        )


def check_targets(traits: Traits, outputs: Tensor, targets: Tensor) -> None:
    """Raise TypeError or ValueError unless the targets suit one of torch's usual criteria.

    With others, only a column against a row is refused, which would be broadcast.
    """
    if traits.kind == CLASSES:
        check_class_targets(outputs, targets, traits.ignored)
    elif traits.kind is not None:
        check_value_targets(outputs, targets, use=traits.kind)
    elif targets.is_floating_point() and _without_ones(outputs) == _without_ones(targets):
        check_value_targets(outputs, targets)


def _without_ones(x: Tensor) -> list[int]:
    return [size for size in x.shape[1:] if size != 1]


def check_value_targets(outputs: Tensor, targets: Tensor, use: str = "regression") -> None:
    """Raise TypeError or ValueError unless float targets have the shape of the outputs."""
    if not targets.is_floating_point():
        raise TypeError(
            f"targets are {form(targets)}, but {use} needs float values: pass "
            "targets.float(), or use nn.CrossEntropyLoss if they are class labels"
        )
    if outputs.shape != targets.shape:
        raise ValueError(
            f"outputs are {form(outputs)} but targets are {form(targets)}: they must have the "
            "same shape, or they would be broadcast. For an axis of size 1 too many, use "
            f"{'targets' if targets.ndim > outputs.ndim else 'outputs'}.squeeze(1); otherwise "
            "let the model return one output for each value"
        )


def check_class_targets(outputs: Tensor, targets: Tensor, ignored: int) -> None:
    """Raise TypeError or ValueError unless targets suit logits: int64 labels, or probabilities.

    Labels are looked at here because an accelerator that meets a wrong one stops the process.
    """
    if _are_probabilities(outputs, targets):
        return
    if targets.dtype != torch.int64:
        raise TypeError(
            f"targets are {form(targets)}, but class labels must be int64, and probabilities "
            "of classes must sum to 1. Pass targets.long() if they are labels, and "
            "criterion=nn.MSELoss() if they are values to predict"
        )
    if outputs.ndim < 2 or outputs.shape[:1] + outputs.shape[2:] != targets.shape:
        raise ValueError(
            f"outputs are {form(outputs)} and targets {form(targets)}, but classification "
            "needs logits (batch, classes, ...) and labels (batch, ...)"
        )
    classes = outputs.shape[1]
    wrong = (targets != ignored) & ((targets < 0) | (targets >= classes))
    if wrong.any():
        where = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"targets hold labels from {targets.min()} to {targets.max()}, but outputs "
            f"{tuple(outputs.shape)} have {classes} classes, 0 to {classes - 1}; the first wrong "
            f"label of the batch is {targets[tuple(where)]}, at index {where}. Give the head more "
            "classes, or number the labels from 0"
        )


def _are_probabilities(outputs: Tensor, targets: Tensor) -> bool:
    """Return whether the targets are a probability for each class."""
    if not targets.is_floating_point() or targets.shape != outputs.shape:
        return False
    if targets.ndim < 2 or targets.shape[1] < 2 or (targets < 0).any():
        return False
    return bool(((targets.sum(dim=1) - 1).abs() < 0.01).all())


def _name(value: Any) -> str:
    is_class = isinstance(value, type)
    return f"the class {value.__name__}" if is_class else f"a {type(value).__name__}"


def form(value: Any) -> str:
    """Return the type and shape of a tensor, or of what else somebody gave."""
    if not isinstance(value, Tensor):
        return _name(value)
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
