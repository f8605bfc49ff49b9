"""Points from answers: what the student's worker said, beside what the reference's said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classroom import answers
from classroom.cells import Cell, Source
from classroom.execution import Part, Run
from classroom.submission import Code, Submission


class SolutionError(Exception):
    """The author's own solution does not answer as it should."""


@dataclass(frozen=True)
class Expected:
    """An answer of the reference, and known wrong ones: what to say → value."""

    name: str
    value: Any
    mistakes: Mapping[str, Any]


@dataclass
class Answer:
    """An answer as graded; `message` says what is wrong with it."""

    name: str
    right: bool
    message: str = ""


@dataclass
class Task:
    """A test as graded, or a written task, whose points are None until the teacher gives them."""

    grade_id: str
    heading: str
    points: float | None
    of: float
    answers: list[Answer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    text: str = ""


@dataclass
class Result:
    """A graded submission."""

    tasks: list[Task] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: bool = False  # the grader, not the student; it is tried again next time

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Result":
        """Return the result that `dataclasses.asdict` stored."""
        tasks = [
            Task(**{**task, "answers": [Answer(**answer) for answer in task["answers"]]})
            for task in stored["tasks"]
        ]
        return cls(tasks, stored["notes"], stored["failed"])


def expectations(source: Source, run: Run) -> dict[str, list[Expected]]:
    """Return what each test expects, from a run of the reference.

    Raises:
        SolutionError: a cell failed, or a test asked nothing.
    """
    if run.errors:
        (name, part), problem = next(iter(run.errors.items()))
        raise SolutionError(f"the reference solution fails in {name} ({part}): {problem}")
    found = {}
    for test in source.tests:
        reply = run.replies[test.grade_id]
        found[test.grade_id] = [
            Expected(
                name,
                answers.decode(value),
                {said: answers.decode(bad) for said, bad in reply.mistakes[name].items()},
            )
            for name, value in reply.answers.items()
        ]
        if not found[test.grade_id]:
            raise SolutionError(f"the hidden part of {test.grade_id} asks for no answer")
    return found


def score(
    source: Source, submission: Submission, run: Run, expected: Mapping[str, Sequence[Expected]]
) -> Result:
    """Return the points of a submission, with a reason where some are missing."""
    result = Result(notes=list(submission.notes))
    headings = _headings(source)
    for cell in source.cells:
        if cell.kind == "test":
            task = _test(cell, run, expected[cell.grade_id])
        elif cell.kind == "written":
            text = submission.written.get(cell.grade_id, "")
            problems = [] if _is_answered(text, cell) else ["nothing was written here"]
            points = 0.0 if problems else None
            task = Task(cell.grade_id, "", points, cell.points, problems=problems, text=text)
        else:
            continue
        task.heading = headings[cell.grade_id]
        result.tasks.append(task)
    result.notes += [
        f"{code.name}: {problem}"
        for code in submission.cells
        if not _is_test(code) and (problem := run.errors.get((code.name, "code")))
    ]
    return result


def nothing(source: Source, reason: str) -> Result:
    """Return no points, for this reason."""
    headings = _headings(source)
    tasks = [
        Task(cell.grade_id, headings[cell.grade_id], 0.0, cell.points)
        for cell in source.cells
        if cell.points
    ]
    return Result(tasks, [reason])


def _is_answered(text: str, cell: Cell) -> bool:
    return bool(text.strip()) and text.strip() != cell.released.strip()


def _is_test(code: Code) -> bool:
    return code.known is not None and code.known.kind == "test"


def _test(cell: Cell, run: Run, expected: Sequence[Expected]) -> Task:
    """Grade a test, whose points are split evenly over its answers."""
    reply = run.replies.get(cell.grade_id)
    sent = reply.answers if reply else {}
    graded = [_graded(one, sent) for one in expected]
    points = cell.points * sum(answer.right for answer in graded) / len(graded)
    task = Task(cell.grade_id, "", round(points, 2), cell.points, graded)
    parts: dict[Part, str] = {"code": "the open test", "questions": "the hidden test"}
    for part, what in parts.items():
        if problem := run.errors.get((cell.grade_id, part)):
            task.problems.append(f"{what}: {problem}")
    return task


def _graded(expected: Expected, sent: Mapping[str, Any]) -> Answer:
    if expected.name not in sent:
        return Answer(expected.name, False, "no answer came")
    try:
        got = answers.decode(sent[expected.name])
        problem = answers.difference(expected.value, got)
    except answers.AnswerError as error:
        return Answer(expected.name, False, str(error))
    if problem is None:
        return Answer(expected.name, True)
    for said, wrong in expected.mistakes.items():
        if answers.difference(wrong, got) is None:
            return Answer(expected.name, False, said)
    return Answer(expected.name, False, problem)


def _headings(source: Source) -> dict[str, str]:
    """Return for each cell the heading above it."""
    found, heading = {}, ""
    for cell in source.cells:
        if cell.kind == "text":
            lines = [line for line in cell.code.splitlines() if line.startswith("#")]
            heading = lines[-1].lstrip("# ") if lines else heading
        found[cell.grade_id] = heading or cell.grade_id
    return found
