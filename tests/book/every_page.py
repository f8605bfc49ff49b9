"""What holds for every page in a browser, in the theme of the file that imports these tests.

Two files, as two processes can then share the work.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.book.pages import PAGES, Visit, outside, visit


@pytest.fixture(scope="module", params=PAGES)
def seen(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    visited = visit(browser, request.param, request.module.THEME)
    yield visited
    visited.page.close()


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
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if seen.theme == "dark":  # only the colors differ from the light page
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    violations = Axe().run(seen.page, options=options).response["violations"]
    serious = {
        violation["id"]: [node["html"] for node in violation["nodes"]]
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    }
    assert serious == {}
