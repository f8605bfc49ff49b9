"""The table of the seconds that the notebooks take."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools import canonical, runtimes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path):
    for name, heading in [("b-first", "1.1 · First"), ("a-second", "1.2 · Second")]:
        notebook = new_notebook(cells=[new_markdown_cell(f"# {heading}\n\nA badge.")])
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(canonical.write(notebook))
    (tmp_path / "_toc.yml").write_text(
        "parts:\n- chapters:\n  - file: book/welcome\n"
        "  - file: notebooks/b-first\n  - file: notebooks/a-second\n"
    )
    return tmp_path


def test_pages_stand_in_the_order_of_the_book_with_their_seconds_and_the_sum(root):
    (root / "_build").mkdir()
    (root / "book" / "tables").mkdir(parents=True)
    seconds = {"a-second.ipynb": 10.2, "b-first.ipynb": 30.0, "gone.ipynb": 99.0}
    (root / "_build" / "runtimes.json").write_text(json.dumps(seconds))
    runtimes.main(root)
    assert (root / "book" / "tables" / "runtimes.md").read_text().splitlines()[2:] == [
        "| [1.1 · First](../notebooks/b-first.ipynb) | 30 |",
        "| [1.2 · Second](../notebooks/a-second.ipynb) | 10 |",
        "| all, one after the other | 40 |",
        "| all, 2 at a time, about | 20 |",
    ]


def test_a_page_without_a_measurement_says_so(root):
    first = runtimes.table(root, {}).splitlines()[2]
    assert first == "| [1.1 · First](../notebooks/b-first.ipynb) | not measured |"


def test_the_stored_table_lists_every_page_of_the_book():
    stored = (ROOT / runtimes.TABLE).read_text(encoding="utf-8")
    assert [page for page in runtimes.notebooks(ROOT) if f"/{page})" not in stored] == []
