"""A source is filled in and split, or refused with a message that names the cell."""

import json

import pytest

from classroom import source
from classroom.cells import Cell

SOLUTION = "def f():\n    ### BEGIN SOLUTION\n    return {{value}}\n    ### END SOLUTION"
TEST = "assert f()\n### BEGIN HIDDEN TESTS\nanswer('f', f())\n### END HIDDEN TESTS"


def cell(text, kind="text", name="", points=0, tags=()):
    """Return a cell of a source, as JSON."""
    flags = {
        "setup": ("code", False, False, True),
        "solution": ("code", False, True, False),
        "test": ("code", True, False, True),
        "written": ("markdown", True, True, False),
        "text": ("markdown", False, False, False),
    }
    cell_type, grade, solution, locked = flags[kind]
    metadata = {"tags": list(tags)}
    if kind != "text":
        metadata["nbgrader"] = {
            "grade": grade, "solution": solution, "locked": locked, "grade_id": name,
            "points": points, "schema_version": 3, "task": False,
        }  # fmt: skip
    return {"cell_type": cell_type, "metadata": metadata, "source": text}


def small(tmp_path, *cells, variants=({"value": 7}, {"value": 8}), title="Small"):
    """Write a source with these cells below its title."""
    about = {"assignment": "9", "title": "Small", "minutes": 5, "variants": list(variants)}
    notebook = {
        "cells": [cell(f"# Assignment 9 · {title}"), *cells],
        "metadata": {"mmtutor": about},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = tmp_path / "9-small.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_each_part_goes_where_it_belongs(tmp_path):
    path = small(
        tmp_path,
        cell("import math", "setup", "imports"),
        cell("Return {{value}}."),
        cell(SOLUTION, "solution", "f"),
        cell(TEST, "test", "test-f", 3),
        cell("Because.\n### BEGIN MARK SCHEME\n1 point\n### END MARK SCHEME", "written", "why", 2),
    )
    loaded = source.load(path, 0)
    assert (loaded.assignment, loaded.title, loaded.variant, loaded.points) == ("9", "Small", 0, 5)
    stub = f"def f():\n    {source.CODE_STUB}"
    rubric = "Because.\n### BEGIN MARK SCHEME\n1 point\n### END MARK SCHEME"
    assert loaded.cells[1:] == (
        Cell("imports", "setup", 0, "import math", "", "import math"),
        Cell("", "text", 0, "Return 7.", "", "Return 7."),
        Cell("f", "solution", 0, "def f():\n    return 7", "", stub),
        Cell("test-f", "test", 3, "assert f()", "answer('f', f())", "assert f()"),
        Cell("why", "written", 2, source.TEXT_STUB, rubric, source.TEXT_STUB),
    )


@pytest.mark.parametrize(("seed", "value"), [(0, 7), (1, 8), (2, 7), (2027, 8)])
def test_the_seed_chooses_the_variant(tmp_path, seed, value):
    path = small(tmp_path, cell("{{value}}"))
    assert source.count_variants(path) == 2
    assert source.load(path, seed).cells[1].code == str(value)


def test_a_cell_of_another_variant_is_left_out(tmp_path):
    both = [cell(f"{{{{value}}}} {v}", tags=[f"variant-{v}", "hide-input"]) for v in (0, 1)]
    path = small(tmp_path, *both, cell("both"))
    assert [c.code for c in source.load(path, 1).cells[1:]] == ["8 1", "both"]


def test_a_solution_may_have_several_regions(tmp_path):
    region = "    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION"
    text = f"def f():\n{region}\ndef g():\n{region}"
    (_, loaded) = source.load(small(tmp_path, cell(text, "solution", "f"), variants=[{}]), 0).cells
    assert loaded.code == "def f():\n    pass\ndef g():\n    pass"
    assert loaded.released.count(source.CODE_STUB) == 2


HIDDEN = "### BEGIN HIDDEN TESTS\n1\n### END HIDDEN TESTS"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([cell("{{other}}")], r"cell 2: no value for \['other'\]; the variant has \['value'\]"),
        ([cell("nothing")], r"variant 0 has values that no cell uses: \['value'\]"),
        ([cell("f", "solution", "f")], r"cell 2 \(f\): expected a region ### BEGIN SOLUTION"),
        ([cell("### BEGIN SOLUTION\nf", "solution", "f")], r"cell 2 \(f\): .* has no end"),
        ([cell("f\n### END SOLUTION", "solution", "f")], "out of place"),
        ([cell(HIDDEN, "solution", "f")], "'### BEGIN HIDDEN TESTS' is out of place"),
        ([cell(HIDDEN, "setup", "s")], "'### BEGIN HIDDEN TESTS' is out of place"),
        ([cell(HIDDEN)], "cell 2: code, solutions and tests need nbgrader's metadata"),
        ([cell(HIDDEN, "test", "t", 1)], r"cell 2 \(t\): a test needs a public part"),
        ([cell("assert 1", "test", "t", 1)], "expected a region ### BEGIN HIDDEN TESTS"),
        ([cell(TEST, "test", "t")], r"\(t\): got 0 points; tests and written tasks have some"),
        ([cell(SOLUTION, "solution", "f", 2)], "got 2 points"),
        ([cell("x", "setup", "two words")], "a grade_id is made of letters"),
        ([cell("x", "setup", "s"), cell("{{value}}", "setup", "s")], r"the grade_id \['s'\]"),
    ],
)
def test_what_breaks_the_format_is_refused(tmp_path, cells, message):
    with pytest.raises(source.SourceError, match=message):
        source.load(small(tmp_path, *cells), 0)


def test_a_title_that_is_not_the_stated_one_is_refused(tmp_path):
    with pytest.raises(source.SourceError, match="begin with the title, # Assignment 9 · Small"):
        source.load(small(tmp_path, title="Large"), 0)


def test_a_cell_that_is_graded_and_editable_code_is_refused(tmp_path):
    wrong = cell("x", "test", "t", 1)
    wrong["metadata"]["nbgrader"]["locked"] = False
    with pytest.raises(source.SourceError, match=r"cell 2 \(t\): a code cell that nbgrader's"):
        source.load(small(tmp_path, wrong), 0)


@pytest.mark.parametrize("text", ["no JSON", '{"nbformat": 4, "metadata": {}, "cells": []}'])
def test_what_is_no_source_is_refused(tmp_path, text):
    path = tmp_path / "page.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(source.SourceError, match=r"page\.ipynb is no source of an assignment"):
        source.load(path, 0)


@pytest.mark.parametrize("variants", [[], [1]])
def test_variants_must_be_there(tmp_path, variants):
    with pytest.raises(source.SourceError, match="variants must be a list of name → value"):
        source.load(small(tmp_path, variants=variants), 0)
