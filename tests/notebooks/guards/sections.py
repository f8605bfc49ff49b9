"""What a page says before the lesson and after it."""

import re

from tests.notebooks.guards.page import Page, calls

_DIFFICULTY = r"(?:●○○|●●○|●●●)"
_OPENING = {
    "a line **The question.** …": r"^\*\*The question\.\*\* \S",
    "a line **You will be able to**": r"^\*\*You will be able to\*\*",
    "a link in the line **Before you start** …": r"^\*\*Before you start\*\*.*\]\([^)]+\)",
    "minutes after **Time**": r"\*\*Time\*\*[^*]* \d+ minutes?\b",
    "●○○, ●●○ or ●●● after **Difficulty**": rf"\*\*Difficulty\*\* {_DIFFICULTY}(?!\S)",
}
_CHIPS = {
    "a line **The question.** …": _OPENING["a line **The question.** …"],
    "a line **You will be able to**": _OPENING["a line **You will be able to**"],
    "one line **Time** N minutes … · **Difficulty** ●●○ · **You need** … with a link": (
        rf"^\*\*Time\*\* \d+ minutes\b[^·]* · \*\*Difficulty\*\* {_DIFFICULTY} · "
        r"\*\*You need\*\* .*\]\("
    ),
}
REVISED_CLOSING = [
    "When not to use it",
    "Where you meet this today",
    "Summary",
    "Quiz",
    "Exercises",
    "Further",
    "References",
]
CARD_SECTIONS = (
    "Origin and license",
    "How it was collected",
    "Who is in it",
    "Splits",
    "Baselines",
    "Known faults",
    "What not to conclude",
    "References",
)
_EXERCISE = re.compile(
    r"^(?P<heading>### Exercise (?P<number>\S+) · \S.*)\n+(?P<line>.*)", re.MULTILINE
)


def objectives(page: Page) -> list[str]:
    """The third cell (of a revised page, the second) says what it asks, teaches and costs."""
    where, cell = ("second", page.cell(1)) if page.is_revised else ("third", page.cell(2))
    text = cell.source if cell.cell_type == "markdown" else ""
    found = [
        f"the {where} cell lacks {what}"
        for what, pattern in (_CHIPS if page.is_revised else _OPENING).items()
        if not re.search(pattern, text, re.MULTILINE)
    ]
    after = text.partition("**You will be able to**")[2].partition("\n**")[0]
    count = len(re.findall(r"^- \S", after, re.MULTILINE))
    if not 3 <= count <= 6:
        found.append(f"{count} points under **You will be able to**, expected 3 to 6")
    return found


def closing_sections(page: Page) -> list[str]:
    """The page has a summary, exercises and, last, references."""
    sections = dict(_sections(page.prose))
    if page.is_revised:
        closing = [name for name in sections if name in REVISED_CLOSING]
        wanted = [name for name in REVISED_CLOSING if name in sections or name != "Further"]
        if closing != wanted or list(sections)[-len(wanted) :] != wanted:
            return [f"expected to end with {', '.join(wanted)}; got {', '.join(sections)}"]
        if not re.search(r"\d{4}", sections["Where you meet this today"]):
            return ["## Where you meet this today names no source with its year"]
        if not any(name.startswith("By hand") for name in sections):
            return ["no section that begins with `## By hand`"]
    closing = [name for name in sections if name in ("Summary", "Exercises", "References")]
    if closing != ["Summary", "Exercises", "References"] or list(sections)[-1] != "References":
        return [
            "expected ## Summary, ## Exercises and, last of all, ## References; "
            f"the sections are {', '.join(sections)}"
        ]
    found = []
    lines = [line for line in sections["Summary"].splitlines() if line.strip()]
    if not 3 <= len(lines) <= 6:
        found.append(f"the summary has {len(lines)} lines, expected 3 to 6")
    if not sections["References"].strip():
        found.append("there are no references")
    return found


def card_sections(page: Page) -> list[str]:
    """A data card answers the same questions as every other, in the same order."""
    sections = _sections(page.prose)
    names = tuple(name for name, _ in sections)
    if names != CARD_SECTIONS:
        return [f"expected the sections {', '.join(CARD_SECTIONS)}; got {', '.join(names)}"]
    return [f"## {name} is empty" for name, content in sections if not content.strip()]


def exercises(page: Page) -> list[str]:
    """Exercises are numbered, say what they cost, and have a cell that checks the answer."""
    headings = list(_EXERCISE.finditer(page.prose))
    numbers = [heading["number"] for heading in headings]
    part, chapter = page.path.rpartition("/")[2].split("-")[:2]
    if not 2 <= len(numbers) <= 6:
        return [f"{len(numbers)} headings `### Exercise … · …`, expected 2 to 6"]
    expected = [f"{part}.{chapter}.{letter}" for letter in "abcdef"[: len(numbers)]]
    if numbers != expected:
        return [f"the exercises are numbered {numbers}, expected {expected}"]
    found = []
    checks = _checks(page)
    for heading in headings:
        number, line = heading["number"], heading["line"]
        if not re.search(rf"{_DIFFICULTY}.* \d+ minutes?\b", line):
            found.append(f"{number}: the line after the heading lacks ●○○ and minutes: {line!r}")
        if (heading["heading"], number) not in checks:
            found.append(f'{number}: no cell below it calls exercises.check("{number}", …)')
    return found


def _sections(text: str) -> list[tuple[str, str]]:
    """Return heading and content of every section of the second level."""
    pieces = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def _checks(page: Page) -> set[tuple[str, object]]:
    """Return, for each call of `exercises.check`, the heading above it and its number."""
    trees = iter(page.trees)
    heading, found = "", set()
    for cell in page.cells:
        if cell.cell_type == "code":
            for call in calls(next(trees), "exercises.check"):
                found |= {(heading, getattr(number, "value", None)) for number in call.args[:1]}
        else:
            heading = (re.findall(r"^##+ .*$", cell.source, re.MULTILINE) or [heading])[-1]
    return found
