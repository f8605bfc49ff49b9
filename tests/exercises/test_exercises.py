import importlib
import json
import pkgutil
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtutor import exercises, seed_everything
from mmtutor.exercises.exercise import Exercise, is_untouched
from tests.exercises import answers

ANSWERS = {
    number: answer
    for module in pkgutil.iter_modules(answers.__path__, "tests.exercises.answers.")
    if module.name.startswith("tests.exercises.answers.page_")
    for number, answer in importlib.import_module(module.name).ANSWERS.items()
}
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WRONG = [(number, message) for number in ANSWERS for message in ANSWERS[number].wrong]


def printed(capsys: pytest.CaptureFixture[str], number: str, answer: object) -> str:
    exercises.check(number, answer)
    return capsys.readouterr().out


def test_every_exercise_has_answers_to_try() -> None:
    assert exercises.numbers() == sorted(ANSWERS)


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_the_solution_and_another_right_answer_pass(number: str, capsys) -> None:
    for answer in (exercises.find(number).solution, ANSWERS[number].right):
        assert printed(capsys, number, answer).startswith(f"✓ {number}: right.")


@pytest.mark.parametrize(("number", "message"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(number: str, message: str, capsys) -> None:
    text = printed(capsys, number, ANSWERS[number].wrong[message])
    assert text.startswith(f"✗ {number}: ")
    assert message in text
    assert "stopped with" not in text


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_at_least_three_mistakes_are_told_apart(number: str, capsys) -> None:
    told = {printed(capsys, number, answer) for answer in ANSWERS[number].wrong.values()}
    assert len(told) == len(ANSWERS[number].wrong) >= 3


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_a_stub_is_not_an_attempt(number: str, capsys) -> None:
    def stub(*anything): ...

    assert printed(capsys, number, stub) == f"{number}: not attempted yet\n"
    assert printed(capsys, number, ...) == f"{number}: not attempted yet\n"


def test_what_counts_as_untouched() -> None:
    def with_docstring(x):
        """Do something."""

    def with_pass(x):
        pass

    def returns_dots(x):
        return ...

    assert all(map(is_untouched, [with_docstring, with_pass, returns_dots]))
    assert not any(map(is_untouched, [lambda x: x, lambda x: 0, len, 3, None]))


def test_an_answer_that_raises_is_reported_and_not_thrown(capsys) -> None:
    text = printed(capsys, "2.1.a", lambda i, o, s: 1 / 0)
    assert text == "✗ 2.1.a: your code stopped with ZeroDivisionError: division by zero\n"


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_a_forgotten_return_is_told(number: str, capsys) -> None:
    def forgets(*anything):
        "".join([])

    text = printed(capsys, number, forgets)
    assert text == f"✗ {number}: your function returns None: is a `return` missing?\n"


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, AttributeError, TypeError])
def test_an_answer_may_raise_anything(capsys, error: type[Exception]) -> None:
    def raises(in_channels, out_channels, stride):
        raise error("no")

    told = f"✗ 2.1.a: your code stopped with {error.__name__}: {error('no')}\n"
    assert printed(capsys, "2.1.a", raises) == told


def draw() -> tuple[float, float, float]:
    return random.random(), np.random.rand(), torch.rand(()).item()


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_checking_draws_no_global_random_number(number: str) -> None:
    def restless(*anything):
        draw()
        raise ValueError

    for answer in (exercises.find(number).solution, ANSWERS[number].right, restless):
        seed_everything(0)
        expected = draw()
        seed_everything(0)
        exercises.check(number, answer)
        assert draw() == expected


def test_an_unknown_number_lists_the_exercises() -> None:
    with pytest.raises(KeyError, match="no exercise '9.9.z'; there are 1.2.a, 1.2.b"):
        exercises.check("9.9.z", ...)


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_hints_and_solution_are_folded_away(number: str, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(exercises, "display", lambda data, raw: shown.append(data))
    exercises.hint(number)
    exercises.solution(number)
    assert len(shown) == 4
    assert all(data["text/html"].startswith("<details><summary>") for data in shown)
    assert "def " in shown[-1]["text/plain"]


def test_hints_and_solutions_show_their_signs_as_text(monkeypatch) -> None:
    def smaller(a, b):
        return a < b and "<br>"

    hints = ("is `a < b & c`?", "<b>no</b>", "x > y")
    exercise = Exercise(check=print, solution=smaller, hints=hints, praise="")
    shown = []
    monkeypatch.setattr(exercises, "find", lambda number: exercise)
    monkeypatch.setattr(exercises, "display", lambda data, raw: shown.append(data["text/html"]))
    exercises.hint("9.9.<z>")
    exercises.solution("9.9.z")
    first, second, third, solved = shown
    assert "<summary>Hint 1 for 9.9.&lt;z&gt;</summary>" in first
    assert "<p>is <code>a &lt; b &amp; c</code>?</p>" in first
    assert "<p>&lt;b&gt;no&lt;/b&gt;</p>" in second
    assert "<p>x &gt; y</p>" in third
    assert "return a &lt; b and &quot;&lt;br&gt;&quot;</pre>" in solved


def test_every_exercise_stands_on_its_page() -> None:
    for number in exercises.numbers():
        part, page, _ = number.split(".")
        (path,) = NOTEBOOKS.glob(f"{part}-{page}-*.ipynb")
        cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
        text = "\n".join(cells)
        assert f"### Exercise {number} · " in text
        for call in ("check", "hint", "solution"):
            assert re.search(rf'exercises\.{call}\("{re.escape(number)}"', text), (number, call)
