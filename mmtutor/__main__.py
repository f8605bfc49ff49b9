"""The commands of the package: `python -m mmtutor --help`."""

import argparse
import sys
from collections.abc import Sequence

from mmtutor import __version__, doctor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m mmtutor")
    parser.add_argument("--version", action="version", version=f"mmtutor {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    command = commands.add_parser("doctor", help="check the installation")
    command.set_defaults(run=lambda options: doctor.examine())
    command = commands.add_parser("data", help="list the data sets, fetch them, check them")
    if arguments[:1] == ["data"]:
        # Not for the doctor, who has to work where mmtutor.data cannot be imported.
        from mmtutor.data.commands import add_arguments

        add_arguments(command)
    if not arguments:
        parser.print_help(sys.stderr)
        print("\nwhich command? for example: python -m mmtutor doctor", file=sys.stderr)
        return 2
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
