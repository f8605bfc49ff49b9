"""Grade one submission: its answers beside those of the author's solution."""

import dataclasses
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from classroom import execution, scoring, submission
from classroom.cells import Source
from classroom.execution import Limits
from classroom.inbox import Entry
from classroom.sandbox import Sandbox
from classroom.scoring import Expected, Result
from classroom.session import Session
from classroom.submission import Code

_REFERENCE = Limits(least=600.0)  # the author is trusted, a slow machine is not blamed


@dataclass(frozen=True)
class Grader:
    """All that the points of an assignment depend on.

    Attributes:
        source: the assignment.
        secret: from which all fresh inputs follow.
        sandbox: where code runs.
        expected: test → the answers of the reference.
        limits: of time, from the seconds that the reference took.
    """

    source: Source
    secret: str
    sandbox: Sandbox
    expected: Mapping[str, Sequence[Expected]]
    limits: Limits

    def grade(self, entry: Entry) -> Result:
        """Return the points of a submission; whatever it does, this returns."""
        try:
            notebook = submission.parse(entry.data)
            mine = submission.match(notebook, self.source)
            run = execution.run(mine.cells, self._start, self.secret, self.limits)
            return scoring.score(self.source, mine, run, self.expected)
        except submission.SubmissionError as error:
            return scoring.nothing(self.source, str(error))
        except Exception as error:  # of the grader: one submission must not stop the others
            result = scoring.nothing(self.source, f"not graded, the grader failed: {error!r}")
            return dataclasses.replace(result, failed=True)

    def _start(self) -> Session:
        return Session(self.sandbox, self.limits.total)


def prepare(source: Source, secret: str, sandbox: Sandbox, least: float = Limits.least) -> Grader:
    """Run the author's solution, and return what grades by it.

    Args:
        source: the assignment.
        secret: of the class.
        sandbox: where code runs, the author's too.
        least: seconds that every cell of a student has.

    Raises:
        SolutionError: the solution fails.
    """
    cells = [
        Code(cell.grade_id, cell.code, cell)
        for cell in source.cells
        if cell.kind in ("setup", "solution", "test")
    ]
    run = execution.run(cells, lambda: Session(sandbox, 600), secret, _REFERENCE, reference=True)
    expected = scoring.expectations(source, run)
    return Grader(source, secret, sandbox, expected, Limits(least, reference=run.seconds))


def digest(entry: Entry, source: Source, secret: str, least: float) -> str:
    """Return what changes whenever a submission has to be graded again."""
    kit = sorted(Path(__file__).parent.glob("*.py"))
    parts: list[bytes] = [path.read_bytes() for path in kit]
    parts += [entry.data, repr(source).encode(), secret.encode(), str(least).encode()]
    parts += [f"{platform.python_version()} {version('torch')}".encode()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
