import numpy as np
import torch


def combine_by_where(m, sigma, present):
    precision = torch.where(present, 1 / torch.where(present, sigma, 1.0) ** 2, 0.0)
    total = precision.sum(dim=1)
    weighted = (precision * torch.where(present, m, 0.0)).sum(dim=1)
    return weighted / torch.where(total > 0, total, 1.0)


def combine_by_softmax(m, sigma, present):
    """Take log-precisions as scores, as the page does."""
    score = -2 * sigma.masked_fill(~present, 1.0).log()
    score = score.masked_fill(~present, -1e30)
    return (score.softmax(dim=-1) * m.masked_fill(~present, 0.0)).sum(dim=-1)


def combine_by_rows(m, sigma, present):
    means = []
    for values, sizes, here in zip(m, sigma, present, strict=True):
        if here.any():
            means.append(torch.sum(values[here] / sizes[here] ** 2) / (sizes[here] ** -2.0).sum())
        else:
            means.append(torch.tensor(0.0))
    return torch.stack(means)


def combine_by_numpy(m, sigma, present):
    here = present.numpy()
    w = np.zeros(here.shape)
    w[here] = 1 / np.square(sigma.numpy()[here], dtype=np.float64)
    top = np.where(here, m.numpy(), 0) * w
    return np.divide(top.sum(1), w.sum(1), out=np.zeros(len(w)), where=here.any(1))


def combine_with(m, sigma, present, weigh):
    w = torch.where(present, weigh(torch.where(present, sigma, 1.0)), 0.0)
    total = w.sum(dim=1)
    return (w * torch.where(present, m, 0.0)).sum(dim=1) / torch.where(total > 0, total, 1.0)


def combine_nan(m, sigma, present):
    w = present / sigma**2
    return (w * m).sum(dim=1) / w.sum(dim=1).clamp(min=1e-12)


def combine_nan_if_empty(m, sigma, present):
    w = torch.where(present, sigma**-2.0, 0.0)
    return (w * torch.where(present, m, 0.0)).sum(dim=1) / w.sum(dim=1)


def combine_nan_to_num(m, sigma, present):
    """Clean NaN only: a missing sigma of 0, or an infinite m, gets through."""
    w = present / sigma.nan_to_num(nan=1.0) ** 2
    total = w.sum(dim=1)
    return (w * m.nan_to_num(posinf=torch.inf)).sum(dim=1) / total.where(total > 0, 1.0)


def combine_in_place(m, sigma, present):
    answer = combine_by_where(m, sigma, present)
    m[~present] = 0
    return answer


def combine_first_two(m, sigma, present):
    return combine_by_where(m[:, :2], sigma[:, :2], present[:, :2])


def combine_not_normalized(m, sigma, present):
    w = torch.where(present, sigma.where(present, torch.ones(())) ** -2.0, 0.0)
    return (w * torch.where(present, m, 0.0)).sum(dim=1)


def combine_all_or_none(m, sigma, present):
    everything = present.all(dim=1, keepdim=True).expand_as(present)
    return combine_by_where(m, sigma, everything)


def threshold_by_loop(sure, first, last, thresholds, loss):
    goal = last.double().mean() - loss
    for t in thresholds:
        if torch.where(sure > t, first, last).double().mean() >= goal - 1e-12:
            return t
    return thresholds[-1]


def threshold_by_matrix(sure, first, last, thresholds, loss):
    stops = sure[None] > thresholds[:, None]
    accuracy = torch.where(stops, first[None], last[None]).double().mean(dim=1)
    fits = accuracy >= last.double().mean() - loss - 1e-12
    return thresholds[fits.int().argmax()].item()


def threshold_by_counting(sure, first, last, thresholds, loss):
    """Count how many right answers are lost, in whole numbers."""
    allowed = loss * len(sure) + 1e-9
    rows = list(zip(sure.tolist(), first.tolist(), last.tolist(), strict=True))
    for t in thresholds.tolist():
        lost = sum(int(b) - int(a) for s, a, b in rows if s > t)
        if lost <= allowed:
            return t
    return thresholds.tolist()[-1]


def accuracies(sure, first, last, thresholds):
    rows = [torch.where(sure > t, first, last).double().mean() for t in thresholds]
    return torch.stack(rows)


