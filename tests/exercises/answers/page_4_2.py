import math

import torch

from tests.exercises.answers.answers import Answers


def joined(batches):
    return [torch.cat(parts) for parts in zip(*batches, strict=True)]


def r2(y, y_true):
    return 1 - (y - y_true).square().mean() / y_true.var(correction=0)


def at_once(batches):
    return r2(*joined(batches)).item()


def by_welford(batches):
    """Merge count, mean and sum of squares of the targets, batch by batch."""
    count, mean, spread, error = 0, 0.0, 0.0, 0.0
    for y, y_true in batches:
        n, own = len(y_true), y_true.double().mean().item()
        spread += (y_true - own).square().sum().item() + (own - mean) ** 2 * count * n / (count + n)
        mean = (count * mean + n * own) / (count + n)
        count += n
        error += (y - y_true).square().sum().item()
    return 1 - error / spread


def with_a_first_pass(batches):
    count = sum(len(y_true) for _, y_true in batches)
    mean = sum(y_true.sum() for _, y_true in batches) / count
    error = sum((y - y_true).square().sum() for y, y_true in batches)
    return 1 - error / sum((y_true - mean).square().sum() for _, y_true in batches)


def in_32_bits(batches):
    count, error, total, squares = 0, 0.0, 0.0, 0.0
    for y, y_true in batches:
        count, error = count + len(y), error + (y - y_true).square().sum()
        total, squares = total + y_true.sum(), squares + y_true.square().sum()
    return 1 - error / (squares - total**2 / count)


def mean_of_each(batches):
    return sum(r2(*batch) for batch in batches) / len(batches)


def weighted(batches):
    return sum(len(t) * r2(y, t) for y, t in batches) / sum(len(t) for _, t in batches)


def own_means(batches):
    error = sum((y - t).square().sum() for y, t in batches)
    return 1 - error / sum((t - t.mean()).square().sum() for _, t in batches)


def from_zero(batches):
    y, y_true = joined(batches)
    return 1 - (y - y_true).square().sum() / y_true.square().sum()


def unexplained(batches):
    return 1 - at_once(batches)


def correlation(batches):
    return torch.corrcoef(torch.stack(joined(batches)))[0, 1].square()


def by_kthvalue(residuals, groups, coverage):
    widths = []
    for group in range(int(groups.max()) + 1):
        errors = residuals[groups == group].abs()
        k = math.ceil(coverage * (errors.numel() + 1))
        widths.append(errors.kthvalue(k).values if k <= len(errors) else torch.tensor(math.inf))
    return torch.stack(widths)


def widths(rank=lambda n, c: math.ceil((n + 1) * c), pooled=False, signed=False):
    """Return widths by this rank, cut off at the largest residual."""

    def answer(residuals, groups, coverage):
        found = []
        for group in range(int(groups.max()) + 1):
            chosen = residuals if pooled else residuals[groups == group]
            errors = (chosen if signed else chosen.abs()).sort().values
            found.append(errors[min(rank(len(errors), coverage), len(errors)) - 1])
        return torch.stack(found)

    return answer


def by_quantile(residuals, groups, coverage):
    return torch.stack([residuals[groups == g].abs().quantile(coverage) for g in (0, 1)])


def by_python(batches):
    n = total = squares = error = 0
    for y, y_true in batches:
        for guess, truth in zip(y.tolist(), y_true.tolist(), strict=True):
            n, total, squares = n + 1, total + truth, squares + truth**2
            error += (guess - truth) ** 2
    return 1 - error / (squares - total**2 / n)


def as_list(residuals, groups, coverage):
    return [float(width) for width in by_kthvalue(residuals, groups, coverage)]


def all_or_none(residuals, groups, coverage):
    found = by_kthvalue(residuals, groups, coverage)
    return torch.full_like(found, math.inf) if found.isinf().any() else found


ANSWERS = {
    "4.2.a": Answers(
        right=by_welford,
        also_right=[by_python],
        wrong={
            "the mean of the batches' own": mean_of_each,
            "weighs each batch's own": weighted,
            "each batch's own mean": own_means,
            "that of the squared targets": from_zero,
            "left unexplained": unexplained,
            "you join the batches": at_once,
            "you look at a batch again": with_a_first_pass,
            "return one number": lambda batches: torch.stack([r2(*batch) for batch in batches]),
            "expected 0.": correlation,
            "add up in 64 bits": in_32_bits,
        },
    ),
    "4.2.b": Answers(
        right=by_kthvalue,
        also_right=[as_list],
        wrong={
            "for (a Tensor": all_or_none,
            "sort each group apart": widths(pooled=True),
            "not ⌈n · coverage⌉": widths(lambda n, c: math.ceil(n * c)),
            "with their signs": widths(signed=True),
            "torch.quantile": by_quantile,
            "return infinity": widths(),
            "one width for each group": lambda r, g, c: widths()(r, g, c)[0],
            "expected [": widths(lambda n, c: math.floor(n * c)),
        },
    ),
}
