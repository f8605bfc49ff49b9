"""Students get stubs and open tests: nothing that is the author's, and a notebook that runs."""

import json
import re
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from classroom import release, source
from tools import canonical, links
from tools.notebooks import ENCRYPTED

SOURCES = source.find()
ADDRESS = links.read_address(canonical.ROOT)
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def variants(path):
    return [source.load(path, seed) for seed in range(source.count_variants(path))]


def author_and_student(path):
    """Return the lines of a source's hidden, solution and written parts, and all others."""
    author, student = set(), set()
    for cell in canonical.read(path.read_text(encoding="utf-8")).cells:
        grading = cell.metadata.get("nbgrader", {})
        inside = bool(grading.get("solution")) and cell.cell_type == "markdown"
        for line in map(str.strip, cell.source.splitlines()):
            if line.startswith("### BEGIN"):
                inside = True
            (author if inside else student).add(line)
            if line.startswith("### END"):
                inside = False
    return author, student


@each_source
def test_what_is_stored_for_students_is_what_the_source_gives_now(path):
    stored = canonical.ROOT / release.RELEASED / path.name
    now = release.release(source.load(path, 0), path.name, ADDRESS)
    assert stored.read_text(encoding="utf-8") == now, "run `python -m classroom release`"


def test_nothing_else_is_stored_for_students():
    stored = {path.name for path in (canonical.ROOT / release.RELEASED).glob("*")}
    assert stored == {path.name for path in SOURCES}


@each_source
def test_no_solution_no_hidden_test_and_no_rubric_is_released(path):
    author, student = author_and_student(path)
    # Brackets and the like are everywhere; what has a placeholder would be found filled in.
    telling = {line for line in author - student if len(line) > 5 and "{{" not in line}
    assert len(telling) > 50
    for assignment in variants(path):
        text = release.release(assignment, path.name, ADDRESS)
        lines = {
            line.strip()
            for cell in json.loads(text)["cells"]
            for line in "".join(cell["source"]).splitlines()
        }
        assert lines & telling == set()
        assert not re.search(
            r"### (BEGIN|END)|generator=fresh|\banswer\(|[Mm]odel answer", "\n".join(lines)
        )


@each_source
def test_a_source_is_in_canonical_form(path):
    stored = path.read_text(encoding="utf-8")
    assert canonical.canonical(stored) == stored, "run `python -m classroom release`"


@each_source
def test_a_released_notebook_is_in_canonical_form_and_has_no_outputs(path):
    for assignment in variants(path):
        text = release.release(assignment, path.name, ADDRESS)
        assert canonical.canonical(text) == text
        code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@each_source
def test_a_released_notebook_has_the_metadata_of_nbgrader(path):
    for assignment in variants(path):
        notebook = nbformat.reads(release.release(assignment, path.name, ADDRESS), 4)
        assert notebook.metadata.mmtutor == {
            "assignment": assignment.assignment,
            "variant": assignment.variant,
        }
        graded = {
            cell.metadata.nbgrader.grade_id: cell
            for cell in notebook.cells
            if "nbgrader" in cell.metadata
        }
        for known in (cell for cell in assignment.cells if cell.grade_id):
            about = graded.pop(known.grade_id).metadata
            assert about.nbgrader.schema_version == 3
            assert about.nbgrader.get("points", 0) == known.points
            assert about.nbgrader.solution == (known.kind in ("solution", "written"))
            assert about.nbgrader.grade == (known.kind in ("test", "written"))
            assert about.get("editable", True) == (known.kind in ("solution", "written"))
        assert graded == {}


@each_source
def test_a_released_notebook_begins_like_a_page_of_the_book(path):
    title, *_ = json.loads(release.release(source.load(path, 0), path.name, ADDRESS))["cells"]
    file = f"{ADDRESS.removeprefix(links.GITHUB)}/blob/main/notebooks/assignments/{path.name}"
    text = "".join(title["source"])
    assert text.startswith("# Assignment ")
    assert f"[Open in Colab](https://colab.research.google.com/github/{file})" in text
    install = next(cell for cell in source.load(path, 0).cells if cell.kind == "setup")
    assert install.code == links.setup_cell(ADDRESS)


@each_source
def test_the_page_of_assignments_leads_to_it_and_says_its_title_and_time(path):
    about = canonical.read(path.read_text(encoding="utf-8")).metadata.mmtutor
    page = (canonical.ROOT / "book" / "assignments.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if f"assignments/{path.name})" in line]
    assert f"| {about.assignment} · {about.title} |" in row
    assert f"| {about.minutes} |" in row and row.count(f"assignments/{path.name})") == 2


def executed(path, assignment, solved):
    """Execute a student's notebook, with or without the reference solutions pasted in."""
    notebook = nbformat.reads(release.release(assignment, path.name, ADDRESS), 4)
    solutions = {cell.grade_id: cell.code for cell in assignment.cells if cell.kind == "solution"}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if solved and name in solutions:
            cell.source = solutions[name]
    NotebookClient(notebook, timeout=300, allow_errors=not solved, config=ENCRYPTED).execute()
    return notebook


@pytest.mark.slow
@each_source
def test_with_the_solutions_pasted_in_every_cell_runs(path):
    notebook = executed(path, source.load(path, 0), solved=True)
    shown = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any("image/png" in out.get("data", {}) for out in shown), "no plot is shown"


@pytest.mark.slow
@each_source
def test_a_bare_stub_fails_its_open_test_and_says_why(path):
    notebook = executed(path, source.load(path, 0), solved=False)
    tests = [
        c
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade_id", "").startswith("test-")
    ]
    assert len(tests) == len(source.load(path, 0).tests)
    for cell in tests:
        (error,) = [out for out in cell.outputs if out.output_type == "error"]
        assert (error.ename, error.evalue) == (
            "NotImplementedError",
            "your code is still missing here",
        )


def test_the_command_writes_every_assignment_in_the_variant_of_the_seed(tmp_path, capsys):
    args = SimpleNamespace(seed=3, assignment=None, output=tmp_path / "new")
    assert release.main(args) == 0
    written = {path.name: json.loads(path.read_text()) for path in args.output.iterdir()}
    assert set(written) == {path.name for path in SOURCES}
    assert written["2-residual-blocks.ipynb"]["metadata"]["mmtutor"]["variant"] == 1
    assert "2-residual-blocks.ipynb: variant 1, 40 points" in capsys.readouterr().out


def test_the_command_brings_an_edited_source_into_canonical_form(tmp_path, capsys, monkeypatch):
    (stored,) = source.find("2")
    edited = tmp_path / stored.name
    edited.write_text(json.dumps(json.loads(stored.read_text(encoding="utf-8"))), encoding="utf-8")
    monkeypatch.setattr(source, "find", lambda assignment: [edited])
    assert release.main(SimpleNamespace(seed=0, assignment="2", output=tmp_path / "new")) == 0
    assert edited.read_bytes() == stored.read_bytes()
    assert "brought into canonical form" in capsys.readouterr().out


def test_an_unknown_assignment_is_refused_with_those_that_there_are(tmp_path, capsys):
    args = SimpleNamespace(seed=0, assignment="9", output=tmp_path)
    assert release.main(args) == 1
    assert "no assignment 9" in (said := capsys.readouterr().err) and "there are: 2, 3" in said
