import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def standardized(part, reference):
    return (part - reference.mean(dim=0)) / reference.std(dim=0)


def folds_by_numpy(fit, x, targets, fold):
    answers = np.full(len(x), np.nan)
    for k in sorted(set(fold.tolist())):
        rows, others = (fold == k).nonzero()[:, 0], (fold != k).nonzero()[:, 0]
        model = fit(standardized(x[others], x[others]), targets[others])
        answers[rows.numpy()] = model(standardized(x[rows], x[others])).numpy()
    return answers


def folds_put_back(fit, x, targets, fold):
    order, answers = [], []
    for k in fold.unique():
        model = fit(standardized(x[fold != k], x[fold != k]), targets[fold != k])
        answers.append(model(standardized(x[fold == k], x[fold != k])))
        order.append((fold == k).nonzero()[:, 0])
    return torch.cat(answers)[torch.cat(order).argsort()]


def folds_with(train, asked, scale_by, ask_by):
    """Return an answer that takes other clips in one of four places."""

    def answer(fit, x, targets, fold):
        answers = torch.empty(len(x))
        for k in fold.unique():
            pick = {"in": fold != k, "out": fold == k, "all": fold == fold}
            inputs, new = x[pick[train]], x[pick[asked]]
            if scale_by:
                inputs = standardized(inputs, x[pick[scale_by]])
            if ask_by:
                new = standardized(new, x[pick[ask_by]])
            answers[pick[asked]] = fit(inputs, targets[pick[train]])(new)
        return answers

    return answer


def one_model(fit, x, targets, fold):
    return fit(standardized(x, x), targets)(standardized(x, x))


def fold_after_fold(fit, x, targets, fold):
    parts = []
    for k in fold.unique():
        model = fit(standardized(x[fold != k], x[fold != k]), targets[fold != k])
        parts.append(model(standardized(x[fold == k], x[fold != k])))
    return torch.cat(parts)


def folds_from_zero(fit, x, targets, fold):
    answers = torch.zeros(len(x))
    for k in range(int(fold.max()) + 1):
        model = fit(standardized(x[fold != k], x[fold != k]), targets[fold != k])
        answers[fold == k] = model(standardized(x[fold == k], x[fold != k]))
    return answers


def targets_of_all(fit, x, targets, fold):
    answers = torch.empty(len(x))
    for k in fold.unique():
        model = fit(standardized(x[fold != k], x[fold != k]), targets)
        answers[fold == k] = model(standardized(x[fold == k], x[fold != k]))
    return answers


FOUND = {
    "A": "lips of another clip",
    "B": "lips backwards",
    "C": "in step",
    "D": "lips late",
}


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


def by_matrix(x, frames, ms, audio_frames, audio_ms):
    """Interpolate with a matrix of hat functions."""
    places = (torch.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms / ms
    places = (places + frames / 2 - 0.5).clamp(0, frames - 1)
    hats = (1 - (torch.arange(frames)[:, None] - places).abs()).clamp(min=0)
    return x @ hats.to(x.dtype)


def by_numpy(x, frames, ms, audio_frames, audio_ms):
    video = (np.arange(frames) + 0.5 - frames / 2) * ms
    sound = (np.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms
    rows = [np.interp(sound, video, row) for row in x.detach().flatten(0, 1).numpy()]
    return np.array(rows).reshape(*x.shape[:2], audio_frames)


def stretched(x, frames, ms, audio_frames, audio_ms):
    return F.interpolate(x, audio_frames, mode="linear")


def nearest(x, frames, ms, audio_frames, audio_ms):
    places = (torch.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms / ms
    return x[..., (places + frames / 2 - 0.5).clamp(0, frames - 1).round().long()]


def at_places(x, places):
    frames = x.shape[-1]
    places = places.clamp(0, frames - 1)
    hats = (1 - (torch.arange(frames)[:, None] - places).abs()).clamp(min=0)
    return x @ hats.to(x.dtype)


def from_the_start(x, frames, ms, audio_frames, audio_ms):
    return at_places(x, torch.arange(audio_frames) * audio_ms / ms)


def by_beginnings(x, frames, ms, audio_frames, audio_ms):
    places = (torch.arange(audio_frames) - audio_frames / 2) * audio_ms / ms
    return at_places(x, places + frames / 2 - 0.5)


def zero_outside(x, frames, ms, audio_frames, audio_ms):
    places = (torch.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms / ms
    places = places + frames / 2 - 0.5
    outside = (places < 0) | (places > frames - 1)
    return torch.where(outside, 0.0, at_places(x, places))


def extrapolated(x, frames, ms, audio_frames, audio_ms):
    places = (torch.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms / ms
    places = places + frames / 2 - 0.5
    left = places.floor().long().clamp(0, frames - 2)
    share = places - left
    return (1 - share) * x[..., left] + share * x[..., left + 1]


ANSWERS = {
    "7.2.a": Answers(
        right=-10 + 20 * math.log10(2),
        also_right=[-3.98, np.float32(-4.0), torch.tensor([-3.979]), lambda: -3.98],
        wrong={
            "less power than that": -10 + 10 * math.log10(2),
            "a factor changes them by a sum": -5,
            "yours has become smaller": -16.02,
            "it began at −10 dB": 6.02,
            "give it in decibels": 0.4,
            "how many decibels is that": -1,
            "one number": [-4.0, 6.0],
        },
    ),
    "7.2.b": Answers(
        right=folds_by_numpy,
        also_right=[folds_put_back, folds_with("in", "out", "in", "in")],
        wrong={
            "one model was trained": one_model,
            "every model was trained on all clips": folds_with("all", "out", "all", "all"),
            "the other way round": folds_with("out", "in", "out", "out"),
            "the inputs are not standardized": folds_with("in", "out", "", ""),
            "so the held-out ones had a say": folds_with("in", "out", "all", "all"),
            "in another order": fold_after_fold,
            "must be standardized as well": folds_with("in", "out", "in", ""),
            "their own mean and deviation": folds_with("in", "out", "in", "out"),
            "make three models": folds_from_zero,
            "of the same clips": targets_of_all,
            "one answer for each clip": lambda fit, x, t, f: fold_after_fold(fit, x, t, f)[:5],
            "never called": lambda fit, x, t, f: torch.zeros(len(x)),
        },
    ),
    "7.2.c": Answers(
        right=0.4,
        also_right=[np.float64(0.42), torch.tensor(0.39), lambda: 0.41],
        wrong={
            "how often the sound alone is right": 0.8,
            "now and then a third digit wins": 0.5,
            "still contradict each other": 0.64,
            "That is guessing": 0.1,
            "as strongly as the lips": 0.0,
            "How much is left": 0.3,
            "from 0 to 1": 40,
            "give one number": "two fifths",
        },
    ),
    "7.2.d": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A does not look like that: in step": exchanged("A", "C"),
            "A does not look like that: if the lips are late": exchanged("A", "D"),
            "A does not look like that: backwards": exchanged("A", "B"),
            "each occurs once": FOUND | {"D": "in step"},
            "choose one of": FOUND | {"D": "fine"},
            "a verdict for each": ["A", "B"],
        },
    ),
    "7.2.e": Answers(
        right=by_matrix,
        also_right=[by_numpy],
        wrong={
            "are stretched over": stretched,
            "the nearest frame": nearest,
            "both begin at the same time": from_the_start,
            "half a frame off": by_beginnings,
            "before the first and after the last frame, repeat that frame": zero_outside,
            "goes on along a line": extrapolated,
            "return (batch, channels, audio_frames)": lambda x, *rest: by_matrix(x, *rest)[0],
        },
    ),
}
