import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def step_by_step(i, o, shape, stride, *, operations=1, middle=math.floor):
    frames, height, width = shape
    between = middle(27 * i * o / (9 * i + 3 * o))
    total = 0
    for frame in range(frames):
        for _ in range(0, height, stride):
            for _ in range(0, width, stride):
                total += 9 * i * between + (3 * between * o if frame % stride == 0 else 0)
    return total * operations


def counting(space, time):
    """Return a count that takes these frames, rows and columns for the two convolutions."""

    def formula(i, o, shape, stride):
        middle = 27 * i * o // (9 * i + 3 * o)
        return middle * (
            9 * i * math.prod(space(*shape, stride)) + 3 * o * math.prod(time(*shape, stride))
        )

    return formula


def up(n, s):
    return -(-n // s)


def thinned(f, h, w, s):
    return up(f, s), up(h, s), up(w, s)


def thinned_in_space(f, h, w, s):
    return f, up(h, s), up(w, s)


def rounded_down(f, h, w, s):
    return f // s, h // s, w // s


def by_loop(encoder, videos, lengths):
    rows = [encoder(v[:, :n].movedim(1, 0)).mean(0) for v, n in zip(videos, lengths, strict=True)]
    return torch.stack(rows)


def averaging(frames, *, average=None, back=None):
    """Return an average over frames that cuts videos into pictures, and puts them together, so."""
    average = average or (lambda features, real: features[real].mean(0))
    back = back or (lambda features, batch: features.unflatten(0, (batch, -1)))

    def answer(encoder, videos, lengths):
        features = back(encoder(frames(videos)), len(videos))
        reals = torch.arange(videos.shape[2]) < lengths[:, None]
        rows = [average(row, real) for row, real in zip(features, reals, strict=True)]
        return torch.stack(rows)

    return answer


def transposed(videos):
    return videos.transpose(1, 2).flatten(0, 1)


def interleaved(features, batch):
    return features.reshape(batch, -1, features.shape[1])


def encode_the_mean(encoder, videos, lengths):
    return torch.stack(
        [encoder(v[:, :n].mean(dim=1)[None])[0] for v, n in zip(videos, lengths, strict=True)]
    )


def in_numpy(encoder, videos, lengths):
    features = [encoder(video.transpose(0, 1)).detach().numpy() for video in videos]
    pairs = zip(features, lengths.tolist(), strict=True)
    return [feature[:n].mean(axis=0) for feature, n in pairs]


ANSWERS = {
    "3.5.a": Answers(
        right=step_by_step,
        also_right=[lambda *given: np.int64(step_by_step(*given))],
        wrong={
            "those are the weights": lambda i, o, shape, stride: step_by_step(i, o, (1, 1, 1), 1),
            "not additions too": lambda *given: step_by_step(*given, operations=2),
            "M is rounded down": lambda *given: step_by_step(*given, middle=float),
            "does not step in time": counting(thinned, thinned),
            "steps over rows and columns": counting(lambda f, h, w, s: (f, h, w), thinned),
            "steps over frames": counting(thinned_in_space, thinned_in_space),
            "sizes are rounded up": counting(lambda f, h, w, s: (f, h // s, w // s), rounded_down),
        },
    ),
    "3.5.b": Answers(
        right=by_loop,
        also_right=[in_numpy],
        wrong={
            "you average the pictures": encode_the_mean,
            "one row of features for each video": lambda encoder, x, n: encoder(transposed(x)),
            "mix frames and channels": averaging(lambda x: x.reshape(-1, 2, 4, 4)),
            "frames of different videos": averaging(
                lambda x: x.movedim(2, 0).flatten(0, 1), back=interleaved
            ),
            "the padding counts": averaging(transposed, average=lambda row, real: row.mean(0)),
            "you divide by all frames": averaging(
                transposed, average=lambda row, real: row[real].sum(0) / len(row)
            ),
            "0 · nan is nan": averaging(
                transposed, average=lambda row, real: (row * real[:, None]).sum(0) / real.sum()
            ),
        },
    ),
}
