"""The class kit's commands: `python -m classroom --help`."""

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "release": "make the student versions of the assignments",
    "grade": "grade a folder of notebooks, in a sandbox",
    "challenge": "draw a challenge, measure its baselines, judge its submissions",
    "edition": "build the instructor's edition: notes, solutions, answers",
    "slides": "make slides of the book's parts",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code; only its own module is imported."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m classroom", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name in given[:1]:
            module = importlib.import_module(f"classroom.{name}")
            module.add_arguments(command)
    return int(module.main(parser.parse_args(given)))


if __name__ == "__main__":
    sys.exit(main())
