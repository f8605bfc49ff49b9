import torch

from tests.exercises.answers.answers import Answers


def by_softmax(m, sigma, present):
    scores = torch.where(present, -2 * sigma.log(), torch.finfo(m.dtype).min)
    weights = torch.where(present, scores.softmax(dim=1), 0.0)
    return (weights * m.nan_to_num()).sum(dim=1)


def weighted(power=-2, renormalize=True, choose=True, guard=True, masked=True):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(m, sigma, present):
        present = present if masked else torch.ones_like(present)
        every = sigma**power
        weights = torch.where(present, every, 0.0) if choose else every * present
        values = torch.where(present, m, 0.0) if choose else m
        total = (weights if renormalize else every).sum(dim=1)
        result = (weights * values).sum(dim=1) / total
        return torch.where(present.any(dim=1), result, 0.0) if guard else result

    return answer


def plain_mean(m, sigma, present):
    return (m * present).sum(dim=1) / present.sum(dim=1)


def every_weight(m, sigma, present):
    return m / sigma**2


def from_the_top(sure, first, last, thresholds, loss):
    table = torch.where(sure > thresholds[:, None], first, last).double().mean(dim=1)
    good = table >= last.double().mean() - loss
    return thresholds[good].min()


def chosen(among=lambda good: good[0], stops=torch.gt, use_loss=True, last_too=True):
    """Return an answer with the faults that are asked for; by default without any."""

    def answer(sure, first, last, thresholds, loss):
        wanted = last.double().mean() - (loss if use_loss else 0)
        good = []
        for t in thresholds:
            stopping = stops(sure, t)
            right = torch.where(stopping, first, last) if last_too else first[stopping]
            if right.double().mean() >= wanted:
                good.append(t)
        return among(good)

    return answer


def most_accurate(sure, first, last, thresholds, loss):
    table = torch.where(sure > thresholds[:, None], first, last).double().mean(dim=1)
    return thresholds[table.argmax()]


def for_each(sure, first, last, thresholds, loss):
    return torch.where(sure > 0.7, thresholds[0], thresholds[-1])


def by_rows(m, sigma, present):
    rows = []
    for values, spreads, here in zip(m.tolist(), sigma.tolist(), present.tolist(), strict=True):
        pairs = [(v, s**-2) for v, s, ok in zip(values, spreads, here, strict=True) if ok]
        total = sum(w for _, w in pairs)
        rows.append(sum(v * w for v, w in pairs) / total if pairs else 0.0)
    return rows


ANSWERS = {
    "5.5.a": Answers(
        right=by_softmax,
        also_right=[by_rows],
        wrong={
            "one number for each example": every_weight,
            "the plain mean": plain_mean,
            "the *inverse* variance": weighted(power=2),
            "sigma squared": weighted(power=-1),
            "no longer sum to 1": weighted(renormalize=False),
            "must have the weight 0": weighted(masked=False),
            "0 times nan is nan": weighted(choose=False),
            "without any measurement gives 0": weighted(guard=False),
        },
    ),
    "5.5.b": Answers(
        right=from_the_top,
        also_right=[lambda *given: from_the_top(*given).item()],
        wrong={
            "for (": chosen(stops=torch.ge),
            "the dearest threshold": chosen(among=lambda good: good[-1]),
            "the most accurate threshold": most_accurate,
            "`loss` makes no difference": chosen(use_loss=False),
            "look only at those that stop": chosen(last_too=False),
            "*un*sure": chosen(stops=torch.lt),
            "one threshold, not one for each": for_each,
        },
    ),
}
