"""The book's Markdown as HTML: formulas for MathJax, and links only where they lead to the web."""

import html
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

_RELATIVE_LINK = re.compile(r"(?<!!)\[([^]]+)\]\((?!https?:)[^)]*\)")
# A full stop ends a sentence if a capital, a bold word or a formula follows it.
_END = re.compile(r"(?<! al)[.?!]\**(?=\s+[A-Z*$`“(])")
SHORTEST = 70  # characters that a slide says at least


def _formula(content: str, options: dict[str, bool]) -> str:
    escaped = html.escape(content.strip())
    return rf"\[{escaped}\]" if options["display_mode"] else rf"\({escaped}\)"


_markdown = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=_formula)


def parse(text: str) -> Sequence[Token]:
    """Return the blocks of Markdown as markdown-it's tokens."""
    return _markdown.parse(text)


def render(text: str) -> str:
    """Return Markdown as HTML; of links to other pages only the words are left."""
    return str(_markdown.render(_RELATIVE_LINK.sub(r"\1", text)))


def inline(text: str) -> str:
    """Return a line of Markdown as HTML without a paragraph around it."""
    return str(_markdown.renderInline(_RELATIVE_LINK.sub(r"\1", text)))


def display(formula: str) -> str:
    """Return a display formula as HTML."""
    return _formula(formula, {"display_mode": True})


def lead(paragraph: str) -> str:
    """Return how a paragraph begins: its first sentence, more if that is short.

    Of the question of a page, return all.
    """
    line = " ".join(paragraph.split())
    ends = [found.end() for found in _END.finditer(line) if found.end() >= SHORTEST]
    if not ends or line.startswith("**The question.**"):
        return line
    return line[: ends[0]]
