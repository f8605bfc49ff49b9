"""Findings in the built book: each that a page has printed is drawn, with its numbers."""

import html
import re
import sys
from pathlib import Path

import pytest

from tests.book.pages import BOOK, ROOT
from tools.replication import code_cells, findings_of

sys.path.append(str(ROOT / "book" / "_ext"))

from findings import drawn  # noqa: E402

from mmtutor.claims import Finding  # noqa: E402

WITH_FINDINGS = [
    page for page in sorted((ROOT / "notebooks").glob("*.ipynb")) if findings_of(code_cells(page))
]
PRINTED = """\
◆ Both < one: error of both, less that of one
  -0.2 [-0.3, -0.1] (0.4 against 0.6), n = 5; bound: below 0.1, set on validation data
"""


def test_a_finding_is_drawn_over_what_was_asked_for():
    (finding,) = Finding.read_all(PRINTED)
    markup = drawn(finding)
    assert "Both &lt; one" in markup
    assert "<strong>-0.2</strong> (0.4 against 0.6), 95 % interval -0.3 to -0.1, n = 5." in markup
    # From -0.3 to 0.1 the scale has 196 of 220 points, with 12 beside it at each end.
    assert '<rect x="0.0" y="6" width="208.0" height="20"/>' in markup
    assert '<path class="reach" d="M12.0 16H110.0"/>' in markup
    assert '<circle cx="61.0" cy="16" r="4.5"/>' in markup


def test_an_interval_without_length_on_its_bound_has_no_scale():
    (finding,) = Finding.read_all(
        PRINTED.replace("-0.3, -0.1", "inf, inf").replace("-0.2 ", "inf ")
    )
    assert "<svg" not in drawn(finding)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("page", WITH_FINDINGS, ids=lambda page: page.stem)
def test_every_finding_of_a_page_is_drawn_in_the_book(page: Path):
    text = (BOOK / "notebooks" / f"{page.stem}.html").read_text(encoding="utf-8")
    found = re.findall(r'<p class="finding-sentence"><span.+?/span> (.+?)</p>', text)
    expected = [finding.sentence for finding in findings_of(code_cells(page)) if finding.holds]
    assert [html.unescape(sentence) for sentence in found] == expected
