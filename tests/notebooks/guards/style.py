"""How much code and how much prose a page has."""

import io
import math
import re
import statistics
import tokenize

from tests.notebooks.guards.page import Page, code_lines

PAGE_CELLS, CARD_CELLS, CORE_CELLS = (12, 34), (4, 12), (18, 24)
MEDIAN_LINES, USUAL_LINES, MOST_LINES = 6, 15, 25
WORDS_PER_CODE_CELL = (40, 140)
SHARE_OF_COMMENTS = 0.05


def cell_sizes(page: Page) -> list[str]:
    """Code cells are many and small; a data card has fewer, and a revised page has a core."""
    sizes = sorted(len(code_lines(cell)) for cell in page.code)
    count = len(page.lesson)
    fewest, most = CARD_CELLS if page.is_card else PAGE_CELLS
    if page.is_revised:
        count = sum(cell.cell_type == "code" for cell in page.core)
        fewest, most = CORE_CELLS
    found = []
    if not fewest <= count <= most:
        found.append(f"{count} code cells, expected {fewest} to {most}")
    if not sizes:
        return found
    if (median := statistics.median(sizes)) > MEDIAN_LINES:
        found.append(f"the median code cell has {median} lines, expected at most {MEDIAN_LINES}")
    if (usual := sizes[math.ceil(0.9 * len(sizes)) - 1]) > USUAL_LINES:
        found.append(f"nine of ten code cells have up to {usual} lines, expected {USUAL_LINES}")
    if sizes[-1] > MOST_LINES:
        found.append(f"the longest code cell has {sizes[-1]} lines, expected {MOST_LINES}")
    if sizes[0] == 0:
        found.append("a code cell is empty")
    return found


def prose(page: Page) -> list[str]:
    """The prose explains each code cell, and no more."""
    mean = count_words(page.prose) / max(1, len(page.lesson))
    low, high = WORDS_PER_CODE_CELL
    if not low <= mean <= high:
        return [f"{mean:.1f} words of prose for each code cell, expected {low} to {high}"]
    return []


def count_words(text: str) -> int:
    """Count the words of Markdown, without formulas and addresses."""
    text = re.sub(r"\$\$.*?\$\$|\]\(.*?\)|<[^>]+>", " ", text, flags=re.DOTALL)
    return len(re.findall(r"[^\W_][\w'’-]*", text))


def comments(page: Page) -> list[str]:
    """The prose, not comments, explains the code."""
    lines = sum(len(code_lines(cell)) for cell in page.code)
    commented = sum(_count_comments(source) for source in page.python)
    if commented > SHARE_OF_COMMENTS * lines:
        return [
            f"{commented} comments in {lines} lines of code, expected at most "
            f"{SHARE_OF_COMMENTS:.0%}; say it in the prose"
        ]
    return []


def _count_comments(source: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return sum(token.type == tokenize.COMMENT for token in tokens)
