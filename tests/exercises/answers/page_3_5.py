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


def changes(encode, videos, other):
    return (encode(other) - encode(videos)).abs().max() > 1e-6


def with_frame_replaced(videos, frame):
    others = list(videos.unbind(2))
    others[frame] = torch.full_like(others[frame], 0.5)
    return torch.stack(others, dim=2)


def tell(encode, videos, alone=True, order=True, direction=True, frames=None):
    """Diagnose a video encoder, some tests left out."""
    count = videos.shape[2]
    if alone and (encode(videos[1:2]) - encode(videos)[1:2]).abs().max() > 1e-6:
        return "videos mixed"
    swapped = [1, 0, *range(2, count)]
    if order and not changes(encode, videos, videos[:, :, swapped]):
        return "blind to order"
    if direction and not changes(encode, videos, videos[:, :, list(range(count))[::-1]]):
        return "blind to direction"
    for frame in range(count) if frames is None else frames:
        if not changes(encode, videos, with_frame_replaced(videos, frame)):
            return "frame lost"
    return "healthy"


def without(**left_out):
    return lambda encode, videos: tell(encode, videos, **left_out)


def matrix_of(W):
    return torch.stack([W[o, :, a].flatten() for o in range(len(W)) for a in range(W.shape[2])])


def split(W, matrix=matrix_of, scale=lambda S: (S, torch.ones_like(S)), keep=None):
    after, before, k = W.shape[:3]
    U, S, V = torch.linalg.svd(matrix(W), full_matrices=False)
    M = (keep or (lambda W, S: int((S > 1e-6 * S[0]).sum())))(W, S)
    left, right = scale(S)
    time, space = (U * left)[:, :M], (right[:, None] * V)[:M]
    time = torch.stack([time[o * k : (o + 1) * k].T for o in range(after)])
    return space.reshape(M, before, 1, k, k), time[..., None, None]


def by_columns(W):
    """Take columns of the matrix as they stand, and solve for the others."""
    matrix, chosen = matrix_of(W), []
    for row in range(len(matrix)):
        if torch.linalg.matrix_rank(matrix[[*chosen, row]], rtol=1e-6) > len(chosen):
            chosen.append(row)
    basis = matrix[chosen]
    time = torch.linalg.lstsq(basis.T, matrix.T).solution.T
    after, before, k = W.shape[:3]
    time = time.reshape(after, k, -1).transpose(1, 2)[..., None, None]
    return [basis.reshape(-1, before, 1, k, k), time]


def pixel_by_pixel(W):
    after, before, k = W.shape[:3]
    picks = torch.eye(before * k * k, dtype=W.dtype).reshape(-1, before, 1, k, k)
    return picks, W.permute(0, 1, 3, 4, 2).reshape(after, -1, k, 1, 1)


def as_in_the_network(W, S):
    after, before = W.shape[:2]
    return min(len(S), 27 * before * after // (9 * before + 3 * after))


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
    "3.5.c": Answers(
        right=0.65,
        also_right=[np.float32(0.66), torch.tensor(0.64), lambda: 0.4 + 0.25],
        wrong={
            "where all directions are equally frequent": 0.5,
            "To say left always": 0.4,
            "not everything": 0.25,
            "order of the frames": 1.0,
            "Which of its two directions": 0.9,
            "from 0 to 1": 65,
        },
    ),
    "3.5.d": Answers(
        right=tell,
        also_right=[lambda encode, videos: str(tell(encode, videos + 0))],
        wrong={
            "alone gets other features": without(alone=False),
            "any other order give": without(order=False),
            "Backwards it gives the same": without(direction=False),
            "not only the first or the last": without(frames=(0, -1)),
            "on no other video": lambda encode, videos: "videos mixed",
            "return one of": lambda encode, videos: "fine",
        },
    ),
    "3.5.e": Answers(
        right=split,
        also_right=[
            by_columns,
            lambda W: split(W, scale=lambda S: (S.sqrt(), S.sqrt())),
            lambda W: tuple(part.numpy() for part in split(W)),
        ],
        wrong={
            "you mix the axes": lambda W: split(
                W, matrix=lambda W: W.reshape(W.shape[0] * W.shape[2], -1)
            ),
            "singular values are lost": lambda W: split(
                W, scale=lambda S: (torch.ones_like(S), torch.ones_like(S))
            ),
            "count twice": lambda W: split(W, scale=lambda S: (S, S)),
            "are enough": pixel_by_pixel,
            "matches weights, not functions": lambda W: split(W, keep=as_in_the_network),
            "the other way round": lambda W: split(W)[::-1],
            "return two tensors": lambda W: split(W)[0],
            "the shapes are": lambda W: (split(W)[0][:, :, 0], split(W)[1]),
        },
    ),
}
