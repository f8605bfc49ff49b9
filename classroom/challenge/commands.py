"""The commands of the challenge."""

import argparse
import sys

from classroom.challenge import baselines, leaderboard, make
from classroom.challenge.answers import ChallengeError

COMMANDS = {
    "make": (make, "draw a challenge: a folder to hand out, and the answers"),
    "baselines": (baselines, "train the book's networks on it"),
    "leaderboard": (leaderboard, "judge a folder of submissions"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands and their arguments."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        module.add_arguments(command)
        command.set_defaults(run=module.main)


def main(options: argparse.Namespace) -> int:
    """Run the chosen command and return the exit code."""
    try:
        return int(options.run(options))
    except ChallengeError as error:
        print(error, file=sys.stderr)
        return 1
