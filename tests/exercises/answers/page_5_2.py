import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def place_by_place(scores, own, k):
    total = 0.0
    for row, mine in zip(scores.tolist(), own.tolist(), strict=True):
        first = 1 + sum(score > mine for score in row)
        places = range(first, first + sum(score == mine for score in row))
        total += sum(place <= k for place in places) / len(places)
    return total / len(scores)


def above_and_tied(scores, own):
    return (scores > own[:, None]).sum(dim=1), (scores == own[:, None]).sum(dim=1)


def hopeful(scores, own, k):
    return (above_and_tied(scores, own)[0] < k).float().mean()


def modest(scores, own, k):
    return (sum(above_and_tied(scores, own)) <= k).float().mean()


def by_mean_rank(scores, own, k):
    above, tied = above_and_tied(scores, own)
    return (above + (tied + 1) / 2 <= k).float().mean()


def unlimited(scores, own, k):
    above, tied = above_and_tied(scores, own)
    return ((k - above) / tied).mean()


def not_below_zero(scores, own, k):
    above, tied = above_and_tied(scores, own)
    return ((k - above) / tied).clamp(min=0).mean()


def not_above_one(scores, own, k):
    above, tied = above_and_tied(scores, own)
    return ((k - above) / tied).clamp(max=1).mean()


def own_twice(scores, own, k):
    above, tied = above_and_tied(scores, own)
    shares = ((k - above) / (tied + 1)).clamp(0, 1)
    return torch.where(tied > 1, shares, (above < k).float()).mean()


def only_equal_rows(scores, own, k):
    above, tied = above_and_tied(scores, own)
    return torch.where(tied == scores.shape[1], k / tied, (above < k).float()).mean()


def by_loop(hits, letter):
    recall = hits.sum() / len(hits)
    sums = [(hits[letter == one] - recall).sum() for one in letter.unique()]
    return sum(each**2 for each in sums) ** 0.5 / len(hits)


def sums_of(hits, letter):
    return torch.stack([hits[letter == one].sum() for one in letter.unique()])


def off(hits):
    return hits - hits.mean()


def by_numpy(scores, own, k):
    above, tied = (
        np.sum(op(scores.numpy(), own.numpy()[:, None]), axis=1) for op in (np.greater, np.equal)
    )
    return np.clip((k - above) / tied, 0, 1).mean()


def by_one_hot(hits, letter):
    hot = (letter[:, None] == letter.unique()).double()
    return (off(hits).double() @ hot).norm().item() / len(hits)


ANSWERS = {
    "5.2.a": Answers(
        right=place_by_place,
        also_right=[by_numpy],
        wrong={
            "in its favor": hopeful,
            "every tie against": modest,
            "average the hits": by_mean_rank,
            "count more than 1": not_below_zero,
            "not -0.33: an answer that comes too late": not_above_one,
            "not 0: an answer that comes too late": unlimited,
            "Recall@2 is 1/3; got 0.25": lambda scores, own, k: torch.tensor(0.25),
            "you count it twice": own_twice,
            "share the places": only_equal_rows,
            "return one number": lambda scores, own, k: own,
        },
    ),
    "5.2.b": Answers(
        right=by_loop,
        also_right=[by_one_hot],
        wrong={
            "the naive error": lambda hits, letter: off(hits).square().sum().sqrt() / len(hits),
            "number of queries": lambda hits, letter: 6 * by_loop(hits, letter),
            "number of letters": lambda hits, letter: 2 * by_loop(hits, letter),
            "square root is missing": lambda hits, letter: by_loop(hits, letter) ** 2,
            "sum to 0": lambda hits, letter: off(hits).sum() / len(hits),
            "these are sums of hits": lambda hits, letter: sums_of(hits, letter).norm() / len(hits),
            "expected 0.28": lambda hits, letter: hits.std() / len(letter.unique()) ** 0.5,
        },
    ),
}
