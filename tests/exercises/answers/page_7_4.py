import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def hold_out_by_sorting(videos, count, generator):
    names = sorted(set(videos.tolist()))
    order = torch.rand(len(names), generator=generator).argsort().tolist()
    chosen = {names[i] for i in order[:count]}
    return torch.tensor([name in chosen for name in videos.tolist()])


def utterances_at_random(videos, count, generator):
    return torch.rand(len(videos), generator=generator) < count / len(videos.unique())


def numbered_from_zero(videos, count, generator):
    return torch.isin(videos, 100 + torch.randperm(12, generator=generator)[:count])


def with_global_generator(videos, count, generator):
    return hold_out_by_sorting(videos, count, None)


def long_ones_first(videos, count, generator):
    drawn = []
    for row in torch.randperm(len(videos), generator=generator).tolist():
        if videos[row].item() not in drawn and len(drawn) < count:
            drawn.append(videos[row].item())
    return torch.isin(videos, torch.tensor(drawn))


def by_odds(log_odds, present, prior):
    """Multiply ratios of odds, in numpy."""
    odds = math.exp(prior)
    product = odds
    for name, y in log_odds.items():
        ratio = np.exp(y.double().numpy()) / odds
        product = (
            product * np.where(present[name], ratio, 1.0) if name in present else (product * ratio)
        )
    return torch.from_numpy(np.log(product))


def there(log_odds, present):
    """Return log-odds with 0 where a modality is missing, and which are there."""
    masks = [present.get(n, torch.ones_like(y, dtype=torch.bool)) for n, y in log_odds.items()]
    mask = torch.stack(masks)
    return torch.where(mask, torch.stack(list(log_odds.values())), 0.0), mask


def plain_sum(log_odds, present, prior):
    return there(log_odds, present)[0].sum(dim=0)


def plain_mean(log_odds, present, prior):
    y, mask = there(log_odds, present)
    return y.sum(dim=0) / mask.sum(dim=0).clamp(min=1)


def always_twice(log_odds, present, prior):
    return there(log_odds, present)[0].sum(dim=0) - (len(log_odds) - 1) * prior


def nothing_left(log_odds, present, prior):
    mask = there(log_odds, present)[1]
    return torch.where(mask.any(dim=0), by_odds(log_odds, present, prior), 0.0)


def by_product(log_odds, present, prior):
    terms = [(y - prior) * present[n] if n in present else y - prior for n, y in log_odds.items()]
    return prior + sum(terms)


def in_place(log_odds, present, prior):
    for name, y in log_odds.items():
        y[~present.get(name, torch.ones_like(y, dtype=torch.bool))] = prior
        y -= prior
    return prior + sum(log_odds.values())


def needs_every_mask(log_odds, present, prior):
    none = torch.zeros(len(next(iter(log_odds.values()))), dtype=torch.bool)
    return by_odds(log_odds, {name: present.get(name, none) for name in log_odds}, prior) + (
        0 if present else 1
    )


FOUND = {"A": "shows the speaker", "B": "one class only", "C": "saw the labels", "D": "sound"}


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


READ = {
    "A": "open",
    "B": "helps on these videos only",
    "C": "helps on new videos",
    "D": "harms on new videos",
}


def misread(a, b):
    return READ | {a: READ[b], b: READ[a]}


ANSWERS = {
    "7.4.a": Answers(
        right=0.548,
        also_right=[np.float64(0.55), torch.tensor(0.548), lambda: 0.62 * 0.7 + 0.38 * 0.3],
        wrong={
            "the negative ones count too": 0.62 * 0.7,
            "always answers positive": 0.62,
            "how often it answers positive": 0.7,
            "a coin": 0.5,
            "the positive ones count too": 0.38 * 0.3,
            "not a percentage": 54.8,
            "add what is right": 0.66,
            "one number": [0.434, 0.114],
        },
    ),
    "7.4.b": Answers(
        right=hold_out_by_sorting,
        also_right=[
            lambda v, n, g: (
                v[:, None] == v.unique()[torch.rand(len(v.unique()), generator=g).topk(n).indices]
            ).any(dim=1)
        ],
        wrong={
            "draw videos, not utterances": utterances_at_random,
            "is the mask inverted": lambda v, n, g: ~hold_out_by_sorting(v, n, g),
            "a bool tensor": lambda v, n, g: hold_out_by_sorting(v, n, g).nonzero()[:, 0],
            "the same split for every generator": lambda v, n, g: torch.isin(v, v.unique()[:n]),
            "the numbers of the videos have gaps": numbered_from_zero,
            "two generators of one seed": with_global_generator,
            "4 videos were to be held out": lambda v, n, g: hold_out_by_sorting(v, n + 1, g),
            "whatever its length": long_ones_first,
        },
    ),
    "7.4.c": Answers(
        right=by_odds,
        also_right=[lambda *given: by_odds(*given).numpy()],
        wrong={
            "counted three times": plain_sum,
            "not averaged": plain_mean,
            "not twice": always_twice,
            "what remains is the prior": nothing_left,
            "use `torch.where`": by_product,
            "changes its input, `log_odds`": in_place,
            "one number for each example": lambda *given: by_odds(*given).sum(),
            "is there": needs_every_mask,
            "without the video": lambda y, present, c: by_odds(
                {name: y[name].nan_to_num(1.0) for name in y}, {}, c
            ),
        },
    ),
    "7.4.d": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A does not look like that: features that saw": exchanged("A", "C"),
            "A does not look like that: sound": exchanged("A", "D"),
            "A does not look like that: whoever": exchanged("A", "B"),
            "B does not look like that: sound": exchanged("B", "D"),
            "each occurs once": FOUND | {"D": "saw the labels"},
            "choose one of": FOUND | {"D": "fine"},
            "a verdict for each": ["A", "B"],
        },
    ),
    "7.4.e": Answers(
        right=READ,
        also_right=[lambda: dict(reversed(READ.items()))],
        wrong={
            "B: its interval over videos does not lie above 0": misread("B", "C"),
            "A: more seeds could turn it": misread("A", "B"),
            "A: its interval over videos does not lie above 0": misread("A", "C"),
            "A: its interval over videos does not lie below 0": misread("A", "D"),
            "C: its interval over videos does not lie below 0": misread("C", "D"),
            "each occurs once": READ | {"A": "helps on these videos only"},
            "choose one of": READ | {"A": "significant"},
            "a verdict for each": ["open"],
        },
    ),
}
