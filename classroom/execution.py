"""Run a notebook's cells in workers, with a new worker wherever a cell has lost one."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from classroom.session import Reply, Session, WorkerLostError
from classroom.submission import Code

Part = Literal["code", "questions"]


@dataclass(frozen=True)
class Limits:
    """How long code may take.

    Attributes:
        least: seconds that every cell has.
        times: how many times the reference's seconds are added to that.
        reference: (cell, part) → the seconds of the reference.
    """

    least: float = 10.0
    times: float = 10.0
    reference: dict[tuple[str, Part], float] = field(default_factory=dict)

    def of(self, cell: str, part: Part) -> float:
        """Return the limit of a cell."""
        return self.least + self.times * self.reference.get((cell, part), 0.0)

    @property
    def total(self) -> float:
        """Return the limit of a whole notebook."""
        return 6 * self.least + self.times * sum(self.reference.values())


@dataclass
class Run:
    """What came of a notebook.

    Attributes:
        errors: (cell, part) → why it did not end well, in words.
        replies: test → what it answered.
        seconds: (cell, part) → how long it took.
    """

    errors: dict[tuple[str, Part], str] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    seconds: dict[tuple[str, Part], float] = field(default_factory=dict)


def run(
    cells: Sequence[Code],
    start: Callable[[], Session],
    seed: str,
    limits: Limits,
    *,
    reference: bool = False,
) -> Run:
    """Run cells one after another, up to the last test, and ask what the tests ask.

    A cell that loses its worker is left out, and those before it are run again in a new worker;
    tests that have been asked are not.

    Args:
        cells: in the order in which they are run.
        start: makes a worker.
        seed: a secret, from which each test's fresh inputs follow.
        limits: of time.
        reference: whether this is the author's solution.
    """
    found, lost = Run(), set[int]()
    steps = _steps(cells)
    deadline = time.monotonic() + limits.total
    while True:
        with start() as session:
            for place, (cell, part) in enumerate(steps):
                if place in lost or (_is_test(cell) and cell.name in found.replies):
                    continue
                if time.monotonic() > deadline:
                    _give_up(steps[place:], found, limits)
                    return found
                try:
                    _do(session, cell, part, seed, limits, found, reference)
                except WorkerLostError as error:
                    lost.add(place)
                    found.errors[cell.name, part] = str(error)
                    if _is_test(cell):
                        found.replies[cell.name] = error.reply if part == "questions" else Reply()
                    break
            else:
                return found


def seed_of(secret: str, name: str) -> int:
    """Return the seed of one test, from which the secret cannot be found."""
    return int.from_bytes(hashlib.sha256(f"{secret}/{name}".encode()).digest()[:7])


def _steps(cells: Sequence[Code]) -> list[tuple[Code, Part]]:
    tests = [place for place, cell in enumerate(cells) if _is_test(cell)]
    needed = cells[: tests[-1] + 1] if tests else ()
    steps: list[tuple[Code, Part]] = []
    for cell in needed:
        steps.append((cell, "code"))
        if _is_test(cell):
            steps.append((cell, "questions"))
    return steps


def _is_test(cell: Code) -> bool:
    return cell.known is not None and cell.known.kind == "test"


def _do(
    session: Session,
    cell: Code,
    part: Part,
    seed: str,
    limits: Limits,
    found: Run,
    reference: bool,
) -> None:
    questions = part == "questions" and cell.known is not None
    code = cell.known.hidden if questions and cell.known else cell.code
    reply = session.run(
        "test" if questions else "cell",
        cell.name,
        code,
        seed_of(seed, cell.name),
        limits.of(cell.name, part),
        reference=reference,
    )
    found.seconds[cell.name, part] = reply.seconds
    if reply.error:
        found.errors[cell.name, part] = in_words(reply.error, cell.name)
    if questions:
        found.replies[cell.name] = reply


def in_words(error: dict[str, Any], name: str = "code") -> str:
    """Return an error that a worker sent while it ran the cell `name` as a sentence."""
    line, message = error.get("line"), str(error.get("message", ""))[:400]
    cell = str(error.get("cell", ""))[:100]
    place = f"line {line}" if cell == name else f"line {line} of {cell}"
    where = f" ({place})" if isinstance(line, int) else ""
    return f"{str(error.get('type', 'error'))[:100]}: {message}".removesuffix(": ") + where


def _give_up(steps: Sequence[tuple[Code, Part]], found: Run, limits: Limits) -> None:
    for cell, part in steps:
        if _is_test(cell) and cell.name not in found.replies:
            found.errors[cell.name, part] = (
                f"was not run: the notebook took longer than {limits.total:.0f} s in all"
            )
