import math

import numpy as np
import torch


def batch_by_division(parameters, kept, memory):
    return max(0, (memory - 16 * parameters) // kept)


def batch_by_divmod(parameters, kept, memory):
    free = memory - 4 * 4 * parameters
    return divmod(free, kept)[0] if free >= kept else 0


def batch_by_halving(parameters, kept, memory):
    low, high = 0, 1
    while 16 * parameters + high * kept <= memory:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if 16 * parameters + middle * kept <= memory else (low, middle)
    return low


def shares_by_where(rows, rate, bandwidth, overhead):
    done, moved = rows[:, 0] / rate, rows[:, 1] / bandwidth
    busy = done > moved
    return done[busy].sum(), moved[~busy].sum(), len(rows) * overhead


def shares_by_loop(rows, rate, bandwidth, overhead):
    arithmetic = memory = extra = 0.0
    for operations, moved in rows.tolist():
        a, b = operations / rate, moved / bandwidth
        if a >= b:
            arithmetic += a
        else:
            memory += b
        extra += overhead
    return [arithmetic, memory, extra]


def shares_by_numpy(rows, rate, bandwidth, overhead):
    times = np.asarray(rows, dtype=float) / np.array([rate, bandwidth])
    longest = times.argmax(axis=1)
    return np.array([*(times[longest == i, i].sum() for i in (0, 1)), overhead * times.shape[0]])


def shares_all(rows, rate, bandwidth, overhead):
    done, moved = rows.sum(dim=0)
    return done / rate, moved / bandwidth, len(rows) * overhead


def shares_of_totals(rows, rate, bandwidth, overhead):
    done, moved, extra = shares_all(rows, rate, bandwidth, overhead)
    return (done, 0.0, extra) if done > moved else (0.0, moved, extra)


def with_overhead(rows, rate, bandwidth, overhead, count):
    done, moved, _ = shares_by_loop(rows, rate, bandwidth, overhead)
    return done, moved, count * overhead


def shares_as_parts(rows, rate, bandwidth, overhead):
    each = shares_by_loop(rows, rate, bandwidth, overhead)
    return [x / sum(each) for x in each]


def shares_by_count(rows, rate, bandwidth, overhead):
    """Compare operations with bytes, before the prices."""
    busy = rows[:, 0] > rows[:, 1]
    return rows[busy, 0].sum() / rate, rows[~busy, 1].sum() / bandwidth, len(rows) * overhead


def shares_with_overhead_in_both(rows, rate, bandwidth, overhead):
    done, moved = rows[:, 0] / rate, rows[:, 1] / bandwidth
    spent = torch.maximum(done, moved) + overhead
    busy = done > moved
    return spent[busy].sum(), spent[~busy].sum(), len(rows) * overhead


def three_way(rows, rate, bandwidth, overhead):
    """Give every call to the largest of the three prices."""
    done, moved = rows[:, 0] / rate, rows[:, 1] / bandwidth
    kinds = torch.stack([done, moved, torch.full_like(done, overhead)])
    longest = kinds.argmax(dim=0)
    return [kinds[i, longest == i].sum() for i in range(3)]


RIGHT = {
    "5.7.a": [batch_by_division, batch_by_divmod, batch_by_halving],
    "5.7.b": [shares_by_where, shares_by_loop, shares_by_numpy],
}

WRONG = {
    "5.7.a": [
        # The weights only, without gradient and averages.
        lambda parameters, kept, memory: max(0, (memory - 4 * parameters) // kept),
        # The gradient is forgotten.
        lambda parameters, kept, memory: max(0, (memory - 12 * parameters) // kept),
        # Numbers, not bytes.
        lambda parameters, kept, memory: max(0, (memory - 4 * parameters) // (4 * kept)),
        # Negative, if nothing fits.
        lambda parameters, kept, memory: (memory - 16 * parameters) // kept,
        # At least one.
        lambda parameters, kept, memory: max(1, (memory - 16 * parameters) // kept),
        # Rounded up.
        lambda parameters, kept, memory: max(0, math.ceil((memory - 16 * parameters) / kept)),
        # A part of an example.
        lambda parameters, kept, memory: max(0, (memory - 16 * parameters) / kept),
        # Some memory has to be left.
        lambda parameters, kept, memory: max(0, (memory - 16 * parameters - 1) // kept),
        # Every example has weights of its own.
        lambda parameters, kept, memory: memory // (16 * parameters + kept),
        # The weights need nothing.
        lambda parameters, kept, memory: memory // kept,
        # Powers of two only.
        lambda parameters, kept, memory: (
            2 ** (batch_by_division(parameters, kept, memory).bit_length() - 1)
            if batch_by_division(parameters, kept, memory)
            else 0
        ),
    ],
    "5.7.b": [
        # Every call counts for both.
        shares_all,
        # The totals are compared, not the calls.
        shares_of_totals,
        # The overhead of one call.
        lambda rows, rate, bandwidth, overhead: with_overhead(rows, rate, bandwidth, overhead, 1),
        # The overhead of calls that calculate something.
        lambda rows, rate, bandwidth, overhead: with_overhead(
            rows, rate, bandwidth, overhead, int((rows[:, 0] > 0).sum())
        ),
        # Parts of 1, not seconds.
        shares_as_parts,
        # Operations and bytes are compared, not their times.
        shares_by_count,
        # The overhead counts twice.
        shares_with_overhead_in_both,
        # Calls with a large overhead belong to the overhead only.
        three_way,
        # Memory first.
        lambda rows, rate, bandwidth, overhead: [
            shares_by_loop(rows, rate, bandwidth, overhead)[i] for i in (1, 0, 2)
        ],
        # Prices are multiplied.
        lambda rows, rate, bandwidth, overhead: shares_by_loop(
            rows, 1 / rate, 1 / bandwidth, overhead
        ),
        # The shorter of the two.
        lambda rows, rate, bandwidth, overhead: [
            float(a - b)
            for a, b in zip(
                shares_all(rows, rate, bandwidth, overhead),
                shares_by_loop(rows, rate, bandwidth, overhead),
                strict=True,
            )
        ],
    ],
}
