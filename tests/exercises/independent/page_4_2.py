import math

import numpy as np
import torch


def r2_by_sums(batches):
    count = total = squares = error = 0.0
    for y, y_true in batches:
        y, y_true = y.double(), y_true.double()
        count += len(y_true)
        total += y_true.sum()
        squares += (y_true**2).sum()
        error += ((y - y_true) ** 2).sum()
    return 1 - error / (squares - total**2 / count)


def r2_by_merging(batches):
    """Merge means and squared distances, batch by batch."""
    count, mean, spread, error = 0, 0.0, 0.0, 0.0
    for y, y_true in batches:
        n, own = len(y_true), y_true.mean().item()
        spread += ((y_true - own) ** 2).sum().item() + (own - mean) ** 2 * n * count / (n + count)
        count, mean = count + n, (count * mean + n * own) / (count + n)
        error += (y - y_true).square().sum().item()
    return 1 - error / spread


def r2_by_numbers(batches):
    """Go through single numbers, as Welford does."""
    count, mean, spread, error = 0, 0.0, 0.0, 0.0
    for y, y_true in batches:
        for answer, truth in zip(y.tolist(), y_true.tolist(), strict=True):
            count += 1
            step = truth - mean
            mean += step / count
            spread += step * (truth - mean)
            error += (answer - truth) ** 2
    return np.float64(1 - error / spread)


def r2_of(y, y_true):
    return 1 - (y - y_true).square().sum() / (y_true - y_true.mean()).square().sum()


def r2_joined(batches):
    y, y_true = (torch.cat(each).double() for each in zip(*batches, strict=True))
    return r2_of(y, y_true)


def r2_twice(batches):
    count = sum(len(y_true) for _, y_true in batches)
    mean = sum(y_true.double().sum() for _, y_true in batches) / count
    error = sum((y - y_true).double().square().sum() for y, y_true in batches)
    return 1 - error / sum((y_true.double() - mean).square().sum() for _, y_true in batches)


def r2_weighted(batches):
    pairs = [(len(y), r2_of(y.double(), y_true.double())) for y, y_true in batches]
    return sum(n * r for n, r in pairs) / sum(n for n, _ in pairs)


def r2_within(batches):
    error = spread = 0.0
    for y, y_true in batches:
        error += (y - y_true).double().square().sum()
        spread += (y_true - y_true.mean()).double().square().sum()
    return 1 - error / spread


def r2_in_float32(batches):
    count = total = squares = error = torch.tensor(0.0)
    for y, y_true in batches:
        count = count + len(y)
        total, squares = total + y_true.sum(), squares + (y_true**2).sum()
        error = error + ((y - y_true) ** 2).sum()
    return 1 - error / (squares - total**2 / count)


def r2_mean_of_means(batches):
    means, count, squares, error = [], 0, 0.0, 0.0
    for y, y_true in batches:
        means.append(y_true.double().mean())
        count, squares = count + len(y), squares + y_true.double().square().sum()
        error += (y - y_true).double().square().sum()
    return 1 - error / (squares - count * (sum(means) / len(means)) ** 2)


def widths_by_sorting(residuals, groups, coverage):
    widths = []
    for group in range(int(groups.max()) + 1):
        errors = residuals[groups == group].abs().sort().values
        k = math.ceil(coverage * (len(errors) + 1))
        widths.append(errors[k - 1].item() if k <= len(errors) else math.inf)
    return torch.tensor(widths)


def widths_by_kthvalue(residuals, groups, coverage):
    sizes = torch.bincount(groups)
    widths = torch.full(sizes.shape, math.inf)
    for group, n in enumerate(sizes.tolist()):
        k = math.ceil((n + 1) * coverage)
        if k <= n:
            widths[group] = residuals.abs()[groups == group].kthvalue(k).values
    return widths


def widths_by_numpy(residuals, groups, coverage):
    sizes, groups = np.abs(residuals.numpy()), groups.numpy()
    widths = np.full(groups.max() + 1, np.inf)
    for group in np.unique(groups):
        padded = np.append(np.sort(sizes[groups == group]), np.inf)
        widths[group] = padded[int(np.ceil(coverage * len(padded))) - 1]
    return torch.from_numpy(widths)


