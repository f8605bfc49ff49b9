"""Every page in the light theme."""

from tests.book.every_page import *  # noqa: F403

THEME = "light"
