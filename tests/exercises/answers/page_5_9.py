import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def by_squares(counts, means, variances):
    N = counts.sum()
    mean = counts @ means / N
    return mean, counts @ (variances + means**2) / N - mean**2


def plain_means(counts, means, variances):
    return means.mean(dim=0), variances.mean(dim=0)


def within_only(counts, means, variances):
    return counts @ means / counts.sum(), counts @ variances / counts.sum()


def between_unweighted(counts, means, variances):
    mean, within = within_only(counts, means, variances)
    return mean, within + (means - mean).square().mean(dim=0)


def unbiased(counts, means, variances):
    mean, variance = by_squares(counts, means, variances)
    return mean, variance * counts.sum() / (counts.sum() - 1)


def deviation(counts, means, variances):
    mean, variance = by_squares(counts, means, variances)
    return mean, variance.sqrt()


def of_all_features(counts, means, variances):
    mean, variance = by_squares(counts, means, variances)
    return mean.mean(), variance.mean()


def stacked(counts, means, variances):
    return torch.stack(by_squares(counts, means, variances))


def summed(counts, means, variances):
    return counts @ means, counts @ variances


def squares_of_sums(counts, means, variances):
    mean = counts @ means / counts.sum()
    return mean, counts @ (variances + means**2) / counts.sum()


def room(c, batch, size, bandwidth, floor):
    # c·batch / (c·batch + 2 (K − 1) size / bandwidth) ≥ floor, solved for K
    return 1 + (1 / floor - 1) * c * batch * bandwidth / (2 * size)


def solved(c, batch, size, bandwidth, floor):
    return max(1, min(batch, math.floor(room(c, batch, size, bandwidth, floor))))


def search(efficiency, least=1):
    """Return an answer that tries all numbers of workers k, by seconds of computing and sending."""

    def answer(c, batch, size, bandwidth, floor):
        work, send = c * batch, size / bandwidth
        fit = [k for k in range(2, batch + 1) if efficiency(work, send, k) >= floor]
        return max([least, *fit])

    return answer


ANSWERS = {
    "5.9.a": Answers(
        right=by_squares,
        also_right=[stacked],
        wrong={
            "plain mean of the means": plain_means,
            "your variance would be 0": within_only,
            "weighted by the counts too": between_unweighted,
            "divides by N − 1": unbiased,
            "leave out the square root": deviation,
            "so the shape (3,)": of_all_features,
            "return two tensors": lambda *given: by_squares(*given)[0],
            "the mean is ": summed,
            "the variance is ": squares_of_sums,
        },
    ),
    "5.9.b": Answers(
        right=solved,
        also_right=[lambda *case: np.int64(solved(*case)), lambda *case: float(solved(*case))],
        wrong={
            "for two that is half": search(lambda work, send, k: work / (work + 2 * k * send)),
            "around the ring twice": search(lambda work, send, k: work / (work + (k - 1) * send)),
            "a whole batch": search(lambda work, send, k: work / (work + 2 * (k - 1) / k * send)),
            "multiply by 8": search(lambda work, send, k: work / (work + 16 * (k - 1) * send)),
            "the speed-up divided by": search(
                lambda work, send, k: work * k / (work + 2 * (k - 1) * send)
            ),
            "the answer is 1": search(
                lambda work, send, k: work / (work + 2 * (k - 1) * send), least=0
            ),
            "more workers than it has examples": lambda *case: math.floor(room(*case)),
            "a whole number": room,
            "expected ": lambda *case: max(1, solved(*case) - 2),
        },
    ),
}
