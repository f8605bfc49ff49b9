import ast
import functools
import importlib
import inspect
import json
import pkgutil
import random
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmtutor import exercises, seed_everything
from mmtutor.exercises import prediction
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


@pytest.fixture(autouse=True)
def nothing_predicted_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_first", {})


def printed(capsys: pytest.CaptureFixture[str], number: str, answer: object) -> str:
    result = exercises.check(number, answer)
    out = capsys.readouterr().out
    assert out == f"{result.message}\n"
    assert result.number == number
    assert bool(result) == result.passed == out.startswith("✓")
    assert result.attempted != out.endswith("not attempted yet\n")
    return out


def written_anew(solution: Any) -> Any:
    """Return what does the same as a solution, and is not that solution."""
    if isinstance(solution, type):
        return type(
            solution.__name__,
            (solution,),
            {"forward": lambda self, x: self.run(x)} | {"run": solution.forward},
        )
    return functools.wraps(solution)(lambda *given: solution(*given))


def test_every_exercise_has_answers_to_try() -> None:
    assert exercises.numbers() == sorted(ANSWERS)


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_the_solution_and_another_right_answer_pass(number: str, capsys) -> None:
    solution = written_anew(exercises.find(number).solution)
    right = solution, ANSWERS[number].right, *ANSWERS[number].also_right
    for answer in right:
        assert printed(capsys, number, answer).startswith(f"✓ {number}: right.")


@pytest.mark.parametrize(("number", "message"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(number: str, message: str, capsys) -> None:
    text = printed(capsys, number, ANSWERS[number].wrong[message])
    assert text.startswith(f"✗ {number}: ")
    assert message in text
    assert "stopped with" not in text


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_at_least_four_mistakes_are_told_apart(number: str, capsys) -> None:
    told = {printed(capsys, number, answer) for answer in ANSWERS[number].wrong.values()}
    assert len(told) == len(ANSWERS[number].wrong) >= 4


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_at_least_two_right_answers_are_tried_besides_the_solution(number: str) -> None:
    assert len([ANSWERS[number].right, *ANSWERS[number].also_right]) >= 2


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

    class Stub:
        def __init__(self):
            self.x = 1

        def forward(self, x): ...

    class Written:
        def forward(self, x):
            return x

    assert all(map(is_untouched, [with_docstring, with_pass, returns_dots, Stub]))
    assert not any(map(is_untouched, [lambda x: x, lambda x: 0, len, 3, None, Written, int]))


def test_an_answer_that_raises_is_reported_and_not_thrown(capsys) -> None:
    text = printed(capsys, "2.1.a", lambda i, o, s: 1 / 0)
    assert text.startswith("✗ 2.1.a: your code stopped with ZeroDivisionError: division by zero (")


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

    told = f"✗ 2.1.a: your code stopped with {error.__name__}: {error('no')}"
    line = raises.__code__.co_firstlineno + 1
    where = f' (line {line}: `raise error("no")`)\n'
    assert printed(capsys, "2.1.a", raises) == told + where


def draw() -> tuple[float, float, float]:
    return random.random(), np.random.rand(), torch.rand(()).item()


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_checking_draws_no_global_random_number(number: str) -> None:
    def restless(*anything):
        draw()
        raise ValueError

    for answer in (ANSWERS[number].right, restless):
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


def with_check(monkeypatch, check) -> None:
    hints = ("", "", "")
    exercise = Exercise(check, len, hints, praise="Well.", kind="predict", is_value=True)
    monkeypatch.setattr(exercises, "find", lambda number: exercise)


def test_a_result_is_shown_only_beside_a_prediction(monkeypatch, capsys) -> None:
    runs = []

    def experiment() -> float:
        runs.append("run")
        return 0.25

    def check(answer):
        return prediction.compare_prediction(
            "9.9.z",
            answer,
            experiment,
            right_within=0.05,
            mistakes={0.5: "A half."},
            otherwise="No.",
            highest=1,
        )

    with_check(monkeypatch, check)
    assert printed(capsys, "9.9.z", ...) == "9.9.z: not attempted yet\n"
    for nothing in ("0.25", [1, 2], None, torch.ones(2)):
        assert "give one number" in printed(capsys, "9.9.z", nothing)
    assert "from 0 to 1; got 25" in printed(capsys, "9.9.z", 25)
    assert runs == []

    beside = "measured 0.25; right is what lies within ±0.05."
    assert printed(capsys, "9.9.z", 0.5) == f"✗ 9.9.z: Predicted 0.5, {beside} A half.\n"
    again = printed(capsys, "9.9.z", np.float64(0.28))
    was = "Your first prediction was 0.5."
    assert again == f"✓ 9.9.z: right. Predicted 0.28, {beside} {was} Well.\n"
    assert printed(capsys, "9.9.z", lambda: 0.9).endswith(f"{was} No.\n")


@pytest.mark.parametrize(("value", "right"), [(50, True), (200, True), (49, False), (0, False)])
def test_a_prediction_may_be_judged_by_its_size(value: float, right: bool, monkeypatch, capsys):
    def check(answer):
        return prediction.compare_prediction(
            "9.9.z",
            answer,
            lambda: 100.0,
            right_within=2,
            is_factor=True,
            mistakes={},
            otherwise="",
        )

    with_check(monkeypatch, check)
    text = printed(capsys, "9.9.z", value)
    assert text.startswith("✓" if right else "✗")
    assert "within a factor of 2" in text


MARKED = [number for number in ANSWERS if exercises.find(number).kind]


@pytest.mark.parametrize("number", MARKED)
def test_no_hint_is_the_solution(number: str) -> None:
    exercise = exercises.find(number)
    tree = ast.parse(textwrap.dedent(inspect.getsource(exercise.solution)))
    returned = [ast.unparse(x.value) for x in ast.walk(tree) if isinstance(x, ast.Return)]
    for value in returned:
        assert not any(value in hint for hint in exercise.hints if len(value) > 12)


def test_a_page_whose_exercises_have_kinds_has_four_of_them() -> None:
    kinds: dict[str, list[str]] = {}
    for number in MARKED:
        kinds.setdefault(number.rpartition(".")[0], []).append(exercises.find(number).kind)
    for page, each in kinds.items():
        assert len(each) == sum(number.startswith(f"{page}.") for number in ANSWERS) >= 5
        assert len(set(each)) >= 4, page


def test_every_exercise_stands_on_its_page() -> None:
    for number in exercises.numbers():
        part, page, _ = number.split(".")
        (path,) = NOTEBOOKS.glob(f"{part}-{page}-*.ipynb")
        cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
        text = "\n".join(cells)
        assert f"### Exercise {number} · " in text
        for call in ("check", "hint", "solution"):
            assert re.search(rf'exercises\.{call}\("{re.escape(number)}"', text), (number, call)
