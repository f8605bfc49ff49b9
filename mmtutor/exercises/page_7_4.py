"""Exercises of page 7.4, Sentiment from words, voice and face."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.question import Answer, Question


def accuracy_of_guessing() -> float:
    positive, answered_positive = 0.62, 0.70
    return positive * answered_positive + (1 - positive) * (1 - answered_positive)


_GUESSES = {
    0.434: "0.62 × 0.70 are the positive ones that it gets; the negative ones count too",
    0.62: "0.62 is right for whoever always answers positive; this one does so in 70 of 100",
    0.70: "0.70 is how often it answers positive, not how often that is right",
    0.5: "a coin is right in half of all cases; this one favors the more frequent class",
    0.114: "0.38 × 0.30 are the negative ones that it gets; the positive ones count too",
    54.8: "give a share from 0 to 1, not a percentage",
}


def _check_guessing(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.shape == (), "give one number")
    for value, mistake in _GUESSES.items():
        expect(not are_close(given, value), mistake)
    expect(
        torch.isclose(given, torch.tensor(0.548).double(), atol=0.003),
        f"add what is right among the positive and among the negative ones; got {given:.3f}",
    )


def hold_out_videos(videos: Tensor, count: int, generator: torch.Generator) -> Tensor:
    names = videos.unique()
    drawn = names[torch.randperm(len(names), generator=generator)[:count]]
    return torch.isin(videos, drawn)


def _check_hold_out(answer: Callable[[Tensor, int, torch.Generator], Tensor]) -> None:
    # Twelve videos of unequal length, with gaps between their numbers, in no order.
    names = torch.tensor([2, 3, 5, 11, 20, 21, 22, 40, 41, 57, 70, 88])
    videos = names.repeat_interleave(torch.tensor([4, 9, 1, 6, 3, 12, 2, 5, 7, 8, 10, 3]))
    videos = videos[torch.randperm(len(videos), generator=torch.Generator().manual_seed(0))]

    def drawn(seed: int, count: int = 4) -> Tensor:
        return answer(videos.clone(), count, torch.Generator().manual_seed(seed))

    mask = drawn(1)
    expect(
        isinstance(mask, Tensor) and mask.dtype == torch.bool and mask.shape == videos.shape,
        "return a bool tensor with one entry for each utterance, True if it is held out",
    )
    held, kept = set(videos[mask].tolist()), set(videos[~mask].tolist())
    expect(not held & kept, "a video has utterances on both sides: draw videos, not utterances")
    expect(held, "nothing is held out; the numbers of the videos have gaps, and do not begin at 0")
    expect(len(held) != 8, "8 of 12 videos are held out, 4 were asked for: is the mask inverted?")
    expect(len(held) == 4, f"4 videos were to be held out; got {len(held)}")
    expect(torch.equal(mask, drawn(1)), "two generators of one seed must give the same split")
    masks = torch.stack([drawn(seed) for seed in range(100)])
    expect(len(masks.unique(dim=0)) > 1, "it is the same split for every generator: draw with it")
    shares = torch.stack([masks[:, videos == name][:, 0].float().mean() for name in names])
    expect(
        (shares > 0.1).all() and (shares < 0.6).all(),
        "each video should be as likely as any other to be held out, whatever its length",
    )


def late_fusion(
    log_odds: Mapping[str, Tensor], present: Mapping[str, Tensor], prior: float
) -> Tensor:
    total = torch.full_like(next(iter(log_odds.values())), prior)
    for name, y in log_odds.items():
        there = present.get(name, torch.ones_like(y, dtype=torch.bool))
        total = total + torch.where(there, y - prior, 0.0)
    return total


def _check_late(answer: Callable[..., Tensor]) -> None:
    # The training classes are 3 : 1, and every network's odds contain that.
    prior = math.log(3)
    log_odds = {
        "text": torch.tensor([12.0, 12.0, 1.0]).log(),
        "audio": torch.tensor([1.5, 1.5, 1.0]).log(),
        "video": torch.tensor([6.0, 6.0, 1.0]).log(),
    }
    log_odds["video"][1:] = math.nan
    present = {name: torch.tensor([True, True, False]) for name in ("text", "audio")}
    present["video"] = torch.tensor([True, False, False])
    got = as_floats(answer(log_odds, present, prior)).float()
    expect(got.shape == (3,), f"return one number for each example, (3,); got {tuple(got.shape)}")
    expect(
        not got.isnan().any(),
        "a placeholder, which may be NaN, reaches the sum; 0 × NaN is NaN: use `torch.where`",
    )
    first, second, third = got.tolist()
    expect(
        not math.isclose(first, math.log(108), abs_tol=1e-3),
        "3 : 1 is counted three times, once by each network: each may add only what it knows "
        "beyond it",
    )
    expect(
        not math.isclose(first, math.log(108) / 3, abs_tol=1e-3),
        "the log-odds are added, not averaged: two that agree are surer than one",
    )
    expect(
        math.isclose(first, math.log(12), abs_tol=1e-3),
        "odds of 12, 1.5 and 6 at 3 : 1 are 3 · (12/3) · (1.5/3) · (6/3) = 12; "
        f"got {math.exp(min(first, 20)):.4g}",
    )
    expect(
        not math.isclose(second, math.log(2), abs_tol=1e-3),
        "where one of three is missing, the prior is taken off once, not twice",
    )
    expect(
        math.isclose(second, math.log(6), abs_tol=1e-3),
        f"without the video, 3 · (12/3) · (1.5/3) = 6; got {math.exp(min(second, 20)):.4g}",
    )
    expect(
        math.isclose(third, prior, abs_tol=1e-3),
        "with no modality at all, what remains is the prior, 3 : 1",
    )
    whole = as_floats(answer({"text": torch.zeros(2)}, {}, 0.0))
    expect(are_close(whole, torch.zeros(2)), "a modality without an entry in `present` is there")


VERDICTS = ("sound", "shows the speaker", "saw the labels", "one class only")
_SETS = {"A": "shows the speaker", "B": "one class only", "C": "saw the labels", "D": "sound"}
_MEASURES = ("at random", "by video", "new videos")


def four_features() -> dict[str, dict[str, list[float]]]:
    """Make four sets of features of one corpus, and measure a linear classifier on each.

    Returns:
        Set → measure → its value in each of three draws of the corpus.
    """
    return {
        name: {
            measure: [_measure(kind, seed)[i] for seed in range(3)]
            for i, measure in enumerate(_MEASURES)
        }
        for name, kind in _SETS.items()
    }


def _measure(kind: str, seed: int) -> tuple[float, float, float]:
    """Return the accuracy on utterances held out at random, by video, and of 40 new videos."""
    generator = torch.Generator().manual_seed(seed)
    videos = torch.arange(100).repeat_interleave(20)  # 20 utterances each; the last 40 are new
    leaning = torch.where(torch.arange(100) % 2 == 0, 0.28, 0.96)  # 0.62 on average
    targets = (torch.rand(2000, generator=generator) < leaning[videos]).double()
    signs, x = 2 * targets - 1, torch.randn(2000, 60, generator=generator, dtype=torch.double)
    speakers = torch.randn(100, 60, generator=generator, dtype=torch.double)
    if kind == "shows the speaker":
        x = 0.5 * x + speakers[videos]
    elif kind == "saw the labels":
        x[:, 0] += torch.where(videos < 60, 1.8, 0.12) * signs
    elif kind == "sound":
        x[:, 0] += 0.95 * signs
    else:
        x = 0 * x
    z = torch.cat([x, torch.ones(2000, 1, dtype=torch.double)], dim=1)
    ridge = 10 * torch.eye(61, dtype=torch.double)

    def score(train: Tensor, test: Tensor) -> float:
        weights = torch.linalg.solve(z[train].T @ z[train] + ridge, z[train].T @ signs[train])
        return ((z[test] @ weights > 0) == (targets[test] == 1)).double().mean().item()

    def cross_validated(groups: Tensor) -> float:
        """Hold out each fifth of the groups in turn, each group as a whole."""
        fold = torch.randperm(int(groups.max()) + 1, generator=generator)[groups] % 5
        pairs = [((fold != i).nonzero()[:, 0], (fold == i).nonzero()[:, 0]) for i in range(5)]
        return sum(score(train, test) for train, test in pairs) / 5

    known, new = torch.arange(1200), torch.arange(1200, 2000)
    return cross_validated(known), cross_validated(videos[:1200]), score(known, new)


def name_the_features() -> dict[str, str]:
    return {
        # Good where other utterances of the same video were seen, and only there.
        "A": "shows the speaker",
        # The share of the positive ones, whatever is held out.
        "B": "one class only",
        # Good even on whole videos held out, if their labels were seen when it was made.
        "C": "saw the labels",
        # The same everywhere.
        "D": "sound",
    }


_SIGNS = {
    "sound": "sound features give about the same everywhere, and more than the frequent class",
    "shows the speaker": "where the speaker shows, utterances held out at random look easy, and "
    "whole videos held out do not",
    "saw the labels": "features that saw the labels look easy on all held-out training data, by "
    "video too, and fall on new videos only",
    "one class only": "whoever always answers positive is right on the share of the positive "
    "ones, 0.62, however it is held out",
}


def _check_features(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    _expect_verdicts(found, _SETS, VERDICTS)
    for name, verdict in sorted(found.items()):
        expect(verdict == _SETS[name], f"{name} does not look like that: {_SIGNS[verdict]}")


CLAIMS = ("helps on new videos", "harms on new videos", "helps on these videos only", "open")
_GAINS = {
    "A": {"seeds": (-0.011, 0.002, 0.015), "videos": (-0.029, 0.003, 0.035)},
    "B": {"seeds": (0.012, 0.018, 0.024), "videos": (-0.009, 0.016, 0.041)},
    "C": {"seeds": (0.024, 0.033, 0.042), "videos": (0.008, 0.031, 0.054)},
    "D": {"seeds": (-0.038, -0.030, -0.022), "videos": (-0.055, -0.032, -0.009)},
}


def four_gains() -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return made-up gains of four fusions over the best single modality.

    Returns:
        Fusion → `"seeds"` or `"videos"`, over which the interval is taken → its lower end, its
        mean and its upper end.
    """
    return {name: dict(gains) for name, gains in _GAINS.items()}


