"""How a notebook is stored, and its first two cells."""

from tests.notebooks.guards.page import Page
from tools import canonical, links


def execution_counts(page: Page) -> list[str]:
    """Every code cell was executed, once, from top to bottom."""
    counts = [cell.execution_count for cell in page.code]
    if counts != list(range(1, len(counts) + 1)):
        return [f"the cells were executed in the order {counts}; run `make notebooks`"]
    return []


def canonical_form(page: Page) -> list[str]:
    """The file is what `tools.notebooks normalize` would write."""
    if page.text != canonical.canonical(page.text):
        return ["not in canonical form; run `python -m tools.notebooks normalize`"]
    return []


def opening(page: Page) -> list[str]:
    """The first cell is the title and the links to Colab and to the source."""
    first = page.cell(0)
    title = first.source.split("\n")[0].removeprefix("# ").strip()
    expected = links.title_cell(title, page.path, page.address)
    if not title or first.cell_type != "markdown" or first.source != expected:
        return [f"the first cell must be\n{expected}"]
    return []


def setup(page: Page) -> list[str]:
    """The second cell (of a revised page, the third) installs the package in Colab."""
    where, second = ("third", page.cell(2)) if page.is_revised else ("second", page.cell(1))
    expected = links.setup_cell(page.address)
    if second.cell_type != "code" or second.source != expected:
        return [f"the {where} cell must be the code\n{expected}"]
    if second.metadata.get("tags") != ["hide-input"]:
        return [f"the {where} cell must have the one tag hide-input"]
    return []
