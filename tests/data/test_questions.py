"""Questions about two digits: the grammar, the balance of the answers, and the data."""

import re
from collections import Counter, defaultdict
from fractions import Fraction

import pytest
import torch

from mmtutor.data import SPLITS, Image, decode_text, scans
from mmtutor.data.digits.dialogues import dialogue_grammar
from mmtutor.data.digits.grammar import ANSWERS, GRAMMARS, Case, Grammar
from mmtutor.data.digits.questions import QUESTIONS, question_grammar, questions


def draws(scene, generator):
    """A renderer that shows nothing but what its generator draws."""
    return torch.rand(len(scene.labels), 1, dtype=torch.float64, generator=generator)


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def understood(text, left, right):
    """Answer a question from its words alone, without the tables of the package."""
    said = words(text)
    side = next((word for word in said if word in ("left", "right")), None)
    digit = {"left": left, "right": right, None: None}[side]
    for parity in ("even", "odd"):
        if parity in said:
            return "yes" if ("even", "odd")[digit % 2] == parity else "no"
    if "equal" in said or "different" in said:
        return "yes" if (left == right) == ("equal" in said) else "no"
    for relation, wanted in (("larger", max(left, right)), ("smaller", min(left, right))):
        if relation in said and ("or" in said or said[0] in ("which", "on", "where")):
            return "left" if left == wanted else "right"
        if relation in said:
            return "yes" if digit == wanted else "no"
    if {"sum", "add", "together"} & set(said):
        return str(left + right)
    return str(digit)


def shares(cases, *fields):
    """Return the probability of each answer, for each value of the fields."""
    found = defaultdict(Counter)
    for case in cases:
        found[tuple(getattr(case, field) for field in fields)][case.answer] += case.probability
    return found


def texts_of(grammar):
    return {case.text for case in question_grammar(grammar).cases}


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_every_answer_is_what_the_words_ask_for(grammar):
    for case in question_grammar(grammar).cases:
        assert case.answer == understood(case.text, case.left, case.right), case


def test_there_are_23_answers_and_each_is_right_somewhere():
    assert len(ANSWERS) == 23
    for grammar in ("seen", "unseen"):
        assert {case.answer for case in question_grammar(grammar).cases} == set(ANSWERS)


def test_no_unseen_wording_is_seen_but_all_of_its_words_are():
    seen, unseen = texts_of("seen"), texts_of("unseen")
    # Three to five wordings times the ways to fill them: 1, 2 or 4 for each kind.
    assert (len(seen), len(unseen)) == (4 * (2 + 1 + 2 + 4 + 2 + 4), 3 * (2 + 1 + 2 + 4 + 2 + 4))
    assert not seen & unseen
    assert set().union(*map(words, unseen)) <= set().union(*map(words, seen))


def test_a_text_belongs_to_one_kind():
    cases = question_grammar("seen").cases + question_grammar("unseen").cases
    kinds = defaultdict(set)
    for case in cases:
        kinds[case.text].add(case.kind)
    assert all(len(found) == 1 for found in kinds.values())


def test_the_longest_question_has_61_bytes_of_64():
    assert max(len(text) for text in texts_of("seen") | texts_of("unseen")) == 61


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_the_ceilings_are_exact(grammar):
    ceiling = question_grammar(grammar).ceiling
    # Six kinds: a digit and a sum are guessed one time in ten, the others every second time.
    assert ceiling("text") == ceiling("kind") == (2 * Fraction(1, 10) + 4 * Fraction(1, 2)) / 6
    # Three of six kinds have half yes.
    assert ceiling() == Fraction(1, 4)
    # Of an equal pair (.1, .1, .1 and .5 of four kinds) half of .1 + .5 are yes. Of an unequal
    # one, half of .9 + .5 + 1; but if one digit is 0, the other is also the sum: .9 + .9 / 2 of
    # its share, and a fifth of these pairs have a 0.
    equal = Fraction(6, 20) / 6
    unequal = (Fraction(4, 5) * Fraction(24, 20) + Fraction(1, 5) * Fraction(27, 20)) / 6
    assert ceiling("left", "right") == equal + unequal == Fraction(51, 200)
    assert ceiling("left", "right", "text") == 1


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_no_picture_tells_yes_from_no_nor_left_from_right(grammar):
    by_pair = shares(question_grammar(grammar).cases, "left", "right", "kind")
    for (left, right, kind), answers in by_pair.items():
        if kind in ("parity", "equality", "comparison"):
            assert answers["yes"] == answers["no"], (left, right, kind)
        if kind == "side":
            assert answers["left"] == answers["right"], (left, right, kind)


def test_each_question_about_truth_or_side_has_both_answers_alike_often():
    for (text, kind), answers in shares(question_grammar().cases, "text", "kind").items():
        if kind in ("side", "parity", "equality", "comparison"):
            assert len(set(answers.values())) == 1 and len(answers) == 2, text


