"""The bibliography holds what the pages cite, and nothing that no page cites."""

import re
import unicodedata
from pathlib import Path

import pytest

from tools import canonical

ROOT = Path(__file__).resolve().parents[2]
# Assignments are no pages of the book: each brings its own references.
PAGES = [
    *(p for p in sorted((ROOT / "notebooks").rglob("*.ipynb")) if p.parent.name != "assignments"),
    *sorted((ROOT / "book").glob("*.md")),
]
# "- Wilson (1927). …", "- van den Oord, Li (2018). …", "- He et al. (2016b). …"
REFERENCE = re.compile(r"^- (?:van den )?([\w'’-]+)[^(\n]*\((\d{4})b?\)", re.MULTILINE)
ENTRY = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def plain(text: str) -> str:
    """Return a name without accents, braces and TeX's accent commands."""
    text = re.sub(r"\\[^a-z]|\\[a-z]\b|[{}]", "", text)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def text_of(page: Path) -> str:
    """Return the prose of a page."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return text
    cells = canonical.read(text).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def bibliography() -> list[tuple[str, str, str]]:
    """Return key, authors and year of each entry."""
    found = []
    for key, fields in ENTRY.findall((ROOT / "book" / "references.bib").read_text("utf-8")):
        author = re.search(r"author = \{(.*)\},?$", fields, re.MULTILINE)
        year = re.search(r"year = \{(\d{4})\}", fields)
        assert author and year, f"{key} lacks an author or a year"
        names = plain(author[1]).replace("Telecommunication Union", "ITU-T")
        found.append((key, names, year[1]))
    return found


def test_no_key_of_the_bibliography_stands_twice():
    keys = [key for key, _, _ in bibliography()]
    assert len(keys) == len(set(keys)) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_cites_is_in_the_bibliography(page):
    cited = REFERENCE.findall(text_of(page).split("## References")[-1])
    known = bibliography()
    assert [
        (name, year)
        for name, year in cited
        if not any(plain(name) in authors and year == when for _, authors, when in known)
    ] == []


def test_what_is_in_the_bibliography_is_cited():
    pages = [text_of(page) for page in PAGES]
    cited = {(plain(name), year) for page in pages for name, year in REFERENCE.findall(page)}
    keys = set(re.findall(r"\{cite\}`(\w+)`", "\n".join(pages)))
    assert [
        key
        for key, authors, year in bibliography()
        if key not in keys and not any(name in authors and year == when for name, when in cited)
    ] == []
