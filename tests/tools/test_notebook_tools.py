"""The tools that execute, normalize and edit notebooks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import canonical, notebooks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one notebook and a package of one module."""
    (tmp_path / "mmtutor").mkdir()
    (tmp_path / "mmtutor" / "blocks.py").write_text("x = 1\n")
    (tmp_path / "notebooks").mkdir()
    put(tmp_path, "page", new_markdown_cell("# Page"), new_code_cell("print(1+1)"))
    return tmp_path


def put(root: Path, name: str, *cells: NotebookNode) -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.write_text(canonical.write(new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def get(root: Path, name: str = "page") -> list[NotebookNode]:
    text = (root / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    return canonical.read(text).cells


def test_execute_stores_outputs_and_counts_in_canonical_form(root):
    assert notebooks.main(["execute"], root) == 0
    _, cell = get(root)
    assert (cell.source, cell.execution_count) == ("print(1 + 1)", 1)
    assert [output.text for output in cell.outputs] == ["2\n"]
    assert notebooks.main(["check"], root) == 0


def test_execute_twice_gives_the_same_bytes(root):
    path = root / "notebooks" / "page.ipynb"
    notebooks.main(["execute"], root)
    first = path.read_bytes()
    notebooks.main(["execute", "--all"], root)
    assert path.read_bytes() == first


def test_execute_runs_only_what_changed(root, capsys):
    def run(*arguments: str) -> bool:
        assert notebooks.main(["execute", *arguments], root) == 0
        return "page.ipynb:" in capsys.readouterr().out

    assert run()
    assert not run("page")
    assert run("--all")
    (root / "mmtutor" / "blocks.py").write_text("x = 2\n")
    assert run()
    cells = get(root)
    cells[0].source = "# Another title"
    put(root, "page", *cells)
    assert not run()
    cells[1].outputs[0].text = "3\n"
    put(root, "page", *cells)
    assert run()
    cells[1].source = "print(3)"
    put(root, "page", *cells)
    assert run()


def test_execute_normalizes_what_need_not_run(root):
    notebooks.main(["execute"], root)
    path = root / "notebooks" / "page.ipynb"
    good = path.read_text()
    path.write_text(good.replace('"name": "python",', '"name": "python", "version": "3.13",'))
    assert notebooks.main(["check"], root) == 1
    notebooks.main(["execute"], root)
    assert path.read_text() == good


def test_a_failing_cell_is_named_and_nothing_is_stored(root, capsys):
    path = put(root, "broken", new_code_cell("x = 1"), new_code_cell("x / 0"))
    before = path.read_bytes()
    assert notebooks.main(["execute"], root) == 1
    out, err = capsys.readouterr()
    assert "broken.ipynb is unchanged: code cell 2 failed" in err
    assert "x / 0" in err and "ZeroDivisionError: division by zero" in err
    assert path.read_bytes() == before
    assert "page.ipynb:" in out, "the other notebook was executed all the same"


def test_measured_seconds_are_kept_outside_the_notebook(root):
    notebooks.main(["execute"], root)
    runtimes = json.loads((root / notebooks.RUNTIMES).read_text())
    assert list(runtimes) == ["page.ipynb"] and runtimes["page.ipynb"] > 0


def test_an_unknown_notebook_is_named(root, capsys):
    assert notebooks.main(["check", "pages"], root) == 1
    assert capsys.readouterr().err == "no notebook pages; there are: page\n"


def test_no_notebooks_at_all_is_an_error(root, capsys):
    shutil.rmtree(root / "notebooks")
    assert notebooks.main(["execute"], root) == 1
    assert "there are: none" in capsys.readouterr().err


def test_notebooks_in_folders_are_found_by_their_path(root, capsys):
    (root / "notebooks" / "data").mkdir()
    put(root, "data/page", new_code_cell("print(2)"))
    assert notebooks.main(["execute", "data/page"], root) == 0
    assert "data/page.ipynb: " in capsys.readouterr().out
    assert get(root, "data/page")[0].outputs[0].text == "2\n"
    assert get(root, "page")[1].execution_count is None
    assert notebooks.main(["check", "data/pages"], root) == 1
    assert capsys.readouterr().err == "no notebook data/pages; there are: data/page, page\n"


def test_a_notebook_whose_data_are_not_here_keeps_its_outputs(root, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "empty"))
    path = put(root, "real", new_code_cell('from mmtutor import data\ndata.av_mnist("train")'))
    before = path.read_bytes()
    assert notebooks.main(["execute", "--all"], root) == 0
    out = capsys.readouterr().out
    assert f"real.ipynb keeps its outputs: fsdd and mnist not in {tmp_path / 'empty'}" in out
    assert "python -m mmtutor data get fsdd mnist" in out
    assert path.read_bytes() == before


def test_normalizing_drops_what_changes_by_itself():
    cell = new_code_cell("x  =  1", execution_count=7)
    cell.metadata = {"tags": ["hide-input"], "execution": {"started": "12:00"}, "scrolled": True}
    notebook = new_notebook(cells=[cell], metadata={"widgets": {}, "colab": {"name": "x"}})
    stored = canonical.read(canonical.write(notebook))
    assert stored.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    assert stored.cells[0].metadata == {"tags": ["hide-input"]}
    assert stored.cells[0].source == "x = 1"
    assert stored.cells[0].execution_count == 7, "only an execution can make it right"


def test_normalizing_twice_gives_the_same_bytes():
    cells = [new_markdown_cell("# Grüße\n\n"), new_code_cell("%pip list\nx=[1,\n2,]\n")]
    once = canonical.write(new_notebook(cells=cells))
    assert canonical.canonical(once) == once
    assert canonical.read(once).cells[0].source == "# Grüße"
    assert once.startswith('{\n "cells": [') and once.endswith("}\n") and "Grüße" in once


def test_pieces_of_printed_text_are_joined():
    pieces = [new_output("stream", name="stdout", text=text) for text in ("a", "b")]
    other = new_output("stream", name="stderr", text="c")
    cell = new_code_cell("x", outputs=[*pieces, other])
    stored = canonical.read(canonical.write(new_notebook(cells=[cell])))
    assert [output.text for output in stored.cells[0].outputs] == ["ab", "c"]


def test_cells_keep_their_ids_and_missing_ones_do_not_depend_on_chance():
    cells = [dict(new_code_cell(source)) for source in "abca"]
    cells[0]["id"] = cells[1]["id"] = "mine"
    del cells[2]["id"], cells[3]["id"]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    ids = [cell.id for cell in canonical.read(canonical.canonical(text)).cells]
    assert ids[0] == "mine"
    assert len(set(ids)) == 4
    assert canonical.canonical(text) == canonical.canonical(text)


def test_code_that_is_not_python_is_named(root, capsys):
    path = root / "notebooks" / "page.ipynb"
    path.write_text(path.read_text().replace("print(1 + 1)", "print(1 + )"))
    assert notebooks.main(["normalize"], root) == 1
    assert "page.ipynb: ruff cannot format the code (at cell:line:column) 2:1:11:" in (
        capsys.readouterr().err
    )


def test_a_notebook_of_an_old_format_is_refused():
    with pytest.raises(ValueError, match="got a notebook of format 3, expected format 4"):
        canonical.canonical('{"nbformat": 3, "worksheets": []}')


def test_check_names_a_notebook_and_normalize_mends_it(root, capsys):
    path = root / "notebooks" / "page.ipynb"
    good = path.read_text()
    path.write_text(good.replace("1 + 1", "1+1"))
    assert notebooks.main(["check"], root) == 1
    assert "page.ipynb: not in canonical form" in capsys.readouterr().out
    assert notebooks.main(["normalize"], root) == 0
    assert path.read_text() == good
    assert notebooks.main(["check"], root) == 0


def test_text_and_back_gives_the_same_bytes(root):
    metadata = {
        "tags": ["nbval-ignore-output"],
        "mystnb": {"image": {"alt": 'A "line" that rises; seven → 七'}},
    }
    outputs = [new_output("stream", name="stdout", text="1\n")]
    code = "if x:\n    %pip list\nprint(1)"
    path = put(
        root,
        "page",
        new_markdown_cell("# Page\n\n$$a = b$$"),
        new_code_cell(code, metadata=metadata, outputs=outputs, execution_count=1),
        new_code_cell("class A:\n    x = 1\n\n\nA()", execution_count=2),
    )
    before = path.read_bytes()
    assert notebooks.main(["to-text", "page"], root) == 0
    assert notebooks.main(["from-text", "page"], root) == 0
    assert path.read_bytes() == before


def test_editing_as_text_keeps_ids_and_drops_only_outdated_outputs(root):
    outputs = [new_output("stream", name="stdout", text="1\n")]
    cells = [new_markdown_cell("# Page")]
    cells += [new_code_cell(f"print({i})", outputs=outputs, execution_count=i) for i in (1, 2)]
    put(root, "page", *cells)
    notebooks.main(["to-text", "page"], root)
    script = root / "notebooks" / "page.py"
    text = script.read_text().replace("# # Page", "# # Leaf").replace("print(2)", "print(22)")
    script.write_text(text.replace("# %%\nprint(22)", '# %% tags=["new"]\nprint(22)'))
    notebooks.main(["from-text", "page"], root)
    title, same, changed = get(root)
    assert [cell.id for cell in (title, same, changed)] == [cell.id for cell in cells]
    assert title.source == "# Leaf"
    assert (len(same.outputs), same.execution_count) == (1, 1)
    assert (changed.source, changed.metadata) == ("print(22)", {"tags": ["new"]})
    assert (changed.outputs, changed.execution_count) == ([], None)


def test_a_new_page_can_begin_as_text(root):
    script = root / "notebooks" / "new.py"
    script.write_text("# %% [markdown]\n# # New\n\n# %%\n1 + 1\n")
    assert notebooks.main(["from-text", "new"], root) == 0
    assert [cell.source for cell in get(root, "new")] == ["# New", "1 + 1"]
    page = root / "notebooks" / "new.ipynb"
    first = page.read_bytes()
    page.unlink()
    notebooks.main(["from-text", "new"], root)
    assert page.read_bytes() == first, "the ids do not depend on chance"


def test_edits_that_are_not_yet_in_the_notebook_are_not_overwritten(root, capsys):
    notebooks.main(["to-text", "page"], root)
    script = root / "notebooks" / "page.py"
    script.write_text("# %%\nmine\n")
    later = (root / "notebooks" / "page.ipynb").stat().st_mtime + 1
    os.utime(script, (later, later))
    assert notebooks.main(["to-text", "page"], root) == 1
    assert "page.py is newer than page.ipynb: run from-text" in capsys.readouterr().err
    assert "mine" in script.read_text()


def run_nbval(path: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook and compare its outputs, as `make test` does."""
    # A copy, because pytest would look for its settings next to the original.
    shutil.copy(Path(__file__).parents[1] / "notebooks" / "nbval_sanitize.cfg", path.parent)
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "nbval_sanitize.cfg"]
    command = [sys.executable, "-m", "pytest", *options, path.name]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True)


CHANGING = """\
import time

print(object())
print(f"{time.perf_counter() % 1:.3f} ms, {1 + time.perf_counter():.2f} it/s")
for i in range(1 + time.time_ns() % 3):
    print(f"{i}%|##| {i}/9", end="\\r")"""


def test_the_comparison_ignores_only_what_differs_between_any_two_runs(root):
    put(root, "page", new_code_cell(CHANGING), new_code_cell("round(0.912, 2)"))
    notebooks.main(["execute"], root)
    path = root / "notebooks" / "page.ipynb"
    path.write_text(path.read_text().replace('"0.91"', '"0.92"'))
    result = run_nbval(path)
    assert "1 failed, 1 passed" in result.stdout, result.stdout
    assert "'0.92' == '0.91'" in result.stdout
