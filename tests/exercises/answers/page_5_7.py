import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def by_counting(parameters, kept, memory):
    batch = 0
    while 16 * parameters + (batch + 1) * kept <= memory:
        batch += 1
    return batch


def with_bytes(per_weight):
    return lambda parameters, kept, memory: max(0, (memory - per_weight * parameters) // kept)


def by_loop(rows, rate, bandwidth, overhead):
    arithmetic = memory = 0.0
    for operations, moved in rows.tolist():
        if operations / rate > moved / bandwidth:
            arithmetic += operations / rate
        else:
            memory += moved / bandwidth
    return [arithmetic, memory, len(rows) * overhead]


def both(rows, rate, bandwidth, overhead):
    operations, moved = rows.sum(dim=0)
    return operations / rate, moved / bandwidth, overhead * len(rows)


def by_totals(rows, rate, bandwidth, overhead):
    arithmetic, memory, calls = both(rows, rate, bandwidth, overhead)
    return (arithmetic, 0.0, calls) if arithmetic > memory else (0.0, memory, calls)


def faster_one(rows, rate, bandwidth, overhead):
    arithmetic, memory = rows[:, 0] / rate, rows[:, 1] / bandwidth
    mask = arithmetic < memory
    return arithmetic[mask].sum(), memory[~mask].sum(), overhead * len(rows)


def swapped(*arguments):
    arithmetic, memory, calls = by_loop(*arguments)
    return memory, arithmetic, calls


def overhead_once(rows, rate, bandwidth, overhead):
    return *by_loop(rows, rate, bandwidth, overhead)[:2], overhead


def as_array(rows, rate, bandwidth, overhead):
    return np.array(by_loop(rows, rate, bandwidth, overhead))


ANSWERS = {
    "5.7.a": Answers(
        right=by_counting,
        also_right=[
            lambda parameters, kept, memory: np.int64(max(memory - 16 * parameters, 0) // kept),
            lambda *given: float(by_counting(*given)),
        ],
        wrong={
            "weights need memory too": with_bytes(0),
            "keeps four such numbers": with_bytes(4),
            "adds two averages": with_bytes(8),
            "are four": with_bytes(12),
            "round down": lambda p, kept, memory: max(0, math.ceil((memory - 16 * p) / kept)),
            "the answer is 0": lambda p, kept, memory: (memory - 16 * p) // kept,
            "whole number": lambda p, kept, memory: max(0.0, (memory - 16 * p) / kept),
        },
    ),
    "5.7.b": Answers(
        right=by_loop,
        also_right=[as_array],
        wrong={
            "go on at once": both,
            "call by call": by_totals,
            "the slower one decides": faster_one,
            "wrong order": swapped,
            "once for each call": overhead_once,
            "three numbers": lambda rows, *prices: torch.tensor(by_loop(rows, *prices)).sum(),
        },
    ),
}
