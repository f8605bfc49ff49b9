"""A page of the book as slides: its headings, figures, display formulas and findings in order.

Nothing is written for the slides alone. The prose between two of them becomes the speaker's
notes, so slides and page cannot drift apart.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from markdown_it.token import Token

from classroom import prose
from tools import canonical

Kind = Literal["title", "heading", "picture", "formula", "finding"]

# What is worked on alone, at a desk; of exercises the figures are kept, to be read together.
LEFT_OUT = {"Check yourself", "Quiz", "Exercises", "References"}
_FIGURE = re.compile(r"<figure[^>]*>(.*)<figcaption>(.*)</figcaption></figure>", re.DOTALL)
_SEEN_OR_HEARD = re.compile(r"<(?:svg|img|audio|video)\b")
_ID = re.compile(r'\bid="([^"]+)"')
_INCLUDED = re.compile(r"^```{raw} html\n:file: (\S+)\n```\n", re.MULTILINE)
_FINDING = re.compile(r"^◆ (.+)\n((?:  .+\n?)*)", re.MULTILINE)
_ALL_SHOWN = ("bullet_list_open", "ordered_list_open", "table_open")


@dataclass
class Slide:
    """What is projected, and what the speaker says to it.

    Attributes:
        kind: decides the look.
        heading: of the section that it belongs to, as HTML.
        body: what is shown, as HTML.
        caption: what to see in a picture, as HTML.
        notes: paragraphs of the page, as Markdown.
    """

    kind: Kind
    heading: str
    body: str = ""
    caption: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def spoken(self) -> str:
        """The notes as HTML."""
        return prose.render("\n\n".join(self.notes))


def read(path: Path) -> list[Slide]:
    """Return the slides of a page, a notebook or a page of prose.

    Args:
        path: a file ending in `.ipynb` or `.md`.
    """
    text = path.read_text(encoding="utf-8")
    deck = _Deck(path.stem)
    if path.suffix == ".md":
        deck.add_prose(_with_pictures(text, path.parent))
        return deck.slides
    for cell in canonical.read(text).cells:
        if cell.cell_type == "markdown":
            deck.add_prose(cell.source)
            continue
        for output in cell.outputs:
            deck.add_output(output, _stated_alt(cell.metadata))
    return deck.slides


def _with_pictures(text: str, folder: Path) -> str:
    """Put the pictures of a page of prose into its text: plain Markdown cannot include a file."""

    def inline(found: re.Match[str]) -> str:
        return (folder / found[1]).read_text(encoding="utf-8").replace("\n", " ") + "\n"

    return _INCLUDED.sub(inline, text)


def _stated_alt(metadata: Mapping[str, Any]) -> str:
    return str(metadata.get("mystnb", {}).get("image", {}).get("alt", ""))


class _Deck:
    """Slides that grow from the top of a page to its bottom."""

    def __init__(self, name: str) -> None:
        self.slides: list[Slide] = []
        self.name = name
        self.section = ""
        self.left_out = False
        self.listed = False  # whether the section's slide shows a list or a table
        self.before = ""  # the paragraph that leads to a formula or a picture

    def add_prose(self, text: str) -> None:
        for token, source in _blocks(text):
            if token.type == "heading_open":
                self._begin(int(token.tag[1]), source.lstrip("# ").strip())
            elif self.left_out:
                continue
            elif token.type == "math_block":
                self._add("formula", prose.display(token.content))
            elif "<svg" in source:
                self._add("picture", self._named(source))
            else:
                self._say(token, source)

    def add_output(self, output: Mapping[str, Any], alt: str) -> None:
        data = output.get("data", {})
        markup = data.get("text/html", "")
        framed = _FIGURE.search(markup)
        if self.left_out and not framed:
            return
        if _SEEN_OR_HEARD.search(markup):
            shown, caption = (framed[1], framed[2]) if framed else (markup, "")
            self._add("picture", self._named(shown), caption)
        elif "image/png" in data:
            source = data["image/png"].replace("\n", "")
            shown = f'<img src="data:image/png;base64,{source}" alt="{html.escape(alt)}">'
            self._add("picture", shown)
        for sentence, effect in _FINDING.findall(output.get("text", "")):
            body = f"<p>{html.escape(sentence)}</p><p class='effect'>{html.escape(effect)}</p>"
            self._add("finding", body)

    def _begin(self, level: int, text: str) -> None:
        self.before, self.listed = "", False
        if level == 1:
            self.slides.append(Slide("title", prose.inline(text)))
            return
        self.section = text
        if level == 2:
            self.left_out = text in LEFT_OUT
        if not self.left_out:
            self._drop_bare_heading()
            self.slides.append(Slide("heading", prose.inline(text)))

    def _say(self, token: Token, source: str) -> None:
        """Let prose be a note; the first of a section also gives its slide something to show."""
        if not self.slides or source.startswith("[Open in Colab]"):
            return
        slide = self.slides[-1]
        if slide.kind in ("title", "heading"):
            if token.type in _ALL_SHOWN and slide.kind == "heading" and not self.listed:
                slide.body, self.listed = prose.render(source), True
            elif not slide.body and token.type == "paragraph_open":
                slide.body = prose.render(prose.lead(source))
        slide.notes.append(source)
        self.before = source if token.type == "paragraph_open" else ""

    def _add(self, kind: Kind, body: str, caption: str = "") -> None:
        notes = [self.before] if self.before else []
        self._drop_bare_heading()
        heading = prose.inline(self.section)
        self.slides.append(Slide(kind, heading, body, caption, notes))
        self.before = ""

    def _drop_bare_heading(self) -> None:
        """Take a heading away that has nothing below it: what follows it names its section."""
        if self.slides[-1].kind == "heading" and not self.slides[-1].body:
            self.slides.pop()

    def _named(self, markup: str) -> str:
        """Return markup whose ids no other picture of the part has."""
        prefix = f"p{self.name[:3]}-{len(self.slides)}-"
        for name in set(_ID.findall(markup)):
            for before, after in (('id="', '"'), ("url(#", ")"), ('href="#', '"')):
                markup = markup.replace(f"{before}{name}{after}", f"{before}{prefix}{name}{after}")
            markup = markup.replace(f'labelledby="{name}"', f'labelledby="{prefix}{name}"')
        return markup


def _blocks(text: str) -> Iterator[tuple[Token, str]]:
    """Yield the outermost blocks of Markdown, each with its source."""
    lines = text.split("\n")
    for token in prose.parse(text):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield token, "\n".join(lines[slice(*token.map)]).strip()
