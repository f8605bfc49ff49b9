"""Questions about a picture of two digits, and their answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.digits import grammar as rules
from mmtutor.data.digits.grammar import Case, Grammar, Slots, yes_no
from mmtutor.data.digits.pairs import PICTURE, asked
from mmtutor.data.digits.scene import Renderer

QUESTION_LENGTH = 64  # ids; the longest question has 61 bytes


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of question; its slots and its wordings are alike likely.

    Attributes:
        answer: what is right, given what it is about and what fills the slots.
        pairs: the digits that it is asked about.
        slots: each way to fill the wordings.
        seen: the ways to ask it in the grammar of that name.
        unseen: the other ways.
    """

    answer: Callable[[Any, Slots], str]
    pairs: rules.Pairs
    slots: tuple[Slots, ...]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


def _side(digits: rules.Digits, slots: Slots) -> str:
    pick = max if slots["relation"] == "larger" else min
    return pick(rules.SIDES, key=lambda side: digits[side])


def _parity(digits: rules.Digits, slots: Slots) -> str:
    return yes_no((digits[slots["side"]] % 2 == 0) == (slots["parity"] == "even"))


def _equality(digits: rules.Digits, slots: Slots) -> str:
    return yes_no((digits["left"] == digits["right"]) == (slots["equality"] == "equal"))


def _comparison(digits: rules.Digits, slots: Slots) -> str:
    return yes_no(_side(digits, slots) == slots["side"])


# Each question about truth is asked as often as its opposite, about the same pairs: even and
# odd, equal and different, larger and smaller. So no picture tells yes from no, or left from
# right, even where the pairs are chosen to make both answers common.
QUESTIONS: dict[str, Kind] = {
    "digit": Kind(
        answer=lambda digits, slots: str(digits[slots["side"]]),
        pairs=rules.ALL_PAIRS,
        slots=rules.filled(side=rules.SIDES),
        seen=(
            "Which digit is on the {side}?",
            "What digit do you see on the {side}?",
            "Name the digit on the {side} side.",
            "What does the {side} side show?",
        ),
        unseen=(
            "Which digit does the {side} side show?",
            "What is the {side} digit?",
            "Name the {side} digit.",
        ),
    ),
    "sum": Kind(
        answer=lambda digits, slots: str(sum(digits.values())),
        pairs=rules.ALL_PAIRS,
        slots=rules.filled(),
        seen=(
            "What is the sum of the two digits?",
            "What do the two digits add up to?",
            "Add the left digit and the right digit.",
            "How much are both digits together?",
        ),
        unseen=(
            "What is the sum of both digits?",
            "Add the two digits together.",
            "How much do the left and the right digit add up to?",
        ),
    ),
    "side": Kind(
        answer=_side,
        pairs=rules.UNEQUAL,
        slots=rules.filled(relation=("larger", "smaller")),
        seen=(
            "Which side shows the {relation} digit?",
            "On which side is the {relation} digit?",
            "Where do you see the {relation} digit?",
            "Is the {relation} digit on the left or on the right?",
        ),
        unseen=(
            "Where is the {relation} digit?",
            "Which side is the {relation} digit on?",
            "Do you see the {relation} digit on the left or on the right?",
        ),
    ),
    "parity": Kind(
        answer=_parity,
        pairs=rules.ALL_PAIRS,
        slots=rules.filled(side=rules.SIDES, parity=("even", "odd")),
        seen=(
            "Is the {side} digit {parity}?",
            "Is the digit on the {side} {parity}?",
            "Do you see an {parity} digit on the {side}?",
            "Does the {side} side show an {parity} digit?",
        ),
        unseen=(
            "Is the digit on the {side} side {parity}?",
            "Is an {parity} digit on the {side} side?",
            "Do you see an {parity} digit on the {side} side?",
        ),
    ),
    "equality": Kind(
        answer=_equality,
        pairs=rules.HALF_EQUAL,
        slots=rules.filled(equality=("equal", "different")),
        seen=(
            "Are the two digits {equality}?",
            "Are both digits {equality}?",
            "Do both sides show {equality} digits?",
            "Do you see two {equality} digits?",
        ),
        unseen=(
            "Do the two sides show {equality} digits?",
            "Are the left and the right digit {equality}?",
            "Do you see {equality} digits on both sides?",
        ),
    ),
    "comparison": Kind(
        answer=_comparison,
        pairs=rules.UNEQUAL,
        slots=rules.filled(side=rules.SIDES, relation=("larger", "smaller")),
        seen=(
            "Is the {side} digit {relation} than the {other} digit?",
            "Is the digit on the {side} {relation} than the digit on the {other}?",
            "Is the digit on the {side} side the {relation} one?",
            "Does the {side} side show the {relation} digit?",
        ),
        unseen=(
            "Is the {relation} digit on the {side}?",
            "Is the {side} digit the {relation} one?",
            "Do you see the {relation} digit on the {side} side?",
        ),
    ),
}


