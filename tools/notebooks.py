"""Execute, normalize, check and edit the notebooks: `python -m tools.notebooks --help`."""

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jupytext
from jupytext.combine import combine_inputs_with_outputs
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

from tools import canonical, needs

KERNELS = 2
CELL_SECONDS = 600
# What this machine has executed. It is kept out of the notebooks, where a digest would
# change in every file with each change of the package, and out of git, because only an
# execution here can say that the stored outputs are those of this code.
STAMPS = ".cache/notebooks.json"
RUNTIMES = "_build/runtimes.json"
FORMAT = "py:percent"
# Without it, new kernels warn that other users of the machine can read along.
ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})


class NotebookError(Exception):
    """A notebook cannot be found, executed or converted; the message says which and why."""


def execute(root: Path, pages: Sequence[Path], everything: bool = False) -> bool:
    """Execute notebooks side by side and store their outputs; return whether all succeeded.

    Notebooks whose data are not here keep the outputs that they have.

    Args:
        root: the root of the repository.
        pages: the notebooks.
        everything: also execute notebooks whose code, outputs and package are unchanged
            since they were last executed here.
    """
    package = _package_digest(root)
    stamps = _load(root / STAMPS)
    stale = [
        page
        for page in pages
        if everything or stamps.get(name_of(root, page)) != _state(page, package)
    ]
    print(f"{len(pages) - len(stale)} of {len(pages)} notebooks are up to date")
    for page in [page for page in stale if needs.missing(page)]:
        print(f"{name_of(root, page)} keeps its outputs: {needs.missing(page)}")
        stale.remove(page)
    normalize([page for page in pages if page not in stale])
    failed = False
    with ThreadPoolExecutor(KERNELS) as pool:
        runs = {pool.submit(_execute_one, page): page for page in stale}
        for run in as_completed(runs):
            page = runs[run]
            try:
                seconds = run.result()
            except NotebookError as error:
                failed = True
                print(f"{page.name} is unchanged: {error}", file=sys.stderr)
                continue
            name = name_of(root, page)
            print(f"{name}: {seconds:.1f} s")
            _record(root / STAMPS, name, _state(page, package))
            _record(root / RUNTIMES, name, round(seconds, 1))
    return not failed


def normalize(pages: Sequence[Path]) -> list[Path]:
    """Bring notebooks into canonical form; return those that were not."""
    changed = []
    for page in pages:
        if (text := _canonical(page)) != page.read_text(encoding="utf-8"):
            _replace(page, text)
            changed.append(page)
    return changed


def check(pages: Sequence[Path]) -> list[Path]:
    """Return the notebooks that are not in canonical form."""
    return [page for page in pages if _canonical(page) != page.read_text(encoding="utf-8")]


def to_text(page: Path) -> Path:
    """Write a notebook as a Python file with `# %%` cells beside it, and return the file.

    Raises:
        NotebookError: the file is there and newer than the notebook, so edits would be lost.
    """
    script = page.with_suffix(".py")
    if script.exists() and script.stat().st_mtime > page.stat().st_mtime:
        raise NotebookError(
            f"{script.name} is newer than {page.name}: run from-text to keep your edits, "
            "or delete it"
        )
    notebook = canonical.read(page.read_text(encoding="utf-8"))
    script.write_text(jupytext.writes(notebook, fmt=FORMAT), encoding="utf-8")
    return script


def from_text(page: Path) -> Path:
    """Bring the edits of the Python file beside a notebook into it, and return the notebook.

    Cells keep their ids; a code cell keeps its outputs if its code is unchanged. Without a
    notebook, a new one is made.
    """
    script = page.with_suffix(".py")
    notebook = jupytext.reads(script.read_text(encoding="utf-8"), fmt=FORMAT)
    for cell in notebook.cells:
        cell.pop("id", None)  # random; `canonical` makes one that is not
    sources = {}
    if page.exists():
        stored = canonical.read(page.read_text(encoding="utf-8"))
        sources = {cell.id: cell.source for cell in stored.cells}
        notebook = combine_inputs_with_outputs(notebook, stored, FORMAT)
    edited = canonical.read(canonical.write(notebook))
    for cell in edited.cells:
        if cell.cell_type == "code" and cell.source != sources.get(cell.id):
            cell.outputs, cell.execution_count = [], None
    _replace(page, canonical.write(edited))
    return page


