"""The commands of the challenge: `python -m classroom.challenge --help`."""

import argparse
import sys

from classroom.challenge import add_arguments, main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m classroom.challenge")
    add_arguments(parser)
    sys.exit(main(parser.parse_args()))
