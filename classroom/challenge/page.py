"""The page of standings: HTML in one file, without scripts."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from classroom.challenge.answers import Answers
from classroom.challenge.standings import Row
from classroom.challenge.statistics import Estimate
from classroom.challenge.submissions import Refusal

# Whatever a team has written is escaped: autoescape holds for all that is not marked safe.
_PAGES = Environment(
    loader=PackageLoader("classroom.challenge"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(rows: list[Row], refused: list[Refusal], answers: Answers) -> str:
    """Return the page.

    Args:
        rows: as `standings` gives them, at least one.
        refused: files that do not count.
        answers: for the numbers of examples and classes.
    """
    estimates = [row.public for row in rows] + [row.private for row in rows if row.private]
    chance = 1 / len(answers.modalities)
    public = int(answers.public.sum())
    return _PAGES.get_template("leaderboard.html").render(
        rows=rows,
        refused=refused,
        full=rows[0].private is not None,
        lacking=list(rows[0].by_missing),
        chance=chance,
        axis=_Axis(min(chance, *(each.low for each in estimates)), estimates),
        public_count=public,
        private_count=len(answers.public) - public,
        shares=_shares,
        points=_points,
    )


class _Axis:
    """Positions on the common axis of all plots, in percent of its width."""

    def __init__(self, low: float, estimates: list[Estimate]) -> None:
        self.low = low
        self.high = max(each.high for each in estimates)

    def __call__(self, value: float) -> str:
        """Return where a value lies; the ends keep 2 % free for marks."""
        return f"{2 + 96 * (value - self.low) / (self.high - self.low):.2f}%"


def _shares(value: float) -> str:
    """Return an accuracy in percent, like 61.5."""
    return f"{100 * value:.1f}"


def _points(value: float) -> str:
    """Return a difference in percentage points, like +1.5 or −0.2."""
    return f"{100 * value:+.1f}".replace("-", "−")
