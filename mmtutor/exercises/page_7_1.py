"""Exercises of page 7.1, Seeing and hearing digits."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def agreement() -> float:
    both_right = 0.8 * 0.8
    both_wrong_and_agreed = 9 * (0.2 / 9) ** 2
    return both_right / (both_right + both_wrong_and_agreed)


_AGREEMENTS = {
    0.64: "0.64 is how often both are right, before anything was heard; but you know that they "
    "agree, and that is rare where they are wrong",
    0.8: "one of them alone is worth 0.8; that the other one says the same makes it surer",
    0.96: "0.96 is how often at least one of them is right, whether they agree or not",
    0.64 + 0.04 / 9: "this is how often they agree; the question is how often 3 is right "
    "when they do",
    0.64 / 0.68: "0.64 : 0.04 would be right if there were one wrong digit only; with nine, "
    "two that err seldom meet at the same one",
    0.64 / (0.64 + 0.04 / 81): "you have counted one digit at which both may err and meet; "
    "any of the nine others may be it",
    144.0: "these are the odds, 144 : 1; the probability is 144 / (144 + 1)",
    99.31: "give a probability from 0 to 1, not a percentage",
}


def _check_agreement(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.numel() == 1, "give one number")
    for value, mistake in _AGREEMENTS.items():
        expect(not are_close(given, value), mistake)
    expect(
        torch.isclose(given, torch.tensor(agreement()).double(), atol=0.0006).all(),
        "compare two ways in which both can say 3: both are right, or both err and meet at 3; "
        f"got {given.item():.4g}",
    )


def mix(sound: Tensor, noise: Tensor, snr_db: float) -> Tensor:
    wanted = sound.square().mean() / 10 ** (snr_db / 10)
    return sound + noise * (wanted / noise.square().mean()).sqrt()


def _ratio_db(sound: Tensor, noise: Tensor) -> float:
    return 10 * math.log10(float(sound.square().mean() / noise.square().mean()))


def _check_mix(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    sound = 0.5 * torch.sin(torch.arange(4000) / 7)  # a power of 1/8
    noise = 3 * torch.randn(4000, generator=generator)
    given = as_floats(answer(sound.clone(), noise.clone(), 10.0))
    expect(given.shape == (4000,), f"return a sound (4000,), as given; got {tuple(given.shape)}")
    added = given - sound.double()
    expect(added.abs().max() > 1e-6, "the sound came back as it was: no noise was added")
    alike = (given @ noise.double()) / (given.norm() * noise.norm().double())
    expect(alike < 0.999, "this is the noise alone; add it to the sound")
    got = _ratio_db(sound.double(), added)
    to_unit_sound = 10 * math.log10(0.125)  # what is lost if the sound is taken for one of power 1
    told = {
        20.0: "the noise is 20 dB below the sound, not 10: 10 dB are a factor of 10 in *power*, "
        "and power goes with the square of the amplitude",
        5.0: "the noise is 5 dB below the sound, not 10: you have taken the root twice",
        -10.0: "the noise is 10 dB *above* the sound: the more decibels, the less noise",
        10.0 + to_unit_sound: "the level of the sound does not enter: its power here is 1/8, not 1",
        10.0 - 20 * math.log10(3): "the noise enters with the level that it came with: bring it to "
        "the wanted power, whatever it had",
    }
    for value, mistake in told.items():
        expect(abs(got - value) > 0.15, mistake)
    expect(
        abs(got - 10) < 0.01,
        "10 log10 of the power of the sound over that of the added noise is to be 10; "
        f"got {got:.3g}",
    )
    offset = noise + 4
    got = _ratio_db(sound.double(), as_floats(answer(sound.clone(), offset, 10.0)) - sound)
    expect(
        abs(got - 10) < 0.01,
        "the power is the mean of the squares; the variance leaves out what a constant offset adds",
    )


def _mixes() -> Iterable[tuple[Tensor, Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for snr_db in (0.0, 30.0, -20.0, 3.5):
        sound, noise = torch.randn(2, 500, generator=generator)
        yield 5 * sound, noise.abs() + 0.1, snr_db


def late_fusion(log_p: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
    total = torch.zeros_like(next(iter(log_p.values())))
    for name, values in log_p.items():
        there = present.get(name, torch.ones(len(values), dtype=torch.bool))
        total = total + torch.where(there[:, None], values, 0.0)
    return total.log_softmax(dim=1)


def _check_late(answer: Callable[..., Tensor]) -> None:
    # Classes 1, 7 and 9, as by hand on the page: 0.6, 0.16, 0.24.
    image = torch.tensor([[0.5, 0.4, 0.1]] * 3).log()
    audio = torch.tensor([[0.3, 0.1, 0.6]] * 3).log()
    image[2], audio[1:] = math.nan, math.nan
    log_p = {"image": image, "audio": audio}
    present = {
        "image": torch.tensor([True, True, False]),
        "audio": torch.tensor([True, False, False]),
    }
    got = as_floats(answer(log_p, present))
    expect(got.shape == (3, 3), f"return (examples, classes), here (3, 3); got {tuple(got.shape)}")
    expect(
        not got.isnan().any(),
        "a placeholder, which may be NaN, reaches the sum; 0 × NaN is NaN: use `torch.where`",
    )
    first, second, third = got.exp()
    whole = torch.tensor([0.6, 0.16, 0.24]).double()
    expect(
        not are_close(first, torch.tensor([0.15, 0.04, 0.06])),
        "0.15, 0.04 and 0.06 are the products; divide by their sum, so that they become "
        "probabilities",
    )
    expect(
        not are_close(first, torch.tensor([0.4, 0.25, 0.35])),
        "the probabilities were averaged; two independent witnesses multiply them",
    )
    expect(
        not are_close(first, whole.sqrt() / whole.sqrt().sum()),
        "the logarithms are added, not averaged: two that agree are surer than one",
    )
    expect(
        not are_close(got[0], whole),
        "these are probabilities; return their logarithms",
    )
    expect(
        are_close(first, whole),
        "0.5, 0.4, 0.1 and 0.3, 0.1, 0.6 make 0.6, 0.16, 0.24; got "
        + ", ".join(f"{p:.3g}" for p in first.tolist()),
    )
    expect(
        are_close(second, torch.tensor([0.5, 0.4, 0.1])),
        "without the sound, the answer is that of the image",
    )
    expect(
        are_close(third, torch.full((3,), 1 / 3)),
        "with neither, all classes are equally probable: nothing was seen and nothing heard",
    )
    alone = as_floats(answer({"audio": torch.tensor([[0.3, 0.1, 0.6]]).log()}, {}))
    expect(
        are_close(alone.exp(), torch.tensor([[0.3, 0.1, 0.6]])),
        "a modality without an entry in `present` is there",
    )


def _late_cases() -> Iterable[tuple[Any, ...]]:
    generator = torch.Generator().manual_seed(2)
    for count in (1, 2, 3):
        names = ["image", "audio", "text"][:count]
        log_p = {n: torch.randn(6, 10, generator=generator).log_softmax(dim=1) for n in names}
        mask = torch.rand(6, generator=generator) < 0.5
        yield log_p, {names[-1]: mask}
        yield log_p, {}


def share_right_with_a_useless_voice() -> float:
    """Measure how often the sum of a good and of a useless number has the right sign."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(2, (200_000,), generator=generator) * 2.0 - 1
    noise = torch.randn(2, 200_000, generator=generator)
    image, audio = targets + noise[0], noise[1]
    return float(((2 * image + 2 * audio > 0) == (targets > 0)).double().mean())


