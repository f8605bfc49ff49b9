"""Training: epochs, metrics, outputs; whole runs in one process or several, resumed if killed."""

from mmtutor.training.checkpoint import CheckpointError
from mmtutor.training.distributed import DistributedError
from mmtutor.training.evaluation import Predictions, evaluate, predict
from mmtutor.training.fit import fit
from mmtutor.training.history import History
from mmtutor.training.loop import train
from mmtutor.training.nonfinite import NonFiniteLossError

__all__ = [
    "CheckpointError",
    "DistributedError",
    "History",
    "NonFiniteLossError",
    "Predictions",
    "evaluate",
    "fit",
    "predict",
    "train",
]
