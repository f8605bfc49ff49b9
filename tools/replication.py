"""What findings came to under other conditions: stored, and as a table in the book."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from nbformat import NotebookNode

from mmtutor.claims import Finding
from tools import canonical, links, runtimes
from tools.conditions import CONDITIONS, CONTROL, OTHER_SCANS, SEED_CONDITIONS, Condition

RESULTS = "book/tables/replication.json"
TABLE = "book/tables/replication.md"
STORED = "as stored"
HELD, MISSED, NOT_RUN = "held", "**missed**", "not run"
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Result:
    """What one notebook came to under one condition.

    Attributes:
        code: a digest of the notebook's code; "" if it was not run.
        findings: as they were printed.
        notes: what went wrong.
        finished: whether it ran to its end.
    """

    code: str = ""
    findings: str = ""
    notes: str = ""
    finished: bool = False


Results = dict[str, dict[str, Result]]  # notebook → name of a condition → result


@dataclass(frozen=True)
class Row:
    """One finding, and what stands in each column of its row."""

    title: str
    finding: Finding
    cells: dict[str, str]

    def holds(self, *names: str) -> bool:
        """Return whether it held under all of these conditions that its page has."""
        return all(self.cells[name].startswith(HELD) for name in names if name in self.cells)

    def measured(self) -> bool:
        """Return whether it was run under some condition, besides the control."""
        others = (cell for name, cell in self.cells.items() if name not in (STORED, CONTROL.name))
        return any(cell != NOT_RUN for cell in others)

    def misses(self, *names: str) -> bool:
        """Return whether it failed under one of these conditions."""
        return any(self.cells.get(name, "").startswith(MISSED) for name in names)


def applicable(page: Path) -> list[Condition]:
    """Return the conditions that can change what a notebook does."""
    code = "\n".join(cell.source for cell in code_cells(page))
    return [condition for condition in CONDITIONS if re.search(condition.pages, code)]


def findings_of(cells: Sequence[NotebookNode]) -> list[Finding]:
    """Return the findings that cells have printed."""
    outputs = [output for cell in cells for output in cell.outputs]
    texts = [output.text for output in outputs if output.output_type == "stream"]
    return Finding.read_all("\n".join(texts))


def code_cells(page: Path) -> list[NotebookNode]:
    """Return the code cells of a notebook, with the outputs that are stored in it."""
    cells = canonical.read(page.read_text(encoding="utf-8")).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def digest_of(page: Path) -> str:
    """Return a short digest of the code of a notebook."""
    installed = f'@{links.REF}"'  # the tag that Colab installs says nothing about a result
    code = json.dumps([cell.source.replace(installed, '@main"') for cell in code_cells(page)])
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def load(root: Path) -> Results:
    """Return the results that are stored."""
    file = root / RESULTS
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {
        page: {name: Result(**fields) for name, fields in results.items()}
        for page, results in stored.items()
    }


def save(root: Path, results: Results) -> None:
    """Store results, and the table of them."""
    fields = {
        page: {name: asdict(result) for name, result in sorted(of_page.items())}
        for page, of_page in sorted(results.items())
    }
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    (root / RESULTS).write_text(f"{text}\n", encoding="utf-8")
    (root / TABLE).write_text(table(root, results), encoding="utf-8")


def table(root: Path, results: Results) -> str:
    """Return a summary and, for each page with findings, a table of them, as Markdown."""
    every, parts = [], []
    for name in runtimes.notebooks(root):
        page, of_page = root / "notebooks" / name, results.get(name, {})
        if rows := list(rows_of(page, of_page)):
            heads = [f"### [{rows[0].title}](../notebooks/{name})", "", "```{table}"]
            heads += [":class: replication", ""]
            parts += [*heads, *_lines(rows), "```", "", *_notes(page, of_page)]
            every += rows
    return "\n".join([*summary(every), "", *parts])


def rows_of(page: Path, results: dict[str, Result]) -> Iterator[Row]:
    """Yield a row for each finding that is stored in a notebook."""
    names = [condition.name for condition in applicable(page)]
    columns = {name: results.get(name, Result()) for name in names}
    for stored in findings_of(code_cells(page)):
        cells = {STORED: _cell(stored)}
        for name, result in columns.items():
            found = {other.sentence: _cell(other) for other in Finding.read_all(result.findings)}
            nothing = "not reached" if result.code else NOT_RUN
            cells[name] = found.get(stored.sentence, nothing)
        yield Row(_escape(runtimes.title(page)), stored, cells)


def _cell(finding: Finding) -> str:
    low, high = finding.interval
    return f"{HELD if finding.holds else MISSED} {finding.effect} [{low},{NO_BREAK}{high}]"


def _lines(rows: Sequence[Row]) -> list[str]:
    names = list(rows[0].cells)
    lines = [f"| finding | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}"]
    for row in rows:
        n = f"n = {row.finding.n}".replace(" ", NO_BREAK)
        what = f"{_escape(row.finding.sentence)} ({row.finding.bound}, {n})"
        lines.append(f"| {what} | {' | '.join(row.cells[name] for name in names)} |")
    return lines


def _notes(page: Path, results: dict[str, Result]) -> list[str]:
    digest, lines = digest_of(page), []
    for condition in applicable(page):
        if result := results.get(condition.name):
            old = "measured before the page's last change" * (result.code not in ("", digest))
            notes = "; ".join(filter(None, [result.notes, old]))
            lines += [f"- {condition.name}: {notes}."] if notes else []
    return [*lines, ""] if lines else []


def summary(rows: Sequence[Row]) -> list[str]:
    """Return in sentences what holds everywhere, on one set of scans, or without learning."""
    if not rows:
        return ["No page prints a finding yet."]
    others = [STORED, *(condition.name for condition in CONDITIONS if condition != CONTROL)]
    seeds = [condition.name for condition in SEED_CONDITIONS]
    mnist = OTHER_SCANS.name
    measured = [row for row in rows if row.measured()]
    everywhere = sum(row.holds(*others) for row in measured)
    one_set = [row for row in rows if row.holds(STORED) and row.misses(mnist)]
    by_seed = [row for row in rows if row.misses(*seeds)]
    trained = [row for row in rows if row.finding.trained]
    idle = [row for row in trained if row.holds(CONTROL.name)]
    return [
        f"{everywhere} of {len(measured)} findings hold under all conditions of their page."
        + f" {len(rows) - len(measured)} have not been measured under any other yet."
        * (len(measured) < len(rows)),
        "",
        _listed("On the UCI scans, but not on those of MNIST, hold", one_set),
        _listed("Under some seed fail", by_seed),
        _listed(f"Where nothing is learned, of {len(trained)} findings about training hold", idle),
    ]


def _listed(what: str, rows: Sequence[Row]) -> str:
    names = [f"“{_escape(row.finding.sentence)}” ({row.title})" for row in rows]
    return f"- {what}: {'; '.join(names) or 'none'}."


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_$|<\[\]])", r"\\\1", text)
