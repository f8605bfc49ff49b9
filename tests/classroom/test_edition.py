"""The instructor's edition: complete, true to the pages, and not in the public book."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from classroom import edition
from mmtutor import exercises

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
HEADINGS = ["Minutes", "What students get wrong", "Two questions", "On the board"]
PLANS = ROOT / "book" / "instructors.md"


def number_of(page: Path) -> str:
    return "-".join(page.stem.split("-")[:2])


def prose_of(page: Path) -> str:
    cells = nbformat.read(page, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def stated_minutes(page: Path) -> tuple[int, int]:
    found = re.search(r"\*\*Time\*\* (?:about )?(\d+) minutes.*?(\d+) more", prose_of(page))
    assert found is not None
    return int(found[1]), int(found[2])


def sections(note: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)\n", note, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def note_of(page: Path) -> str:
    return (edition.NOTES / f"{number_of(page)}.md").read_text(encoding="utf-8")


def messages(page: Path) -> str:
    """Return all texts in the source of a page's exercises; computed parts become `…`."""
    return "\n".join(texts(f"page_{number_of(page).replace('-', '_')}"))


def texts(module: str) -> Iterator[str]:
    """Yield the texts of a module of exercises, and of those that it imports whole."""
    path = ROOT / "mmtutor" / "exercises" / f"{module}.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mmtutor.exercises":
            for name in node.names:
                yield from texts(name.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            values = (getattr(value, "value", None) for value in node.values)
            yield "".join(v if isinstance(v, str) else "…" for v in values)


def test_every_page_has_its_notes_and_no_other_notes_are_there():
    assert PAGES
    assert {path.stem for path in edition.NOTES.glob("*.md")} == set(map(number_of, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=number_of)
def test_a_note_has_the_four_headings_and_can_be_read_in_a_minute(page):
    parts = sections(note_of(page))
    assert list(parts) == HEADINGS
    assert 120 <= sum(len(text.split()) for text in parts.values()) <= 205


@pytest.mark.parametrize("page", PAGES, ids=number_of)
def test_a_note_states_the_minutes_of_its_page(page):
    read, more = stated_minutes(page)
    expected = f"The page states {read} minutes to read and {more} more for the exercises."
    assert expected in sections(note_of(page))["Minutes"]


@pytest.mark.parametrize("page", PAGES, ids=number_of)
def test_the_messages_that_a_note_quotes_are_those_of_the_checks(page):
    quoted = re.findall("“([^”]+)”", sections(note_of(page))["What students get wrong"])
    assert len(quoted) >= 2
    known = messages(page)
    assert [text for text in quoted if text not in known] == []


def test_the_solutions_have_the_source_of_every_exercise():
    text = edition.solutions()
    missing = [
        number
        for number in exercises.numbers()
        if f"## {number} · " not in text
        or textwrap.dedent(inspect.getsource(exercises.find(number).solution)).strip() not in text
    ]
    assert exercises.numbers() and missing == []


def test_the_answers_mark_the_right_one_of_every_question():
    text = edition.quizzes()
    questions = [question for page in exercises.quizzes().values() for question in page]
    assert questions
    for question in questions:
        (right,) = [answer for answer in question.answers if answer.right]
        assert question.text in text
        assert f"**{right.text}** *Right.* {right.why}" in text
    assert text.count("*Right.*") == len(questions)


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    hidden = "### BEGIN HIDDEN TESTS\nanswer('sum', total(x))\n### END HIDDEN TESTS"
    test = new_code_cell(hidden)
    test.metadata["nbgrader"] = {"grade_id": "total-test", "points": 3, "grade": True}
    rubric = new_markdown_cell("Why?\n\n### BEGIN MARK SCHEME\n2 points: says why")
    rubric.metadata["nbgrader"] = {"grade_id": "why", "points": 2, "grade": True}
    cells = [new_markdown_cell("# Sums\n\n[Next](no-page.ipynb)"), new_code_cell("!pip install x")]
    path = tmp_path / "sources" / "2-sums.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=[*cells, test, rubric]), path)
    return path


def test_an_assignment_is_shown_with_its_hidden_tests_and_points(assignment):
    text = edition.as_text(assignment)
    assert text.startswith("# Sums\n")
    assert "*total-test, 3 points*\n\n````ipython3\n### BEGIN HIDDEN" in text
    assert "2 points: says why" in text
    assert "answer('sum', total(x))" in text


def test_the_public_book_contains_nothing_of_the_edition():
    public = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [chapter["file"] for part in public["parts"] for chapter in part["chapters"]]
    folders = {page.split("/")[0] for page in pages}
    assert folders == {"book", "notebooks"}
    assert not [page for page in pages if re.search("solution|quiz|notes", page)]
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["only_build_toc_files"] is True


def test_the_minutes_of_the_plans_are_those_of_pages_and_exercises():
    stated = {number_of(page).replace("-", "."): stated_minutes(page)[0] for page in PAGES}
    exercise = {
        number: int(minutes)
        for page in PAGES
        for number, minutes in re.findall(
            r"### Exercise (\S+) ·[^\n]*\n+[●○]+ · (\d+) minutes", prose_of(page)
        )
    }
    rows = re.findall(
        r"\[(\d\.\d)\]\(\S+\) \| (\d+) \| ([^|]*) \| (\d+) \|", PLANS.read_text("utf-8")
    )
    rows = [row for row in rows if row[0] != "1.1"]
    assert len(rows) == 18
    for page, read, listed, minutes in rows:
        assert int(read) == stated[page]
        assert int(minutes) == sum(exercise[number] for number in listed.split(", "))


@pytest.mark.slow
def test_the_edition_builds_with_notes_solutions_answers_and_assignments(
    tmp_path, assignment, monkeypatch, capfd
):
    monkeypatch.setattr(edition, "ASSIGNMENTS", assignment.parent)
    folder = tmp_path / "instructors"
    built = folder / "_build" / "html"
    parser = edition.argparse.ArgumentParser()
    edition.add_arguments(parser)
    assert edition.main(parser.parse_args(["--output", str(folder)])) == 0
    assert str(built / "index.html") in capfd.readouterr().out
    for page in PAGES:
        text = (built / "notes" / f"{number_of(page)}.html").read_text(encoding="utf-8")
        assert "What students get wrong" in text
    solutions = (built / "solutions.html").read_text(encoding="utf-8")
    assert [n for n in exercises.numbers() if f"<h2>{n} · " not in solutions] == []
    assert (built / "quizzes.html").exists()
    assert "BEGIN HIDDEN" in (built / "assignments" / "2-sums.html").read_text(encoding="utf-8")
    assert not (built / "notebooks").exists()
