"""What the tests of the class kit share."""

import argparse
from collections.abc import Callable, Sequence

import pytest

from classroom import challenge


@pytest.fixture
def command() -> Callable[[Sequence[str]], int]:
    """Run `python -m classroom.challenge` with these arguments."""

    def run(arguments: Sequence[str]) -> int:
        parser = argparse.ArgumentParser()
        challenge.add_arguments(parser)
        return challenge.main(parser.parse_args(arguments))

    return run
