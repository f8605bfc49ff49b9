"""Who stands where: one row for each team and each baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

from classroom.challenge.answers import Answers
from classroom.challenge.statistics import Estimate, Right, accuracy, difference, shared_ranks
from classroom.challenge.submissions import Submission


@dataclass(frozen=True)
class Row:
    """A team or a baseline on the leaderboard.

    Attributes:
        name: of the team or the baseline.
        rank: from 1; None for a baseline.
        submissions: how many files of the team were read.
        number: which of them counts.
        public: accuracy on the public half.
        private: accuracy on the private half; None on a public page.
        gap: public less private accuracy; None on a public page.
        by_missing: "none" or the modality that the examples lack → accuracy, on the half that
            the page ranks by.
    """

    name: str
    rank: int | None
    submissions: int
    number: int
    public: Estimate
    private: Estimate | None
    gap: Estimate | None
    by_missing: dict[str, Estimate]

    @property
    def ranked(self) -> Estimate:
        """The accuracy that the page ranks by."""
        return self.public if self.private is None else self.private

    @property
    def marked(self) -> bool:
        """Whether the public accuracy is higher than chance makes that of one submission."""
        return self.gap is not None and self.gap.low > 0


def standings(
    submissions: Sequence[Submission],
    baselines: Sequence[Submission],
    answers: Answers,
    public_only: bool = False,
) -> list[Row]:
    """Return the rows of teams and baselines by falling accuracy.

    Of several submissions of a team, the one with the highest public accuracy counts, and of
    equals the last.

    Args:
        submissions: of the teams.
        baselines: one submission each; they have no rank and take none away.
        answers: with `public_only`, the labels of the private half are not looked at.
        public_only: rank by the public half, and leave the private one out.
    """
    half = answers.public if public_only else ~answers.public
    chosen = _chosen(submissions, answers)
    order = sorted(chosen, key=lambda pair: -_right(pair[0], answers)[half].mean())
    ranks = shared_ranks([_right(best, answers)[half] for best, _ in order])
    rows = [
        _row(*pair, rank, answers, public_only) for pair, rank in zip(order, ranks, strict=True)
    ]
    rows += [_row(each, 1, None, answers, public_only) for each in baselines]
    return sorted(rows, key=lambda row: -row.ranked.value)


def _chosen(submissions: Sequence[Submission], answers: Answers) -> list[tuple[Submission, int]]:
    """Return for each team the submission that counts, and how many there are."""
    teams: dict[str, list[Submission]] = {}
    for each in submissions:
        teams.setdefault(each.team, []).append(each)
    return [
        (max(own, key=lambda s: (_right(s, answers)[answers.public].mean(), s.number)), len(own))
        for own in teams.values()
    ]


def _right(submission: Submission, answers: Answers) -> Right:
    return submission.predictions == answers.labels


def _row(
    submission: Submission, count: int, rank: int | None, answers: Answers, public_only: bool
) -> Row:
    right = _right(submission, answers)
    public, private = right[answers.public], right[~answers.public]
    half = answers.public if public_only else ~answers.public
    lacking = {"none": -1} | {name: i for i, name in enumerate(answers.modalities)}
    groups = {name: half & (answers.missing == index) for name, index in lacking.items()}
    return Row(
        name=submission.team,
        rank=rank,
        submissions=count,
        number=submission.number,
        public=accuracy(public),
        private=None if public_only else accuracy(private),
        gap=None if public_only else difference(public, private),
        by_missing={name: accuracy(right[group]) for name, group in groups.items() if group.any()},
    )
