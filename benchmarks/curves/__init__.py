"""How the book's comparisons come out at other budgets: accuracy against training steps.

Each module here is one comparison. It has

- `STEPS`: the budgets, in training steps, ascending;
- `MEASURE`: what is measured, as the label of an axis;
- `measure(seed)`: a dictionary from the name of each side to its values at `STEPS`, from
  training data and initial weights drawn with `seed`.

`python -m tools.curves [NAME …]` runs them and stores what `mmtutor.data.curves` reads. Each side
has a rate of its own, chosen on validation data, and the rate is constant, so that the value
at a step is also what a run of that length gives.
"""

from collections.abc import Callable, Sequence

import torch
from torch import nn, optim
from torch.nn import functional as F

from mmtutor.batch import Batch
from mmtutor.data import MultimodalDataset, loader


def train_and_score(
    network: nn.Module,
    optimizer: optim.Optimizer,
    dataset: MultimodalDataset,
    steps: Sequence[int],
    score: Callable[[nn.Module], float],
    *,
    batch_size: int,
    seed: int,
) -> list[float]:
    """Train a classifier with the cross-entropy and score it at some steps.

    Args:
        network: maps the inputs of a batch to logits `(batch, classes)`.
        optimizer: of its parameters.
        dataset: the training examples.
        steps: when to score, ascending.
        score: gets the network in evaluation mode, without gradients.
        batch_size: of the training examples.
        seed: of their order.
    """
    batches = loader(dataset, batch_size, shuffle=True, seed=seed)
    done, scores = 0, list[float]()
    while len(scores) < len(steps):
        for batch in batches:
            train_step(network.train(), optimizer, batch)
            done += 1
            if done == steps[len(scores)]:
                with torch.no_grad():
                    scores.append(score(network.eval()))
                if len(scores) == len(steps):
                    break
    return scores


def train_step(network: nn.Module, optimizer: optim.Optimizer, batch: Batch) -> None:
    """Take one step on one batch."""
    inputs, targets, *_ = batch
    optimizer.zero_grad()
    F.cross_entropy(network(inputs), targets).backward()
    optimizer.step()