def test_the_draws_follow_the_grammar():
    blank = Image(canvas=8, occlusion=1.0)
    data = questions("train", image=blank, renderings=10)
    kinds = data.metadata["kind"].bincount() / 7760
    assert (kinds - 1 / 6).abs().max() < 3 * (5 / 36 / 7760) ** 0.5
    best = {
        text: max(found, key=found.get)
        for (text,), found in shares(question_grammar().cases, "text").items()
    }
    guesses = [ANSWERS.index(best[text]) for text in decode_text(data.inputs["text"])]
    right = (torch.tensor(guesses) == data.targets).float().mean().item()
    assert right == pytest.approx(11 / 30, abs=3 * (11 / 30 * 19 / 30 / 7760) ** 0.5)
    asked = data.metadata["kind"] == list(QUESTIONS).index("equality")
    equal = (data.metadata["left"] == data.metadata["right"])[asked].float().mean().item()
    assert equal == pytest.approx(0.5, abs=3 * (0.25 / asked.sum().item()) ** 0.5)


@pytest.mark.parametrize("grammar", ["seen", "unseen"])
def test_the_answers_fit_the_texts_and_the_pictures(grammar):
    every = scans()
    data = questions("test", grammar=grammar, image=Image(canvas=8))
    left, right = data.metadata["left"], data.metadata["right"]
    shown = torch.cat(
        [every.pixels[data.metadata[f"scan_{side}"]] for side in ("left", "right")], dim=-1
    )
    assert torch.equal(data.inputs["image"][:, 0], shown)
    assert torch.equal(every.labels[data.metadata["scan_left"]], left)
    assert torch.equal(every.labels[data.metadata["scan_right"]], right)
    expected = map(understood, decode_text(data.inputs["text"]), left.tolist(), right.tolist())
    assert [data.classes[target] for target in data.targets.tolist()] == list(expected)
    assert set(decode_text(data.inputs["text"])) == texts_of(grammar)


def test_the_tensors_have_the_shapes_and_types_of_the_book():
    data = questions("validation")
    assert (data.inputs["image"].dtype, data.inputs["image"].shape) == (
        torch.float32,
        (253, 1, 16, 32),
    )
    assert (data.inputs["text"].dtype, data.inputs["text"].shape) == (torch.int64, (253, 64))
    assert data.classes == ANSWERS
    assert data.about.title == "Questions about two handwritten digits"


def test_both_scans_are_from_the_split():
    forms = scans().forms
    for split, own in SPLITS.items():
        data = questions(split)
        for side in ("left", "right"):
            assert set(forms[data.metadata[f"scan_{side}"]].tolist()) == set(own)
        assert not torch.equal(data.metadata["scan_left"], data.metadata["scan_right"])


def test_the_two_grammars_and_the_two_halves_share_no_draw():
    drawn = [
        set(
            questions("validation", grammar=grammar, image=draws).inputs["image"].flatten().tolist()
        )
        for grammar in ("seen", "unseen")
    ]
    assert len(drawn[0] | drawn[1]) == 2 * 2 * 253


def test_the_same_seed_gives_the_same_bits_and_more_renderings_come_behind():
    noisy = Image(canvas=12, shift=2, noise=0.2)
    once, again, twice, other = (
        questions("validation", image=noisy, **more)
        for more in ({}, {}, {"renderings": 2}, {"seed": 1})
    )
    for name in ("image", "text"):
        assert torch.equal(once.inputs[name], again.inputs[name])
        assert torch.equal(once.inputs[name], twice.inputs[name][:253])
        assert not torch.equal(once.inputs[name], twice.inputs[name][253:])
        assert not torch.equal(once.inputs[name], other.inputs[name])
    assert torch.equal(once.targets, twice.targets[:253])


def test_the_halves_of_a_picture_are_rendered_apart():
    clean = questions("validation", image=Image(canvas=8)).inputs["image"]
    noise = questions("validation", image=Image(canvas=8, noise=0.01)).inputs["image"] - clean
    left, right = (part[(0.2 < clean) & (clean < 0.8)] for part in (noise, noise.roll(8, dims=-1)))
    assert left.std().item() == pytest.approx(0.01, abs=0.001)
    assert abs(torch.corrcoef(torch.stack((left, right)))[0, 1]) < 0.1


@pytest.mark.parametrize("grammar", [question_grammar, dialogue_grammar])
@pytest.mark.parametrize("name", GRAMMARS)
def test_the_probabilities_of_all_cases_sum_to_1(grammar, name):
    assert sum(case.probability for case in grammar(name).cases) == 1


def test_draws_are_as_likely_as_their_cases():
    cases = [Case(Fraction(n, 6), n, n, "digit", "?", str(n)) for n in (1, 2, 3)]
    drawn = Grammar(cases).draw(6000, torch.Generator().manual_seed(0))
    counts = Counter(case.left for case in drawn)
    for n in (1, 2, 3):
        assert abs(counts[n] - 1000 * n) < 3 * (6000 * n / 6 * (1 - n / 6)) ** 0.5


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
        questions(**arguments)


def test_an_unknown_grammar_is_refused():
    with pytest.raises(ValueError, match="unknown grammar 'new'; choose from seen, unseen"):
        question_grammar("new")
