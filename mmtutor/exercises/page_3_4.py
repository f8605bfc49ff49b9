"""Exercises of page 3.4, The audio encoder."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside, shown
from mmtutor.exercises.exercise import Exercise, expect


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


EXERCISES = {
    "3.4.a": Exercise(
        check=_check_heard,
        cases=_tones,
        solution=heard_at,
        hints=(
            "Write sin(2π f n / rate) and sin(2π (f + rate) n / rate) for whole n. What differs?",
            "Whole rates make no difference, so only `hertz % rate` counts. And f and rate − f "
            "have the same cosines.",
            "With `rest = hertz % rate`, the answer is the smaller of `rest` and `rate - rest`.",
        ),
        praise="Once sampled, no network can tell them apart: filter first, then sample.",
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
            "`real = (torch.arange(s.shape[2]) < frames[:, None])[:, None]`. Take the mean away "
            "and let a second `torch.where` put 0 at the padding.",
        ),
        praise="AudioResNet does this before its first layer, so padding never changes an answer.",
    ),
}
