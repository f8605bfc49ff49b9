"""Execute notebooks under other conditions, and write into the book what their findings came to.

`python -m tools.replicate [NAME …]`; `--help` says more.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from mmtutor.data import store
from mmtutor.data.catalog import CATALOG
from tools import canonical, needs
from tools.conditions import CONDITIONS, Condition
from tools.notebooks import CELL_SECONDS, ENCRYPTED, KERNELS, NotebookError, find, name_of
from tools.replication import Result, applicable, code_cells, digest_of, findings_of, load, save


def replicate(root: Path, pages: Sequence[Path], everything: bool = False, only: str = "") -> bool:
    """Execute notebooks under each condition and store the results; return whether all finished.

    What has finished, with the same code of the notebook, is not executed again.

    Args:
        root: the root of the repository.
        pages: the notebooks.
        everything: execute also what has finished.
        only: the name of the one condition that is wanted; "" for all.
    """
    results = load(root)
    jobs: list[tuple[Path, Condition]] = []
    for page in pages:
        of_page = results.setdefault(name_of(root, page), {})
        digest = digest_of(page)
        for condition in applicable(page):
            if only not in ("", condition.name):
                continue
            before = of_page.get(condition.name)
            if before and before.finished and before.code == digest and not everything:
                continue
            if absent := missing(page, condition):
                print(f"{page.name}, {condition.name}: not run, for {absent} is not here")
                skipped = Result(notes=f"not run, for {absent} was not at hand")
                of_page.setdefault(condition.name, skipped)
                continue
            jobs.append((page, condition))
    good = True
    with ThreadPoolExecutor(KERNELS) as pool:
        runs = {pool.submit(run, page, condition): (page, condition) for page, condition in jobs}
        for ended in as_completed(runs):
            (page, condition), result = runs[ended], ended.result()
            print(f"{page.name}, {condition.name}: {result.notes or 'finished'}")
            good = good and result.finished
            results[name_of(root, page)][condition.name] = result
            save(root, results)  # now, so that a run that is broken off can be resumed
    save(root, results)
    return good


def missing(page: Path, condition: Condition) -> str:
    """Return the names of the data sets that are needed and not here, in words."""
    names = {*needs.needed(page), *condition.needs}
    return " and ".join(sorted(name for name in names if not store.here(CATALOG[name])))


def run(page: Path, condition: Condition) -> Result:
    """Execute a copy of a notebook under a condition.

    A claim that does not hold is noted, and the notebook goes on; other errors stop it.
    """
    digest, notebook = digest_of(page), canonical.read(page.read_text(encoding="utf-8"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []  # else those of the cells after a stop would count
    first = new_code_cell(f"from tools import conditions\n\nconditions.{condition.call}")
    notebook.cells[:0] = [first] if condition.call else []
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        allow_error_names=["ClaimError"],
        config=ENCRYPTED,
        resources={"metadata": {"path": str(page.parent)}},
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(canonical.ROOT), os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": str(condition.threads),
        "OMP_WAIT_POLICY": "PASSIVE",  # with more threads than free cores: ten times as fast
    }
    stopped = None
    try:
        client.execute(env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        reason = re.sub(r"\x1b\[[\d;]*m", "", str(error))
        print(f"{page.name}, {condition.name}\n{reason}", file=sys.stderr)
        stopped = getattr(error, "ename", type(error).__name__)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell is not first]
    false = [f"{i}" for i, cell in enumerate(code, start=1) if "ClaimError" in _errors(cell)]
    notes = [f"a claim of code cell {number} did not hold" for number in false]
    if stopped:
        number = client.code_cells_executed - bool(condition.call)
        notes.append(f"stopped in code cell {number} ({stopped})")
    findings = "\n".join(map(str, findings_of(code)))
    return Result(digest, findings, "; ".join(notes), not stopped)


def _errors(cell: NotebookNode) -> list[str]:
    return [output.ename for output in cell.outputs if output.output_type == "error"]


def main(arguments: Sequence[str] | None = None, root: Path = canonical.ROOT) -> int:
    """Replicate, or only write the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.replicate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all with findings")
    parser.add_argument("--all", action="store_true", help="also what has finished before")
    names = [condition.name for condition in CONDITIONS]
    parser.add_argument("--only", default="", choices=names, help="one condition")
    parser.add_argument("--table", action="store_true", help="write the table, execute nothing")
    options = parser.parse_args(arguments)
    try:
        pages = [page for page in find(root, options.names) if findings_of(code_cells(page))]
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if replicate(root, [] if options.table else pages, options.all, options.only) else 1


if __name__ == "__main__":
    sys.exit(main())