def read_the_gains() -> dict[str, str]:
    return {
        # Neither interval keeps clear of 0.
        "A": "open",
        # Other seeds would give it too, other videos perhaps not.
        "B": "helps on these videos only",
        # Both intervals lie on one side of 0: above, and below.
        "C": "helps on new videos",
        "D": "harms on new videos",
    }


def _check_gains(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    _expect_verdicts(found, _GAINS, CLAIMS)
    for name, claim in sorted(found.items()):
        (low, _, high), (seeds, _, _) = _GAINS[name]["videos"], _GAINS[name]["seeds"]
        if claim == "helps on new videos":
            expect(low > 0, f"{name}: its interval over videos does not lie above 0")
        elif claim == "harms on new videos":
            expect(high < 0, f"{name}: its interval over videos does not lie below 0")
        elif claim == "helps on these videos only":
            expect(
                seeds > 0, f"{name}: more seeds could turn it, for their interval is not above 0"
            )
            expect(low <= 0, f"{name}: other videos would give it too, as the lower row says")
        else:
            expect(seeds <= 0 and high > 0, f"{name} is not open: an interval lies beside 0")


def _expect_verdicts(found: Any, names: Collection[str], verdicts: Sequence[str]) -> None:
    """Expect a dict that gives each name one of the verdicts, and each verdict once."""
    expect(
        isinstance(found, dict) and set(found) == set(names),
        "give a dict with a verdict for each of A, B, C and D",
    )
    for name, verdict in found.items():
        expect(verdict in verdicts, f"{name}: choose one of {', '.join(verdicts)}; got {verdict!r}")
    twice = [verdict for verdict in verdicts if list(found.values()).count(verdict) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")


EXERCISES = {
    "7.4.a": Exercise(
        check=_check_guessing,
        is_value=True,
        solution=accuracy_of_guessing,
        hints=(
            "Take 100 utterances: how many are positive, and how many of these get the answer "
            "positive?",
            "It answers without looking, so 70 % of the positive and 70 % of the negative ones "
            "are called positive.",
            "Two kinds of utterances are right: positive ones called positive, negative ones "
            "called negative. Add the two shares.",
        ),
        praise="Leaning towards the frequent class without looking costs less than half of all "
        "answers, and still loses to always giving it.",
        kind="derive",
    ),
    "7.4.b": Exercise(
        check=_check_hold_out,
        solution=hold_out_videos,
        hints=(
            "What is drawn at random is a video. Which tensor has each video once?",
            "`videos.unique()`, of which `torch.randperm(…, generator=generator)` picks some.",
            "You have the numbers of the drawn videos, and want to know for each utterance "
            "whether its video is among them: `torch.isin`.",
        ),
        praise="Whatever belongs together, a video, a speaker, a patient, goes to one side.",
        kind="write",
    ),
    "7.4.c": Exercise(
        check=_check_late,
        solution=late_fusion,
        hints=(
            "Begin with what you would say without any modality.",
            "What a network knows beyond that is its log-odds minus the prior.",
            "Where a modality is missing, `torch.where(there, …, 0.0)` adds nothing; a product "
            "with the mask would let a NaN through.",
        ),
        praise="The prior counts once, and every modality adds its evidence if it is there.",
        kind="write",
    ),
    "7.4.d": Exercise(
        check=_check_features,
        is_value=True,
        solution=name_the_features,
        hints=(
            "Compare two bars at a time: at random with by video, and by video with new videos.",
            "Which leak survives when whole videos are held out, and which does not?",
            "Two sets have three bars of one height. One of the two heights is the share of the "
            "positive utterances.",
        ),
        praise="Two splits and new data tell the leaks apart.",
        kind="diagnose",
    ),
    "7.4.e": Exercise(
        check=_check_gains,
        is_value=True,
        solution=read_the_gains,
        hints=(
            "Which luck does each of the two rows contain, and which does it leave out?",
            "The row over videos decides what may be said of new videos; the row over seeds, "
            "whether training once more would give it again.",
            "For two of the fusions both rows lie on one side of 0. Of the two others, one has a "
            "row on one side of 0.",
        ),
        praise="More seeds make the upper row narrow. Only more videos make the lower one narrow.",
        kind="read",
    ),
}


QUIZ = (
    Question(
        "Whole training videos were held out. There the features of the face gave about nine "
        "right answers in ten, and on the test videos about five. Why?",
        (
            Answer(
                "The network was trained too long, and has learned its training videos by heart.",
                "It never saw the videos that were held out, and it did well on these.",
            ),
            Answer(
                "Their features were made by a network that had seen the labels of these videos.",
                "Holding videos out came too late: the labels had entered the features before.",
                right=True,
            ),
            Answer(
                "The speakers in the test videos have faces that are harder to read than others.",
                "Nothing speaks for that; a logistic regression falls as far, and so does text.",
            ),
        ),
    ),
    Question(
        "On a test set with 62 % positive utterances, a network is right on 56 %. What follows?",
        (
            Answer(
                "It has learned nothing, since the constant answer is right more often than it.",
                "If its classes were balanced in training, it may know a little: look at both "
                "classes apart.",
            ),
            Answer(
                "It has learned something, because a coin would be right on 50 % of them only.",
                "A network that leans to positive without looking gets more than 50 % as well.",
            ),
            Answer(
                "Neither, before its share of right answers is known for each class apart.",
                "The mean of the two shares is 50 % for every guess, whichever class it prefers.",
                right=True,
            ),
        ),
    ),
    Question(
        "Modality dropout has shown the network training examples without text. Why does it "
        "still lose to the constant answer when the text is missing in the test?",
        (
            Answer(
                "It teaches to use what is there, and what is there says little about new videos.",
                "No training brings back information that the other two do not have.",
                right=True,
            ),
            Answer(
                "A probability of 0.3 is too low, since the text was seldom missing in training.",
                "It was missing in nearly every third example, hundreds of times in each epoch.",
            ),
            Answer(
                "The fusion fills what is missing with zeros, which the network takes for words.",
                "The fusions are told what is missing, in the training with dropout as in use.",
            ),
        ),
    ),
)
