"""Reading on a phone and on paper, the first page, and the search."""

import pytest

from tests.book.pages import BOOK, NOTEBOOKS, PAGES, outside, visit


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


def test_a_quiz_opens_by_keyboard_and_prints_its_answers_at_the_end(browser):
    page = visit(browser, NOTEBOOKS[0]).page
    quiz = page.locator(".quiz")
    reason, key = quiz.locator("details p").first, quiz.locator(".quiz-key")
    assert not reason.is_visible()
    quiz.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert reason.is_visible()
    assert not key.is_visible()
    page.emulate_media(media="print")
    assert not reason.is_visible()
    assert key.is_visible()
    assert quiz.locator("summary").last.is_visible()
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
