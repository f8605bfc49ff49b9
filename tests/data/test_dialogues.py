"""Dialogues whose last question needs the first turn."""

import re
from collections import Counter, defaultdict
from fractions import Fraction

import pytest
import torch

from mmtutor.data import DIGIT_WORDS, SPLITS, Image, decode_text, scans
from mmtutor.data.digits.dialogues import FOLLOW_UPS, OPENINGS, dialogue_grammar, dialogues
from mmtutor.data.digits.grammar import ANSWERS, Grammar
from mmtutor.data.digits.questions import question_grammar

TURNS = re.compile(r"(?P<context>Q: (?P<first>.+?) A: (?P<said>\w+)\. )(?P<last>Q: .+)")


def draws(scene, generator):
    """A renderer that shows nothing but what its generator draws."""
    return torch.rand(len(scene.labels), 1, dtype=torch.float64, generator=generator)


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def understood(text, left, right):
    """Answer a dialogue from its words alone, without the tables of the package."""
    turns = TURNS.fullmatch(text)
    first, said, last = words(turns["first"]), turns["said"].lower(), words(turns["last"])[1:]
    sides = [word for word in first if word in ("left", "right")]
    # A side that is the answer is the topic; otherwise the question names it.
    left_is_it = (said if said in ("left", "right") else sides[0]) == "left"
    it, other = (left, right) if left_is_it else (right, left)
    for parity in {"even", "odd"} & set(last):
        return "yes" if ("even", "odd")[it % 2] == parity else "no"
    if "larger" in last or "smaller" in last:
        return "yes" if (it > other) == ("larger" in last) else "no"
    if {"double", "twice", "times"} & set(last):
        return str(2 * (other if "other" in last else it))
    if "other" in last:
        for parity in {"even", "odd"} & set(first):
            return "yes" if ("even", "odd")[other % 2] == parity else "no"
        return str(other)
    return str(it)


def ceilings(cases, *known):
    """Return the exact accuracy of the best answer for each opening and kind, by counting."""
    tallies = defaultdict(lambda: defaultdict(Counter))
    for case in cases:
        facts = tuple(getattr(case, field) for field in known)
        tallies[case.opening, case.kind][facts][case.answer] += case.probability
    return {
        place: sum(max(t.values()) for t in facts.values()) / sum(t.total() for t in facts.values())
        for place, facts in tallies.items()
    }


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_every_answer_is_what_the_words_ask_for(grammar):
    for case in dialogue_grammar(grammar).cases[::7]:
        assert case.answer == understood(case.context + case.text, case.left, case.right), case


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_the_first_turn_is_one_of_the_questions_with_its_answer(grammar):
    spoken = {str(digit): word for digit, word in enumerate(DIGIT_WORDS["english"])}
    truth = {
        (case.left, case.right, case.text): spoken.get(case.answer, case.answer)
        for case in question_grammar(grammar).cases
        if case.kind in OPENINGS
    }
    for case in dialogue_grammar(grammar).cases[::7]:
        turn = TURNS.fullmatch(case.context + case.text)
        assert truth[case.left, case.right, turn["first"]] == turn["said"].lower()
        assert turn["said"].istitle()


def test_no_unseen_wording_is_seen_but_all_of_its_words_are():
    turns = {}
    for grammar in ("seen", "unseen"):
        cases = dialogue_grammar(grammar).cases
        first = {TURNS.fullmatch(case.context + case.text)["first"] for case in cases}
        turns[grammar] = (first, {case.text for case in cases})
    for seen, unseen in zip(turns["seen"], turns["unseen"], strict=True):
        assert not seen & unseen
        assert set().union(*map(words, unseen)) <= set().union(*map(words, seen))


def test_the_longest_dialogue_has_122_bytes_of_128():
    every = [case for name in ("seen", "unseen") for case in dialogue_grammar(name).cases]
    assert max(len(case.context + case.text) for case in every) == 122


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_without_the_first_turn_the_picture_leaves_a_balanced_choice(grammar):
    answers = defaultdict(Counter)
    for case in dialogue_grammar(grammar).cases:
        answers[case.left, case.right, case.text, case.kind][case.answer] += case.probability
    for (*_, kind), shares in answers.items():
        assert len(shares) == (4 if kind == "other" else 2)
        assert len(set(shares.values())) == 1


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_the_ceilings_are_exact(grammar):
    ceiling = dialogue_grammar(grammar).ceiling
    half, tenth = Fraction(1, 2), Fraction(1, 10)
    # The kinds in order: name, other, parity, comparison, double.
    assert ceiling("left", "right", "text") == (half + half / 2 + half + half + half) / 5
    assert ceiling("text") == (tenth + half / 2 + half + half + tenth) / 5
    assert ceiling("context", "text") == Fraction(311, 675)
    assert ceiling("left", "right", "context", "text") == 1
    assert ceiling() == Fraction(1, 4)


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_without_the_picture_the_dialogue_seldom_suffices(grammar):
    assert ceilings(dialogue_grammar(grammar).cases, "context", "text") == {
        # The larger of two digits is 9 for 18 of 90 pairs, the smaller one 0.
        ("side", "name"): Fraction(1, 5),
        ("parity", "name"): Fraction(1, 5),
        ("digit", "other"): Fraction(1, 9),
        # 5 of the 9 other digits have the other parity.
        ("parity", "other"): Fraction(5, 9),
        ("digit", "parity"): 1,
        # The larger of an even and an odd digit is odd for 15 of 25 pairs.
        ("side", "parity"): Fraction(3, 5),
        # Of the 9 other digits, d are below d: (9 + 8 + 7 + 6 + 5) * 2 / 90.
        ("digit", "comparison"): Fraction(7, 9),
        ("parity", "comparison"): Fraction(5, 9),
        # Twice "it" is known; twice the other one is one of nine.
        ("digit", "double"): Fraction(5, 9),
        ("side", "double"): Fraction(1, 5),
        # Twice "it" is one of five; of the 9 other digits, each is alike likely for one parity.
        ("parity", "double"): Fraction(7, 45),
    }


