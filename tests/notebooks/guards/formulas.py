"""Formulas of which MathJax leaves a part out, without an error."""

import re

from tests.notebooks.guards.page import Page

_ALIGNMENT = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)
_BRACKET = re.compile(
    r"(?:\\begin\{\w+\*?\}(?:\{[^}]*\})?|&|\\\\)\s*"
    r"\[(?!\s*-?[\d.]+\s*(?:cm|em|ex|mm|mu|pt)\s*\])"  # \\[1ex] is meant: more space
    r".{,30}"
)


def brackets(page: Page) -> list[str]:
    """No bracket of a formula is taken for an optional argument."""
    return lost_brackets(page.prose)


def lost_brackets(text: str) -> list[str]:
    r"""Return where a bracket follows `\begin{aligned}`, `&` or `\\`, which would swallow it."""
    return [
        f"write {{}}[ for the bracket, which is read as an optional argument: {found[0]}"
        for alignment in _ALIGNMENT.finditer(text)
        for found in _BRACKET.finditer(alignment[0])
    ]
