import math

import numpy as np
import torch


def merge_by_law(counts, means, variances):
    share = (counts / counts.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * (variances + (means - mean) ** 2)).sum(dim=0)


def merge_by_squares(counts, means, variances):
    n, m, v = counts.double(), means.double(), variances.double()
    mean = n @ m / n.sum()
    return [mean, n @ (v + m**2) / n.sum() - mean**2]


def merge_one_by_one(counts, means, variances):
    """Join two workers at a time."""
    count, mean, variance = counts[0], means[0], variances[0]
    for n, m, v in zip(counts[1:], means[1:], variances[1:], strict=True):
        both, gap = count + n, m - mean
        variance = (count * variance + n * v) / both + gap**2 * count * n / both**2
        count, mean = both, mean + gap * n / both
    return mean, variance


def merge_by_numpy(counts, means, variances):
    n, m, v = (each.numpy() for each in (counts, means, variances))
    mean = np.average(m, axis=0, weights=n)
    return mean, np.average(v + (m - mean) ** 2, axis=0, weights=n)


def merge_with(counts, means, variances, weights, between=1.0):
    share = (weights / weights.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * (variances + between * (means - mean) ** 2)).sum(dim=0)


def merge_dividing(counts, means, variances, divisor):
    mean, variance = merge_by_law(counts, means, variances)
    return mean, variance * counts.sum() / divisor


def merge_deviations(counts, means, variances):
    mean, variance = merge_by_law(counts, means, variances)
    return mean, variance.sqrt()


def merge_in_float32(counts, means, variances):
    n, m, v = counts.float(), means.float(), variances.float()
    mean = n @ m / n.sum()
    return mean, n @ (v + m**2) / n.sum() - mean**2


def merge_around_plain_mean(counts, means, variances):
    mean, _ = merge_by_law(counts, means, variances)
    share = (counts / counts.sum())[:, None]
    return mean, (share * (variances + (means - means.mean(dim=0)) ** 2)).sum(dim=0)


def merge_first_two(counts, means, variances):
    return merge_by_law(counts[:2], means[:2], variances[:2])


def merge_in_place(counts, means, variances):
    answer = merge_by_law(counts, means, variances)
    means -= answer[0]
    return answer


def efficiency(K, c, batch, size, bandwidth):
    alone = c * batch
    together = alone / K + 2 * (K - 1) / K * size / bandwidth
    return alone / together / K


def workers_by_loop(c, batch, size, bandwidth, floor):
    fits = [K for K in range(1, batch + 1) if efficiency(K, c, batch, size, bandwidth) >= floor]
    return max([1, *fits])


def workers_by_formula(c, batch, size, bandwidth, floor):
    if size == 0 or floor <= 0:
        return batch if floor <= 1 else 1
    further = c * batch * (1 / floor - 1) * bandwidth / (2 * size)
    return max(1, min(batch, 1 + math.floor(further + 1e-9)))


def workers_by_halving(c, batch, size, bandwidth, floor):
    low, high = 1, batch + 1
    while high - low > 1:
        K = (low + high) // 2
        computing, sending = c * batch, 2 * (K - 1) * size / bandwidth
        low, high = (K, high) if computing >= floor * (computing + sending) else (low, K)
    return low


def workers_with(c, batch, floor, time):
    """Return the most workers, for another idea of how long a step takes."""
    best = 1
    for K in range(1, batch + 1):
        if time(1) / time(K) / K >= floor:
            best = K
    return best


def workers_growing(c, batch, size, bandwidth, floor):
    """Give every worker a batch of its own."""
    best = 1
    for K in range(1, batch + 1):
        if c * batch / (c * batch + 2 * (K - 1) / K * size / bandwidth) >= floor:
            best = K
    return best


def workers_by_speed_up(c, batch, size, bandwidth, floor):
    ks = range(1, batch + 1)
    return max([1, *(K for K in ks if K * efficiency(K, c, batch, size, bandwidth) >= floor)])


RIGHT = {
    "5.9.a": [merge_by_law, merge_by_squares, merge_one_by_one, merge_by_numpy],
    "5.9.b": [workers_by_loop, workers_by_formula, workers_by_halving],
}

WRONG = {
    "5.9.a": [
        # Workers count alike.
        lambda counts, means, variances: merge_with(
            counts, means, variances, torch.ones_like(counts)
        ),
        # Means of the workers do not differ.
        lambda counts, means, variances: merge_with(counts, means, variances, counts, 0.0),
        # Divided by one row less.
        lambda counts, means, variances: merge_dividing(counts, means, variances, counts.sum() - 1),
        # The means are weighted, the variances not.
        lambda counts, means, variances: (
            merge_by_law(counts, means, variances)[0],
            variances.mean(dim=0) + means.var(dim=0, correction=0),
        ),
        # Standard deviations.
        merge_deviations,
        # Distances from the mean of the means.
        merge_around_plain_mean,
        # Two workers.
        merge_first_two,
        # Loses the digits of large means.
        merge_in_float32,
        # Changes the means.
        merge_in_place,
        # The mean only.
        lambda counts, means, variances: merge_by_law(counts, means, variances)[0],
        # Variance first.
        lambda counts, means, variances: merge_by_law(counts, means, variances)[::-1],
        # The distance between means is not squared.
        lambda counts, means, variances: (
            merge_by_law(counts, means, variances)[0],
            merge_with(counts, means, variances, counts, 0.0)[1]
            + (means - means.mean(dim=0)).abs().mean(dim=0),
        ),
    ],
    "5.9.b": [
        # The speed-up, not the efficiency.
        workers_by_speed_up,
        # The gradient is sent once.
        lambda c, batch, size, bandwidth, floor: workers_with(
            c, batch, floor, lambda K: c * batch / K + (K - 1) / K * size / bandwidth
        ),
        # The whole gradient to everybody.
        lambda c, batch, size, bandwidth, floor: workers_with(
            c, batch, floor, lambda K: c * batch / K + 2 * (K - 1) * size / bandwidth
        ),
        # As many workers as there are, two gradients.
        lambda c, batch, size, bandwidth, floor: workers_with(
            c, batch, floor, lambda K: c * batch / K + (K > 1) * 2 * size / bandwidth
        ),
        # More workers than examples.
        lambda c, batch, size, bandwidth, floor: workers_by_formula(
            c * batch, 10**12, size * 10**12, bandwidth, floor
        ),
        # One too many.
        lambda c, batch, size, bandwidth, floor: min(
            batch, workers_by_loop(c, batch, size, bandwidth, floor) + 1
        ),
        # One too few.
        lambda c, batch, size, bandwidth, floor: max(
            1, workers_by_loop(c, batch, size, bandwidth, floor) - 1
        ),
        # A batch for each worker.
        workers_growing,
        # The time of one example, not of the batch.
        lambda c, batch, size, bandwidth, floor: min(
            batch, workers_by_formula(c / batch, batch, size, bandwidth, floor)
        ),
        # None, if the efficiency is too low even for one.
        lambda c, batch, size, bandwidth, floor: (
            workers_by_loop(c, batch, size, bandwidth, floor) if floor <= 1 else 0
        ),
        # Only powers of two.
        lambda c, batch, size, bandwidth, floor: (
            2 ** (workers_by_loop(c, batch, size, bandwidth, floor).bit_length() - 1)
        ),
        # Not whole.
        lambda c, batch, size, bandwidth, floor: min(
            batch, 1 + c * batch * (1 / floor - 1) * bandwidth / (2 * size)
        ),
    ],
}
