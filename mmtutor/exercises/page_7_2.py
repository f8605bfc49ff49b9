"""Exercises of page 7.2, Reading lips."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def half_the_noise() -> float:
    # Half the amplitude is a quarter of the power, and 10 log10(4) = 6.02.
    return -10 + 10 * torch.tensor(4.0).log10().item()


_LEVELS = {
    -6.99: "10 log10(2) is for half the *power*; half the amplitude is less power than that",
    -7.0: "10 log10(2) is for half the *power*; half the amplitude is less power than that",
    -5.0: "decibels are logarithms: a factor changes them by a sum, it does not divide them",
    -20.0: "decibels are logarithms: a factor changes them by a sum, it does not divide them",
    -16.02: "with less noise the ratio of speech to noise grows; yours has become smaller",
    -16.0: "with less noise the ratio of speech to noise grows; yours has become smaller",
    -13.01: "with less noise the ratio of speech to noise grows; yours has become smaller",
    6.02: "this is the change; it began at −10 dB",
    6.0: "this is the change; it began at −10 dB",
    0.4: "this is the ratio of the powers; give it in decibels",
}


def _check_level(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.numel() == 1, "give one number, in decibels")
    level = given.item()
    for value, mistake in _LEVELS.items():
        expect(abs(level - value) > 0.005, mistake)
    expect(
        abs(level - half_the_noise()) < 0.05,
        f"how much less power has the noise, and how many decibels is that? got {level:.4g}",
    )


Model = Callable[[Tensor], Tensor]
Fit = Callable[[Tensor, Tensor], Model]


def cross_validated(fit: Fit, x: Tensor, targets: Tensor, fold: Tensor) -> Tensor:
    answers = torch.empty(len(x))
    for held_out in fold.unique():
        outside = fold == held_out
        mean, deviation = x[~outside].mean(dim=0), x[~outside].std(dim=0)
        model = fit((x[~outside] - mean) / deviation, targets[~outside])
        answers[outside] = model((x[outside] - mean) / deviation)
    return answers


def _fold_by_fold(x: Tensor, fold: Tensor) -> list[Tensor]:
    """Return, fold after fold, the other clips, standardized with themselves."""
    parts = [x[fold != held_out] for held_out in fold.unique()]
    return [(part - part.mean(dim=0)) / part.std(dim=0) for part in parts]


def _check_cross_validated(answer: Callable[[Fit, Tensor, Tensor, Tensor], Tensor]) -> None:
    generator = torch.Generator().manual_seed(4)
    x = 2 + 3 * torch.randn(23, 2, generator=generator)
    targets = torch.randint(10, (23,), generator=generator)
    # Folds of unequal size, in no order, and their numbers have a gap.
    fold = torch.tensor([0, 2, 3]).repeat_interleave(torch.tensor([9, 8, 6]))
    fold = fold[torch.randperm(23, generator=generator)]
    fitted: list[tuple[Tensor, Tensor]] = []

    def fit(inputs: Tensor, wanted: Tensor) -> Model:
        fitted.append((inputs.clone(), wanted.clone()))
        return lambda new: inputs.sum() + new[:, 0] - 2 * new[:, 1] + wanted.float().mean()

    got = as_floats(answer(fit, x.clone(), targets.clone(), fold.clone()))
    expect(bool(fitted), "`fit` was never called: it makes the model that gives the answers")
    expect(
        got.shape == (23,),
        f"return one answer for each clip, here (23,); got {tuple(got.shape)}",
    )
    expect(
        all(len(inputs) == len(wanted) for inputs, wanted in fitted),
        "`fit` gets inputs and targets of the same clips; the numbers of clips differ",
    )
    sizes = sorted(len(inputs) for inputs, _ in fitted)
    expect(
        sizes != [23] or not torch.isfinite(got).all(),
        "one model was trained, on all clips; then each was measured on clips that it knows",
    )
    expect(
        sizes != [23, 23, 23],
        "every model was trained on all clips, those that it is asked about among them",
    )
    expect(
        sizes != [6, 8, 9],
        "each model was trained on one fold and asked about the others; it is the other way round",
    )
    expect(
        sizes == [14, 15, 17],
        "three folds, of 6, 8 and 9 of the 23 clips, make three models, trained on 17, 15 and 14 "
        f"clips; yours were trained on {sizes} (the numbers of the folds are 0, 2 and 3)",
    )
    raw = sorted((x[fold != k] for k in fold.unique()), key=len)
    found = sorted((inputs.double() for inputs, _ in fitted), key=len)
    expect(
        not all(torch.allclose(a, b.double(), atol=1e-4) for a, b in zip(found, raw, strict=True)),
        "the inputs are not standardized",
    )
    everywhere = (x - x.mean(dim=0)) / x.std(dim=0)
    leaking = sorted((everywhere[fold != k] for k in fold.unique()), key=len)
    expect(
        not all(
            torch.allclose(a, b.double(), atol=1e-4) for a, b in zip(found, leaking, strict=True)
        ),
        "the inputs were standardized with all clips; so the held-out ones had a say. Take mean "
        "and deviation of the training clips, for each fold anew",
    )
    right = as_floats(cross_validated(fit, x, targets, fold))
    expect(
        not torch.allclose(got.sort().values, right.sort().values, atol=1e-3)
        or torch.allclose(got, right, atol=1e-3),
        "the answers are right, but in another order: fold after fold, not clip after clip",
    )
    asked_raw, asked_own = torch.empty(23), torch.empty(23)
    for k, part in zip(fold.unique(), _fold_by_fold(x, fold), strict=True):
        model, new = fit(part, targets[fold != k]), x[fold == k]
        asked_raw[fold == k] = model(new)
        asked_own[fold == k] = model((new - new.mean(dim=0)) / new.std(dim=0))
    expect(
        not torch.allclose(got, asked_raw.double(), atol=1e-3),
        "the held-out clips must be standardized as well, or the model is asked about other units",
    )
    expect(
        not torch.allclose(got, asked_own.double(), atol=1e-3),
        "the held-out clips were standardized with their own mean and deviation; take those of "
        "the training clips",
    )
    expect(
        torch.allclose(got, right, atol=1e-3),
        "each clip is asked once, of the model that was trained without its fold, with inputs "
        f"standardized like those it was trained on; the first answer should be {right[0]:.3f}, "
        f"got {got[0]:.3f}",
    )


def share_of_heard() -> float:
    generator = torch.Generator().manual_seed(0)
    clips, digits = 50_000, 10
    heard = torch.randint(digits, (clips,), generator=generator)
    seen = (heard + torch.randint(1, digits, (clips,), generator=generator)) % digits
    # Alone, either is right in 80 %: its own digit is ahead by 2.46 standard deviations.
    sound, lips = torch.randn(2, clips, digits, generator=generator)
    sound[torch.arange(clips), heard] += 2.46
    lips[torch.arange(clips), seen] += 2.46
    return ((sound + lips).argmax(dim=1) == heard).float().mean().item()


def _check_share(answer: Any) -> str:
    return compare_prediction(
        "7.2.c",
        answer,
        share_of_heard,
        right_within=0.04,
        mistakes={
            0.8: "That is how often the sound alone is right. Here the lips speak for another "
            "digit, as strongly.",
            0.5: "Heard and seen digit are equally likely, but now and then a third digit wins.",
            0.64: "0.8 × 0.8 is how often both are right alone; then they still contradict each "
            "other.",
            0.1: "That is guessing. The sound speaks for its digit in every clip.",
            0.0: "The sound speaks for its digit as strongly as the lips for theirs.",
            1.0: "The lips speak for another digit, as strongly as the sound for its own.",
        },
        otherwise="Heard and seen digit have the same chance. How much is left for the eight "
        "others?",
        highest=1,
    )


VERDICTS = ("in step", "lips late", "lips of another clip", "lips backwards")
_PAIRS = {
    "A": "lips of another clip",
    "B": "lips backwards",
    "C": "in step",
    "D": "lips late",
}
_LATE = 4  # frames


def four_recordings() -> dict[str, tuple[Tensor, Tensor]]:
    """Return four sets of 40 clips with 50 frames each.

    Returns:
        Set → how far the mouth is open and how loud the sound is, each float `(40, 50)`.
    """
    return {name: _recording(verdict, seed) for seed, (name, verdict) in enumerate(_PAIRS.items())}


def _recording(verdict: str, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    times = torch.arange(-_LATE, 50 + _LATE)
    speech = torch.zeros(40, len(times))
    for _ in range(3):  # three words in each clip, at random places
        middle = 4 + 42 * torch.rand(40, 1, generator=generator)
        speech += torch.exp(-(((times - middle) / 2.5) ** 2))
    noise = 0.15 * torch.randn(2, 40, 50, generator=generator)
    inside = slice(_LATE, _LATE + 50)
    opening = speech[:, inside]
    if verdict == "lips late":
        opening = speech[:, :50]
    elif verdict == "lips of another clip":
        opening = opening.roll(1, dims=0)
    elif verdict == "lips backwards":
        opening = opening.flip(1)
    return opening + noise[0], speech[:, inside] + noise[1]


def name_the_recordings() -> dict[str, str]:
    return {
        # No shift, forwards or backwards, makes the curves agree.
        "A": "lips of another clip",
        # They agree once one of them is flipped.
        "B": "lips backwards",
        # They agree as they are.
        "C": "in step",
        # They agree once the mouth is shifted by four frames.
        "D": "lips late",
    }


_SIGNS = {
    "in step": "in step, the two curves agree without any shift",
    "lips late": "if the lips are late, the curves agree after a shift by a few frames, the same "
    "for all clips",
    "lips of another clip": "with the lips of another clip, neither a shift nor a flip makes the "
    "curves agree",
    "lips backwards": "backwards, the curves agree once one of them is flipped",
}


def _check_recordings(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_PAIRS),
        "give a dict with a verdict for each of the sets A, B, C and D",
    )
    for name, verdict in found.items():
        expect(verdict in VERDICTS, f"{name}: choose one of {', '.join(VERDICTS)}; got {verdict!r}")
    twice = [verdict for verdict in VERDICTS if list(found.values()).count(verdict) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, verdict in sorted(found.items()):
        expect(verdict == _PAIRS[name], f"{name} does not look like that: {_SIGNS[verdict]}")


def at_audio_times(x: Tensor, frames: int, ms: float, audio_frames: int, audio_ms: float) -> Tensor:
    middle = (torch.arange(audio_frames) + 0.5 - audio_frames / 2) * audio_ms
    place = (middle / ms + frames / 2 - 0.5).clamp(0, frames - 1)
    left = place.floor().long().clamp(max=max(frames - 2, 0))
    right = (left + 1).clamp(max=frames - 1)
    share = (place - left).to(x.dtype)
    return (1 - share) * x[..., left] + share * x[..., right]


def _check_times(answer: Callable[[Tensor, int, float, int, float], Tensor]) -> None:
    # A video whose feature is the time of its frame's middle, in milliseconds.
    times = (torch.arange(12) + 0.5 - 6) * 40.0
    wanted = ((torch.arange(20) + 0.5 - 10) * 32.0).clamp(-220, 220)
    got = as_floats(answer(times.expand(2, 3, 12).clone(), 12, 40.0, 20, 32.0))
    expect(
        got.shape == (2, 3, 20),
        f"return (batch, channels, audio_frames), here (2, 3, 20); got {tuple(got.shape)}",
    )
    row = got[0, 0]

    def like(other: Tensor) -> bool:
        return torch.allclose(row, other.double(), atol=0.05)

    stretched = torch.nn.functional.interpolate(times[None, None], 20, mode="linear")[0, 0]
    ends = torch.linspace(-220, 220, 20)
    expect(
        not like(stretched) and not like(ends),
        "the 0.48 seconds of video are stretched over the 0.64 seconds of sound; both have the "
        "same middle, and the sound begins earlier and ends later",
    )
    from_start = (torch.arange(20) * 32.0 / 40).clamp(0, 11)
    from_half = ((torch.arange(20) + 0.5) * 32.0 / 40 - 0.5).clamp(0, 11)
    expect(
        not like(times[0] + 40 * from_start) and not like(times[0] + 40 * from_half),
        "both begin at the same time in yours; it is their middles that coincide",
    )
    nearest = times[((wanted - times[0]) / 40).round().long()]
    expect(
        not torch.allclose(row, nearest.double(), atol=0.05) or torch.equal(nearest, wanted),
        "that is the nearest frame; between two frames, take some of both",
    )
    off = ((torch.arange(20) - 10) * 32.0).clamp(-220, 220)
    expect(
        not like(off) and not like((wanted + 20).clamp(-220, 220)),
        "the times are half a frame off: a frame stands for its middle, not for its beginning",
    )
    zeros = torch.where(wanted.abs() == 220, 0.0, wanted)
    expect(not like(zeros), "before the first and after the last frame, repeat that frame")
    beyond = (torch.arange(20) + 0.5 - 10) * 32.0
    expect(
        not like(beyond),
        "before the first and after the last frame, repeat that frame; yours goes on along a line",
    )
    expect(
        like(wanted),
        "with features that are the times of the video's frames, the result should be the times "
        f"of the audio's frames, between −220 and 220 ms; it begins with {row[:4].tolist()}",
    )


def _time_cases() -> list[tuple[Any, ...]]:
    generator = torch.Generator().manual_seed(1)
    shapes = (((2, 4, 12), 12, 40.0, 20, 32.0), ((1, 1, 5), 5, 100.0, 11, 20.0))
    longer = ((3, 2, 30), 30, 33.3, 8, 32.0)
    return [(torch.randn(shape, generator=generator), *rest) for shape, *rest in (*shapes, longer)]


EXERCISES = {
    "7.2.a": Exercise(
        check=_check_level,
        is_value=True,
        solution=half_the_noise,
        hints=(
            "Decibels compare powers, and a power is a mean square.",
            "Half the amplitude: by which factor does the mean square shrink?",
            "The ratio of the powers is four times as large. How many decibels are a factor of 4?",
        ),
        praise="Half the amplitude is 6 dB, whatever the level was before.",
        kind="derive",
    ),
    "7.2.b": Exercise(
        check=_check_cross_validated,
        solution=cross_validated,
        hints=(
            "Take the folds in turn. In each turn, which clips may the model see, and about which "
            "is it asked?",
            "`outside = fold == held_out` marks the clips that are asked; `~outside` those for "
            "training. Mean and deviation come from which of the two?",
            "Make an empty tensor of answers, and in each turn write into it at the held-out "
            "clips: `answers[outside] = model(...)`.",
        ),
        praise="Every clip was measured once, by a model that had not seen it, not even through "
        "the mean.",
        kind="write",
    ),
    "7.2.c": Exercise(
        check=_check_share,
        is_value=True,
        solution=share_of_heard,
        hints=(
            "Nothing tells the fusion which of the two is right. So which two shares are equal?",
            "The shares of the heard digit, of the seen digit and of all others add up to one.",
            "The heard digit has the evidence of one, but the noise of two: it is ahead of each "
            "other digit by less than it was alone. So a third digit wins in about every sixth "
            "clip.",
        ),
        praise="Where two modalities contradict each other, a third answer can win that neither "
        "would have given.",
        kind="predict",
    ),
    "7.2.d": Exercise(
        check=_check_recordings,
        is_value=True,
        solution=name_the_recordings,
        hints=(
            "For each set, compute how well mouth and sound agree: the correlation over all clips "
            "and frames.",
            "Do it again after a shift of the mouth, `opening[:, shift:]` against "
            "`loudness[:, :-shift]`, for several shifts in both directions.",
            "For what agrees at no shift, flip the mouth in time: `opening.flip(1)`.",
        ),
        praise="A correlation over shifts takes a minute, and is worth it before any training.",
        kind="diagnose",
    ),
    "7.2.e": Exercise(
        check=_check_times,
        solution=at_audio_times,
        hints=(
            "Write down at which time, counted from the common middle, the middle of each audio "
            "frame lies, and the same for the video.",
            "Divide the times of the audio frames by the length of a video frame, and add what "
            "makes the first video frame 0: the result are places between video frames.",
            "`place.clamp(0, frames - 1)`, the whole number below it and the one above; the "
            "fraction says how much of the second.",
        ),
        praise="Now features of both modalities can be fused frame by frame.",
        kind="write",
        cases=_time_cases,
        gradients=frozenset({"x"}),
    ),
}


QUIZ = (
    Question(
        "Each voice got the lips of another clip that says the same digit, and the accuracy stayed "
        "as it was. What follows?",
        (
            Answer(
                "The network does not use the lips, or a foreign mouth would have disturbed it.",
                "Lips of another digit disturb it a lot, so it uses them.",
            ),
            Answer(
                "It takes from each modality which digit it shows, and not whether the two fit.",
                "Nothing that belongs to one clip alone, such as exact timing, is needed.",
                right=True,
            ),
            Answer(
                "It has learned to recognize that two clips fit together, and would reject others.",
                "It gives an answer to any pair; nothing in its training asked whether two fit.",
            ),
        ),
    ),
    Question(
        "At −15 dB, concatenation is not better than the lips alone, though it gets the sound as "
        "well. What do the measurements of this page say about it?",
        (
            Answer(
                "The sound holds nothing at this level, so that no network could gain from it.",
                "The voice alone is still far better than guessing, and late fusion gains by it.",
            ),
            Answer(
                "Its encoder of the lips is smaller than that of the network of the lips alone.",
                "Both have the same encoder of the lips.",
            ),
            Answer(
                "The sound still tells something, but this training did not make use of it.",
                "Late fusion of the same sound and lips gains. Why concatenation does not, was not "
                "measured.",
                right=True,
            ),
        ),
    ),
    Question(
        "A network is trained with MSE to clean a sound. In loud noise its spectrograms are smooth "
        "and dull. Why?",
        (
            Answer(
                "It is unsure what was said, and the mean of what is possible has the least MSE.",
                "The mean of many sharp spectrograms is a smooth one.",
                right=True,
            ),
            Answer(
                "A network of this size has too few parameters to draw a sharp spectrogram.",
                "On clean sound the same network draws much sharper ones.",
            ),
            Answer(
                "Its training clips are in noise, so it has never been shown a sharp spectrogram.",
                "Its targets are the spectrograms of the clean sound, which are sharp.",
            ),
        ),
    ),
)
