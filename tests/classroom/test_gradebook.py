import csv
import dataclasses
import json

import pytest

from classroom import feedback, gradebook
from classroom.gradebook import GradebookError, State
from classroom.inbox import Entry
from classroom.scoring import Answer, Result, Task
from tests.classroom.small import SOURCE

ANNA = Entry("anna", "7", "canvas", b"")
BEN = Entry("=1+1", "8", "moodle", b"")


def result(double: float = 4, claim: float | None = None) -> Result:
    tasks = [
        Task("test-double", "Task 1", double, 4, [Answer("one", False, "<b>no</b>")]),
        Task("test-center", "Task 2", 3, 6),
        Task("claim", "Task 2", claim, 2, text="<script>alert(1)</script>"),
    ]
    return Result(tasks, ["a note"])


def rows(path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def written(tmp_path):
    """The files of a class of two."""
    results = {"anna (7)": result(), "=1+1 (8)": result(1, 2)}
    gradebook.write(tmp_path, SOURCE, [ANNA, BEN], results)
    return tmp_path


def test_grades_name_points_by_task_and_what_is_still_to_be_read(written):
    assert rows(written / "grades.csv") == [
        "student id test-double test-center claim total of percent notes".split(),
        ["anna", "7", "4", "3", "", "7", "12", "58.3", "to be graded: claim; a note"],
        ["'=1+1", "8", "1", "3", "2", "6", "12", "50", "a note"],
    ]


def test_each_platform_gets_its_own_students(written):
    assert rows(written / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Assignment 9: Small things"],
        ["anna", "7", "", "", "", "7"],
    ]
    assert rows(written / "moodle.csv") == [
        ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"],
        ["Participant 8", "'=1+1", "6", "12", "-"],
    ]


def test_a_class_without_a_platform_gets_no_such_file(tmp_path):
    gradebook.write(tmp_path, SOURCE, [Entry("eve", "", "", b"")], {"eve": result()})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grades.csv"]


def test_the_teachers_points_are_added_and_kept(tmp_path):
    path = tmp_path / "written.csv"
    results = {"anna (7)": result()}
    assert gradebook.add_written(path, SOURCE, results) == []
    assert rows(path) == [["student", "claim"], ["anna (7)", ""]]
    path.write_text("student;claim\nanna (7);1,5\nformer student;2\n")
    results["ben"] = result()
    assert gradebook.add_written(path, SOURCE, results) == []
    assert results["anna (7)"].tasks[2].points == 1.5
    assert rows(path)[1:] == [["anna (7)", "1,5"], ["former student", "2"], ["ben", ""]]


@pytest.mark.parametrize("given", ["3", "-1", "good", "nan"])
def test_points_that_cannot_be_are_said_and_not_counted(tmp_path, given):
    path = tmp_path / "written.csv"
    path.write_text(f"student,claim\nanna (7),{given}\n")
    results = {"anna (7)": result()}
    (problem,) = gradebook.add_written(path, SOURCE, results)
    assert f"{given!r} points for claim; expected a number from 0 to 2" in problem
    assert results["anna (7)"].tasks[2].points is None


def test_a_table_without_students_is_refused(tmp_path):
    (tmp_path / "written.csv").write_text("name,claim\n")
    with pytest.raises(GradebookError, match="no column `student`"):
        gradebook.add_written(tmp_path / "written.csv", SOURCE, {})


def test_the_state_remembers_what_still_holds(tmp_path):
    state = State.read(tmp_path / "state.json")
    state.keep("anna", "digest", result())
    state.keep("ben", "digest", dataclasses.replace(result(), failed=True))
    state.write(tmp_path / "state.json")
    again = State.read(tmp_path / "state.json")
    assert again.secret == state.secret != State().secret
    assert again.result("anna", "digest") == result()
    assert again.result("anna", "another digest") is None
    assert again.result("ben", "digest") is None


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"secret": "x"})])
def test_a_damaged_state_is_refused(tmp_path, text):
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(GradebookError, match="is damaged"):
        State.read(tmp_path / "state.json")


def test_files_of_feedback_have_names_of_their_own():
    people = ["a/b", "a b", "A-b", "../..", "Zoë"]
    names = gradebook.file_names(Entry(name, "", "", b"") for name in people)
    assert list(names.values()) == ["a-b", "a-b-2", "A-b-3", "student", "Zoë"]


def test_a_page_shows_points_and_reasons_and_no_markup_of_a_student():
    page = feedback.page(SOURCE, "<i>anna</i>", result())
    assert "<strong>7 of 12\npoints</strong>" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page and "<i>" not in page
