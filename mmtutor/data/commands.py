"""The command `data`: which sets there are; fetch them; check them."""

import argparse
import sys
import textwrap
from collections.abc import Sequence

from mmtutor.data import store
from mmtutor.data.catalog import CATALOG
from mmtutor.data.checks import check_known
from mmtutor.data.errors import DataError

_CARRIED = "carried by the package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands to the parser of `data`; `run` takes the parsed options."""
    parser.set_defaults(run=_run, command=lambda names: show(), names=[])
    commands = parser.add_subparsers(metavar="COMMAND")
    for command, count, help, names in (
        (get, "+", "fetch what is missing or damaged", 'or "all"'),
        (verify, "*", "read the files and say what is wrong", "else what is here"),
        (sources, "+", "say what to save where, to fetch it by hand", 'or "all"'),
    ):
        added = commands.add_parser(command.__name__, help=help)
        added.add_argument("names", nargs=count, metavar="NAME", type=_name, help=names)
        added.set_defaults(command=command)


def _run(options: argparse.Namespace) -> int:
    """Run a command. That there is no folder for data stops each of them."""
    try:
        return options.command(options.names)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1


def show() -> int:
    """Print a line for each set of the catalog, and return 0."""
    row = "{:<8}  {:>5}  {:<22}  {:<28}  {}"
    print(row.format("name", "MB", "where", "title", "license"))
    for name, entry in CATALOG.items():
        size = f"{entry.size / 1e6:.0f}" if entry.size else ""
        title, license = entry.about.title, entry.about.license
        print(row.format(name, size, _where(name), _short(title), _short(license)))
    print(f"data folder: {store.folder()}")
    return 0


def get(names: Sequence[str]) -> int:
    """Fetch sets and print where they are. Return 1 if one could not be fetched, otherwise 0."""
    failed = 0
    for name in _chosen(names):
        try:
            print(f"{name}: {_CARRIED if CATALOG[name].carried else store.get(CATALOG[name])}")
        except (DataError, ImportError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
    return failed


def verify(names: Sequence[str]) -> int:
    """Print what is wrong with sets, or with what is here; return 1 if anything is, otherwise 0."""
    found = {name: store.problems(CATALOG[name]) for name in _chosen(names or _begun())}
    for name, problems in found.items():
        good = _CARRIED if CATALOG[name].carried else "good"
        print("\n".join(f"{name}: {line}" for line in problems or [good]))
    if not found:
        print(f"there are no data in {store.folder()}")
    return int(any(found.values()))


def sources(names: Sequence[str]) -> int:
    """Print the address of each file that is missing or damaged, and where to save it; return 0."""
    for name in _chosen(names):
        for page, path in store.sources(CATALOG[name]):
            print(f"{page}\n  → {path}")
    return 0


def _begun() -> list[str]:
    return [name for name, entry in CATALOG.items() if entry.parts and _where(name) != "not here"]


def _where(name: str) -> str:
    entry = CATALOG[name]
    if entry.carried:
        return _CARRIED
    if store.here(entry):
        return "cached"
    base = store.folder() / entry.folder
    return "incomplete" if any((base / part.path).exists() for part in entry.parts) else "not here"


def _chosen(names: Sequence[str]) -> list[str]:
    """Return each name once; "all" stands for all of them."""
    return list(CATALOG) if "all" in names else list(dict.fromkeys(names))


def _short(text: str) -> str:
    return textwrap.shorten(text, 28, placeholder=" …")


def _name(text: str) -> str:
    try:
        check_known("data set", text, [*CATALOG, "all"])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
