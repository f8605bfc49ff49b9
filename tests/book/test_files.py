"""The files of the built book: every page is there, and its links lead somewhere."""

import functools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml

from tests.book.pages import BOOK, NOTEBOOKS, PAGES, ROOT, outside
from tools import links

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REDIRECTS = CONFIG["sphinx"]["config"]["redirects"]

pytestmark = pytest.mark.usefixtures("built")


class Elements(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: Counter[str] = Counter()
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors[str(value)] += 1
            elif name in {"href", "src", "poster"}:
                (self.links if tag == "a" else self.loads).append(str(value))


@functools.cache
def elements(path: Path) -> Elements:
    return Elements(path)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_table_of_contents_is_built(name):
    assert (BOOK / f"{name}.html").is_file()


@pytest.mark.parametrize(("old", "new"), REDIRECTS.items())
def test_the_address_of_a_page_that_moved_leads_to_it(old, new):
    assert new in elements(BOOK / f"{old}.html").text
    assert ((BOOK / old).parent / new).is_file()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_nothing_to_load_from_elsewhere(name):
    assert outside(elements(BOOK / f"{name}.html").loads) == []


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_book_lead_to_a_place_that_exists(name):
    here = BOOK / f"{name}.html"
    dead = []
    for link in elements(here).links:
        if urlsplit(link).scheme:
            continue
        path, anchor = urldefrag(unquote(link))
        target = (here.parent / path).resolve() if path else here
        if not target.is_file() or (anchor and anchor not in elements(target).anchors):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("name", PAGES)
def test_no_two_places_of_a_page_have_the_same_anchor(name):
    anchors = elements(BOOK / f"{name}.html").anchors
    assert [anchor for anchor, count in anchors.items() if count > 1] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_launch_button_of_a_notebook_opens_it_in_colab(name):
    html = (BOOK / f"{name}.html").read_text(encoding="utf-8")
    (menu,) = re.findall(r'<div class="dropdown dropdown-launch-buttons">.*?</div>', html, re.S)
    repository = links.read_address(ROOT).removeprefix(links.GITHUB)
    file = f"{repository}/blob/{links.REF}/{name}.ipynb"
    assert f'href="https://colab.research.google.com/github/{file}"' in menu
    assert (ROOT / f"{name}.ipynb").is_file()
