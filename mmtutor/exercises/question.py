"""Questions of a page's quiz, and how they are shown: without a script, so in any viewer."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

_CODE = re.compile("`([^`]+)`")
_LETTERS = "ABCDEF"


@dataclass(frozen=True)
class Answer:
    """One answer to a question.

    Args:
        text: the answer.
        why: what makes it right or wrong.
        right: whether it is the right one.
    """

    text: str
    why: str
    right: bool = False

    @property
    def verdict(self) -> str:
        """What an opened answer says."""
        return f"{'Right.' if self.right else 'Not quite.'} {self.why}"


@dataclass(frozen=True)
class Question:
    """A question with answers, one of which is right."""

    text: str
    answers: tuple[Answer, ...]

    @property
    def key(self) -> str:
        """The right letter and its reason, as on the last lines of a printed quiz."""
        right = [answer.right for answer in self.answers].index(True)
        return f"{_LETTERS[right]}. {self.answers[right].why}"


def with_code(text: str) -> str:
    """Return text as HTML, with what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def quiz_as_html(page: str, questions: Sequence[Question]) -> str:
    """Return a quiz whose answers open one by one; the key at its end is for print only.

    `book/_static/book.css` shows the key on paper, and hides what has been opened.
    """
    groups = "".join(
        _group(f"quiz-{page.replace('.', '-')}-{i}", i, question)
        for i, question in enumerate(questions, start=1)
    )
    keys = "".join(f"<li>{with_code(question.key)}</li>" for question in questions)
    return (
        f'<div class="quiz" role="group" aria-label="Quiz of page {page}">{groups}'
        f'<div class="quiz-key" hidden><p>Answers</p><ol>{keys}</ol></div></div>'
    )


def _group(name: str, i: int, question: Question) -> str:
    answers = "".join(
        f"<details><summary>{letter}. {with_code(answer.text)}</summary>"
        f"<p>{with_code(answer.verdict)}</p></details>"
        for letter, answer in zip(_LETTERS, question.answers, strict=False)
    )
    return (
        f'<div class="quiz-question" role="group" aria-labelledby="{name}">'
        f'<p id="{name}"><strong>{i}.</strong> {with_code(question.text)}</p>{answers}</div>'
    )


def quiz_as_text(questions: Sequence[Question]) -> str:
    """Return a quiz for viewers without HTML: the questions, then the answers."""
    blocks = [
        "\n".join(
            [
                f"{i}. {question.text}",
                *(
                    f"   {letter}. {answer.text}"
                    for letter, answer in zip(_LETTERS, question.answers, strict=False)
                ),
            ]
        )
        for i, question in enumerate(questions, start=1)
    ]
    keys = [f"{i}. {question.key}" for i, question in enumerate(questions, start=1)]
    return "\n\n".join([*blocks, "\n".join(["Answers", *keys])])
