"""The commands of the challenge: `python -m classroom.challenge --help`."""

import argparse
import sys
from collections.abc import Sequence

from classroom.challenge import baselines, leaderboard, make
from classroom.challenge.answers import ChallengeError

COMMANDS = {
    "make": (make, "draw a challenge: a folder to hand out, and the answers"),
    "baselines": (baselines, "train the book's networks on it"),
    "leaderboard": (leaderboard, "judge a folder of submissions"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classroom.challenge")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        module.add_arguments(command)
        command.set_defaults(run=module.main)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ChallengeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
