import random

import numpy as np
import torch
from torch.nn import functional as F


def choose_by_generator(labels, share, seed):
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    chosen = []
    for label in labels.unique():
        rows = order[labels[order] == label]
        chosen.append(rows[: max(1, round(share * len(rows)))])
    return torch.cat(chosen)


def choose_by_numpy(labels, share, seed):
    rng, y = np.random.default_rng(seed), labels.numpy()
    chosen = []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        chosen.append(rows[: max(1, round(share * rows.size))])
    return torch.from_numpy(np.sort(np.concatenate(chosen)))


def choose_by_fork(labels, share, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        luck = torch.rand(len(labels))
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in set(labels.tolist()):
        rows = (labels == label).nonzero().flatten()
        best = luck[rows].topk(max(1, round(share * len(rows)))).indices
        chosen[rows[best]] = True
    return chosen.nonzero()[:, 0]


def choose_by_python(labels, share, seed):
    rows_of = {}
    for i, label in enumerate(labels.tolist()):
        rows_of.setdefault(label, []).append(i)
    chosen = []
    for label in sorted(rows_of):
        rows = rows_of[label]
        count = max(1, round(share * len(rows)))
        random.Random(f"{seed} {label}").shuffle(rows)
        chosen += rows[:count]
    return torch.tensor(chosen)


def choose_per_class(labels, share, seed, count, draw):
    chosen = []
    generator = torch.Generator().manual_seed(seed)
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        chosen.append(rows[draw(len(rows), count(share, len(rows)), generator)])
    return torch.cat(chosen)


def rounded(share, n):
    return max(1, round(share * n))


def drawn(n, k, generator):
    return torch.randperm(n, generator=generator)[:k]


def choose_globally(labels, share, seed):
    torch.manual_seed(seed)
    chosen = []
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        chosen.append(rows[torch.randperm(len(rows))[: rounded(share, len(rows))]])
    return torch.cat(chosen)


def choose_of_all(labels, share, seed):
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return order[: max(1, round(share * len(labels)))]


def choose_equally(labels, share, seed):
    """Take as many of every class as of the average class."""
    average = len(labels) / len(labels.unique())
    return choose_per_class(
        labels, share, seed, lambda s, n: min(n, max(1, round(s * average))), drawn
    )


def choose_not_nested(labels, share, seed):
    return choose_per_class(labels, share, seed + int(1000 * share), rounded, drawn)


def choose_mask(labels, share, seed):
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[choose_by_generator(labels, share, seed)] = True
    return mask


def choose_within(labels, share, seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = [int((labels == label).sum()) for label in labels.unique()]
    return torch.cat([drawn(n, rounded(share, n), generator) for n in sizes])


def choose_differently(labels, share, seed):
    return choose_per_class(labels, share, random.randrange(10**6), rounded, drawn)


def with_replacement(n, k, generator):
    return torch.randint(n, (k,), generator=generator)


def twins_by_fill(h_I, h_V, twins, tau):
    s = F.normalize(h_I) @ F.normalize(h_V).T / tau
    others = twins & ~torch.eye(len(s), dtype=torch.bool)
    s, own = s.masked_fill(others, -torch.inf), torch.arange(len(s))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def twins_by_rows(h_I, h_V, twins, tau):
    a = h_I / h_I.norm(dim=1, keepdim=True)
    b = h_V / h_V.norm(dim=1, keepdim=True)
    losses = []
    for i in range(len(a)):
        rivals = [j for j in range(len(a)) if j == i or not twins[i, j]]
        asked = torch.stack([a[i] @ b[j] for j in rivals]) / tau
        losses.append(asked.logsumexp(dim=0) - a[i] @ b[i] / tau)
        rivals = [j for j in range(len(a)) if j == i or not twins[j, i]]
        asked = torch.stack([a[j] @ b[i] for j in rivals]) / tau
        losses.append(asked.logsumexp(dim=0) - a[i] @ b[i] / tau)
    return sum(losses) / len(losses)


def twins_by_logsumexp(h_I, h_V, twins, tau):
    s = F.cosine_similarity(h_I[:, None], h_V[None], dim=2) / tau
    allowed = torch.where(twins, torch.diag_embed(torch.ones(len(s))) > 0, True)
    s = torch.where(allowed, s, torch.tensor(-1e30))
    right = s.diagonal()
    return (s.logsumexp(1) - right + s.logsumexp(0) - right).mean() / 2


def scores(h_I, h_V, tau):
    return F.normalize(h_I) @ F.normalize(h_V).T / tau


def two_ways(s):
    own = torch.arange(len(s))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def others(twins):
    return twins & ~torch.eye(len(twins), dtype=torch.bool)


def twins_diagonal_too(h_I, h_V, twins, tau):
    s = scores(h_I, h_V, tau)
    right = s.diagonal()
    s = s.masked_fill(twins, -torch.inf)
    return (s.logsumexp(1) - right + s.logsumexp(0) - right).mean() / 2


def twins_are_right(h_I, h_V, twins, tau):
    s = scores(h_I, h_V, tau)
    right = s.masked_fill(~twins, -torch.inf)
    ways = [s.logsumexp(dim) - right.logsumexp(dim) for dim in (0, 1)]
    return torch.stack(ways).mean()


def twins_share_target(h_I, h_V, twins, tau):
    s, target = scores(h_I, h_V, tau), twins / twins.sum(dim=1, keepdim=True)
    return (F.cross_entropy(s, target) + F.cross_entropy(s.T, target)) / 2


def twins_left_out(h_I, h_V, twins, tau):
    alone = twins.sum(dim=1) == 1
    return two_ways(scores(h_I[alone], h_V[alone], tau))


def twins_by_exp(h_I, h_V, twins, tau):
    e = scores(h_I, h_V, tau).exp() * ~others(twins)
    right = e.diagonal()
    return -((right / e.sum(dim=1)).log() + (right / e.sum(dim=0)).log()).mean() / 2


def twins_diagonal_cleared(h_I, h_V, twins, tau):
    twins.fill_diagonal_(False)
    return two_ways(scores(h_I, h_V, tau).masked_fill(twins, -torch.inf))


def twins_one_way(h_I, h_V, twins, tau):
    s = scores(h_I, h_V, tau).masked_fill(others(twins), -torch.inf)
    return F.cross_entropy(s, torch.arange(len(s)))


def twins_without_length(h_I, h_V, twins, tau):
    return two_ways((h_I @ h_V.T / tau).masked_fill(others(twins), -torch.inf))


RIGHT = {
    "5.4.a": [choose_by_generator, choose_by_numpy, choose_by_fork, choose_by_python],
    "5.4.b": [twins_by_fill, twins_by_rows, twins_by_logsumexp],
}

WRONG = {
    "5.4.a": [
        # Sets torch's global random numbers.
        choose_globally,
        # A share of all, not of each class.
        choose_of_all,
        # As many of each class.
        choose_equally,
        # A larger share does not contain the smaller one.
        choose_not_nested,
        # A mask, not positions.
        choose_mask,
        # Positions within the class.
        choose_within,
        # Another choice each time.
        choose_differently,
        # The same position may come twice.
        lambda labels, share, seed: choose_per_class(
            labels, share, seed, rounded, with_replacement
        ),
        # None of a small class.
        lambda labels, share, seed: choose_per_class(
            labels, share, seed, lambda s, n: round(s * n), drawn
        ),
        # Rounded down.
        lambda labels, share, seed: choose_per_class(
            labels, share, seed, lambda s, n: max(1, int(s * n)), drawn
        ),
        # The first of each class, not drawn.
        lambda labels, share, seed: choose_per_class(
            labels, share, seed, rounded, lambda n, k, generator: torch.arange(k)
        ),
        # One seed only.
        lambda labels, share, seed: choose_by_generator(labels, share, 0),
        # The labels, not the positions.
        lambda labels, share, seed: labels[choose_by_generator(labels, share, seed)],
    ],
    "5.4.b": [
        # The own film is no candidate either.
        twins_diagonal_too,
        # Twins are right.
        twins_are_right,
        # The target is shared out among twins.
        twins_share_target,
        # Pictures with a twin are left out.
        twins_left_out,
        # exp of large scores is infinite.
        twins_by_exp,
        # Changes `twins`.
        twins_diagonal_cleared,
        # One direction.
        twins_one_way,
        # Vectors of any length.
        twins_without_length,
        # Twins are wrong, as before.
        lambda h_I, h_V, twins, tau: two_ways(scores(h_I, h_V, tau)),
        # A score of 0 is a candidate, too.
        lambda h_I, h_V, twins, tau: two_ways(scores(h_I, h_V, tau).masked_fill(others(twins), 0)),
        # The sum of both directions.
        lambda h_I, h_V, twins, tau: 2 * twins_by_fill(h_I, h_V, twins, tau),
        # The temperature multiplies.
        lambda h_I, h_V, twins, tau: twins_by_fill(h_I, h_V, twins, 1 / tau),
        # The films get no gradient.
        lambda h_I, h_V, twins, tau: twins_by_fill(h_I, h_V.detach(), twins, tau),
    ],
}
