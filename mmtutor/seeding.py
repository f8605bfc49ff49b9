"""One call that makes a page give the same numbers each time."""

import os
import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch, and ask torch for exact repeats.

    From then on torch raises an error where it has no deterministic way to compute
    something, instead of giving slightly different numbers each time.

    Args:
        seed: from 0 to 2**32 - 1, the range that NumPy takes.

    Raises:
        ValueError: the seed is out of range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"got the seed {seed}, expected a whole number from 0 to {2**32 - 1}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    # Without this setting, CUDA's matrix products refuse to run deterministically.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # It would also fill all new memory, for programs that read it before they write it: a tenth
    # of the time of a small network's step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
