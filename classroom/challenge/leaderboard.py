"""Judge a folder of submissions, and write the page of standings and its table."""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from classroom.challenge.answers import Answers, ChallengeError
from classroom.challenge.page import render
from classroom.challenge.standings import Row, standings
from classroom.challenge.statistics import Estimate
from classroom.challenge.submissions import Refusal, read_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("submissions", type=Path, help="the folder of files like team.csv")
    parser.add_argument("--answers", type=Path, required=True, help="teacher/answers.npz")
    parser.add_argument(
        "--baselines", type=Path, help="a folder of files like submissions'; by default the "
        "folder baselines beside the answers, if there is one"
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=Path(), help="where to write; here")
    parser.add_argument(
        "--public", action="store_true", help="rank by the public half and show nothing of the "
        "private one: the page to publish while the challenge runs"
    )  # fmt: skip


def main(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    answers = Answers.load(options.answers)
    accepted, refused = read_folder(options.submissions, answers)
    if not accepted:
        reasons = "".join(f"\n  {file}: {reason}" for file, reason in refused)
        raise ChallengeError(f"no file in {options.submissions} can be judged{reasons}")
    folder = options.baselines or options.answers.parent / "baselines"
    if options.baselines and not folder.is_dir():
        raise ChallengeError(f"{folder} is no folder: make it with the command baselines")
    baselines, wrong = read_folder(folder, answers) if folder.is_dir() else ([], [])
    if wrong:
        raise ChallengeError(f"the baseline {folder / wrong[0].file}: {wrong[0].reason}")
    rows = standings(accepted, baselines, answers, options.public)
    write(rows, refused, answers, options.output)
    page = options.output / "leaderboard.html"
    print(f"{page}: {len(rows) - len(baselines)} teams, {len(refused)} files refused")
    if not options.public:
        print("It shows the private half; with --public it could be shown before the end.")
    return 0


def write(rows: list[Row], refused: list[Refusal], answers: Answers, output: Path) -> None:
    """Write `leaderboard.html` and `leaderboard.csv` into a folder."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "leaderboard.html").write_text(render(rows, refused, answers), encoding="utf-8")
    # Excel takes a file for UTF-8 if it begins with this mark.
    with open(output / "leaderboard.csv", "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(table(rows))


def table(rows: list[Row]) -> Iterable[list[str]]:
    """Return the lines of `leaderboard.csv`, the header first."""
    lacking = list(rows[0].by_missing)
    full = rows[0].private is not None
    header = ["rank", "name", "kind", "submissions", "counts", *_columns("public")]
    if full:
        header += [*_columns("private"), *_columns("gap"), "marked"]
    yield header + [f"lacks_{name}" for name in lacking]
    for row in rows:
        kind = "baseline" if row.rank is None else "team"
        line = [str(row.rank or ""), _cell(row.name), kind, str(row.submissions), str(row.number)]
        line += _numbers(row.public)
        if row.private and row.gap:
            line += [*_numbers(row.private), *_numbers(row.gap), "yes" if row.marked else "no"]
        yield line + [f"{row.by_missing[name].value:.4f}" for name in lacking]


def _columns(name: str) -> list[str]:
    return [name, f"{name}_low", f"{name}_high"]


def _numbers(estimate: Estimate) -> list[str]:
    return [f"{value:.4f}" for value in estimate]


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text
