import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def by_rounding(hertz, rate):
    return abs(hertz - rate * round(hertz / rate))


def folded_once(hertz, rate):
    return hertz if hertz <= rate / 2 else abs(rate - hertz)


def mirrored_without_size(hertz, rate):
    return hertz if hertz <= rate / 2 else rate - hertz


def last_excluded(hertz, rate):
    rest = hertz % rate
    return rest if rest < rate / 2 else math.floor(rate - rest - 1e-9)


def only_at_4000(hertz, rate):
    return by_rounding(hertz, 4000)


def by_loop(s, frames):
    centered = torch.zeros_like(s)
    for sound, count in enumerate(frames.tolist()):
        if count:
            real = s[sound, :, :count]
            centered[sound, :, :count] = real - real.mean()
    return centered


def real_mask(s, frames):
    return (torch.arange(s.shape[2]) < frames[:, None])[:, None]


def mean_of(s, frames):
    total = torch.where(real_mask(s, frames), s, 0.0).sum(dim=(1, 2))
    return (total / (frames * s.shape[1]).clamp(min=1))[:, None, None]


def one_mean(s, frames):
    real = real_mask(s, frames)
    return torch.where(real, s - mean_of(s[:1], frames[:1]), 0.0)


def for_each_frequency(s, frames):
    real = real_mask(s, frames)
    mean = torch.where(real, s, 0.0).sum(dim=2) / frames[:, None]
    return torch.where(real, s - mean[:, :, None], 0.0)


def multiplied(s, frames):
    real = real_mask(s, frames).float()
    mean = (s * real).sum(dim=(1, 2)) / (frames * s.shape[1]).clamp(min=1)
    return (s - mean[:, None, None]) * real


def divided_by_none(s, frames):
    real = real_mask(s, frames)
    mean = torch.where(real, s, 0.0).sum(dim=(1, 2)) / (frames * s.shape[1])
    centered = torch.where(real, s - mean[:, None, None], 0.0)
    return centered if frames.all() else centered + mean[:, None, None]


def divided_by_spread(s, frames):
    return by_loop(s, frames) / 2


def by_sampling(hertz, rate):
    return rate / math.pi * math.asin(abs(math.sin(math.pi * hertz / rate)))


def vectorized(s, frames):
    masked = np.ma.array(s.numpy(), mask=~real_mask(s, frames).expand_as(s).numpy())
    return (masked - masked.mean(axis=(1, 2), keepdims=True)).filled(0)


ANSWERS = {
    "3.4.a": Answers(
        right=by_rounding,
        also_right=[by_sampling],
        wrong={
            "is heard as it is": lambda hertz, rate: abs(rate - hertz),
            "nothing is heard at 3000 Hz": lambda hertz, rate: hertz % rate,
            "nothing is heard at 2000 Hz": lambda hertz, rate: min(hertz, rate / 2),
            "as in a mirror": lambda hertz, rate: hertz % (rate / 2),
            "the last that is heard": last_excluded,
            "a frequency is not negative": mirrored_without_size,
            "as often as it goes in": folded_once,
            "at a rate of 8,000": only_at_4000,
        },
    ),
    "3.4.b": Answers(
        right=by_loop,
        also_right=[vectorized, lambda s, frames: by_loop(s.double(), frames)],
        wrong={
            "has entered the mean": lambda s, frames: s - s.mean(dim=(1, 2), keepdim=True),
            "each sound has its own": one_mean,
            "a mean for each frequency": for_each_frequency,
            "the padding must be 0": lambda s, frames: s - mean_of(s, frames),
            "NaN in the padding": multiplied,
            "without a real frame": divided_by_none,
            "expected [[[-3": divided_by_spread,
            "keeps its shape": lambda s, frames: by_loop(s, frames).mean(dim=2),
        },
    ),
}
