"""Read a folder of submissions, of which nothing is trusted."""

import csv
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classroom.challenge.answers import Answers, ChallengeError

HEADER = ["id", "prediction"]
MAX_BYTES = 1_000_000  # 4,000 lines have about 40,000
MAX_NAME = 60
_NAME = re.compile(r"(?P<team>.+?)(?:-(?P<number>[1-9][0-9]{0,5}))?\.csv", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """One accepted file.

    Attributes:
        team: the name before the number.
        number: 1 for `team.csv`, 2 for `team-2.csv`.
        predictions: int64, in the order of the answers.
    """

    team: str
    number: int
    predictions: NDArray[np.int64]


class Refusal(NamedTuple):
    """A file that does not count, and why."""

    file: str
    reason: str


class RefusedError(Exception):
    """A file does not count; the message says why."""


def read_folder(folder: Path, answers: Answers) -> tuple[list[Submission], list[Refusal]]:
    """Return what counts in a folder and what does not, both by name.

    Raises:
        ChallengeError: there is no such folder.
    """
    if not folder.is_dir():
        raise ChallengeError(f"{folder} is no folder: expected one of files like team.csv")
    accepted: list[Submission] = []
    refused = []
    for path in sorted(folder.iterdir()):
        try:
            team, number = _team(path.name)
            known = [each for each in accepted if _key(each.team) == _key(team)]
            if any(each.number == number for each in known):
                raise RefusedError(f"submission {number} of this team was read from another file")
            predictions = _predictions(_text(path), answers)
            # One team, although it wrote "Blue" once and "blue" later.
            accepted.append(Submission(known[0].team if known else team, number, predictions))
        except RefusedError as error:
            refused.append(Refusal(_printable(path.name), str(error)))
    return accepted, refused


def _printable(name: str) -> str:
    """Return a file's name, with escapes for what no page could show or UTF-8 not hold."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _key(team: str) -> str:
    return team.strip().casefold()


def _team(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise RefusedError("not named like team.csv or team-2.csv")
    team = match["team"].strip()
    # Format characters could turn the text of the page around.
    if not team.isprintable() or not team or len(team) > MAX_NAME:
        raise RefusedError(f"the team's name must have 1 to {MAX_NAME} printable characters")
    return team, int(match["number"] or 1)


def _text(path: Path) -> str:
    """Return the text of a regular file that is no link, and not large."""
    try:
        # Not blocking, or a named pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        link = path.is_symlink()
        raise RefusedError("a link" if link else f"cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RefusedError("not a regular file")
    with open(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise RefusedError(f"larger than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError("not a text in UTF-8") from error
    if "\0" in text:
        raise RefusedError("not a text: it has a byte 0")
    return text


def _predictions(text: str, answers: Answers) -> NDArray[np.int64]:
    rows = csv.reader(text.splitlines(), strict=True)
    position = {int(identity): i for i, identity in enumerate(answers.ids)}
    predictions = np.full(len(answers.ids), -1)
    try:
        header = next(rows, [])
        if [field.strip() for field in header] != HEADER:
            raise RefusedError(f"the first line must be id,prediction; got {_short(header)}")
        for row in rows:
            if not row:
                continue
            identity, label = _row(row, rows.line_num, len(answers.modalities))
            if identity not in position:
                raise RefusedError(f"line {rows.line_num}: {identity} is no id of the test")
            if predictions[position[identity]] >= 0:
                raise RefusedError(f"line {rows.line_num}: the id {identity} came before")
            predictions[position[identity]] = label
    except csv.Error as error:
        raise RefusedError(f"line {rows.line_num}: {error}") from error
    absent = (predictions < 0).sum()
    if absent:
        raise RefusedError(f"{absent:,} of {len(predictions):,} ids are missing")
    return predictions


def _row(row: list[str], line: int, classes: int) -> tuple[int, int]:
    fields = [field.strip() for field in row]
    # Of ASCII digits: int() alone takes "1_0", and the digits of all scripts.
    if len(fields) != 2 or not all(re.fullmatch("[0-9]{1,9}", field) for field in fields):
        raise RefusedError(f"line {line}: expected an id and a class; got {_short(row)}")
    identity, label = map(int, fields)
    if label >= classes:
        raise RefusedError(f"line {line}: the class must be 0 to {classes - 1}; got {label}")
    return identity, label


def _short(row: list[str]) -> str:
    text = repr(",".join(row))
    return text if len(text) <= 60 else text[:59] + "…"
