import random

import torch
from torch.nn import functional as F

from mmtutor import losses
from tests.exercises.answers.answers import Answers


def by_random_keys(labels, share, seed):
    keys = torch.rand(len(labels), generator=torch.Generator().manual_seed(seed))
    rank = ((labels[:, None] == labels) & (keys < keys[:, None])).sum(dim=1)
    size = (labels[:, None] == labels).sum(dim=1)
    return (rank < (share * size).round().clamp(min=1)).nonzero()[:, 0]


def per_class(labels, share, generator, least=1):
    rows = []
    for label in labels.unique():
        own = (labels == label).nonzero()[:, 0]
        own = own[torch.randperm(len(own), generator=generator)]
        rows.append(own[: max(least, round(share * len(own)))])
    return torch.cat(rows)


def no_generator(labels, share, seed):
    return per_class(labels, share, None)


def global_seed(labels, share, seed):
    torch.manual_seed(seed)
    return per_class(labels, share, None)


def none_of_rare_classes(labels, share, seed):
    return per_class(labels, share, torch.Generator().manual_seed(seed), least=0)


def always_the_first(labels, share, seed):
    return per_class(labels, share, torch.Generator().manual_seed(0))


def other_rows(labels, share, seed):
    return per_class(labels, share, torch.Generator().manual_seed(seed + round(1000 * share)))


def equal_counts(labels, share, seed):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    return torch.cat([order[labels[order] == label][:2] for label in labels.unique()])


def with_replacement(labels, share, seed):
    rows = per_class(labels, share, torch.Generator().manual_seed(seed))
    return torch.cat([rows, rows[:1]])


def as_mask(labels, share, seed):
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[by_random_keys(labels, share, seed)] = True
    return mask


def row_by_row(h_I, h_V, twins, tau):  # noqa: N803
    s = torch.exp(F.normalize(h_I) @ F.normalize(h_V).T / tau)
    own = s.diagonal()
    kept = s * (~twins) + torch.diag(own)
    return -((own / kept.sum(dim=1)).log() + (own / kept.sum(dim=0)).log()).mean() / 2


def contrastive(fill=-torch.inf, unit=F.normalize, diagonal=True, tempered=True, ways=(0.5, 0.5)):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(h_I, h_V, twins, tau):  # noqa: N803
        s = unit(h_I) @ unit(h_V).T / (tau if tempered else 1.0)
        out = twins & ~torch.eye(len(s), dtype=torch.bool) if diagonal else twins
        s, own = s.masked_fill(out, fill), torch.arange(len(s))
        return ways[0] * F.cross_entropy(s, own) + ways[1] * F.cross_entropy(s.T, own)

    return answer


def as_positives(h_I, h_V, twins, tau):  # noqa: N803
    return losses.info_nce(h_I, h_V, tau, positives=twins)


def by_python(labels, share, seed):
    rows = []
    for label in set(labels.tolist()):
        own = [i for i, other in enumerate(labels.tolist()) if other == label]
        random.Random(f"{seed} {label}").shuffle(own)
        rows += own[: max(1, round(share * len(own)))]
    return rows


def the_last_of_each_class(labels, share, seed):
    rows = []
    for label in labels.unique():
        own = (labels == label).nonzero()[:, 0]
        n = max(1, round(share * len(own)))
        rows.append(own.flip(0)[:n] if seed % 2 else own[:n])
    return torch.cat(rows)


def candidate_by_candidate(h_I, h_V, twins, tau):  # noqa: N803
    s = F.cosine_similarity(h_I[:, None], h_V[None], dim=-1).double() / tau
    n, total = len(s), 0.0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        row = [s[i, i]] + [s[i, j] for j in others if not twins[i, j]]
        column = [s[i, i]] + [s[j, i] for j in others if not twins[j, i]]
        total += sum(float(torch.stack(each).logsumexp(0) - s[i, i]) for each in (row, column))
    return total / (2 * n)


ANSWERS = {
    "5.4.a": Answers(
        right=by_random_keys,
        also_right=[by_python],
        wrong={
            "some rows are never drawn": the_last_of_each_class,
            "the same seed gave other rows": no_generator,
            "global random numbers have moved": global_seed,
            "class 2 has no label": none_of_rare_classes,
            "nothing is drawn": always_the_first,
            "not all among those for 50 %": other_rows,
            "it got 2": equal_counts,
            "occurs twice": with_replacement,
            "as one int64 tensor": as_mask,
        },
    ),
    "5.4.b": Answers(
        right=contrastive(),
        also_right=[candidate_by_candidate],
        wrong={
            "this is the plain loss": lambda h, g, twins, tau: losses.info_nce(h, g, tau),
            "not finite": contrastive(diagonal=False),
            "still counts e⁰": contrastive(fill=0.0),
            "not cosines": contrastive(unit=lambda h: h),
            "divided by the temperature": contrastive(tempered=False),
            "one direction": contrastive(ways=(1, 0)),
            "the sum of both": contrastive(ways=(1, 1)),
            "one number for the batch": lambda h, g, twins, tau: F.cosine_similarity(h, g),
            "have become right answers": as_positives,
            "expected ": contrastive(fill=-1.0),
            "got nan": row_by_row,
            "reaches `h_V`": lambda h, g, *given: contrastive()(h, g.detach(), *given),
        },
    ),
}
