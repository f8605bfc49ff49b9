"""Where downloaded data lie: one folder, whose files are checked each time they are asked for."""

import os
from pathlib import Path

from mmtutor.data.cache import user_cache
from mmtutor.data.errors import DataError
from mmtutor.data.store import digests
from mmtutor.data.store.entry import Entry
from mmtutor.data.store.fetch import by_hand, fetch


def folder() -> Path:
    """Return the folder for downloaded data: MMTUTOR_DATA, or else ~/.cache/mmtutor.

    Raises:
        DataError: it would be in a home folder, and the user has none.
    """
    chosen = os.environ.get("MMTUTOR_DATA")
    try:
        return Path(chosen).expanduser().resolve() if chosen else user_cache()
    except RuntimeError as error:
        raise DataError(
            "this user has no home folder: set MMTUTOR_DATA to a folder for data, as a whole path"
        ) from error


def get(entry: Entry) -> Path:
    """Return the folder of a data set, whose files are the published ones.

    They are all read and compared by their digests, in less than a second. What is missing or
    damaged is fetched first.

    Args:
        entry: of the set. One that is made from others, such as AV-MNIST, lies in no folder of
            its own: the folder for all data is returned.

    Raises:
        DataError: the files are not there, or are damaged, and cannot be fetched.
    """
    for source in entry.made_from:
        get(source)
    fetch(entry, folder() / entry.folder)
    return folder() / entry.folder


def here(entry: Entry) -> bool:
    """Return whether all files of a set are there. They are counted, not read."""
    base = folder() / entry.folder
    return all(map(here, entry.made_from)) and all(
        digests.there(part, base) for part in entry.parts
    )


def problems(entry: Entry) -> list[str]:
    """Return what is wrong with the files of a set, a line each; an empty list if nothing is."""
    base = folder() / entry.folder
    found = [line for source in entry.made_from for line in problems(source)]
    return found + [line for part in entry.parts for line in digests.problems(part, base)]


def sources(entry: Entry) -> list[tuple[str, Path]]:
    """Return where a person finds what is missing or damaged of a set, and where to save it."""
    base = folder() / entry.folder
    wrong = [part for part in entry.parts if digests.problems(part, base)]
    found = [pair for source in entry.made_from for pair in sources(source)]
    return found + [pair for part in wrong for pair in by_hand(part, base)]
