"""What is said of a file that is not what it should be."""

from pathlib import Path

from mmtutor.data.errors import DataError


def damaged(path: Path, problem: str) -> DataError:
    """Return the error that says what is wrong with a file, and what to do about it."""
    return DataError(f"{path} is damaged: {problem}; delete it and load the data set again")
