"""A class of honest and hostile students, graded: the points that each has earned, and why."""

import csv
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from classroom import grade, inbox, sandbox
from tests.classroom.members import everybody
from tests.classroom.small import SOURCE
from tests.classroom.walls import needs_sandbox

ROOT = Path(__file__).resolve().parents[2]
NAMES = list(everybody([]))
FOLDERS = ("classroom", "mmtutor", "notebooks", "tests", "tools")

pytestmark = [pytest.mark.slow, needs_sandbox()]


@dataclass
class Graded:
    """A class after grading."""

    rows: dict[str, dict[str, str]]
    pages: dict[str, str]
    before: str
    after: str
    seconds: float  # for each submission


def file_name(name: str) -> str:
    """Return the file of a student; a slash cannot be in it."""
    return name.replace("/", "∕")


def digest(places: list[Path]) -> str:
    """Return a checksum of names and contents."""
    total = hashlib.sha256()
    for path in sorted(_files(places)):
        total.update(f"{path} {path.stat().st_size}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _files(places: list[Path]) -> Iterator[Path]:
    for place in places:
        found = place.rglob("*") if place.is_dir() else [place]
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Grade the class, with files around it that nobody may see or change."""
    top = tmp_path_factory.mktemp("class")
    submissions, book = top / "submissions", top / "graded" / "9"
    submissions.mkdir()
    book.mkdir(parents=True)
    (top / "grades of others.csv").write_text("carla,3\n")
    home = Path.home() / ".mmtutor-test-of-the-sandbox"
    home.write_text("a key\n")
    try:
        others = [top / "grades of others.csv", home]
        seen = [*others, submissions / "right.ipynb", ROOT / "classroom" / "grader.py"]
        seen += [ROOT / "mmtutor" / "exercises" / "page_2_1.py", book / "state.json"]
        for name, member in everybody(seen).items():
            (submissions / f"{file_name(name)}.ipynb").write_bytes(member.data)
        guarded = [submissions, *others, *(ROOT / name for name in FOLDERS)]
        before, names = digest(guarded), sorted(Path.home().iterdir())
        start = time.monotonic()
        entries, refused = inbox.collect(submissions)
        assert not refused
        results, _ = grade.grade_all(SOURCE, entries, book, sandbox.find(seen), least=5)
        seconds = (time.monotonic() - start) / len(entries)
        grade.write_all(SOURCE, entries, results, book)
        assert all(path.exists() for path in seen)
        assert sorted(Path.home().iterdir()) == names
        after = digest(guarded)
    finally:
        home.unlink()
    with (book / "grades.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    pages = {}
    for path in (book / "feedback").glob("*.html"):
        pages[path.stem] = path.read_text()
    return Graded(rows, pages, before, after, seconds)


def test_the_class_is_large_enough():
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_each_gets_the_points_that_it_earned_and_a_reason(graded: Graded, name: str):
    member = everybody([])[name]
    row = graded.rows[file_name(name)]
    (page,) = (
        page for page in graded.pages.values() if f"<title>Assignment 9: {_html(name)}<" in page
    )
    text = " ".join(unescape(page).split())
    assert float(row["total"]) == member.points, text
    for words in member.says:
        assert words in text
    for words in member.never:
        assert words not in text


def _html(name: str) -> str:
    return file_name(name).replace("<", "&lt;").replace(">", "&gt;")


def test_nothing_outside_the_sandbox_has_changed(graded: Graded):
    assert graded.after == graded.before


def test_no_page_contains_markup_of_a_student(graded: Graded):
    assert len(graded.pages) == len(NAMES)
    assert not any("<script" in page for page in graded.pages.values())


def test_no_page_tells_an_expected_value(graded: Graded):
    page = graded.pages["zeros"]
    assert "the shape is right, the values are not" in page
    assert "tensor" not in page
