"""A loss, a gradient or a parameter that is NaN or infinite: what was found, and what to do."""

from collections.abc import Iterable

from torch import Tensor, nn

from mmtutor.batch import Batch
from mmtutor.training.checks import form

_RESTART = "make the model anew, or resume from a checkpoint"


class NonFiniteLossError(ArithmeticError):
    """The loss, or a parameter, became NaN or infinite.

    Attributes:
        message: what was found, and what to do.
        step: number of the batch in its epoch, from 1.
        loss: the loss of that batch.
        epoch: number of the epoch, from 1; None outside `fit`.
    """

    epoch: int | None = None

    def __init__(self, message: str, step: int, loss: float) -> None:
        super().__init__(message, step, loss)
        self.message, self.step, self.loss = message, step, loss

    def __str__(self) -> str:
        """Return where it happened, and the message."""
        epoch = "" if self.epoch is None else f"epoch {self.epoch}, "
        return f"{epoch}step {self.step}: {self.message}"


def non_finite_loss(
    loss: float, step: int, model: nn.Module, batch: Batch, outputs: Tensor
) -> NonFiniteLossError:
    """Return the error for a loss that is not finite, with statistics of its batch."""
    given = {f"inputs[{name!r}]": x for name, x in batch.inputs.items()}
    given["targets"] = batch.targets
    lines = [f"  {name}: {_statistics(x)}" for name, x in (given | {"outputs": outputs}).items()]
    if broken := _non_finite(given.items()):
        remedy = f"remove or replace the NaN and infinite values of {broken}."
    else:
        remedy = (
            "the data are finite, so lower the learning rate, and look in model and criterion "
            "for a logarithm, a root or a division that can meet 0."
        )
    if broken := _non_finite([*model.named_parameters(), *model.named_buffers()]):
        remedy += f" The model holds such values too, in {broken}: {_RESTART}."
    message = f"the loss is {loss}; the optimizer did not take this step. The batch:"
    return NonFiniteLossError("\n".join([message, *lines, f"What to do: {remedy}"]), step, loss)


def check_after_epoch(loss: float, step: int, model: nn.Module, scale: float) -> None:
    """Raise NonFiniteLossError if gradients spoilt parameters, or overflowed at every scale."""
    if broken := _non_finite(model.named_parameters()):
        message = (
            f"the loss is still {loss}, but a gradient was NaN or infinite, and so are now "
            f"parameters, in {broken}. What to do: {_RESTART}; lower the learning rate, and look "
            "in model and criterion for a root or a division that can meet 0."
        )
        raise NonFiniteLossError(message, step, loss)
    if scale < 1e-4:
        message = (
            f"the loss is still {loss}, but a gradient was NaN or infinite in so many batches "
            f"that its scale fell to {scale:.1g}; the optimizer left out all those steps. What to "
            "do: look in model and criterion for a root or a division that can meet 0, or train "
            "without mixed_precision"
        )
        raise NonFiniteLossError(message, step, loss)


def _non_finite(named: Iterable[tuple[str, Tensor]]) -> str:
    names = [name for name, tensor in named if not tensor.isfinite().all()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _statistics(tensor: Tensor) -> str:
    values = tensor.detach().cpu().double()
    finite = values[values.isfinite()]
    share = 1 - finite.numel() / max(values.numel(), 1)
    numbers = "no finite value"
    if finite.numel():
        numbers = f"min {finite.min():.4g}, max {finite.max():.4g}, mean {finite.mean():.4g}"
    return f"{form(tensor)}, {numbers}, {share:.2%} NaN or infinite"
