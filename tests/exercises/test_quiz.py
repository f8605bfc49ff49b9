import json
from itertools import chain
from pathlib import Path

import pytest

from mmtutor import exercises
from mmtutor.exercises.question import (
    Answer,
    Question,
    quiz_as_html,
    quiz_as_text,
    with_code,
)

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
QUIZZES = exercises.quizzes()
TWO = (
    Question("Is `a < b`?", (Answer("Yes.", "It is.", right=True), Answer("No.", "Look & see."))),
    Question("And <b>?", (Answer("No.", "It is not."), Answer("Yes.", "So it is.", right=True))),
)


def place(question: Question) -> int:
    return [answer.right for answer in question.answers].index(True)


@pytest.mark.parametrize("page", QUIZZES)
def test_a_quiz_has_three_questions_with_one_right_answer_each(page: str) -> None:
    assert len(QUIZZES[page]) == 3
    for question in QUIZZES[page]:
        assert len(question.answers) >= 3
        assert sum(answer.right for answer in question.answers) == 1


@pytest.mark.parametrize("page", QUIZZES)
def test_every_answer_is_explained_by_a_sentence_of_its_own(page: str) -> None:
    answers = list(chain.from_iterable(question.answers for question in QUIZZES[page]))
    assert len({answer.why for answer in answers}) == len(answers)
    for answer in answers:
        assert len(answer.why.split()) >= 8
        assert answer.why.endswith((".", "`"))
        assert not answer.text.startswith(("Right", "Not quite"))


@pytest.mark.parametrize("page", QUIZZES)
def test_neither_place_nor_length_betrays_the_right_answer(page: str) -> None:
    assert len({place(question) for question in QUIZZES[page]}) > 1
    longest = [
        max(range(len(q.answers)), key=lambda i, q=q: len(q.answers[i].text)) == place(q)
        for q in QUIZZES[page]
    ]
    assert sum(longest) <= 1


def test_a_quiz_is_shown_as_markup_and_as_text(monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(exercises, "display", lambda data, raw: shown.append(data))
    exercises.quiz("2.1")
    assert shown == [
        {
            "text/html": quiz_as_html("2.1", QUIZZES["2.1"]),
            "text/plain": quiz_as_text(QUIZZES["2.1"]),
        }
    ]


def test_a_page_without_a_quiz_is_told_which_have_one() -> None:
    with pytest.raises(KeyError, match="no quiz for page '9.9'; there are 1.2"):
        exercises.quiz("9.9")


def test_answers_open_one_by_one_and_the_key_is_hidden() -> None:
    markup = quiz_as_html("9.9", TWO)
    assert markup.startswith('<div class="quiz" role="group" aria-label="Quiz of page 9.9">')
    assert '<p id="quiz-9-9-1"><strong>1.</strong> Is <code>a &lt; b</code>?</p>' in markup
    assert "<details><summary>A. Yes.</summary><p>Right. It is.</p></details>" in markup
    assert "<summary>B. No.</summary><p>Not quite. Look &amp; see.</p>" in markup
    assert '<div class="quiz-key" hidden><p>Answers</p><ol><li>A. It is.</li>' in markup
    assert "And &lt;b&gt;?" in markup


def test_as_text_the_answers_come_last() -> None:
    assert quiz_as_text(TWO) == (
        "1. Is `a < b`?\n   A. Yes.\n   B. No.\n\n"
        "2. And <b>?\n   A. No.\n   B. Yes.\n\n"
        "Answers\n1. A. It is.\n2. B. So it is."
    )


def test_code_is_marked_and_signs_stay_signs() -> None:
    assert with_code("`x < y` & z") == "<code>x &lt; y</code> &amp; z"


@pytest.mark.parametrize("page", QUIZZES)
def test_a_quiz_stands_on_its_page(page: str) -> None:
    (path,) = NOTEBOOKS.glob(f"{page.replace('.', '-')}-*.ipynb")
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    assert f'exercises.quiz("{page}")' in cells
