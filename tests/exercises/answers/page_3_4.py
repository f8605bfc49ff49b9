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


ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
PAD = ["123", "456", "789", "*0#"]


def tone_powers(sound, sample_rate, tones, cosine=True, sine=True):
    n = np.arange(len(sound))
    angles = 2 * np.pi * np.array(tones)[:, None] * n / sample_rate
    a, b = np.cos(angles) @ sound.numpy(), np.sin(angles) @ sound.numpy()
    return cosine * a**2 + sine * b**2


def decode(sound, sample_rate, pad=PAD, **which):
    row = tone_powers(sound, sample_rate, ROWS, **which).argmax()
    column = tone_powers(sound, sample_rate, COLUMNS, **which).argmax()
    return int(pad[row][column]) if pad[row][column].isdigit() else -1


def goertzel(sound, sample_rate):
    tones = torch.tensor([*ROWS, *COLUMNS], dtype=torch.float64)
    double = 2 * torch.cos(2 * torch.pi * tones / sample_rate)
    last, before = torch.zeros(2, 7, dtype=torch.float64)
    for x in sound.tolist():
        last, before = x + double * last - before, last
    power = last**2 + before**2 - double * last * before
    return torch.tensor(int(PAD[power[:4].argmax()][power[4:].argmax()].replace("*", "0")))


def by_spectrum(sound, sample_rate):
    power = torch.fft.rfft(sound, 20 * sample_rate).abs()
    row, column = ([power[20 * f] for f in tones] for tones in (ROWS, COLUMNS))
    return int(PAD[int(np.argmax(row))][int(np.argmax(column))].replace("*", "0"))


def by_place(sound, sample_rate):
    row = tone_powers(sound, sample_rate, ROWS).argmax()
    return 3 * row + tone_powers(sound, sample_rate, COLUMNS).argmax()


def exchanged(sound, sample_rate):
    return decode(sound, sample_rate, pad=["147", "258", "369", "*0#"])


def forgets_zero(sound, sample_rate):
    return decode(sound, sample_rate) or 8


def only_at_8000(sound, sample_rate):
    return decode(sound, 4000)


def in_a_short_piece(sound, sample_rate):
    middle = int(sound.abs().argmax())
    return decode(sound[max(middle - 40, 0) : middle + 40], sample_rate)


SEEN = {"A": "no window", "B": "long frames", "C": "no logarithm", "D": "short frames"}


def mistaken(a, b):
    return SEEN | {a: SEEN[b], b: SEEN[a]}


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
    "3.4.c": Answers(
        right=decode,
        also_right=[goertzel, by_spectrum],
        wrong={
            "is not yet the digit": by_place,
            "are exchanged": exchanged,
            "only 0 is read wrongly": forgets_zero,
            "the cosine and the sine": lambda sound, rate: decode(sound, rate, sine=False),
            "at 8,000 samples a second": only_at_8000,
            "keys are read wrongly": in_a_short_piece,
            "a number from 0 to 9": lambda sound, rate: "5",
        },
    ),
    "3.4.d": Answers(
        right=130,
        also_right=[lambda: 130.0, np.int64(128)],
        wrong={
            "which row should it be in": 1,
            "Two columns, yes": 2,
            "how many of them hold it": 65,
            "a click has no pitch": 32,
            "hold the click at all": 2080,
            "how many frames hold it": 64,
            "one number": "all",
        },
    ),
    "3.4.e": Answers(
        right=SEEN,
        also_right=[lambda: dict(reversed(SEEN.items()))],
        wrong={
            "A does not look like that: its tones begin": mistaken("A", "B"),
            "A does not look like that: its tones are thin": mistaken("A", "D"),
            "A does not look like that: the faint tone": mistaken("A", "C"),
            "B does not look like that: its tones are thin": mistaken("B", "D"),
            "each occurs once": SEEN | {"D": "no window"},
            "choose one of": SEEN | {"D": "all"},
            "a reading for each": ["A", "B"],
        },
    ),
}