def predict_the_sum() -> float:
    # Signal 1, noise √2: Φ(1 / √2).
    return 0.76


def _check_prediction(answer: Any) -> str:
    no_harm = (
        "That would be right if a useless voice did no harm. But the sum cannot know that it is "
        "useless: its noise is added at full weight."
    )
    return compare_prediction(
        "7.1.d",
        answer,
        share_right_with_a_useless_voice,
        right_within=0.015,
        mistakes={
            0.84: no_harm,
            0.8413: no_harm,
            0.92: "That is what two good numbers give; of these two, one is only noise.",
            0.5: "The image still tells: the sum is the class plus noise of two sources.",
            0.67: "The mean of 0.84 and 0.5 is what you get by trusting one of the two, chosen by "
            "a coin. A sum does better: a sure image outvotes the noise.",
        },
        otherwise="The class adds 1, as before, and the noise of both has the standard deviation "
        "√2. How often is a normal number below 1/√2?",
        highest=1,
    )


MIXES = ("right", "amplitude for power", "sign turned round", "silence counted")
_MIXES = {"A": MIXES[3], "B": MIXES[2], "C": MIXES[0], "D": MIXES[1]}
CLAIMED_DB = 10.0


def four_mixes() -> dict[str, tuple[Tensor, Tensor]]:
    """Make four noisy sounds that all claim an SNR of 10 dB, while the word lasts.

    Returns:
        Name → the word alone, with silence around it, and the same with noise; both
        `(8000,)`, one second.
    """
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name, kind in _MIXES.items():
        word = torch.zeros(8000)
        pitch = 150 + 100 * torch.rand(1, generator=generator)
        times = torch.arange(2000) / 8000
        tones = [torch.sin(2 * math.pi * n * pitch * times) / n for n in (1, 2, 3, 5)]
        word[3000:5000] = torch.hann_window(2000) * torch.stack(tones).sum(dim=0)
        noise = torch.randn(8000, generator=generator)
        power = word[3000:5000].square().mean()
        if kind == "silence counted":
            power = word.square().mean()
        exponent = {"amplitude for power": -10, "sign turned round": 20}.get(kind, -20)
        gain = power.sqrt() / noise.square().mean().sqrt() * 10 ** (CLAIMED_DB / exponent)
        made[name] = (word, word + gain * noise)
    return made