def test_the_draws_follow_the_grammar():
    blank = Image(canvas=8, occlusion=1.0)
    data = dialogues("train", image=blank, renderings=10)
    for name, allowed in (("kind", FOLLOW_UPS), ("opening", OPENINGS)):
        assert data.metadata[name].unique().tolist() == list(range(len(allowed)))
    kinds = data.metadata["kind"].bincount() / 7760
    assert (kinds - 1 / 5).abs().max() < 3 * (4 / 25 / 7760) ** 0.5
    # The best guess from the picture and the last question; any of the alike likely ones is.
    guesses = {(c.left, c.right, c.text): c.answer for c in dialogue_grammar().cases}
    last = decode_text(dialogues("train", image=blank, context=False, renderings=10).inputs["text"])
    seen = zip(data.metadata["left"].tolist(), data.metadata["right"].tolist(), last, strict=True)
    guessed = torch.tensor([ANSWERS.index(guesses[facts]) for facts in seen])
    right = (guessed == data.targets).float().mean().item()
    assert right == pytest.approx(9 / 20, abs=3 * (0.45 * 0.55 / 7760) ** 0.5)


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_the_answers_fit_the_texts_and_the_pictures(grammar):
    every = scans()
    data = dialogues("test", grammar=grammar, image=Image(canvas=8))
    left, right = data.metadata["left"], data.metadata["right"]
    shown = torch.cat(
        [every.pixels[data.metadata[f"scan_{side}"]] for side in ("left", "right")], dim=-1
    )
    assert torch.equal(data.inputs["image"][:, 0], shown)
    assert torch.equal(every.labels[data.metadata["scan_left"]], left)
    assert torch.equal(every.labels[data.metadata["scan_right"]], right)
    expected = map(understood, decode_text(data.inputs["text"]), left.tolist(), right.tolist())
    assert [data.classes[target] for target in data.targets.tolist()] == list(expected)


def test_without_the_context_only_the_text_is_shorter():
    whole, last = (dialogues("validation", context=context) for context in (True, False))
    assert torch.equal(whole.inputs["image"], last.inputs["image"])
    assert torch.equal(whole.targets, last.targets)
    assert all(torch.equal(x, last.metadata[name]) for name, x in whole.metadata.items())
    turns = [TURNS.fullmatch(text)["last"] for text in decode_text(whole.inputs["text"])]
    assert decode_text(last.inputs["text"]) == turns
    assert last.inputs["text"].shape == whole.inputs["text"].shape == (253, 128)


def test_both_scans_are_from_the_split():
    forms = scans().forms
    for split, own in SPLITS.items():
        data = dialogues(split)
        for side in ("left", "right"):
            assert set(forms[data.metadata[f"scan_{side}"]].tolist()) == set(own)


def test_the_two_grammars_and_the_two_halves_share_no_draw():
    drawn = [
        set(
            dialogues("validation", grammar=grammar, image=draws).inputs["image"].flatten().tolist()
        )
        for grammar in ("seen", "unseen")
    ]
    assert len(drawn[0] | drawn[1]) == 2 * 2 * 253


def test_the_same_seed_gives_the_same_bits_and_more_renderings_come_behind():
    noisy = Image(canvas=12, shift=2, noise=0.2)
    once, again, twice, other = (
        dialogues("validation", image=noisy, **more)
        for more in ({}, {}, {"renderings": 2}, {"seed": 1})
    )
    for name in ("image", "text"):
        assert torch.equal(once.inputs[name], again.inputs[name])
        assert torch.equal(once.inputs[name], twice.inputs[name][:253])
        assert not torch.equal(once.inputs[name], twice.inputs[name][253:])
        assert not torch.equal(once.inputs[name], other.inputs[name])
    assert torch.equal(once.targets, twice.targets[:253])
    assert (once.classes, once.about.license) == (ANSWERS, "CC BY 4.0")


def test_the_ceiling_counts_the_likeliest_answer_to_what_is_known():
    cases = dialogue_grammar().cases
    chosen = [case for case in cases if (case.opening, case.kind) == ("digit", "other")]
    total = sum(case.probability for case in chosen)
    part = Grammar(case._replace(probability=case.probability / total) for case in chosen)
    assert part.ceiling("context", "text") == Fraction(1, 9)
    assert part.ceiling("left", "right") == Fraction(1, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "split 'dev'; choose from train, validation, test"),
        ({"split": "test", "grammar": "new"}, ValueError, "grammar 'new'; choose from seen, uns"),
        ({"grammar": "unseen"}, ValueError, "must not hold the unseen grammar, got split='train'"),
        ({"image": Image}, TypeError, r"needs a renderer, like Image\(\)"),
        ({"renderings": 0}, ValueError, "renderings must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        dialogues(**arguments)


def test_an_unknown_grammar_is_refused():
    with pytest.raises(ValueError, match="unknown grammar 'new'; choose from seen, unseen"):
        dialogue_grammar("new")
