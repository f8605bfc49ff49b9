import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def partners_by_loop(targets, same, generator):
    rows = []
    for row, digit in enumerate(targets.tolist()):
        fits = [
            other
            for other, its in enumerate(targets.tolist())
            if other != row and (its == digit) == same
        ]
        rows.append(fits[torch.randint(len(fits), (1,), generator=generator).item()])
    return torch.tensor(rows)


def partners_with_itself(targets, same, generator):
    allowed = (targets[:, None] == targets) == same
    return torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]


def partners_by_multinomial(targets, same, generator):
    allowed = (targets[:, None] == targets) == same
    allowed &= ~torch.eye(len(targets), dtype=torch.bool)
    return torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]


def any_other(targets, same, generator):
    return (torch.arange(len(targets)) + torch.randint(1, 20, (1,), generator=generator)) % len(
        targets
    )


def first_that_fits(targets, same, generator):
    allowed = (targets[:, None] == targets) == same
    return (allowed & ~torch.eye(len(targets), dtype=torch.bool)).float().argmax(dim=1)


def of_one_digit(targets, same, generator):
    if same:
        return partners_by_multinomial(targets, same, generator)
    rows = torch.arange(len(targets))
    last, first = rows[targets == 4], rows[targets == 0]
    pick = torch.randint(3, (len(targets),), generator=generator)
    return torch.where(targets == 4, first[pick], last[pick])


def global_draws(targets, same, generator):
    return partners_by_multinomial(targets, same, None)


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
        right=partners_by_loop,
        also_right=[partners_by_multinomial],
        wrong={
            "its own partner": partners_with_itself,
            "is the mask inverted": lambda t, s, g: partners_by_multinomial(t, not s, g),
            "not all of yours have": any_other,
            "draw them": first_that_fits,
            "far more often": of_one_digit,
            "draw with the generator": global_draws,
            "an int64 tensor": lambda t, s, g: partners_by_loop(t, s, g).tolist(),
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