def name_the_mixes() -> dict[str, str]:
    return {
        # 16 dB while the word lasts: it fills a quarter of the second, and 10 log10(4) is 6.
        "A": "silence counted",
        # −10 dB.
        "B": "sign turned round",
        # 10 dB.
        "C": "right",
        # 20 dB: ten times less amplitude is a hundred times less power.
        "D": "amplitude for power",
    }


_SOUNDS_LIKE = {
    "right": "then the power of the word, while it lasts, is 10 times that of the noise",
    "amplitude for power": "then the noise has a tenth of the amplitude, a hundredth of the power",
    "sign turned round": "then the noise has more power than the word",
    "silence counted": "then the mean power of the whole second, of which the word fills a "
    "quarter, is 10 times that of the noise",
}


def _check_mixes(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_MIXES),
        "give a dict with a verdict for each of A, B, C and D",
    )
    for name, verdict in found.items():
        expect(verdict in MIXES, f"{name}: choose one of {', '.join(MIXES)}; got {verdict!r}")
    twice = [verdict for verdict in MIXES if list(found.values()).count(verdict) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, verdict in sorted(found.items()):
        expect(
            verdict == _MIXES[name], f"{name} is not {verdict}: {_SOUNDS_LIKE[verdict]}; measure it"
        )


EXERCISES = {
    "7.1.a": Exercise(
        check=_check_agreement,
        is_value=True,
        solution=agreement,
        hints=(
            "There are two ways in which both can say 3. Which?",
            "Both are right with probability 0.8 · 0.8. Both err and meet at one certain digit "
            "with probability 0.2/9 · 0.2/9.",
            "Any of nine digits may be the true one if both err. Compare 0.64 with nine times "
            "that small number, and divide.",
        ),
        praise="Errors that are spread over many digits seldom agree, so agreement tells much.",
        kind="derive",
    ),
    "7.1.b": Exercise(
        check=_check_mix,
        solution=mix,
        hints=(
            "First find the power that the noise should have. What do 10 dB say of two powers?",
            "The power of the noise is to be that of the sound, divided by 10 ** (snr_db / 10).",
            "The noise has some power already. Multiply it by the root of wanted over present "
            "power, since power goes with the square of the amplitude.",
        ),
        praise="Power, not amplitude; and whatever level the two came with does not matter.",
        kind="write",
        cases=_mixes,
    ),
    "7.1.c": Exercise(
        check=_check_late,
        solution=late_fusion,
        hints=(
            "Begin with zeros, and add what each modality says where it is there.",
            "`torch.where(there[:, None], values, 0.0)` adds nothing where a modality is missing; "
            "a product with the mask would let a NaN through.",
            "The sum is no logarithm of probabilities yet: subtract from each row what makes its "
            "exponentials add up to 1. torch has one function for that.",
        ),
        praise="A missing witness says nothing, and a sum needs no more than that.",
        kind="write",
        cases=_late_cases,
    ),
    "7.1.d": Exercise(
        check=_check_prediction,
        is_value=True,
        solution=predict_the_sum,
        hints=(
            "What does the sum of the two numbers consist of, now that one is only noise?",
            "The class contributes +1 or −1, the two noises add up to one of variance 2.",
            "The sum has the right sign if a normal number of standard deviation √2 is below 1. "
            "For a standard deviation of 1, that would be 84 %.",
        ),
        praise="A witness who does not know that it knows nothing makes the sum worse than the "
        "image alone.",
        kind="predict",
    ),
    "7.1.e": Exercise(
        check=_check_mixes,
        is_value=True,
        solution=name_the_mixes,
        hints=(
            "Subtract the word from the mix: what is left is the noise.",
            "Take the power of the word where it is not 0, and compare it with that of the noise, "
            "in decibels.",
            "You should find about 16, −10, 10 and 20 dB. A factor of 4 is 6 dB.",
        ),
        praise="A stated SNR can be measured, if somebody says over which stretch and in what.",
        kind="diagnose",
    ),
}


QUIZ = (
    Question(
        "Why is it right, on this page, to add the log-probabilities of the two networks?",
        (
            Answer(
                "Given the digit, picture and recording were drawn apart, so nothing counts twice.",
                "Their errors are independent given the digit, and then probabilities multiply.",
                right=True,
            ),
            Answer(
                "Both networks were trained on the same digits, so that their answers are "
                "comparable.",
                "Networks that are trained on one event may err together; then a sum counts the "
                "same evidence twice.",
            ),
            Answer(
                "Logarithms make large and small probabilities alike, so neither dominates.",
                "A sum of logarithms lets the surer network dominate, and that is its purpose.",
            ),
        ),
    ),
    Question(
        "One paper reports 88 % on AV-MNIST, another one 72 % on AV-MNIST. What follows?",
        (
            Answer(
                "The first method is better, as both tests hold the same 10,000 pictures of MNIST.",
                "The pictures were blurred to different degrees, and the sounds are others.",
            ),
            Answer(
                "Nothing about the methods, before the sets are known to be the same.",
                "A third set with this name gives 98 % to a plain network, because it is not "
                "blurred.",
                right=True,
            ),
            Answer(
                "The second test is more honest, since a low accuracy shows that nothing leaks.",
                "A low accuracy shows that data are hard, or spoiled; a leak is another matter.",
            ),
        ),
    ),
    Question(
        "On the official split, all six voices of the test also speak in training. What does its "
        "accuracy tell about a seventh person?",
        (
            Answer(
                "The same, as no recording is in two parts, so each test clip is new to it.",
                "The clip is new, but the voice is not, and a network may rely on it.",
            ),
            Answer(
                "An upper limit at best: for a voice that it has not heard, it may fall far below.",
                "Leave out one speaker at a time, and ask the same clips once more.",
                right=True,
            ),
            Answer(
                "Too little, since six voices are harder to tell apart than a single new one.",
                "It needs the word and not the voice; a new voice says the word in a new way.",
            ),
        ),
    ),
)
