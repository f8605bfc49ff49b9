"""The commands of the package: `python -m mmtutor --help`."""

import argparse
import sys
from collections.abc import Sequence

from mmtutor import doctor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mmtutor")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("doctor", help="check the installation")
    command.set_defaults(run=doctor.examine)
    return int(parser.parse_args(arguments).run())


if __name__ == "__main__":
    sys.exit(main())
