"""Make slides of the book's parts: `python -m classroom slides`.

A part becomes one HTML file that opens without a network. It is a page of our own, about a
hundred lines, and not reveal.js: that would need npm at build time, and brings its notes in a
second window, which browsers refuse to a file opened from disk.
"""

import argparse
import importlib.metadata
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, select_autoescape

from classroom import deck
from classroom.deck import Slide

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).parent / "templates"
MATHJAX = "tex-svg-full.js"  # all of TeX, and its letters as paths: nothing is loaded later


class SlidesError(Exception):
    """There are no slides to make; the message says what there is."""


@dataclass(frozen=True)
class Part:
    """A part of the book.

    Attributes:
        number: as in its caption, such as `"2"`.
        title: such as `"Core concepts"`.
        pages: its files, in order.
    """

    number: str
    title: str
    pages: tuple[Path, ...]

    def slides(self) -> list[Slide]:
        """Return the slides of all its pages."""
        return [slide for page in self.pages for slide in deck.read(page)]


def parts(root: Path = ROOT) -> dict[str, Part]:
    """Return the numbered parts of the book's table of contents."""
    table = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = {}
    for entry in table["parts"]:
        numbered = re.fullmatch(r"(\d+) · (.+)", entry["caption"])
        if numbered:
            pages = tuple(_file(root / chapter["file"]) for chapter in entry["chapters"])
            found[numbered[1]] = Part(numbered[1], numbered[2], pages)
    return found


def _file(stem: Path) -> Path:
    notebook = stem.with_name(f"{stem.name}.ipynb")
    return notebook if notebook.exists() else stem.with_name(f"{stem.name}.md")


def page(part: Part) -> str:
    """Return a part's slides as one page that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True
    )
    template = environment.get_template("slides.html")
    return template.render(part=part, slides=part.slides(), mathjax=_mathjax())


def _mathjax() -> str:
    (script,) = [
        file
        for file in importlib.metadata.files("sphinx-mathjax-offline") or []
        if file.name == MATHJAX
    ]
    text = Path(str(script.locate())).read_text(encoding="utf-8")
    # Inside a page, these characters would end the script.
    return text.replace("</script", r"<\/script")


def choose(asked: str | None) -> list[Part]:
    """Return the part that is asked for, or all.

    Raises:
        SlidesError: no such part.
    """
    known = parts()
    if asked is None:
        return list(known.values())
    if asked not in known:
        raise SlidesError(f"the book has no part {asked!r}; it has {', '.join(known)}")
    return [known[asked]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of this command."""
    parser.description = __doc__
    parser.add_argument("part", nargs="?", help="its number, such as 2 (default: all)")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "_build" / "slides",
        metavar="FOLDER",
        help="where they go (default: _build/slides)",
    )


def main(args: argparse.Namespace) -> int:
    """Write the slides, and return the exit code."""
    try:
        chosen = choose(args.part)
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    args.output.mkdir(parents=True, exist_ok=True)
    for part in chosen:
        target = args.output / f"part-{part.number}.html"
        target.write_text(page(part), encoding="utf-8")
        print(f"{target}: {len(part.slides())} slides")
    return 0
