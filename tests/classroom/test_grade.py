"""From a folder of notebooks to grades; what is graded again, and which assignment it is."""

import csv
import dataclasses
import json
from pathlib import Path

import nbformat
import pytest

from classroom import __main__ as commands
from classroom import answers, grade, grader, sandbox, source
from classroom.inbox import Entry
from classroom.scoring import SolutionError, nothing
from tests.classroom.small import SOURCE, notebook
from tests.classroom.walls import needs_sandbox

RELEASED = Path(__file__).resolve().parents[2] / "notebooks" / "assignments"


class Counting:
    """Stands in for the grader: gives no points, and counts."""

    def __init__(self) -> None:
        self.graded: list[str] = []
        self.failing = False

    def grade(self, entry: Entry):
        self.graded.append(entry.student)
        result = nothing(SOURCE, "counted")
        result.failed = self.failing
        return result


@pytest.fixture
def counting(monkeypatch) -> Counting:
    made = Counting()
    monkeypatch.setattr(grader, "prepare", lambda *arguments: made)
    return made


def entries(**files: bytes) -> list[Entry]:
    return [Entry(name, "", "", data) for name, data in files.items()]


def test_only_what_changed_is_graded_again(counting, tmp_path):
    def run(**files: bytes) -> int:
        counting.graded.clear()
        results, new = grade.grade_all(SOURCE, entries(**files), tmp_path, sandbox.without())
        assert list(results) == list(files)
        assert new == len(counting.graded)
        return new

    assert run(anna=b"1", ben=b"2") == 2
    assert run(anna=b"1", ben=b"2") == 0
    assert run(anna=b"1", ben=b"3", carla=b"2") == 2
    assert counting.graded == ["ben", "carla"] or counting.graded == ["carla", "ben"]


def test_what_the_grader_failed_on_is_tried_again(counting, tmp_path):
    counting.failing = True
    for _ in range(2):
        _, new = grade.grade_all(SOURCE, entries(anna=b"1"), tmp_path, sandbox.without())
        assert new == 1


def test_a_changed_assignment_is_graded_again():
    (anna,) = entries(anna=b"1")
    digests = {
        grader.digest(anna, SOURCE, "secret", 10),
        grader.digest(anna, SOURCE, "another", 10),
        grader.digest(anna, SOURCE, "secret", 20),
        grader.digest(anna, source.load(*source.find("2"), 0), "secret", 10),
    }
    assert len(digests) == 4


def test_a_failure_of_the_grader_does_not_stop_it(tmp_path):
    broken = grader.Grader(SOURCE, "secret", sandbox.without(), {}, limits=None)  # type: ignore[arg-type]
    result = broken.grade(Entry("anna", "", "", notebook()))
    assert result.failed
    assert "the grader failed" in result.notes[0]


def says(assignment: str, variant: int) -> bytes:
    return notebook([], mmtutor={"assignment": assignment, "variant": variant})


def test_most_notebooks_decide_the_assignment_and_its_variant():
    handed_in = entries(a=says("2", 1), b=says("2", 1), c=says("2", 0), d=says("9", 0), e=b"no")
    chosen = grade.choose(handed_in, None, None)
    assert (chosen.assignment, chosen.variant) == ("2", 1)
    assert grade.choose(handed_in, "2", 2).variant == 0


def test_where_no_notebook_says_it_the_teacher_must():
    with pytest.raises(source.SourceError, match="add --assignment 2"):
        grade.choose(entries(a=b"no", b=notebook([], mmtutor={})), None, None)
    assert grade.choose(entries(a=b"no"), "2", None).assignment == "2"


def solved(text: str, chosen) -> str:
    """Return a released notebook with the author's solutions."""
    solutions = {cell.grade_id: cell.code for cell in chosen.cells if cell.kind == "solution"}
    made = nbformat.reads(text, 4)
    for cell in made.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = solutions.get(grade_id, cell.source)
    return nbformat.writes(made)


@needs_sandbox()
@pytest.mark.slow
def test_a_released_notebook_solved_gets_all_points_and_untouched_none(tmp_path):
    (path,) = RELEASED.glob("2-*.ipynb")
    text = path.read_text(encoding="utf-8")
    variant = json.loads(text)["metadata"]["mmtutor"]["variant"]
    chosen = source.load(*source.find("2"), variant)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "untouched.ipynb").write_text(text, encoding="utf-8")
    (tmp_path / "in" / "solved.ipynb").write_text(solved(text, chosen), encoding="utf-8")
    arguments = ["grade", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    assert commands.main(arguments) == 0
    with (tmp_path / "out" / "2" / "grades.csv").open(newline="") as file:
        totals = {row["student"]: float(row["total"]) for row in csv.DictReader(file)}
    assert totals == {"untouched": 0, "solved": sum(cell.points for cell in chosen.tests)}


@needs_sandbox()
@pytest.mark.slow
def test_every_answer_of_the_reference_depends_on_the_secret():
    walls = sandbox.find()
    one, two = (grader.prepare(SOURCE, secret, walls) for secret in "ab")
    for test in one.expected:
        pairs = list(zip(one.expected[test], two.expected[test], strict=True))
        assert pairs
        assert all(answers.difference(first.value, second.value) for first, second in pairs)


@needs_sandbox()
@pytest.mark.slow
def test_a_reference_that_fails_is_reported_to_the_teacher():
    cells = tuple(
        dataclasses.replace(cell, code="1 / 0") if cell.grade_id == "double" else cell
        for cell in SOURCE.cells
    )
    failing = dataclasses.replace(SOURCE, cells=cells)
    with pytest.raises(SolutionError, match="fails in double .code.: ZeroDivisionError"):
        grader.prepare(failing, "secret", sandbox.find())
