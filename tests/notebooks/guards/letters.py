"""One letter, one meaning: the letters of a page's formulas stand in the book's table."""

import functools
import re
from collections import Counter
from pathlib import Path

from tests.notebooks.guards.page import Page

NOTATION = Path(__file__).resolve().parents[3] / "book" / "notation.md"
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
).split()
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
_WORDS = re.compile(r"\\(?:text|mathrm|operatorname|begin|end|mathrel|tag)\*?\{[^}]*\}")
_ROW = re.compile(r"^\| (?P<page>\d\.\d) \| (?P<letters>[^|]*) \| (?P<meaning>[^|]+) \|$", re.M)
_SYMBOL = re.compile(r"^\| (?P<letters>\$[^|]*) \|", re.M)


def letters(page: Page) -> list[str]:
    """Every letter of a revised page's formulas has one meaning, which the table states."""
    if not page.is_revised:
        return []
    name = page.path.rpartition("/")[2]
    return letters_without_meaning(page.prose, f"{name[0]}.{name[2]}", _notation())


def letters_without_meaning(prose: str, number: str, notation: str) -> list[str]:
    """Return what is wrong with the letters of a page.

    Args:
        prose: the Markdown of the page.
        number: the page, such as `2.1`.
        notation: the Markdown of the tables of symbols.
    """
    everywhere = set().union(*(_letters(row["letters"]) for row in _SYMBOL.finditer(notation)))
    here = Counter(listed_letters(number, notation))
    missing = sorted(_letters(prose) - everywhere - {*here})
    return [
        *(f"${letter}$ stands in no table of book/notation.md" for letter in missing),
        *(f"${letter}$ has two meanings here" for letter, count in here.items() if count > 1),
    ]


def listed_letters(number: str, notation: str) -> list[str]:
    """Return the letters that the table explains for one page."""
    rows = [row for row in _ROW.finditer(notation) if row["page"] == number]
    return [letter for row in rows for letter in sorted(_letters(row["letters"]))]


def unused_letters(page: Page) -> list[str]:
    """Return the letters that the table explains for a page which does not use them."""
    name = page.path.rpartition("/")[2]
    listed = listed_letters(f"{name[0]}.{name[2]}", _notation())
    return sorted({*listed} - _letters(page.prose))


def _letters(text: str) -> set[str]:
    """Return the letters of all formulas: Latin ones as they are, Greek ones by their commands."""
    found: set[str] = set()
    for match in _FORMULA.finditer(text):
        formula = _WORDS.sub(" ", match[1] or match[2])
        commands = re.findall(r"\\([A-Za-z]+)", formula)
        found |= {rf"\{name}" for name in commands if name in _GREEK}
        found |= set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", formula)))
    return found


@functools.cache
def _notation() -> str:
    return NOTATION.read_text(encoding="utf-8")
