"""Grade a folder of notebooks: `python -m classroom grade submissions`."""

import argparse
import itertools
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from classroom import feedback, gradebook, grader, inbox, sandbox, source, submission
from classroom.cells import Source
from classroom.execution import Limits
from classroom.gradebook import GradebookError, State
from classroom.grader import Grader
from classroom.inbox import Entry, InboxError
from classroom.sandbox import Sandbox, SandboxError
from classroom.scoring import Result, SolutionError
from classroom.source import SourceError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of this command."""
    parser.description = __doc__
    parser.add_argument(
        "submissions",
        type=Path,
        help="a folder of notebooks named by student, a zip archive from Canvas or Moodle, or "
        "nbgrader's folder `submitted`",
    )
    parser.add_argument(
        "--assignment", metavar="N", help="which one (default: what most notebooks say)"
    )
    parser.add_argument(
        "--seed", type=int, help="as at the release (default: the variant of most notebooks)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("graded"),
        metavar="FOLDER",
        help="where a folder for the assignment is made (default: graded)",
    )
    cores = len(_cores())
    parser.add_argument(
        "--jobs", type=int, default=cores, help=f"submissions at a time (default: {cores})"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=Limits.least,
        help="what every cell may take, besides ten times what the reference takes "
        f"(default: {Limits.least:g})",
    )
    parser.add_argument(
        "--unsafe-without-sandbox",
        action="store_true",
        help="let submissions read and change all that you can",
    )


def main(args: argparse.Namespace) -> int:
    """Grade, and return the exit code."""
    try:
        return _main(args)
    except (SandboxError, InboxError, SourceError, GradebookError, SolutionError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; what was graded is kept, and the next run goes on.", file=sys.stderr)
        return 130


def _main(args: argparse.Namespace) -> int:
    if args.unsafe_without_sandbox:
        print("Without a sandbox, submissions can do all that you can.", file=sys.stderr)
        wall = sandbox.without()
    else:
        wall = sandbox.find([args.submissions.resolve(), args.output.resolve()])
    entries, refused = inbox.collect(args.submissions, args.assignment or "")
    for line in refused:
        print(f"Left out: {line}", file=sys.stderr)
    chosen = choose(entries, args.assignment, args.seed)
    folder = args.output / chosen.assignment
    results, fresh = grade_all(chosen, entries, folder, wall, args.seconds, args.jobs)
    problems = write_all(chosen, entries, results, folder)
    for line in problems:
        print(line, file=sys.stderr)
    failed = [name for name, result in results.items() if result.failed]
    mean = sum(map(gradebook.total, results.values())) / len(results)
    print(
        f"Assignment {chosen.assignment}, variant {chosen.variant}: {fresh} graded, "
        f"{len(results) - fresh} unchanged; mean {mean:.1f} of {chosen.points:g} points. "
        f"{folder / 'grades.csv'}"
    )
    if failed:
        print(f"The grader failed on {', '.join(failed)}: run it again.", file=sys.stderr)
    return 1 if failed or problems else 0


def choose(entries: Sequence[Entry], assignment: str | None, seed: int | None) -> Source:
    """Return the source: the one that is named, else that of most notebooks.

    Raises:
        SourceError: there is none, or no notebook says which one.
    """
    said = Counter(_stated(entry) for entry in entries)
    if assignment is None:
        known = Counter({name: n for (name, _), n in said.items() if name})
        if not known:
            raise SourceError("no notebook says which assignment it is: add --assignment 2")
        assignment = known.most_common(1)[0][0]
    (path,) = source.find(assignment)
    if seed is None:
        count = source.count_variants(path)
        variants = Counter(
            {v: n for (name, v), n in said.items() if name == assignment and v in range(count)}
        )
        seed = variants.most_common(1)[0][0] if variants else 0
    return source.load(path, seed or 0)


def _stated(entry: Entry) -> tuple[str, int | None]:
    try:
        return submission.stated(submission.parse(entry.data))
    except submission.SubmissionError:
        return "", None


def grade_all(
    chosen: Source,
    entries: Sequence[Entry],
    folder: Path,
    wall: Sandbox,
    least: float = Limits.least,
    jobs: int = 2,
) -> tuple[dict[str, Result], int]:
    """Grade what is new or changed, several at a time, and remember it.

    Args:
        chosen: the assignment.
        entries: the submissions.
        folder: where `state.json` is.
        wall: where code runs.
        least: seconds that every cell has.
        jobs: how many at a time.

    Returns:
        Student → result, in the order of the entries, and how many were graded now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = State.read(folder / "state.json")
    state.write(folder / "state.json")  # the secret must not be another one next time
    digests = {
        gradebook.key(entry): grader.digest(entry, chosen, state.secret, least) for entry in entries
    }
    results = {name: state.result(name, digest) for name, digest in digests.items()}
    new = [entry for entry in entries if results[gradebook.key(entry)] is None]
    if new:
        ready = grader.prepare(chosen, state.secret, wall, least)
        for name, result in _in_parallel(ready, new, jobs):
            results[name] = result
            state.keep(name, digests[name], result)
            state.write(folder / "state.json")
    found = {}
    for entry in entries:
        result = results[gradebook.key(entry)]
        assert result is not None
        result.notes = [*entry.notes, *result.notes]
        found[gradebook.key(entry)] = result
    return found, len(new)


def _in_parallel(ready: Grader, entries: Sequence[Entry], jobs: int):  # type: ignore[no-untyped-def]
    """Yield (student, result) as they are done, each job on a core of its own."""
    cores = itertools.cycle(_cores())

    def stay() -> None:
        # Workers inherit the core, and cannot leave it: a hundred threads slow only themselves.
        os.sched_setaffinity(0, {next(cores)})

    jobs = max(1, min(jobs, len(entries)))
    pool = ThreadPoolExecutor(jobs, initializer=stay if len(_cores()) >= jobs else None)
    try:
        futures = {pool.submit(ready.grade, entry): gradebook.key(entry) for entry in entries}
        for future in tqdm(as_completed(futures), "grading", len(futures), unit="notebook"):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def write_all(
    chosen: Source, entries: Sequence[Entry], results: Mapping[str, Result], folder: Path
) -> list[str]:
    """Write grades and feedback, and return what is wrong in the teacher's own file."""
    problems = gradebook.add_written(folder / "written.csv", chosen, results)
    gradebook.write(folder, chosen, entries, results)
    pages = folder / "feedback"
    pages.mkdir(exist_ok=True)
    names = gradebook.file_names(entries)
    for stale in set(pages.glob("*.html")) - {pages / f"{name}.html" for name in names.values()}:
        stale.unlink()
    for entry in entries:
        student = gradebook.key(entry)
        text = feedback.page(chosen, entry.student, results[student])
        (pages / f"{names[student]}.html").write_text(text, encoding="utf-8", errors="replace")
    return problems
