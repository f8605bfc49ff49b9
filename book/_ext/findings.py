"""Draw the printed findings of a page: sentence, interval and bound, in place of a line of text.

Notebooks store a finding as text, which is all that Colab and GitHub show of it.
"""

import html
import re
from math import inf
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from mmtutor.claims.finding import ORIGINS, Finding

WIDTH, HEIGHT, MARGIN = 220, 44, 12
LINE = 16  # height at which the interval lies


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the step to the build."""
    app.add_post_transform(DrawFindings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class DrawFindings(SphinxPostTransform):
    """Replace each output that has findings, and keep what else it printed."""

    default_priority = 300
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Go through all outputs of a page."""
        for block in list(self.document.findall(nodes.literal_block)):
            text = block.astext()
            found = [each for each in Finding.read_all(text) if each.holds]
            if not found:
                continue
            parts: list[nodes.Node] = []
            for each in found:
                before, _, text = text.partition(str(each))
                parts += [_as_printed(block, before), nodes.raw("", drawn(each), format="html")]
            parts.append(_as_printed(block, text))
            here = block.parent.index(block)
            block.parent[here : here + 1] = [part for part in parts if part.astext().strip()]


def _as_printed(block: nodes.literal_block, text: str) -> nodes.literal_block:
    kept: nodes.literal_block = block.copy()
    kept.rawsource = text.strip("\n")
    kept += nodes.Text(kept.rawsource)
    return kept


def drawn(finding: Finding) -> str:
    """Return a finding as HTML."""
    low, high = finding.interval
    against = finding.against.strip(" ()")
    when = "" if finding.trained else ", before training"
    return (
        '<div class="finding">'
        '<p class="finding-sentence"><span aria-hidden="true">◆</span> '
        f"{html.escape(finding.sentence)}</p>"
        f"{_scale(finding)}"
        f"<p><strong>{finding.effect}</strong>{f' ({html.escape(against)})' if against else ''}, "
        f"95 % interval {low} to {high}, n = {finding.n}. Asked for: {finding.bound}, "
        f"{ORIGINS[finding.origin]}{when}.</p></div>"
    )


def _scale(finding: Finding) -> str:
    """Draw the interval over what was asked for. The words say the same, so it is hidden."""
    low, high, effect = map(float, (*finding.interval, finding.effect))
    asked = re.findall(r"(above|below) ([-\d.e+]+)", finding.bound)
    limits = {word: float(number) for word, number in asked}
    ends = [low, high, *limits.values(), 0.0]
    start, length = min(ends), max(ends) - min(ends)
    if not 0 < length < inf:
        return ""

    def place(value: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (value - start) / length

    left = place(limits["above"]) if "above" in limits else 0
    right = place(limits["below"]) if "below" in limits else WIDTH
    marks = {0.0: "0"} | {limit: f"{limit:g}" for limit in limits.values()}
    ticks = "".join(
        f'<path d="M{place(value):.1f} {LINE - 10}v20"/>'
        f'<text x="{place(value):.1f}" y="{HEIGHT - 4}">{word}</text>'
        for value, word in marks.items()
        if value or all(abs(place(0) - place(limit)) > 30 for limit in limits.values() if limit)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<rect x="{left:.1f}" y="{LINE - 10}" width="{right - left:.1f}" height="20"/>{ticks}'
        f'<path class="reach" d="M{place(low):.1f} {LINE}H{place(high):.1f}"/>'
        f'<circle cx="{place(effect):.1f}" cy="{LINE}" r="4.5"/></svg>'
    )
