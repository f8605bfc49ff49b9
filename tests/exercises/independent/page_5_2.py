import numpy as np
import torch


def recall_by_clamp(scores, own, k):
    better = (scores > own[:, None]).sum(dim=1)
    level = (scores == own[:, None]).sum(dim=1)
    return ((k - better) / level).clamp(0, 1).mean()


def recall_by_loop(scores, own, k):
    total = 0.0
    for row, score in zip(scores.tolist(), own.tolist(), strict=True):
        above = sum(s > score for s in row)
        places = range(above + 1, above + row.count(score) + 1)
        total += sum(place <= k for place in places) / len(places)
    return total / len(own)


def recall_by_numpy(scores, own, k):
    s, o = scores.numpy(), own.numpy()[:, None]
    better, tied = (s > o).sum(axis=1), (s == o).sum(axis=1)
    return np.mean(np.minimum(tied, np.maximum(0, k - better)) / tied)


def recall_with(scores, own, k, chance):
    better = (scores > own[:, None]).sum(dim=1)
    tied = (scores == own[:, None]).sum(dim=1)
    return chance(better.double(), tied.double(), k).double().mean()


def recall_by_drawing(scores, own, k):
    better = (scores > own[:, None]).sum(dim=1)
    tied = (scores == own[:, None]).sum(dim=1)
    drawn = (torch.rand(len(own)) * tied).long()
    return (better + drawn < k).double().mean()


def error_by_index_add(hits, letter):
    off = hits.double() - hits.double().mean()
    names, member = letter.unique(return_inverse=True)
    sums = torch.zeros(len(names)).double().index_add_(0, member, off)
    return (sums**2).sum().sqrt() / len(hits)


def error_by_dict(hits, letter):
    r = float(sum(hits.tolist()) / len(hits))
    sums = {}
    for hit, name in zip(hits.tolist(), letter.tolist(), strict=True):
        sums[name] = sums.get(name, 0.0) + hit - r
    return sum(s**2 for s in sums.values()) ** 0.5 / len(hits)


def error_by_matrix(hits, letter):
    """Add the products of all pairs of queries that share a letter."""
    off = (hits.double() - hits.double().mean()).numpy()
    same = letter.numpy()[:, None] == letter.numpy()
    return np.sqrt(off @ same @ off) / off.size


def error_by_bincount(hits, letter):
    off = hits.double() - hits.double().mean()
    return torch.bincount(letter, weights=off).norm() / len(hits)


def error_of_runs(hits, letter):
    off = hits.double() - hits.double().mean()
    runs = letter.unique_consecutive(return_counts=True)[1].tolist()
    return torch.stack([part.sum() for part in off.split(runs)]).norm() / len(hits)


def error_of_means(hits, letter):
    off = hits.double() - hits.double().mean()
    means = torch.stack([off[letter == name].mean() for name in letter.unique()])
    return means.norm() / len(means)


def error_not_centered(hits, letter):
    sums = torch.stack([hits[letter == name].double().sum() for name in letter.unique()])
    return sums.norm() / len(hits)


def error_independent(hits, letter):
    r = hits.double().mean()
    return (r * (1 - r) / len(hits)).sqrt()


RIGHT = {
    "5.2.a": [recall_by_clamp, recall_by_loop, recall_by_numpy],
    "5.2.b": [error_by_index_add, error_by_dict, error_by_matrix],
}

WRONG = {
    "5.2.a": [
        # The worst of the possible orders.
        lambda scores, own, k: recall_with(scores, own, k, lambda b, t, k: b + t <= k),
        # The best of the possible orders.
        lambda scores, own, k: recall_with(scores, own, k, lambda b, t, k: b < k),
        # The mean place decides.
        lambda scores, own, k: recall_with(scores, own, k, lambda b, t, k: b + (t + 1) / 2 <= k),
        # A share below 0 or above 1.
        lambda scores, own, k: recall_with(scores, own, k, lambda b, t, k: (k - b) / t),
        # Not below 0, but above 1.
        lambda scores, own, k: recall_with(
            scores, own, k, lambda b, t, k: ((k - b) / t).clamp(min=0)
        ),
        # The right one counts twice among those that are level.
        lambda scores, own, k: recall_with(
            scores, own, k, lambda b, t, k: ((k - b) / (t + 1)).clamp(0, 1)
        ),
        # One place lost.
        lambda scores, own, k: recall_with(
            scores, own, k, lambda b, t, k: ((k - b - 1) / t).clamp(0, 1)
        ),
        # The mean of the best and the worst order.
        lambda scores, own, k: recall_with(
            scores, own, k, lambda b, t, k: ((b < k).double() + (b + t <= k).double()) / 2
        ),
        # One draw, not what is to be expected.
        recall_by_drawing,
        # Recall@1.
        lambda scores, own, k: recall_by_clamp(scores, own, 1),
        # The smallest score counts most.
        lambda scores, own, k: recall_by_clamp(-scores, -own, k),
    ],
    "5.2.b": [
        # Stops with an error for negative numbers of letters.
        error_by_bincount,
        # Queries of a letter have to stand together.
        error_of_runs,
        # Letters count alike, whatever their size.
        error_of_means,
        # The recall is not taken away.
        error_not_centered,
        # As if all queries were independent.
        error_independent,
        # No root.
        lambda hits, letter: error_by_dict(hits, letter) ** 2,
        # Divided by the number of letters.
        lambda hits, letter: error_by_dict(hits, letter) * len(hits) / len(letter.unique()),
        # Divided by the root of the number.
        lambda hits, letter: error_by_dict(hits, letter) * len(hits) ** 0.5,
        # 1.96 of them.
        lambda hits, letter: 1.96 * error_by_dict(hits, letter),
        # Divided by one query less.
        lambda hits, letter: error_by_dict(hits, letter) * len(hits) / (len(hits) - 1),
    ],
}
