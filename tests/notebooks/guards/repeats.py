"""Code that stands in two notebooks and belongs into the package."""

import ast
from collections import defaultdict
from collections.abc import Iterable

from tests.notebooks.guards.page import Page, definitions


def repeated_definitions(pages: Iterable[Page]) -> list[str]:
    """Return functions and classes that are defined identically in more than one notebook."""
    places: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for page in pages:
        for node in definitions(page):
            code = ast.dump(node)
            names[code] = node.name
            places[code].append(page.path)
    return [
        f"{names[code]} is defined identically in {', '.join(paths)}; put it into the package"
        for code, paths in places.items()
        if len(set(paths)) > 1
    ]