def fitting(sure, first, last, thresholds, loss):
    goal = last.double().mean() - loss
    return (accuracies(sure, first, last, thresholds) >= goal - 1e-12).nonzero().flatten()


def threshold_of_stopped(sure, first, last, thresholds, loss):
    goal = last.double().mean() - loss
    for t in thresholds:
        stopped = first[sure > t]
        if len(stopped) == 0 or stopped.double().mean() >= goal - 1e-12:
            return t
    return thresholds[-1]


def threshold_before_first_failure(sure, first, last, thresholds, loss):
    """Come down from the top and stop at the first threshold that loses too much."""
    goal = last.double().mean() - loss
    best = thresholds[-1]
    for t in thresholds.flip(0):
        if torch.where(sure > t, first, last).double().mean() < goal - 1e-12:
            break
        best = t
    return best


def threshold_at_least(sure, first, last, thresholds, loss):
    goal = last.double().mean() - loss
    for t in thresholds:
        if torch.where(sure >= t, first, last).double().mean() >= goal - 1e-12:
            return t
    return thresholds[-1]


def threshold_in_percent(sure, first, last, thresholds, loss):
    return threshold_by_loop(sure, first, last, thresholds, loss / 100)


def threshold_relative(sure, first, last, thresholds, loss):
    return threshold_by_loop(sure, first, last, thresholds, loss * last.double().mean())


def threshold_strictly(sure, first, last, thresholds, loss):
    goal = last.double().mean() - loss
    for t in thresholds[:-1]:
        if torch.where(sure > t, first, last).double().mean() > goal + 1e-12:
            return t
    return thresholds[-1]


RIGHT = {
    "5.5.a": [combine_by_where, combine_by_softmax, combine_by_rows, combine_by_numpy],
    "5.5.b": [threshold_by_loop, threshold_by_matrix, threshold_by_counting],
}

WRONG = {
    "5.5.a": [
        # Standard deviations in place of variances.
        lambda m, sigma, present: combine_with(m, sigma, present, lambda s: 1 / s),
        # Who scatters most counts most.
        lambda m, sigma, present: combine_with(m, sigma, present, lambda s: s**2),
        # The plain mean.
        lambda m, sigma, present: combine_with(m, sigma, present, torch.ones_like),
        # NaN times zero is NaN.
        combine_nan,
        # NaN for an example that has no measurement.
        combine_nan_if_empty,
        # Cleans NaN only.
        combine_nan_to_num,
        # Changes m.
        combine_in_place,
        # For two thermometers.
        combine_first_two,
        # Weights do not sum to 1.
        combine_not_normalized,
        # Who lacks one measurement has none.
        combine_all_or_none,
        # The variance of the mean, not the mean.
        lambda m, sigma, present: 1 / torch.where(present, sigma**-2.0, 0.0).sum(dim=1),
    ],
    "5.5.b": [
        # The place in the list.
        lambda sure, first, last, thresholds, loss: int(
            fitting(sure, first, last, thresholds, loss)[0]
        ),
        # The dearest that fits.
        lambda sure, first, last, thresholds, loss: thresholds[
            fitting(sure, first, last, thresholds, loss)[-1]
        ],
        # The most accurate.
        lambda sure, first, last, thresholds, loss: thresholds[
            accuracies(sure, first, last, thresholds).argmax()
        ],
        # The accuracy of those that stop.
        threshold_of_stopped,
        # Gives up at the first threshold from above that loses too much.
        threshold_before_first_failure,
        # Stops where the confidence equals the threshold, too.
        threshold_at_least,
        # Loses points of a hundred.
        threshold_in_percent,
        # Loses a part of the accuracy.
        threshold_relative,
        # More than what is asked.
        threshold_strictly,
        # No loss allowed.
        lambda sure, first, last, thresholds, loss: threshold_by_loop(
            sure, first, last, thresholds, 0.0
        ),
        # The exits exchanged.
        lambda sure, first, last, thresholds, loss: threshold_by_loop(
            sure, last, first, thresholds, loss
        ),
        # Stops the unsure.
        lambda sure, first, last, thresholds, loss: (
            -threshold_by_loop(-sure, first, last, -thresholds.flip(0), loss)
        ),
    ],
}
