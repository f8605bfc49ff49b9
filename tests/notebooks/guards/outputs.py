"""What the stored outputs show."""

from html.parser import HTMLParser

from nbformat import NotebookNode

from tests.notebooks.guards.page import Page, calls
from tests.notebooks.guards.paths import machine_paths

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/svg+xml"}
SHORTEST_ALT = 40
PRINTING = ("claim", "claim_same_outputs", "exact", "show_checks")


def alternative_text(page: Page) -> list[str]:
    """Whoever cannot see a picture or hear a sound can read what it shows."""
    found = []
    for number, cell in enumerate(page.code, start=1):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        # A figure of a revised page has its words inside; its PNG is for other viewers.
        bare = [o for o in cell.outputs if "<figure" not in _data(o).get("text/html", "")]
        shows_picture = any(PICTURES & set(_data(output)) for output in bare)
        if shows_picture and len(alt) < SHORTEST_ALT:
            found.append(
                f"code cell {number} shows a picture; its metadata need mystnb.image.alt of at "
                f"least {SHORTEST_ALT} characters, got {alt!r}"
            )
        for output in cell.outputs:
            media = _Media()
            media.feed(_data(output).get("text/html", ""))
            found += [f"code cell {number}: {problem}" for problem in media.problems]
    return found


def clean_outputs(page: Page) -> list[str]:
    """No warning, no error, no widget, and no path of the machine that ran it is stored."""
    found = []
    for number, cell in enumerate(page.code, start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"code cell {number} stores an error: {output.evalue}")
            if output.get("name") == "stderr":
                found.append(f"code cell {number} writes to stderr: {output.text[:100]}")
            if any(kind.startswith("application/vnd.jupyter.") for kind in _data(output)):
                found.append(f"code cell {number} stores a widget, which no page can show")
            found += [f"output of code cell {number}: {p}" for p in machine_paths(_text(output))]
    return found


def ticks(page: Page) -> list[str]:
    """Only claims print ✓, so that every ✓ stands for something that was checked."""
    found = []
    for number, (cell, tree) in enumerate(zip(page.code, page.trees, strict=True), start=1):
        if "✓" in cell.source:
            found.append(f"code cell {number} writes ✓ itself; use claim(…)")
        shown = any("✓" in _text(output) for output in cell.outputs)
        if shown and not list(calls(tree, *PRINTING)):
            found.append(f"code cell {number} shows ✓ without a claim in it")
    return found


def _data(output: NotebookNode) -> dict[str, str]:
    return dict(output.get("data", {}))


def _text(output: NotebookNode) -> str:
    texts = [value for kind, value in _data(output).items() if kind.startswith("text/")]
    return "\n".join([output.get("text", ""), *texts])


class _Media(HTMLParser):
    """Collects pictures, sounds and videos without words."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and not given.get("alt"):
            self.problems.append("<img> without alt")
        if tag in ("audio", "video", "svg") and not given.get("aria-label"):
            self.problems.append(f"<{tag}> without aria-label")