def _execute_one(page: Path) -> float:
    """Execute one notebook, store it, and return the seconds that it took."""
    notebook = canonical.read(_canonical(page))
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        config=ENCRYPTED,
        resources={"metadata": {"path": str(page.parent)}},
    )
    started = time.perf_counter()
    try:
        client.execute(env={**os.environ, "OMP_NUM_THREADS": "1"})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        reason = re.sub(r"\x1b\[[\d;]*m", "", str(error))
        raise NotebookError(f"code cell {client.code_cells_executed} failed\n{reason}") from error
    seconds = time.perf_counter() - started
    _replace(page, canonical.write(notebook))
    return seconds


def _canonical(page: Path) -> str:
    try:
        return canonical.canonical(page.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotebookError(f"{page.name}: {error}") from error


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _package_digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((root / "mmtutor").rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _state(page: Path, package: str) -> str:
    """Return a digest of the package and of a notebook's code and stored outputs."""
    notebook = canonical.read(page.read_text(encoding="utf-8"))
    code = [
        [c.source, c.execution_count, c.outputs] for c in notebook.cells if c.cell_type == "code"
    ]
    return hashlib.sha256(json.dumps([package, code]).encode()).hexdigest()


def _load(path: Path) -> dict[str, str | float]:
    if not path.exists():
        return {}
    loaded: dict[str, str | float] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _record(path: Path, key: str, value: str | float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = dict(sorted({**_load(path), key: value}.items()))
    _replace(path, json.dumps(entries, indent=1) + "\n")


def find(root: Path, names: Sequence[str], may_be_new: bool = False) -> list[Path]:
    """Return the notebooks with these names, or all.

    Args:
        root: the root of the repository.
        names: such as `2-1-the-residual-block` or `data/digits`, with or without
            `notebooks/` and the ending.
        may_be_new: whether they need not be there.

    Raises:
        NotebookError: there is no such notebook, or no notebook at all.
    """
    folder = root / "notebooks"
    # Released assignments are made from their sources, and are stored without outputs.
    left_out = {".ipynb_checkpoints", "assignments"}
    known = sorted(
        page
        for page in folder.rglob("*.ipynb")
        if left_out.isdisjoint(page.relative_to(folder).parts)
    )
    pages = [folder / f"{_bare(name)}.ipynb" for name in names] or known
    missing = [name_of(root, page) for page in pages if page not in known]
    if not pages or (missing and not may_be_new):
        there = ", ".join(_bare(name_of(root, page)) for page in known) or "none"
        missing = [_bare(name) for name in missing]
        raise NotebookError(f"no notebook {' '.join(missing)}".strip() + f"; there are: {there}")
    return pages


def name_of(root: Path, page: Path) -> str:
    """Return the path of a notebook below `notebooks`, such as `data/digits.ipynb`."""
    return page.relative_to(root / "notebooks").as_posix()


def _bare(name: str) -> str:
    return name.removeprefix("notebooks/").removesuffix(".ipynb").removesuffix(".py")


def main(arguments: Sequence[str] | None = None, root: Path = canonical.ROOT) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options, root)
    except (NotebookError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, root: Path) -> int:
    if options.command == "to-text":
        print(to_text(*find(root, [options.name])))
        return 0
    if options.command == "from-text":
        print(from_text(*find(root, [options.name], may_be_new=True)))
        return 0
    pages = find(root, options.names)
    if options.command == "execute":
        return 0 if execute(root, pages, options.all) else 1
    if options.command == "normalize":
        for page in normalize(pages):
            print(f"{page.name}: brought into canonical form")
        return 0
    wrong = check(pages)
    for page in wrong:
        print(f"{page.name}: not in canonical form; run `python -m tools.notebooks normalize`")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    many = {
        "execute": "run the notebooks that changed, store their outputs, normalize",
        "normalize": "bring into canonical form",
        "check": "fail if a notebook is not in canonical form",
    }
    for name, text in many.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("names", nargs="*", metavar="NAME", help="default: all notebooks")
        if name == "execute":
            command.add_argument("--all", action="store_true", help="also those unchanged")
    one = {
        "to-text": "write NAME.py with `# %%` cells beside the notebook",
        "from-text": "bring NAME.py back into the notebook, or make a new one",
    }
    for name, text in one.items():
        commands.add_parser(name, help=text).add_argument("name", metavar="NAME")
    return parser


if __name__ == "__main__":
    sys.exit(main())
