"""Dialogues about a picture of two digits, whose last question needs the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.digits import grammar as rules
from mmtutor.data.digits.grammar import Case, Grammar, Slots, yes_no
from mmtutor.data.digits.pairs import PICTURE, asked
from mmtutor.data.digits.questions import QUESTIONS, Kind
from mmtutor.data.digits.scene import Renderer
from mmtutor.data.words import DIGIT_WORDS

DIALOGUE_LENGTH = 128  # ids; the longest dialogue has 122 bytes
OPENINGS = ("digit", "side", "parity")  # the kinds of the first question


class Topic(NamedTuple):
    """What a follow-up can refer to.

    Attributes:
        it: the digit that the first turn is about.
        other: the digit on the other side.
        again: the answer to the first question about the other side, if it names a side.
    """

    it: int
    other: int
    again: str


@dataclass(frozen=True, kw_only=True)
class FollowUp(Kind):
    """A kind of elliptical question about a `Topic`; its openings and pairs are alike likely.

    Attributes:
        openings: the kinds of first question that it may follow.
    """

    openings: tuple[str, ...]


def _parity(topic: Topic, slots: Slots) -> str:
    return yes_no((topic.it % 2 == 0) == (slots["parity"] == "even"))


def _comparison(topic: Topic, slots: Slots) -> str:
    return yes_no((topic.it > topic.other) == (slots["relation"] == "larger"))


def _double(topic: Topic, slots: Slots) -> str:
    return str(2 * (topic.it if slots["referent"] == "it" else topic.other))


# The pairs are such that the answer would be another one if "it" were the other digit.
FOLLOW_UPS: dict[str, FollowUp] = {
    "name": FollowUp(
        answer=lambda topic, slots: str(topic.it),
        openings=("side", "parity"),
        pairs=rules.UNEQUAL,
        slots=rules.filled(),
        seen=("Which digit is it?", "What digit is it?", "And which digit is it?", "Name it."),
        unseen=("What is it?", "And what digit is it?", "Name the digit."),
    ),
    "other": FollowUp(
        answer=lambda topic, slots: topic.again,
        openings=("digit", "parity"),
        pairs=rules.UNEQUAL,
        slots=rules.filled(),
        seen=(
            "And on the other side?",
            "And the other one?",
            "What about the other side?",
            "And what about the other digit?",
        ),
        unseen=("What about the other one?", "And the other side?", "And the other digit?"),
    ),
    "parity": FollowUp(
        answer=_parity,
        openings=("digit", "side"),
        pairs=rules.OF_TWO_PARITIES,
        slots=rules.filled(parity=("even", "odd")),
        seen=("Is it {parity}?", "Is it an {parity} digit?", "Is this digit {parity}?"),
        unseen=("Is this an {parity} digit?", "Is this one {parity}?"),
    ),
    "comparison": FollowUp(
        answer=_comparison,
        openings=("digit", "parity"),
        pairs=rules.UNEQUAL,
        slots=rules.filled(relation=("larger", "smaller")),
        seen=(
            "Is it {relation} than the other one?",
            "Is it the {relation} one?",
            "Is it the {relation} digit?",
        ),
        unseen=("Is it {relation} than the other digit?", "Is this the {relation} one?"),
    ),
    "double": FollowUp(
        answer=_double,
        openings=OPENINGS,
        pairs=rules.UNEQUAL,
        slots=rules.filled(referent=("it", "the other one")),
        seen=(
            "Double {referent}.",
            "Take {referent} twice.",
            "What is {referent} times two?",
            "What do you get if you double {referent}?",
        ),
        unseen=("Take {referent} times two.", "What do you get if you take {referent} twice?"),
    ),
}


def dialogues(
    split: str = "train",
    *,
    grammar: str = "seen",
    context: bool = True,
    image: Renderer = PICTURE,
    seed: int = 0,
    renderings: int = 1,
) -> MultimodalDataset:
    """Return pictures of two digits, a dialogue about each, and its last answer as the target.

    The `"image"` shows two scans side by side, float32 `(examples, 1, canvas, 2 * canvas)`; the
    `"text"` is like `"Q: Which digit is on the left? A: Seven. Q: And on the other side?"`, int64
    `(examples, 128)`, as `encode_text` gives. The first question is one of `questions`, about a
    digit, the side of the larger or smaller one, or whether one is even or odd; its answer is
    true. The second is elliptical: which digit "it" is, whether it is even or odd, larger or
    smaller, what twice it or the other one is; or what the first would be about the other side.

    With the same picture and the same last question, other first turns have other answers, each
    as often as the others: "it" is the left digit as often as the right, and "And the other
    one?" asks for a digit as often as for yes or no. `dialogue_grammar` says how far one gets
    without the first turn or without the picture.

    The unseen grammar asks the same in other wordings, in both turns. None of them is in the
    training split, but all of their words are.

    The metadata are the digits `"left"` and `"right"`, the rows of their scans in the file,
    `"scan_left"` and `"scan_right"`, the `"opening"`, an index into `OPENINGS`, and the `"kind"`
    of the last question, an index into `list(FOLLOW_UPS)`.

    Without `context`, the text is the last question alone, and all else is the same. The other
    arguments, and what is wrong with them, are as for `questions`.
    """
    rules.check_grammar(grammar, split)
    return asked(
        dialogue_grammar(grammar),
        split,
        image=image,
        seed=seed,
        renderings=renderings,
        name=f"dialogues/{grammar}",
        title="Dialogues about two handwritten digits",
        labels={"opening": OPENINGS, "kind": tuple(FOLLOW_UPS)},
        length=DIALOGUE_LENGTH,
        context=context,
    )


@cache
def dialogue_grammar(grammar: str = "seen") -> Grammar:
    """Return all that `dialogues` can draw, to compute how far a part of it leads.

    `dialogue_grammar().ceiling("left", "right", "text")` is the best accuracy without the first
    turn, 9/20: half for each kind of question, but a quarter for "And the other one?". That
    without the picture, `ceiling("context", "text")`, is 311/675; it is 1 only where the first
    turn names the digit and the second asks for its parity or its double. They are exact for
    what is drawn from, and the same in both grammars; a finite data set is a little off.

    Args:
        grammar: one of `GRAMMARS`.
    """
    check_known("grammar", grammar, rules.GRAMMARS)
    return Grammar(case for kind in FOLLOW_UPS for case in _cases(kind, grammar))


def _cases(name: str, grammar: str) -> Iterator[Case]:
    kind = FOLLOW_UPS[name]
    wordings: tuple[str, ...] = getattr(kind, grammar)
    last = [(f"Q: {text.format(**slots)}", slots) for slots in kind.slots for text in wordings]
    share = Fraction(1, len(FOLLOW_UPS) * len(kind.openings) * len(last))
    for opening in kind.openings:
        for (left, right), probability in kind.pairs.items():
            first = list(_first_turns(opening, {"left": left, "right": right}, grammar))
            likely = probability * share / len(first)
            for context, topic in first:
                for text, slots in last:
                    answer = kind.answer(topic, slots)
                    yield Case(likely, left, right, name, text, answer, context, opening)


def _first_turns(opening: str, digits: rules.Digits, grammar: str) -> Iterator[tuple[str, Topic]]:
    """Yield each wording of a first question with its answer, and what follow-ups refer to."""
    question = QUESTIONS[opening]
    for slots in question.slots:
        answer = question.answer(digits, slots)
        side = slots.get("side", answer)
        (other,) = set(digits) - {side}
        again = question.answer(digits, {**slots, "side": other})
        spoken = DIGIT_WORDS["english"][int(answer)] if answer.isdecimal() else answer
        topic = Topic(digits[side], digits[other], again)
        for wording in getattr(question, grammar):
            yield f"Q: {wording.format(**slots)} A: {spoken.capitalize()}. ", topic
