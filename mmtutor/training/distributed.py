"""Several processes that train one model: `torchrun --nproc-per-node 2 script.py`.

Every process walks over the same loader and computes its share of each batch; gradients are
averaged, so that all hold the same parameters, those that one process would get up to rounding.
Memory and time of the model are shared that way; the time of loading is not. Dropout draws from
the random generator of each process: seeded alike, it would drop the same in all shares.

That the mean loss of a batch is made of those of its shares is true of criteria that average over
the examples, and of torch's cross-entropies with class weights or ignored labels, as long as
each share has a label that counts. A criterion that compares the examples of a batch with each
other, such as a contrastive loss, compares those of a share.
"""

import functools
import itertools
import operator
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mmtutor.training import checks

_groups = itertools.count()


class DistributedError(RuntimeError):
    """Another process of the run ended, so that this one cannot go on."""


class Share(NamedTuple):
    """What one process computes of a batch.

    Args:
        batch: its examples, in the form of a batch; in validation there may be none.
        part: which part of the whole batch's mean loss falls to them.
        targets: the targets of the whole batch.
    """

    batch: Any
    part: float
    targets: Tensor


class OneProcess:
    """A process that computes an objective alone.

    Args:
        objective: the model and its criterion; maps a batch to outputs and loss.
    """

    rank, count = 0, 1

    def __init__(self, objective: nn.Module) -> None:
        self.objective: Any = objective
        self.compute: nn.Module = objective

    def shares(self, loader: Iterable[Any]) -> Iterator[Share]:
        """Yield the share of each batch, checked."""
        for batch in loader:
            checks.check_batch(batch)
            yield Share(batch, 1.0, batch[1])

    def weigh(self, loss: Tensor, part: float) -> Tensor:
        """Weigh the loss of a share, so that the gradient is that of the whole batch."""
        return loss

    def gather(self, value: Any) -> list[Any]:
        """Return the value of each process, by rank; all have to call it."""
        return [value]

    def share_buffers(self) -> None:
        """Give all processes the buffers of rank 0, such as statistics of normalizations."""


class SeveralProcesses(OneProcess):
    """One of the processes that compute an objective together; its parameters become rank 0's.

    Args:
        objective: as in `OneProcess`, the same in all processes.
        group: a process group for the gradients alone. Where a process has no example of some
            modality, its gradients are ready sooner than elsewhere; in the group of all else,
            they would be taken for what a normalization exchanges at that moment.
    """

    def __init__(self, objective: nn.Module, group: Any) -> None:
        super().__init__(objective)
        self.rank, self.count = distributed.get_rank(), distributed.get_world_size()
        self.compute = DistributedDataParallel(
            _WithUnused(objective), process_group=group, find_unused_parameters=True
        )

    def shares(self, loader: Iterable[Any]) -> Iterator[Share]:
        """Yield the share of each batch.

        Raises:
            ValueError: the first batch is not the same in all processes.
        """
        for number, (batch, _, targets) in enumerate(super().shares(loader)):
            if number == 0:
                self._check_same(loader, targets)
            inputs, _, *present = batch
            masks = [self._own(each) for each in present]
            own = targets.tensor_split(self.count)[self.rank]
            criterion = self.objective.criterion
            # If nothing counts in the whole batch, the checks of its loss refuse it.
            part = _counted(criterion, own) / (_counted(criterion, targets) or 1)
            yield Share((self._own(inputs), own, *masks), part, targets)

    def weigh(self, loss: Tensor, part: float) -> Tensor:
        """Weigh the loss of a share; the mean of all processes' gradients is taken later."""
        return loss * (part * self.count)

    def gather(self, value: Any) -> list[Any]:
        """Return the value of each process, by rank."""
        values = [None] * self.count
        distributed.all_gather_object(values, value)
        return values

    def share_buffers(self) -> None:
        """Broadcast the buffers of rank 0."""
        for buffer in self.objective.buffers():
            distributed.broadcast(buffer, src=0)

    def _own(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: x.tensor_split(self.count)[self.rank] for name, x in tensors.items()}

    def _check_same(self, loader: Iterable[Any], targets: Tensor) -> None:
        numbers = targets.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        batch = (operator.length_hint(loader, -1), tuple(targets.shape), zlib.crc32(numbers))
        batches = self.gather(batch)
        if any(other != batches[0] for other in batches):
            raise ValueError(
                "the processes got different batches from their loaders, but each must get the "
                "same ones in the same order, of which it takes its share. Give a DataLoader "
                "that shuffles generator=torch.Generator().manual_seed(0)"
            )


class _WithUnused(nn.Module):
    """An objective and a parameter without use, as DDP prints a warning if it finds none."""

    def __init__(self, objective: Any) -> None:
        super().__init__()
        self.objective = objective
        self.unused = nn.Parameter(torch.zeros((), device=objective.precision.device))

    def forward(self, batch: Any) -> Any:
        return self.objective(batch)


@contextmanager
def together(objective: Any, checkpoint: Path | None) -> Iterator[OneProcess]:
    """Compute an objective with all processes of the run, if there are several.

    The process joins those that torchrun started, and leaves them in the end; in a group that
    was there before, it stays.

    Raises:
        DistributedError: another process ended.
    """
    initialized = distributed.is_available() and distributed.is_initialized()
    if not initialized and _started() <= 1:
        yield OneProcess(objective)
        return
    with ExitStack() as leaving:
        if not initialized:
            _join(objective.precision.device)
            leaving.callback(distributed.destroy_process_group)
        group = distributed.new_group()
        leaving.callback(distributed.destroy_process_group, group)
        try:
            yield SeveralProcesses(objective, group)
        except RuntimeError as error:
            if not _is_lost_connection(error):
                raise
            raise _ended(checkpoint) from error


def own_device(device: str | torch.device | None) -> str | torch.device | None:
    """Return the GPU of this process if the device is "cuda" and torchrun started several."""
    if _started() > 1 and device is not None and torch.device(device) == torch.device("cuda"):
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


def _started() -> int:
    """Return how many processes torchrun started."""
    return int(os.environ.get("WORLD_SIZE", 1))


@functools.cache
def _meeting_point() -> tuple[Any, int, int]:
    """Return torchrun's store, and rank and number of the processes."""
    return next(distributed.rendezvous("env://"))


def _join(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_device(device)
    store, rank, count = _meeting_point()
    # The groups of earlier runs left their addresses in the store: each gets a name of its own.
    store = distributed.PrefixStore(f"fit {next(_groups)}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)


def _is_lost_connection(error: RuntimeError) -> bool:
    """Return whether the backend says so: NCCL by a type of its own, gloo by its name only."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error).lower()


def _ended(checkpoint: Path | None) -> DistributedError:
    remedy = "give fit a checkpoint, so that a run that broke can go on"
    if checkpoint is not None and checkpoint.exists():
        remedy = f"the last finished epoch is in {checkpoint}: run the same command again to go on"
    return DistributedError(
        "another process of this run ended, or cannot be reached; if it left a message, that "
        f"says why. Afterwards, {remedy}"
    )


def _counted(criterion: Any, targets: Tensor) -> float:
    """Return what the mean of a criterion divides by: examples, or the weights of their labels."""
    if targets.is_floating_point() or not checks.is_of_classes(criterion):
        return len(targets)
    labels = targets[targets != checks.ignored_label(criterion)]
    weight = getattr(criterion, "weight", None)
    if weight is None:
        return labels.numel()
    valid = labels[(labels >= 0) & (labels < len(weight))]  # others are refused with the loss
    return weight.detach().cpu().double()[valid.cpu()].sum().item()
