"""Several processes that train one model: `torchrun --nproc-per-node 2 script.py`.

Every process walks over the same loader and computes its share of each batch; gradients are
averaged, so that all hold the same parameters, those that one process would get up to rounding.
Memory and time of the model are shared that way; the time of loading is not. Dropout draws from
the random generator of each process: seeded alike, it would drop the same in all shares.

That the mean loss of a batch is made of those of its shares, each times its part of the examples,
is true of criteria that average over the examples, and of torch's cross-entropies with class
weights or ignored labels, whose parts are counted as `Traits.divisor` says. A criterion that
compares the examples of a batch with each other, such as a contrastive loss, compares those of a
share.
"""

import functools
import itertools
import operator
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mmtutor.batch import Batch
from mmtutor.training import checks
from mmtutor.training.model_with_loss import ModelWithLoss

_groups = itertools.count()


class DistributedError(RuntimeError):
    """Another process of the run ended, so that this one cannot go on."""


class Processes:
    """The processes of a run, as one of them sees them; one that is alone shares nothing.

    Args:
        learner: the model and its criterion; its parameters become those of rank 0.
        group: a process group for the gradients alone, or None for a process that is alone.
            Where a process has no example of some modality, its gradients are ready sooner than
            elsewhere; in the group of all else, they would be taken for what a normalization
            exchanges at that moment.
    """

    def __init__(self, learner: ModelWithLoss, group: Any = None) -> None:
        self.learner = learner
        self.compute: nn.Module = learner
        self.rank, self.count = 0, 1
        if group is not None:
            self.rank, self.count = distributed.get_rank(), distributed.get_world_size()
            self.compute = DistributedDataParallel(
                _WithUnused(learner), process_group=group, find_unused_parameters=True
            )

    def batches(self, loader: Iterable[Any]) -> Iterator[Batch]:
        """Yield the batches of a loader, each checked; all processes have to get the same."""
        for number, batch in enumerate(checks.batches(loader)):
            if number == 0 and self.count > 1:
                self._check_same(loader, batch.targets)
            yield batch

    def shard(self, batch: Batch) -> Batch:
        """Return the share of a batch that this process computes; in training, never none."""
        if self.count == 1:
            return batch
        if self.learner.training and len(batch.targets) < self.count:
            raise ValueError(
                f"a batch of {len(batch.targets)} cannot be shared by {self.count} processes, "
                "which need an example each: make the loader with drop_last=True, or with "
                "another batch size"
            )
        return batch.map(lambda x: x.tensor_split(self.count)[self.rank])

    def scale_loss(self, loss: Tensor, part: float) -> Tensor:
        """Scale the loss by the share's part of its batch; the mean of gradients follows."""
        return loss * (part * self.count)

    def gather(self, value: Any) -> list[Any]:
        """Return the value of each process, by rank; all have to call it."""
        values = [value] * self.count
        if self.count > 1:
            distributed.all_gather_object(values, value)
        return values

    def share_buffers(self) -> None:
        """Give all processes the buffers of rank 0, such as statistics of normalizations."""
        if self.count > 1:
            for buffer in self.learner.buffers():
                distributed.broadcast(buffer, src=0)

    def _check_same(self, loader: Iterable[Any], targets: Tensor) -> None:
        numbers = targets.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        first = self.gather(
            (operator.length_hint(loader, -1), tuple(targets.shape), zlib.crc32(numbers))
        )
        if any(other != first[0] for other in first):
            raise ValueError(
                "the processes got different batches from their loaders, but each must get the "
                "same ones in the same order, of which it takes its share. Give a DataLoader "
                "that shuffles generator=torch.Generator().manual_seed(0)"
            )


class _WithUnused(nn.Module):
    """A learner and a parameter without use, as DDP prints a warning if it finds none."""

    def __init__(self, learner: ModelWithLoss) -> None:
        super().__init__()
        self.learner = learner
        self.unused = nn.Parameter(torch.zeros((), device=learner.precision.device))

    def forward(self, batch: Batch) -> Any:
        return self.learner(batch)


@contextmanager
def together(learner: ModelWithLoss, checkpoint: Path | None) -> Iterator[Processes]:
    """Join the processes that torchrun started, if any, and leave them in the end.

    In a group that was there before, the process stays.
    """
    initialized = distributed.is_available() and distributed.is_initialized()
    if not initialized and _started() <= 1:
        yield Processes(learner)
        return
    with ExitStack() as leaving:
        if not initialized:
            _join(learner.precision.device)
            leaving.callback(distributed.destroy_process_group)
        group = distributed.new_group()
        leaving.callback(distributed.destroy_process_group, group)
        try:
            yield Processes(learner, group)
        except RuntimeError as error:
            # NCCL says so by a type of its own, gloo by its name only.
            if not (isinstance(error, distributed.DistError) or "gloo" in str(error).lower()):
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


def _ended(checkpoint: Path | None) -> DistributedError:
    remedy = "give fit a checkpoint, so that a run that broke can go on"
    if checkpoint is not None and checkpoint.exists():
        remedy = f"the last finished epoch is in {checkpoint}: run the same command again to go on"
    return DistributedError(
        "another process of this run ended, or cannot be reached; if it left a message, that "
        f"says why. Afterwards, {remedy}"
    )
