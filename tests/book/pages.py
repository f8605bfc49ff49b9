"""The pages of the book, and how a reader opens one: from disk, in a browser, without network."""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "_build" / "html"
PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
NOTEBOOKS = [page for page in PAGES if page.startswith("notebooks/")]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@dataclass
class Visit:
    """A page open in the browser, what it asked for, and what went wrong."""

    page: Page
    theme: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


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


def outside(addresses: list[str]) -> list[str]:
    inside = {"", "file", "data", "blob"}
    return [address for address in addresses if urlsplit(address).scheme not in inside]
