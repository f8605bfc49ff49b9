import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def by_loop(right, cluster):
    p, total = right.mean(), 0.0
    for number in cluster.unique():
        total += (right[cluster == number] - p).sum() ** 2
    return total**0.5 / right.numel()


def independent(right, cluster):
    return right.var(unbiased=False).sqrt() / len(right) ** 0.5


def not_centered(right, cluster):
    sums = torch.stack([right[cluster == number].sum() for number in cluster.unique()])
    return sums.square().sum().sqrt() / len(right)


def numbered_from_zero(right, cluster):
    count = min(int(cluster.max()) + 1, len(right))
    hot = (cluster[:, None] == torch.arange(count)).double()
    return ((right - right.mean()).double() @ hot).norm() / len(right)


def means_of_clusters(right, cluster):
    means = torch.stack([right[cluster == number].mean() for number in cluster.unique()])
    return means.std() / len(means) ** 0.5


def by_counting(y, image_digit, text_digit):
    rows = zip(y.argmax(dim=1).tolist(), image_digit.tolist(), text_digit.tolist(), strict=True)
    kept = [row for row in rows if row[1] != row[2]]
    if not kept:
        return float("nan"), float("nan")
    return tuple(sum(row[0] == row[k] for row in kept) / len(kept) for k in (1, 2))


def all_examples(y, image_digit, text_digit):
    answer = y.argmax(dim=1)
    return (answer == image_digit).double().mean(), (answer == text_digit).double().mean()


def over_all(y, image_digit, text_digit):
    answer, differ = y.argmax(dim=1), image_digit != text_digit
    return tuple(((answer == told) & differ).double().mean() for told in (image_digit, text_digit))


def one_or_the_other(y, image_digit, text_digit):
    image = by_counting(y, image_digit, text_digit)[0]
    return image, 1 - image


def zero_if_none(y, image_digit, text_digit):
    shares = by_counting(y, image_digit, text_digit)
    return tuple(0.0 if share != share else share for share in shares)


def smallest_logit(y, image_digit, text_digit):
    return by_counting(-y, image_digit, text_digit)


def by_numpy(right, cluster):
    off = right.numpy() - right.numpy().mean()
    sums = [off[cluster.numpy() == number].sum() for number in np.unique(cluster)]
    return np.sqrt(np.square(sums).sum()) / len(off)


def as_tensor(y, image_digit, text_digit):
    return torch.tensor(by_counting(y, image_digit, text_digit))


ANSWERS = {
    "4.4.a": Answers(
        right=by_loop,
        also_right=[by_numpy],
        wrong={
            "sum within clusters first": independent,
            "that is the variance": lambda right, cluster: by_loop(right, cluster) ** 2,
            "the sd of the sum": lambda right, cluster: by_loop(right, cluster) * len(right),
            "not by the number of clusters": lambda right, cluster: (
                by_loop(right, cluster) * len(right) / len(cluster.unique())
            ),
            "take the mean away first": not_centered,
            "any numbers": numbered_from_zero,
            "expected 0.2": means_of_clusters,
        },
    ),
    "4.4.b": Answers(
        right=by_counting,
        also_right=[as_tensor],
        wrong={
            "return two numbers": lambda y, image, text: by_counting(y, image, text)[0],
            "leave out the examples": all_examples,
            "divide by the number of contradicting": over_all,
            "interchanged": lambda y, image, text: by_counting(y, text, image),
            "need not sum to 1": one_or_the_other,
            "both shares are nan": zero_if_none,
            "expected 0.6 and 0.2": smallest_logit,
        },
    ),
}
