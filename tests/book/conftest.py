"""The built book, and a browser to open it with."""

import pytest
from playwright.sync_api import Browser

from tests.book.pages import BOOK

pytest.register_assert_rewrite("tests.book.every_page")


@pytest.fixture(scope="session")
def built() -> None:
    if not (BOOK / "index.html").is_file():
        pytest.fail("there is no built book in _build/html: run `make book`", pytrace=False)


@pytest.fixture(scope="session")
def browser(built: None, browser: Browser) -> Browser:
    """The browser of all tests, once there is a book to open."""
    return browser
