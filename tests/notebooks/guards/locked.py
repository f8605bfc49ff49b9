"""The test forms that no page may read."""

import re

from tests.notebooks.guards.page import Page

_LOCKED = re.compile(r"""["']locked["']|TEST_PARTS""")


def locked_forms(page: Page) -> list[str]:
    """A page does not mention the split that is kept for `make replicate`."""
    return [
        f"code cell {i + 1} mentions the locked split, which only `make replicate` reads"
        for i, cell in enumerate(page.code)
        if _LOCKED.search(cell.source)
    ]
