"""The welcome page shows a finding; it is one that a page prints."""

import re
from pathlib import Path

from mmtutor.claims.finding import Finding
from tools import canonical

ROOT = Path(__file__).resolve().parents[2]


def test_the_finding_on_the_welcome_page_is_one_of_the_page_that_it_names() -> None:
    welcome = (ROOT / "book" / "welcome.md").read_text(encoding="utf-8")
    (shown,) = Finding.read_all(welcome)
    (name,) = re.findall(r"Here is one, from \[page [\d.]+\]\(\.\./(\S+?)\)", welcome)
    page = canonical.read((ROOT / name).read_text(encoding="utf-8"))
    outputs = [output for cell in page.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    assert shown in Finding.read_all(printed)
