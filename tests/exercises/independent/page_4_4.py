import math

import numpy as np
import torch


def sd_by_index_add(right, cluster):
    off = right.double() - right.double().mean()
    member = cluster.unique(return_inverse=True)[1]
    s = torch.zeros(int(member.max()) + 1, dtype=torch.float64).index_add_(0, member, off)
    return s.square().sum().sqrt() / len(right)


def sd_by_loop(right, cluster):
    values, names = right.tolist(), cluster.tolist()
    p = sum(values) / len(values)
    sums = dict.fromkeys(names, 0.0)
    for value, name in zip(values, names, strict=True):
        sums[name] += value - p
    return math.sqrt(sum(s * s for s in sums.values())) / len(values)


def sd_by_numpy(right, cluster):
    r, c = np.asarray(right, dtype=float), np.asarray(cluster)
    s = np.array([(r[c == name] - r.mean()).sum() for name in np.unique(c)])
    return np.linalg.norm(s) / r.size


def cluster_sums(right, cluster, center):
    r = right.double()
    return torch.stack([(r[cluster == c] - center).sum() for c in cluster.unique()])


def sd_of_means(right, cluster):
    means = torch.stack([right[cluster == c].double().mean() for c in cluster.unique()])
    return means.std() / len(means) ** 0.5


def sd_without_clusters(right, cluster):
    p = right.double().mean()
    return (p * (1 - p) / len(right)).sqrt()


def sd_of_consecutive(right, cluster):
    off = right.double() - right.double().mean()
    runs = cluster.unique_consecutive(return_counts=True)[1].tolist()
    return torch.stack([part.sum() for part in off.split(runs)]).norm() / len(right)


def sd_centered_within(right, cluster):
    r = right.double()
    sums = [(r[cluster == c] - r[cluster == c].mean()).abs().sum() for c in cluster.unique()]
    return torch.stack(sums).norm() / len(right)


def follows_by_mask(y, image_digit, text_digit):
    answer, differ = y.argmax(dim=1), image_digit != text_digit
    share = [(answer == d)[differ].float().mean() for d in (image_digit, text_digit)]
    return tuple(share)


def follows_by_loop(y, image_digit, text_digit):
    counted = image = text = 0
    for logits, i, t in zip(y.tolist(), image_digit.tolist(), text_digit.tolist(), strict=True):
        if i != t:
            answer = logits.index(max(logits))
            counted, image, text = counted + 1, image + (answer == i), text + (answer == t)
    return [image / counted, text / counted] if counted else [math.nan, math.nan]


def follows_by_numpy(y, image_digit, text_digit):
    answer, image, text = y.numpy().argmax(axis=-1), image_digit.numpy(), text_digit.numpy()
    rows = np.flatnonzero(image != text)
    if rows.size == 0:
        return float("nan"), float("nan")
    return (answer == image)[rows].mean(), (answer == text)[rows].mean()


def follows_or_zero(y, image_digit, text_digit):
    differ = image_digit != text_digit
    count = differ.sum().clamp(min=1)
    answer = y.argmax(dim=1)
    return tuple(((answer == d) & differ).sum() / count for d in (image_digit, text_digit))


def follows_of_all(y, image_digit, text_digit):
    answer, differ = y.argmax(dim=1), image_digit != text_digit
    return tuple(((answer == d) & differ).double().mean() for d in (image_digit, text_digit))


def follows_by_division(y, image_digit, text_digit):
    differ = (image_digit != text_digit).tolist()
    pairs = zip(y.argmax(dim=1).tolist(), image_digit.tolist(), differ, strict=True)
    image = sum(a == i for a, i, d in pairs if d)
    pairs = zip(y.argmax(dim=1).tolist(), text_digit.tolist(), differ, strict=True)
    return image / sum(differ), sum(a == t for a, t, d in pairs if d) / sum(differ)


def one_of_two(y, image_digit, text_digit):
    image, _ = follows_by_mask(y, image_digit, text_digit)
    return image, 1 - image


def of_those_that_follow(y, image_digit, text_digit):
    image, text = follows_by_mask(y, image_digit, text_digit)
    return image / (image + text), text / (image + text)


RIGHT = {
    "4.4.a": [sd_by_index_add, sd_by_loop, sd_by_numpy],
    "4.4.b": [follows_by_mask, follows_by_loop, follows_by_numpy],
}

WRONG = {
    "4.4.a": [
        # As if all were independent.
        sd_without_clusters,
        # The variance.
        lambda right, cluster: sd_by_loop(right, cluster) ** 2,
        # Divided by the root of the number.
        lambda right, cluster: sd_by_loop(right, cluster) * len(right) ** 0.5,
        # The sd of the whole sum.
        lambda right, cluster: sd_by_loop(right, cluster) * len(right),
        # Nothing is taken away before adding.
        lambda right, cluster: cluster_sums(right, cluster, 0.0).norm() / len(right),
        # Clusters of unequal size count alike.
        sd_of_means,
        # Examples of a cluster have to stand together.
        sd_of_consecutive,
        # Less the mean of each cluster.
        sd_centered_within,
        # Divided by the number of clusters.
        lambda right, cluster: sd_by_loop(right, cluster) * len(right) / len(cluster.unique()),
        # Clusters are corrected for their number.
        lambda right, cluster: (
            sd_by_loop(right, cluster)
            * (len(cluster.unique()) / max(len(cluster.unique()) - 1, 1)) ** 0.5
        ),
    ],
    "4.4.b": [
        # Divided by all examples.
        follows_of_all,
        # Counts where both agree.
        lambda y, image_digit, text_digit: tuple(
            (y.argmax(dim=1) == d).float().mean() for d in (image_digit, text_digit)
        ),
        # Zero, if there are none.
        follows_or_zero,
        # Stops with an error, if there are none.
        follows_by_division,
        # Text first.
        lambda y, image_digit, text_digit: follows_by_mask(y, text_digit, image_digit),
        # As if every answer followed one of the two.
        one_of_two,
        # Among the answers that follow one of the two.
        of_those_that_follow,
        # Numbers, not shares.
        lambda y, image_digit, text_digit: tuple(
            ((y.argmax(dim=1) == d) & (image_digit != text_digit)).sum()
            for d in (image_digit, text_digit)
        ),
        # The least likely class.
        lambda y, image_digit, text_digit: follows_by_mask(-y, image_digit, text_digit),
        # The image only.
        lambda y, image_digit, text_digit: follows_by_mask(y, image_digit, text_digit)[0],
    ],
}
