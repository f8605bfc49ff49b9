"""A choice, as questions below one another."""

from collections.abc import Sequence

from IPython.display import HTML

from mmtutor.figures.svg import Picture

_WIDTH, _LEFT, _RIGHT = 340, 104, 285  # and the middles of questions and of answers
_ASKED, _ANSWERED, _LINE, _GAP = 196, 102, 17, 30  # widths, height of a line, way to the next


def decision(questions: Sequence[tuple[str, str]], last: str) -> HTML:
    """Return a diagram of questions: yes leads to an answer, no to the next question.

    Args:
        questions: question and what to do if yes, each in lines of at most 26 and 13 letters.
        last: what to do if no question was answered with yes.
    """
    picture = Picture(_WIDTH, 0, font=12)
    y = 4.0
    for asked, answer in questions:
        lines = max(len(asked.split("\n")), len(answer.split("\n")))
        high = _LINE * lines + 12
        _lines(picture, _LEFT, y, asked, "", _ASKED, high)
        _lines(picture, _RIGHT, y, answer, "joint", _ANSWERED, high)
        start, end = _LEFT + _ASKED / 2, _RIGHT - _ANSWERED / 2
        picture.arrow((start, y + high / 2), (end, y + high / 2))
        picture.text((start + end) / 2 - 2, y + high / 2 - 5, "yes", size=11)
        picture.arrow((_LEFT, y + high), (_LEFT, y + high + _GAP))
        picture.text(_LEFT + 8, y + high + _GAP / 2 + 3, "no", "start", size=11)
        y += high + _GAP
    high = _LINE * len(last.split("\n")) + 12
    _lines(picture, _LEFT, y, last, "joint", _ASKED, high)
    picture.height = round(y + high + 4)
    said = [f"{asked} If yes: {answer}. If no:" for asked, answer in questions]
    return HTML(picture.svg(" ".join([*said, f"{last}."]).replace("\n", " ")))


def _lines(
    picture: Picture, x: float, y: float, text: str, kind: str, width: float, high: float
) -> None:
    """Draw a box about x, from y downwards, with lines of text in its middle."""
    picture.box(x, y, "", kind, width, high)
    lines = text.split("\n")
    first = y + high / 2 - _LINE * (len(lines) - 1) / 2 + 4
    for number, line in enumerate(lines):
        picture.text(x, first + _LINE * number, line)