def questions(
    split: str = "train",
    *,
    grammar: str = "seen",
    image: Renderer = PICTURE,
    seed: int = 0,
    renderings: int = 1,
) -> MultimodalDataset:
    """Return pictures of two digits, a question about each, and the answer as the target.

    The `"image"` shows two scans side by side, float32 `(examples, 1, canvas, 2 * canvas)`; the
    `"text"` is a question, int64 `(examples, 64)`, as `encode_text` gives. The kinds of question
    are alike likely: a digit, the sum, the side of the larger or smaller digit, whether a digit
    is even or odd, whether the two are equal or different, whether one is the larger or the
    smaller. Half of the pairs are equal where that is asked, and none where one is to be larger.
    `question_grammar` says how far one gets without the picture or without the question.

    The unseen grammar asks the same in other wordings. None of them is in the training split,
    but all of their words are, in other questions of the same kind or of another.

    The metadata are the digits `"left"` and `"right"`, the rows of their scans in the file,
    `"scan_left"` and `"scan_right"`, and the `"kind"`, an index into `list(QUESTIONS)`.

    Args:
        split: one of those of `digits`; both scans are from it.
        grammar: `"seen"`, or `"unseen"` for validation and test.
        image: the renderer of each half, which draws apart from the other.
        seed: of everything that is drawn.
        renderings: the data set has this many times as many examples as the split has scans
            (776, 253, 768), the first ones those of `renderings=1`.

    Raises:
        TypeError: `image` is no renderer.
        ValueError: an unknown split or grammar, the unseen grammar for the training split, or
            `renderings` below 1.
    """
    rules.check_grammar(grammar, split)
    return asked(
        question_grammar(grammar),
        split,
        image=image,
        seed=seed,
        renderings=renderings,
        name=f"questions/{grammar}",
        title="Questions about two handwritten digits",
        labels={"kind": tuple(QUESTIONS)},
        length=QUESTION_LENGTH,
    )


@cache
def question_grammar(grammar: str = "seen") -> Grammar:
    """Return all that `questions` can draw, to compute how far a part of it leads.

    `question_grammar().ceiling("text")` is the best accuracy from the questions alone, 11/30;
    that from the digits alone, `ceiling("left", "right")`, is 51/200. They are exact for what
    is drawn from, and the same in both grammars; a finite data set is a little off.

    Args:
        grammar: one of `GRAMMARS`.
    """
    check_known("grammar", grammar, rules.GRAMMARS)
    return Grammar(case for kind in QUESTIONS for case in _cases(kind, grammar))


def _cases(name: str, grammar: str) -> Iterator[Case]:
    kind = QUESTIONS[name]
    wordings: tuple[str, ...] = getattr(kind, grammar)
    share = Fraction(1, len(QUESTIONS) * len(kind.slots) * len(wordings))
    for (left, right), probability in kind.pairs.items():
        likely = probability * share
        for slots in kind.slots:
            answer = kind.answer({"left": left, "right": right}, slots)
            for wording in wordings:
                yield Case(likely, left, right, name, wording.format(**slots), answer)
