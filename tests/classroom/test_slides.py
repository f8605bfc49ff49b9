"""Slides: what of a page is on them, what is said to them, and that they open without a network."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page

from classroom import deck, prose, slides
from tests.notebooks.guards.page import REVISED

ROOT = Path(__file__).resolve().parents[2]
PARTS = slides.parts()

FIGURE = (
    '<figure class="mmtutor" id="figure-1"><div><svg id="a"><use href="#a"/></svg></div>'
    "<figcaption><strong>Figure 1.</strong> A line.</figcaption></figure>"
)
FINDING = (
    "✓ a check\n◆ Depth helps: loss\n  0.5 [0.4, 0.6], n = 5\n◆ It lasts: loss\n  0.1, n = 5\n"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    cells = [
        new_markdown_cell("# 9.1 · A page\n\n[Open in Colab](https://example.org)"),
        new_markdown_cell("**The question.** Why? Because.\n\n**You will be able to**\n\n- see;"),
        new_markdown_cell("## A sum\n\nAdd [two](2-1-x.ipynb) numbers.\n\n$$a + b$$\n\nSo it is."),
        new_code_cell("plot()", outputs=[new_output("display_data", {"text/html": FIGURE})]),
        new_markdown_cell("Look at the line."),
        new_code_cell("find()", outputs=[new_output("stream", text=FINDING)]),
        new_markdown_cell("## Summary\n\n- One.\n- Two.\n\n## Exercises\n\n### Exercise 9.1.a"),
        new_code_cell("x", outputs=[new_output("display_data", {"text/html": FIGURE})]),
        new_code_cell("y", outputs=[new_output("display_data", {"text/html": "<svg></svg>"})]),
        new_markdown_cell("## References\n\n- Somebody (2020)."),
    ]
    path = tmp_path / "9-1-a-page.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_a_page_becomes_headings_formulas_pictures_and_findings_in_order(page):
    kinds = [slide.kind for slide in deck.read(page)]
    found = ["formula", "picture", "finding", "finding"]
    assert kinds == ["title", "heading", *found, "heading", "picture"]


def test_of_exercises_only_the_numbered_figures_are_kept(page):
    last = deck.read(page)[-1]
    assert (last.heading, last.notes) == ("Exercise 9.1.a", [])


def test_a_slide_shows_little_and_the_notes_say_the_rest(page):
    title, heading, formula, picture, first, second, summary, _ = deck.read(page)
    assert title.heading == "9.1 · A page"
    assert title.body == "<p><strong>The question.</strong> Why? Because.</p>\n"
    assert "Colab" not in title.spoken and "<li>see;</li>" in title.spoken
    assert (heading.heading, heading.body) == ("A sum", "<p>Add two numbers.</p>\n")
    assert formula.body == r"\[a + b\]"
    assert formula.notes == ["Add [two](2-1-x.ipynb) numbers.", "So it is."]
    assert picture.caption == "<strong>Figure 1.</strong> A line."
    assert picture.notes == ["So it is.", "Look at the line."]
    assert "Depth helps" in first.body and "0.5 [0.4, 0.6], n = 5" in first.body
    assert "It lasts" in second.body and "0.5" not in second.body
    assert summary.body.count("<li>") == 2


def test_a_picture_gets_ids_of_its_own(page):
    picture = deck.read(page)[3].body
    (name,) = re.findall(r'id="([^"]+)"', picture)
    assert name != "a" and f'href="#{name}"' in picture


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("It is so. " + "Long " * 20 + "end. Not this.", "It is so. " + "Long " * 20 + "end."),
        ("Sejnowski et al. (1990) did it.", "Sejnowski et al. (1990) did it."),
        ("With $w_1 = 0.5$ and " + "much more " * 8 + "it ends. Then.", None),
    ],
)
def test_a_lead_is_a_sentence_or_two_if_the_first_is_short(text, lead):
    assert prose.lead(text) == (lead or text.removesuffix(" Then."))


def test_the_parts_are_those_of_the_book_with_all_their_pages():
    assert list(PARTS) == ["1", "2", "3", "4", "5", "6", "7"]
    assert PARTS["2"].title == "Core concepts"
    for part in PARTS.values():
        titles = [slide.heading for slide in part.slides() if slide.kind == "title"]
        assert len(titles) == len(part.pages)
        assert all(title.startswith(f"{part.number}.") for title in titles)


@pytest.mark.parametrize("name", sorted(REVISED))
def test_every_figure_of_a_revised_page_is_on_one_slide(name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    captions = re.findall(r'"text/plain": \[\s*"(Figure \d+)\.', path.read_text(encoding="utf-8"))
    shown = [re.findall(r"Figure \d+", slide.caption) for slide in deck.read(path)]
    assert captions
    assert Counter(sum(shown, [])) == Counter(captions)


@pytest.mark.parametrize("number", list(PARTS))
def test_no_id_occurs_twice_in_a_part(number):
    names = re.findall(r'\bid="([^"]+)"', "".join(slide.body for slide in PARTS[number].slides()))
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_a_part_that_is_not_there_is_refused():
    with pytest.raises(slides.SlidesError, match="no part '9'; it has 1, 2, 3, 4, 5, 6"):
        slides.choose("9")


# What is drawn of a slide and lies outside of it, by more than a pixel.
OVERFLOWING = """() => [...document.querySelectorAll(".slide")].flatMap((slide, i) => {
  const face = slide.querySelector(".face").getBoundingClientRect();
  const parts = slide.querySelectorAll(".face svg, .face img, .face p, .face li, .face h2");
  return [...parts].map((part) => part.getBoundingClientRect())
    .filter((r) => r.width && (r.left < face.left - 1 || r.right > face.right + 1
      || r.top < face.top - 1 || r.bottom > face.bottom + 1))
    .map(() => i + 1);
})"""


def shown(page: Page) -> str:
    return page.locator("#number").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("number", list(PARTS))
def test_a_part_opens_without_network_and_fits_its_slides(browser, number, tmp_path):
    file = tmp_path / f"part-{number}.html"
    file.write_text(slides.page(PARTS[number]), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 720}, offline=True)
    requests, problems = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(file.as_uri())
    page.wait_for_selector("body.ready", timeout=120_000)
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    assert problems == []
    assert page.locator("[data-mjx-error], mjx-merror").count() == 0
    assert page.evaluate(OVERFLOWING) == []
    total = page.locator(".slide").count()
    assert shown(page) == f"1 / {total}"
    page.keyboard.press("ArrowRight")
    assert shown(page) == f"2 / {total}"
    notes = page.locator(".slide.on .notes")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible() and notes.inner_text()
    page.keyboard.press("End")
    assert shown(page) == f"{total} / {total}"
    page.close()
