"""Every notebook of the book passes every guard."""

import functools
from pathlib import Path

import pytest

from mmtutor.data.catalog import CATALOG
from tests.notebooks.guards import CARD_GUARDS, GUARDS, Page
from tests.notebooks.guards.claims import packaged_names
from tests.notebooks.guards.formulas import lost_brackets
from tests.notebooks.guards.letters import unused_letters
from tests.notebooks.guards.repeats import repeated_definitions
from tools import links

ROOT = Path(__file__).resolve().parents[2]
STORED = sorted((ROOT / "notebooks").glob("*.ipynb"))
CARDS = sorted((ROOT / "notebooks" / "data").glob("*.ipynb"))
PROSE = sorted((ROOT / "book").glob("*.md"))
PACKAGED = packaged_names(ROOT / "mmtutor")


@functools.cache
def load(path: Path) -> Page:
    return Page(
        path=path.relative_to(ROOT).as_posix(),
        text=path.read_text(encoding="utf-8"),
        address=links.read_address(ROOT),
        packaged=PACKAGED,
    )


def test_there_are_notebooks():
    assert STORED and CARDS and PROSE, "a folder of notebooks is empty: not all below was tested"


def test_every_data_set_has_a_card():
    within = {source.name for entry in CATALOG.values() for source in entry.made_from}
    assert {card.stem for card in CARDS} == set(CATALOG) - within


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_notebook_passes(path, guard):
    assert guard(load(path)) == []


@pytest.mark.parametrize("guard", CARD_GUARDS, ids=lambda guard: guard.__name__)
@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_data_card_passes(path, guard):
    assert guard(load(path)) == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_no_formula_of_a_prose_page_loses_a_bracket(path):
    assert lost_brackets(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_no_letter_is_explained_for_a_page_that_does_not_use_it(path):
    assert unused_letters(load(path)) == []


def test_no_definition_stands_in_two_notebooks():
    assert repeated_definitions([load(path) for path in STORED + CARDS]) == []
