"""The built book, and a browser to open it with."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.book.pages import BOOK, CHROMIUM

pytest.register_assert_rewrite("tests.book.every_page")


@pytest.fixture(scope="session")
def built() -> None:
    if not (BOOK / "index.html").is_file():
        pytest.fail("there is no built book in _build/html: run `make book`", pytrace=False)


@pytest.fixture(scope="session")
def browser(built: None) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser: install chromium (apt-get install chromium) or google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
