"""The map of an inquiry: what may be the cause, how each is tried, and what came out."""

import html
from collections.abc import Mapping

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture

_WIDTH, _ROW, _TOP = 340, 50, 60
_VERDICTS = {
    "cleared": COLORS["gray"],
    "in part": COLORS["brown"],
    "yes": COLORS["orange"],
}


def suspects(
    case: str, rows: Mapping[str, str], verdicts: Mapping[str, tuple[str, str]] | None = None
) -> HTML:
    """Return the map: the case on top, below it each suspect and how it is tried.

    Args:
        case: what is to be explained.
        rows: suspect → the test that decides about it.
        verdicts: suspect → `"cleared"`, `"in part"` or `"yes"`, and what the test has shown,
            which stands in place of the test. A suspect that is cleared is struck out.
    """
    picture = Picture(_WIDTH, _TOP + _ROW * len(rows), font=13)
    picture.box(_WIDTH / 2, 4, case, "joint", _WIDTH - 8, 32)
    told = []
    for number, (suspect, test) in enumerate(rows.items()):
        y = _TOP + _ROW * number
        verdict, text = (verdicts or {}).get(suspect, ("", test))
        color = _VERDICTS.get(verdict, COLORS["sky"])
        above = y - 24 if number == 0 else y - _ROW + 21
        picture.elements.append(
            f'<path d="M16 {above:g} V{y - 1:g}" '
            f'stroke="currentColor"/><circle cx="16" cy="{y + 10:g}" r="11" fill="{color}" '
            f'fill-opacity="0.3" stroke="{color}"/>'
        )
        picture.text(16, y + 15, str(number + 1))
        struck = ' text-decoration="line-through"' if verdict == "cleared" else ""
        picture.elements.append(
            f'<text x="38" y="{y + 8:g}" font-weight="bold" fill="currentColor"{struck}>'
            f"{html.escape(suspect)}</text>"
        )
        picture.text(38, y + 26, f"{verdict}: {text}" if verdict else text, "start")
        told.append(f"{number + 1}, {suspect}: {f'{verdict}, ' if verdict else ''}{text}")
    return HTML(picture.svg(f"{case}. {'; '.join(told)}"))
