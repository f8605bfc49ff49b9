"""The program of the welcome page: offline, in a browser, it computes what PyTorch does."""

import pytest
import torch

from mmtutor import data
from tests.book.pages import visit
from tools import live

WELCOME = "book/welcome"


@pytest.fixture(scope="module")
def page(browser):
    page = visit(browser, WELCOME).page
    page.wait_for_selector("#live:not([hidden])")
    yield page
    page.close()


def said(page) -> str:
    page.wait_for_timeout(100)  # the answer comes with the next frame
    return page.locator("#live output").inner_text()


def test_the_stored_network_reads_each_sense_and_all_together():
    model, held_out = live.stored(), live.examples("validation")
    clean = range(len(held_out) // len(live.SPOILED))
    inputs, targets = held_out[clean[0] : clean[-1] + 1]
    with torch.no_grad():
        alone = {n: model({n: x}).argmax(dim=1) for n, x in inputs.items()}
        together = model(inputs).argmax(dim=1)
    accuracy = {name: (y == targets).float().mean().item() for name, y in alone.items()}
    assert min(accuracy.values()) > 0.85, accuracy
    assert (together == targets).float().mean() > 0.97


@pytest.mark.parametrize("senses", [*((name,) for name in live.SENSES), live.SENSES])
def test_logits_in_the_browser_are_those_of_pytorch(page, senses):
    inputs, _ = live.examples("validation").select(*senses)[::97]
    with torch.no_grad():
        expected = live.stored()(inputs)
    for i, logits in enumerate(expected):
        given = {name: x[i].flatten().tolist() for name, x in inputs.items()}
        if "text" in given:
            given["text"] = [number - 1 for number in given["text"] if number]
        found = page.evaluate("given => [...live.logits(live.features(given))]", given)
        torch.testing.assert_close(torch.tensor(found), logits, atol=1e-4, rtol=0)


def test_it_reads_the_stored_seven_and_tells_when_nothing_is_left(page):
    assert said(page).startswith("The network says 7")
    for sense in live.SENSES:
        page.locator(f"#live [name=use-{sense}]").uncheck()
    assert said(page) == "The network has nothing to see, read or hear."
    for sense in live.SENSES:
        page.locator(f"#live [name=use-{sense}]").check()
    assert said(page).startswith("The network says 7")


def test_a_digit_can_be_chosen_by_keyboard_and_drawn_by_pointer(page):
    for sense in ("text", "audio"):
        page.locator(f"#live [name=use-{sense}]").uncheck()
    page.locator("#live [name=example]").focus()
    for _ in range(7):
        page.keyboard.press("ArrowUp")
    assert said(page).startswith("The network says 0")
    page.locator("#live [name=clear]").click()
    assert said(page) == "The network has nothing to see, read or hear."
    box = page.locator("#live canvas").first.bounding_box()
    x, y, width, height = (box[side] for side in ("x", "y", "width", "height"))
    page.mouse.move(x + 0.5 * width, y + 0.1 * height)
    page.mouse.down()
    page.mouse.move(x + 0.5 * width, y + 0.9 * height, steps=8)
    page.mouse.up()
    assert said(page).startswith("The network says 1")
    for sense in ("text", "audio"):
        page.locator(f"#live [name=use-{sense}]").check()


def test_a_typed_word_is_read(page):
    for sense in ("image", "audio"):
        page.locator(f"#live [name=use-{sense}]").uncheck()
    page.locator("#live [name=word]").fill("drei")
    assert said(page).startswith("The network says 3")
    page.locator("#live [name=word]").fill("")
    assert said(page) == "The network has nothing to see, read or hear."


def test_without_scripts_the_still_picture_remains(browser):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(visit(browser, WELCOME).page.url)
    assert not page.locator("#live").is_visible()
    assert page.locator("#live-still svg").first.is_visible()
    context.close()


def test_the_spectrogram_is_that_of_the_package(page):
    sound = data.digits("validation", {"audio": data.Audio()}).inputs["audio"][:1]
    expected = live.stored().encoders["audio"].spectrogram(sound)[0]
    found = page.evaluate(
        "x => { const s = live.spectrogram(x); return [...s.values]; }", sound[0].tolist()
    )
    torch.testing.assert_close(torch.tensor(found).view_as(expected), expected, atol=1e-4, rtol=0)
