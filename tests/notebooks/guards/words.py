"""Words that readers stumbled over, and the field's words for them."""

import re

from tests.notebooks.guards.page import Page

BETTER = {
    r"\bsenses?\b": "modality",
    r"\bby lot\b|\bdealt?\b": "at random, drawn, permuted",
    r"\bforetells?\b": "predict",
    r"\bdear(?:er)?\b": "expensive",
    r"\balike likely\b": "equally likely",
    r"\bhabits?\b": "language prior",
    r"\bno sign of sight\b": "does not depend on the image",
    r"\bthe article\b": "nothing: the article is named on the welcome page",
    r"\bnever less than\b.*\bprevents vanishing\b": "under independence only",
    r"\b(?:careful|default|cold) starts?\b": "initialization",
    r"\bcan hear\b|\bwho hears\b": "gets the sound",
}


def words(page: Page) -> list[str]:
    """A revised page uses the words of the field; the address of a link is no word."""
    if not page.is_revised:
        return []
    prose = re.sub(r"\]\([^)\s]*\)", "]", page.prose)
    return [
        f"{found[0]!r}: say {better}"
        for pattern, better in BETTER.items()
        for found in re.finditer(pattern, prose, re.IGNORECASE)
    ]
