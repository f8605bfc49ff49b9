"""Training: one epoch, metrics, outputs, and whole runs that survive being killed."""

from mmtutor.training.checkpoint import CheckpointError
from mmtutor.training.checks import NonFiniteLossError
from mmtutor.training.fit import fit
from mmtutor.training.history import History
from mmtutor.training.loop import Predictions, evaluate, predict, train

__all__ = [
    "CheckpointError",
    "History",
    "NonFiniteLossError",
    "Predictions",
    "evaluate",
    "fit",
    "predict",
    "train",
]
