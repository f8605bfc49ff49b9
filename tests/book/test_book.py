"""The built book, as a reader meets it: opened from disk, in a browser, without a network."""

import functools
import itertools
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tools import links

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "_build" / "html"
PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
NOTEBOOKS = [page for page in PAGES if page.startswith("notebooks/")]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Elements(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: Counter[str] = Counter()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors[str(value)] += 1
            elif name in {"href", "src", "poster"}:
                (self.links if tag == "a" else self.loads).append(str(value))


@dataclass
class Visit:
    """A page open in the browser, what it asked for, and what went wrong."""

    page: Page
    theme: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@functools.cache
def elements(path: Path) -> Elements:
    return Elements(path)


def outside(addresses: list[str]) -> list[str]:
    inside = {"", "file", "data", "blob"}
    return [address for address in addresses if urlsplit(address).scheme not in inside]


def visit(browser: Browser, name: str, theme: str = "light", **options: Any) -> Visit:
    """Open a page of the book and wait until its formulas are set."""
    page = browser.new_page(color_scheme=theme, offline=True, **options)
    seen = Visit(page, theme)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("requestfailed", lambda request: seen.problems.append(f"missing: {request.url}"))
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on(
        "console",
        lambda message: seen.problems.append(message.text) if message.type == "error" else None,
    )
    page.goto((BOOK / f"{name}.html").as_uri())
    page.evaluate("window.MathJax?.startup?.promise")
    return seen


@pytest.fixture(scope="module", autouse=True)
def _book_is_built():
    if not (BOOK / "index.html").is_file():
        pytest.fail("there is no built book in _build/html: run `make book`", pytrace=False)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no browser: install chromium (apt-get install chromium) or google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )


@pytest.fixture(scope="module", params=itertools.product(PAGES, ["light", "dark"]), ids="-".join)
def seen(browser, request):
    visited = visit(browser, *request.param)
    yield visited
    visited.page.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_table_of_contents_is_built(name):
    assert (BOOK / f"{name}.html").is_file()


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
    file = f"{repository}/blob/main/{name}.ipynb"
    assert f'href="https://colab.research.google.com/github/{file}"' in menu
    assert (ROOT / f"{name}.ipynb").is_file()


def test_a_page_asks_nothing_of_the_network(seen):
    assert outside(seen.requests) == []


def test_a_page_has_no_error_on_its_console_and_misses_no_file(seen):
    assert seen.problems == []


def test_a_page_follows_the_theme_of_the_system(seen):
    assert seen.page.evaluate("document.documentElement.dataset.theme") == seen.theme


def test_every_formula_is_set(seen):
    formulas = seen.page.locator(".bd-article .math")
    assert formulas.locator("mjx-container").count() == formulas.count()
    assert seen.page.locator("[data-mml-node=merror]").count() == 0


def test_every_picture_is_shown(seen):
    unseen = "pictures => pictures.filter(i => !i.naturalWidth).map(i => i.src.slice(0, 100))"
    assert seen.page.locator("img").evaluate_all(unseen) == []


def test_every_picture_has_words_for_those_who_cannot_see_it(seen):
    mute = "pictures => pictures.filter(i => !i.alt.trim()).map(i => i.src.slice(0, 100))"
    assert seen.page.locator("img").evaluate_all(mute) == []


def test_plots_keep_their_colors_in_both_themes(seen):
    filters = "pictures => pictures.map(i => getComputedStyle(i).filter)"
    assert set(seen.page.locator(".cell_output img").evaluate_all(filters)) <= {"none"}


def test_axe_finds_no_serious_barrier(seen):
    violations = Axe().run(seen.page).response["violations"]
    serious = {
        violation["id"]: [node["html"] for node in violation["nodes"]]
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    }
    assert serious == {}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_width_of_a_phone(browser, name):
    page = visit(browser, name, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_paper_shows_the_text_without_the_buttons(browser):
    page = visit(browser, NOTEBOOKS[0]).page
    page.emulate_media(media="print")
    assert page.locator(".bd-article p").first.is_visible()
    buttons = page.locator(".header-article-items, .copybtn, .prev-next-footer").all()
    assert buttons
    assert not any(button.is_visible() for button in buttons)
    page.close()


def test_paper_is_printed_in_the_light_theme(browser):
    page = visit(browser, NOTEBOOKS[0], "dark").page
    theme = "document.documentElement.dataset.theme"
    page.evaluate(f"addEventListener('beforeprint', () => {{ printed = {theme} }})")
    page.pdf()
    assert page.evaluate(f"[printed, {theme}]") == ["light", "dark"]
    page.close()


def test_the_index_opens_the_first_page(browser):
    page = browser.new_page(offline=True)
    page.goto((BOOK / "index.html").as_uri())
    page.wait_for_url(f"**/{PAGES[0]}.html")
    page.close()


def test_search_finds_a_word_and_leads_to_it(browser):
    seen = visit(browser, PAGES[0])
    seen.page.keyboard.press("Control+k")
    seen.page.keyboard.type("bottleneck")
    seen.page.keyboard.press("Enter")
    results = seen.page.locator("#search-results ul.search li a")
    results.first.wait_for()
    assert any("the-residual-block" in str(a.get_attribute("href")) for a in results.all())
    results.first.click()
    article = seen.page.locator(".bd-article")
    article.wait_for()
    assert "bottleneck" in article.inner_text().lower()
    assert (outside(seen.requests), seen.problems) == ([], [])
    seen.page.close()
