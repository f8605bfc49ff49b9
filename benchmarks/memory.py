"""Peak memory of a training step, each network in a process of its own.

A process keeps its high-water mark, so a second network in the same process would be measured
by the first one's: `python -m benchmarks.memory mmtutor`.
"""

import os
import resource
import subprocess
import sys

import psutil
import torch

from benchmarks.networks import SIDE, networks
from benchmarks.timing import Row, step

NAMES = ("mmtutor", "torchvision")
BATCH = 32  # large enough that a step takes more than importing torch did


def rows() -> list[Row]:
    """Measure the peak of resnet18's forward and backward."""
    ours, theirs = map(peak_of, NAMES)
    what = f"resnet18 on {BATCH} × 3 × {SIDE} × {SIDE}, peak memory of a step: mmtutor, torchvision"
    return [Row(what, f"{ours} MiB", f"{theirs} MiB", ours / theirs, "≤ 1.02")]


def peak_of(name: str) -> int:
    """Return the MiB that a step adds to what the process held before, in a new process."""
    command = [sys.executable, "-m", "benchmarks.memory", name]
    # glibc would keep freed blocks for later, by chance a third to two thirds as much again;
    # blocks that are mapped one by one go back at once.
    given_back = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2**16)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=given_back)
    return int(done.stdout)


def measure(name: str) -> int:
    """Return the MiB that a step adds to what this process held before."""
    network = dict(zip(NAMES, networks(), strict=True))[name]
    work = step(network, torch.randn(BATCH, 3, SIDE, SIDE))
    before = psutil.Process().memory_info().rss
    work()
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return (peak - before) // 2**20


if __name__ == "__main__":
    print(measure(sys.argv[1]))
