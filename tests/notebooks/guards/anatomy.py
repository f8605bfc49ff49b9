"""What a revised page promises beyond the others."""

import ast
import re

from tests.notebooks.guards.page import Page, calls, code_lines
from tests.notebooks.guards.style import count_words

WORDS_PER_MINUTE, MINUTES_PER_LINE = 200, 0.1
TOLERANCE = 0.2
SHARE_AFTER = 1 / 3
SHORTEST_CAPTION, SHORTEST_ALT = 20, 40
# A sentence that begins so leans on another.
_LEANS = re.compile(r"^(?:[a-z]|But\b|And\b|Also\b|Nor\b|It\b|They\b|Here\b)")


def reading_time(page: Page) -> list[str]:
    """The stated minutes are those of the core: its words and its lines of code."""
    if not page.is_revised:
        return []
    stated = re.search(r"\*\*Time\*\* (\d+) minutes", page.prose)
    words = sum(count_words(cell.source) for cell in page.core if cell.cell_type == "markdown")
    lines = sum(len(code_lines(cell)) for cell in page.core if cell.cell_type == "code")
    minutes = words / WORDS_PER_MINUTE + lines * MINUTES_PER_LINE
    if stated and abs(int(stated[1]) - minutes) > TOLERANCE * minutes:
        return [
            f"{stated[1]} minutes are stated; {words} words and {lines} lines take {minutes:.0f}"
        ]
    return []


def numbered_figures(page: Page) -> list[str]:
    """Every figure is shown with a number, a caption and words for whoever cannot see it."""
    if not page.is_revised:
        return []
    found = [
        f"a cell has mystnb image metadata; use figures.show(…): {cell.source[:40]!r}"
        for cell in page.code
        if "mystnb" in cell.metadata
    ]
    shown = [call for tree in page.trees for call in calls(tree, "figures.show")]
    numbers = [_value(call.args[0]) for call in shown]
    if numbers != list(range(1, len(shown) + 1)):
        found.append(f"the figures are numbered {numbers}")
    for call in shown:
        caption = str(_value(call.args[1]))
        words = {word.arg: word.value for word in call.keywords}
        if len(caption) < SHORTEST_CAPTION:
            found.append(f"a caption says too little: {caption!r}")
        alt = str(_value(words["alt"])) if "alt" in words else ""
        if "diagram" not in words and (len(alt) < SHORTEST_ALT or len(set(alt.split())) < 6):
            found.append(f"the words for a plot say too little: {alt!r}")
    return found


def findings(page: Page) -> list[str]:
    """Measurements are findings that can be read alone, with few bounds set afterwards."""
    if not page.is_revised:
        return []
    found = [
        f"{call.func.id}(…) is for pages that are not revised"  # type: ignore[attr-defined]
        for tree in page.trees
        for call in calls(tree, "claim", "claim_same_outputs")
    ]
    made = [call for tree in page.trees for call in calls(tree, "finding")]
    if len(made) < 2:
        found.append(f"{len(made)} findings, expected 2 or more")
    for call in made:
        sentence = ast.unparse(call.args[0]).strip("f'\"")
        if _LEANS.match(sentence):
            found.append(f"a finding cannot be read alone: {sentence!r}")
    for tree in page.trees:
        for call in calls(tree, "exact", "check"):
            if not any(isinstance(node, ast.Name) for node in ast.walk(call.args[0])):
                found.append(f"a constant is no claim: {ast.unparse(call)[:60]}")
    origins = [
        _value(word.value) for call in made for word in call.keywords if word.arg == "origin"
    ]
    if origins.count("after") > SHARE_AFTER * len(made):
        found.append(f"{origins.count('after')} of {len(made)} bounds were set after the result")
    shown = "".join(output.get("text", "") for cell in page.code for output in cell.outputs)
    if "◇" in shown:
        found.append("a stored finding does not hold")
    return found


def practice(page: Page) -> list[str]:
    """A page has its quiz, and an exercise that is hard."""
    if not page.is_revised:
        return []
    found = []
    if not any(list(calls(tree, "exercises.quiz")) for tree in page.trees):
        found.append("no cell calls exercises.quiz(…)")
    if not re.search(r"^●●●", page.prose, re.MULTILINE):
        found.append("no exercise is ●●●")
    return found


def _value(node: ast.AST) -> object:
    """Return the value of a constant, or the source of anything else."""
    return node.value if isinstance(node, ast.Constant) else ast.unparse(node)
