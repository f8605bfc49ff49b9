"""Exercises of page 3.4, The audio encoder."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import (
    are_close,
    as_floats,
    as_number,
    beside,
    described,
    shown,
)
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question

_ROWS = (697.0, 770.0, 852.0, 941.0)
_COLUMNS = (1209.0, 1336.0, 1477.0)
_KEYS = ((1, 2, 3), (4, 5, 6), (7, 8, 9), (None, 0, None))


def heard_at(hertz: float, rate: float) -> float:
    rest = hertz % rate
    return min(rest, rate - rest)


def _check_heard(answer: Callable[[float, float], float]) -> None:
    tones = (1000, 3000, 3500, 2000, 4000, 5000, 9500)
    given = {hertz: round(as_number(answer(hertz, 4000)), 4) for hertz in tones}
    expect(
        given[1000] == 1000, f"1,000 Hz is below rate/2 and is heard as it is; got {given[1000]:g}"
    )
    expect(
        given[3000] not in (2000, 3000),
        f"at 4,000 samples a second nothing is heard at {given[3000]:g} Hz: 3,000 swings of a tone "
        "look like those of a slower one; which? Compare the samples",
    )
    expect(
        given[3500] != 1500,
        "3,500 Hz is not heard at 1,500: above rate/2 the heard tone comes down again as the true "
        "one goes up, as in a mirror",
    )
    expect(given[2000] == 2000, f"2,000 Hz is rate/2, the last that is heard; got {given[2000]:g}")
    expect(
        given[5000] >= 0,
        f"a frequency is not negative; got {given[5000]:g} for 5,000 Hz. −f and f have the same "
        "cosine",
    )
    expect(
        given[9500] <= 2000,
        f"9,500 Hz is heard below rate/2 too; got {given[9500]:g}: take away the rate as often as "
        "it goes in, then fold",
    )
    wanted = dict(zip(tones, (1000, 1000, 500, 2000, 0, 1000, 1500), strict=True))
    for hertz, right in wanted.items():
        told = f"at a rate of 4,000, for {hertz} Hz {beside(given[hertz], right)}"
        expect(are_close(given[hertz], float(right)), told)
    other = as_number(answer(5000, 8000))
    expect(
        are_close(other, 3000.0),
        f"at a rate of 8,000, 5,000 Hz is heard at 3,000; got {other:g}",
    )


def _tones() -> Iterator[tuple[float, float]]:
    for rate in (8000, 1000, 44100, 250.5):
        for share in (0, 0.1, 0.5, 0.7, 1, 1.2, 1.5, 1.8, 2, 7.3, 12.6):
            yield share * rate, rate


def centered_where_real(s: Tensor, frames: Tensor) -> Tensor:
    real = (torch.arange(s.shape[2]) < frames[:, None])[:, None]
    total = torch.where(real, s, 0.0).sum(dim=(1, 2))
    mean = total / (frames * s.shape[1]).clamp(min=1)
    return torch.where(real, s - mean[:, None, None], 0.0)


def _check_center(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    s = torch.tensor([[[1.0, 3.0, 0.0], [5.0, 7.0, 0.0]], [[3.0, 5.0, 10.0], [3.0, 5.0, 10.0]]])
    frames = torch.tensor([2, 3])
    given = as_floats(answer(s, frames))
    expect(
        given.shape == s.shape,
        f"the picture keeps its shape, {tuple(s.shape)}; got {tuple(given.shape)}",
    )
    right = torch.tensor([[[-3.0, -1.0, 0.0], [1.0, 3.0, 0.0]], [[-3.0, -1.0, 4.0]] * 2])
    first = given[0, :, :2]
    expect(
        not are_close(first, s[0, :, :2] - 16 / 6),
        "the padding has entered the mean: 16 / 6 and not 16 / 4 was taken away",
    )
    expect(
        not are_close(first, s[0, :, :2] - 4) or not are_close(given[1], s[1] - 4),
        "the second sound has another mean: each sound has its own",
    )
    expect(
        not are_close(first, s[0, :, :2] - s[0, :, :2].mean(dim=1, keepdim=True)),
        "you took away a mean for each frequency, and with it every tone that lasts: one mean "
        "for the whole picture",
    )
    expect(
        not are_close(first, right[0, :, :2]) or are_close(given[0, :, 2], torch.zeros(2)),
        f"the padding must be 0 afterwards; got {given[0, :, 2].tolist()}",
    )
    expect(are_close(given, right), f"expected {shown(right)}; got {shown(given)}")
    spoilt = s.clone()
    spoilt[0, :, 2] = torch.nan
    expect(
        are_close(answer(spoilt, frames), right),
        "NaN in the padding reaches the answer: choose with torch.where, do not multiply",
    )
    empty = as_floats(answer(s, torch.tensor([0, 3])))[0]
    expect(
        are_close(empty, torch.zeros(2, 3)),
        f"a sound without a real frame must give 0; got {shown(empty)}",
    )


def _sounds() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for sounds, frequencies, length in ((1, 1, 1), (4, 3, 5), (3, 6, 4)):
        s = torch.randn(sounds, frequencies, length, generator=generator) - 2
        frames = torch.randint(length + 1, (sounds,), generator=generator)
        padding = (torch.arange(length) >= frames[:, None])[:, None]
        yield s, frames
        yield s.double(), frames
        for junk in (torch.nan, torch.inf):
            yield s.masked_fill(padding, junk), frames


def decode_key(sound: Tensor, sample_rate: int) -> int:
    tones = torch.tensor([*_ROWS, *_COLUMNS], dtype=torch.float64)
    angles = 2 * math.pi * tones[:, None] * torch.arange(len(sound)) / sample_rate
    x = sound.double()
    # The tone's phase is unknown, so each frequency needs its cosine and its sine.
    power = (angles.cos() @ x).square() + (angles.sin() @ x).square()
    sums = [power[_place(key)[0]] + power[4 + _place(key)[1]] for key in range(10)]
    return int(torch.stack(sums).argmax())


def _place(key: int) -> tuple[int, int]:
    """Return the row and the column of a key on the telephone."""
    row = next(i for i, keys in enumerate(_KEYS) if key in keys)
    return row, _KEYS[row].index(key)


def _key_sound(key: int, generator: torch.Generator, rate: int, snr_db: float | None) -> Tensor:
    """Render a key as the page's data do: phases, level, length and start are drawn."""
    first, second, level, length, start = torch.rand(5, generator=generator).tolist()
    row, column = _place(key)
    time = torch.arange(rate // 2) / rate
    seconds = 0.1 + 0.3 * length
    offset = start * (0.5 - seconds)
    inside = torch.minimum(time - offset, offset + seconds - time)
    envelope = 0.5 - 0.5 * torch.cos(math.pi * (inside / 0.005).clamp(0, 1))
    tones = ((_ROWS[row], first), (_COLUMNS[column], second))
    clip = envelope * sum((2 * math.pi * (f * time + phase)).sin() for f, phase in tones)
    if snr_db is not None:
        clip = clip + 10 ** (-snr_db / 20) * torch.randn(clip.shape, generator=generator)
    return clip * (0.3 + 0.6 * level) / clip.abs().max()


def _check_keys(answer: Callable[[Tensor, int], Any]) -> None:
    for rate, snr_db, allowed in ((4000, None, 0), (8000, None, 0), (4000, -5.0, 2)):
        generator = torch.Generator().manual_seed(rate)
        keys = [*range(10)] * 6
        sounds = [_key_sound(key, generator, rate, snr_db) for key in keys]
        found = []
        for sound in sounds:
            given = answer(sound.clone(), rate)
            expect(
                isinstance(given, int | float | Tensor) or hasattr(given, "item"),
                f"return the digit on the key, a number from 0 to 9; got {described(given)}",
            )
            found.append(int(as_number(given)))
        _name_mistake(keys, found, sounds, rate)
        wrong = [pair for pair in zip(keys, found, strict=True) if pair[0] != pair[1]]
        if len(wrong) > allowed:
            noise = "without noise" if snr_db is None else "at an SNR of −5 dB"
            key, given = wrong[0]
            told = f"at {rate:,} samples a second, {noise}, {len(wrong)} of {len(keys)} keys are"
            expect(False, f"{told} read wrongly: a {key} as {given}, for example")


def _name_mistake(keys: list[int], found: list[int], sounds: list[Tensor], rate: int) -> None:
    """Raise what explains all of the answers, if one known mistake does."""
    pairs = list(zip(keys, found, strict=True))
    expect(
        not all(given == key - 1 for key, given in pairs if key),
        "the number of the place is not yet the digit: the keys begin with 1, and 0 is below 8",
    )
    expect(
        not all(given - 1 == 3 * ((k - 1) % 3) + (k - 1) // 3 for k, given in pairs if k),
        "rows and columns are exchanged: the lower tone, 697 to 941 Hz, says the row",
    )
    expect(
        any(key != given for key, given in pairs if key) or all(k == given for k, given in pairs),
        "only 0 is read wrongly: it has the fourth row, 941 Hz, and the second column",
    )
    for wave in (torch.cos, torch.sin):
        expect(
            found == keys or found != [_with_one_wave(sound, rate, wave) for sound in sounds],
            "a tone that starts at an unlucky phase has no product with this wave: take the "
            "cosine and the sine of each frequency",
        )


def _with_one_wave(sound: Tensor, rate: int, wave: Callable[[Tensor], Tensor]) -> int:
    """Decode with the cosine alone, or the sine."""
    tones = torch.tensor([*_ROWS, *_COLUMNS], dtype=torch.float64)
    waves = wave(2 * math.pi * tones[:, None] * torch.arange(len(sound)) / rate)
    power = (waves @ sound.double()).square()
    key = _KEYS[int(power[:4].argmax())][int(power[4:].argmax())]
    return -1 if key is None else key


def cells_of_a_click() -> float:
    sound = torch.zeros(2000)
    sound[1000] = 1.0  # one sample, and silence before and after it
    frames = torch.nn.functional.pad(sound, (64, 64)).unfold(0, 128, 64)
    power = torch.fft.rfft(frames * torch.hann_window(128)).abs().square()
    return float((power > power.max() / 1000).sum())


def _check_click(answer: Any) -> str:
    return compare_prediction(
        "3.4.d",
        answer,
        cells_of_a_click,
        right_within=5,
        mistakes={
            1.0: "One sample, but which row should it be in? Multiply it with the waves.",
            2.0: "Two columns, yes. But in which rows? Multiply the sample with each wave.",
            65.0: "All rows of a column, yes. But frames overlap: how many of them hold it?",
            32.0: "That would be one row. But a click has no pitch: multiply it with each wave.",
            2080.0: "That would be the whole picture. Which frames hold the click at all?",
        },
        otherwise="A single sample has the same product, up to its phase, with the waves of all "
        "rows. And with a hop of half a frame, how many frames hold it?",
    )


READINGS = ("long frames", "short frames", "no window", "no logarithm")
_PICTURES = {"A": "no window", "B": "long frames", "C": "no logarithm", "D": "short frames"}


def four_pictures() -> dict[str, Tensor]:
    """Return four spectrograms of one sound, scaled to 0 to 1, from 0 to 2,000 Hz.

    The sound has two loud pulses of 700 and 1,000 Hz and a faint one of 1,500 Hz between them.
    """
    time = torch.arange(4000) / 4000
    sound = torch.zeros(4000)
    for start, pitches, level in (
        (0.1, (700, 1000), 1.0),
        (0.45, (1500,), 0.02),
        (0.75, (700,), 1),
    ):
        inside = ((time - start) * 250).clamp(0, 1) * ((start + 0.15 - time) * 250).clamp(0, 1)
        sound += level * inside * sum((2 * math.pi * f * time).sin() for f in pitches)
    return {name: _picture(sound, kind) for name, kind in _PICTURES.items()}


def _picture(sound: Tensor, kind: str) -> Tensor:
    size = {"long frames": 1024, "short frames": 16}.get(kind, 128)
    window = torch.ones(size) if kind == "no window" else torch.hann_window(size)
    frames = torch.nn.functional.pad(sound, (size // 2, size // 2)).unfold(0, size, 16)
    power = (torch.fft.rfft(frames * window) * 2 / window.sum()).abs().square().T
    if kind == "no logarithm":
        return power / power.max()
    return torch.log1p(power / 1e-5) / math.log1p(1e5)


def read_the_pictures() -> dict[str, str]:
    return {
        # Every tone leaves a trace at all frequencies.
        "A": "no window",
        # Thin lines that begin too early and end too late.
        "B": "long frames",
        # The faint tone in the middle is gone.
        "C": "no logarithm",
        # Sharp in time, and the two tones of the first pulse are one.
        "D": "short frames",
    }


_LOOKS = {
    "long frames": "its tones begin and end sharply, which long frames blur",
    "short frames": "its tones are thin lines, and short frames make broad ones",
    "no window": "far from the tones it is dark; cut plainly, every tone is seen at all heights",
    "no logarithm": "the faint tone in the middle is seen, at less than a thousandth of the power",
}


def _check_pictures(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_PICTURES),
        "give a dict with a reading for each of A, B, C and D",
    )
    for name, reading in found.items():
        expect(reading in READINGS, f"{name}: choose one of {', '.join(READINGS)}; got {reading!r}")
    twice = [reading for reading in READINGS if list(found.values()).count(reading) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, reading in sorted(found.items()):
        expect(reading == _PICTURES[name], f"{name} does not look like that: {_LOOKS[reading]}")


EXERCISES = {
    "3.4.a": Exercise(
        check=_check_heard,
        cases=_tones,
        solution=heard_at,
        hints=(
            "Write sin(2π f n / rate) and sin(2π (f + rate) n / rate) for whole n. What differs?",
            "Whole rates make no difference, so only `hertz % rate` counts. And f and rate − f "
            "have the same cosines.",
            "So fold `hertz % rate` at half the rate: what lies above it comes down by as much as "
            "it is above.",
        ),
        praise="Once sampled, no network can tell them apart: filter first, then sample.",
        kind="derive",
    ),
    "3.4.b": Exercise(
        check=_check_center,
        cases=_sounds,
        gradients=frozenset({"s"}),
        solution=centered_where_real,
        hints=(
            "Which frames are real? Compare `torch.arange(s.shape[2])` with `frames[:, None]`.",
            "Sum `torch.where(real, s, 0.0)` over frequencies and frames, and divide by how many "
            "values are real: frames times frequencies, at least 1.",
            "The mask needs the shape (batch, 1, frames), so that it fits all frequencies. A "
            "second `torch.where` puts 0 at the padding, after the mean was taken away.",
        ),
        praise="AudioResNet does this before its first layer, so padding never changes an answer.",
        kind="write",
    ),
    "3.4.c": Exercise(
        check=_check_keys,
        solution=decode_key,
        hints=(
            "You know all seven frequencies. How much of each of them is in the whole clip?",
            "By hand it was a product with a cosine and one with a sine. Here the angle is "
            "2π · hertz · n / sample_rate, and n runs over all samples.",
            "Add the squares of both products: that is the power of one tone. Then the best row "
            "and the best column name the key.",
        ),
        praise="At an SNR of −5 dB the noise has three times the power of the tones, and nothing "
        "was trained. Who knows what to listen for needs no network.",
        kind="write",
    ),
    "3.4.d": Exercise(
        check=_check_click,
        is_value=True,
        solution=cells_of_a_click,
        hints=(
            "Take the frame with the click. Its product with a wave has one term that is not 0.",
            "The wave of any row has the size 1 at that sample: cosine² + sine² = 1.",
            "So a column shows the click in all its rows, or not at all. Count the columns: a "
            "frame has 128 samples, and the hop is 64.",
        ),
        praise="Sharp in time is spread out in frequency: a click is a bar from the bottom to the "
        "top, as a steady tone is a level line.",
        kind="predict",
    ),
    "3.4.e": Exercise(
        check=_check_pictures,
        is_value=True,
        solution=read_the_pictures,
        hints=(
            "Look first for what is sharp: the beginnings and ends of the tones, or their height.",
            "One of the pictures has lost the faint tone between the loud ones.",
            "One shows traces of the tones at all heights, as the plain cut of Figure 3 does.",
        ),
        praise="Most faults of a front end can be seen. Draw a few pictures before you train.",
        kind="read",
    ),
}


QUIZ = (
    Question(
        "Two microphones record the same note; one of them stands half a swing later, so its "
        "samples are those of the other with the opposite sign. What do the spectrograms show?",
        (
            Answer(
                "The same picture twice, since only the size of each sum is kept, not its phase.",
                "Both sums of a row change their sign, and their squares stay.",
                right=True,
            ),
            Answer(
                "The second one is shifted to the right, by half a swing of the note's period.",
                "The shift is much smaller than a frame; it turns the phase, and that is dropped.",
            ),
            Answer(
                "The second one is darker where the first is bright, as its samples are negated.",
                "A power is a square: the sign of the samples does not matter to it.",
            ),
        ),
    ),
    Question(
        "In your spectrogram, two birds that sing at once at neighboring pitches make one broad "
        "line. What separates them?",
        (
            Answer(
                "A smaller hop, so that there are more columns from which to read the two pitches.",
                "More columns with the same blur: each frame is still as short as before.",
            ),
            Answer(
                "Longer frames, which tell closer pitches apart, and blur when each bird begins.",
                "The distance of the rows is the sample rate divided by the samples of a frame.",
                right=True,
            ),
            Answer(
                "A higher sample rate with frames of as many samples, for a finer picture.",
                "As many samples at a higher rate are a shorter time: the rows get farther apart.",
            ),
        ),
    ),
    Question(
        "A 2-D convolution over spectrograms finds the same pattern at any height. For which task "
        "is that a doubtful help?",
        (
            Answer(
                "To read Morse code that is sent at pitches that did not occur in training.",
                "There the height says nothing, and sharing weights over it is the very help.",
            ),
            Answer(
                "To tell a melody in all keys, high or low, from other melodies.",
                "A melody that is played in another key is the same pattern at another height.",
            ),
            Answer(
                "To name the note that a tuning fork sounds, whatever its loudness is.",
                "The height is all that tells one note from another; the pattern is the same line.",
                right=True,
            ),
        ),
    ),
)