def widths_by_rank(residuals, groups, coverage, rank, size=torch.abs):
    widths = []
    for group in range(int(groups.max()) + 1):
        errors = size(residuals[groups == group]).sort().values
        k = rank(len(errors))
        widths.append(float(errors[k - 1]) if k <= len(errors) else math.inf)
    return torch.tensor(widths)


def widths_of_present(residuals, groups, coverage):
    widths = widths_by_sorting(residuals, groups, coverage)
    return widths[groups.unique()]


def widths_by_quantile(residuals, groups, coverage):
    count = int(groups.max()) + 1
    each = [residuals[groups == group].abs() for group in range(count)]
    return torch.stack([e.quantile(coverage) if len(e) else torch.tensor(math.inf) for e in each])


def largest_instead_of_infinity(residuals, groups, coverage):
    widths = widths_by_sorting(residuals, groups, coverage)
    for group in range(len(widths)):
        if widths[group].isinf() and (groups == group).any():
            widths[group] = residuals[groups == group].abs().max()
    return widths


def one_width_for_all(residuals, groups, coverage):
    one = widths_by_sorting(residuals, torch.zeros_like(groups), coverage)
    return one.expand(int(groups.max()) + 1)


def residuals_made_absolute(residuals, groups, coverage):
    return widths_by_sorting(residuals.abs_(), groups, coverage)


RIGHT = {
    "4.2.a": [r2_by_sums, r2_by_merging, r2_by_numbers],
    "4.2.b": [widths_by_sorting, widths_by_kthvalue, widths_by_numpy],
}

WRONG = {
    "4.2.a": [
        # The mean of the batches' R².
        lambda batches: torch.stack([r2_of(y, y_true) for y, y_true in batches]).mean(),
        # The same, weighted.
        r2_weighted,
        # Distances from the mean of each batch.
        r2_within,
        # Joins the batches, which is not allowed.
        r2_joined,
        # Looks at each batch more than once.
        r2_twice,
        # Loses the digits of large numbers.
        r2_in_float32,
        # Small batches count as much as large ones in the mean.
        r2_mean_of_means,
        # What is left, not what is explained.
        lambda batches: 1 - r2_by_sums(batches),
        # Answers and truths exchanged.
        lambda batches: r2_by_sums([(y_true, y) for y, y_true in batches]),
        # The first batch.
        lambda batches: r2_by_sums(batches[:1]),
        # Never below zero.
        lambda batches: r2_by_sums(batches).clamp(min=0),
    ],
    "4.2.b": [
        # The rank among n.
        lambda residuals, groups, coverage: widths_by_rank(
            residuals, groups, coverage, lambda n: max(1, math.ceil(coverage * n))
        ),
        # The rank is rounded down.
        lambda residuals, groups, coverage: widths_by_rank(
            residuals, groups, coverage, lambda n: max(1, int(coverage * (n + 1)))
        ),
        # One rank too high.
        lambda residuals, groups, coverage: widths_by_rank(
            residuals, groups, coverage, lambda n: math.ceil(coverage * (n + 1)) + 1
        ),
        # Signs are kept.
        lambda residuals, groups, coverage: widths_by_rank(
            residuals, groups, coverage, lambda n: math.ceil(coverage * (n + 1)), torch.clone
        ),
        # Groups without residuals are left out.
        widths_of_present,
        # A quantile, between two errors.
        widths_by_quantile,
        # Too few residuals: the largest.
        largest_instead_of_infinity,
        # One width for all groups.
        one_width_for_all,
        # A coverage of 90 %, whatever was asked.
        lambda residuals, groups, coverage: widths_by_sorting(residuals, groups, 0.9),
        # Changes the residuals.
        residuals_made_absolute,
        # Two groups.
        lambda residuals, groups, coverage: widths_by_sorting(residuals, groups, coverage)[:2],
    ],
}
