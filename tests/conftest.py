"""The one browser of all tests: Playwright cannot be started twice in a process."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    # Here, so that all other tests run where Playwright is not installed.
    from playwright.sync_api import sync_playwright

    from tests.book.pages import CHROMIUM

    if CHROMIUM is None:
        pytest.skip("no browser: install chromium (apt-get install chromium) or google-chrome")

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
