"""Every page in the dark theme."""

from tests.book.every_page import *  # noqa: F403

THEME = "dark"
