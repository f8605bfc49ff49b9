"""A class of made-up students, honest and hostile."""

from pathlib import Path

from tests.classroom import honest, hostile
from tests.classroom.honest import Member

GROUPS = (
    honest.right,
    honest.partly,
    honest.wrong,
    honest.broken,
    hostile.endless,
    hostile.greedy,
    hostile.leaving,
    hostile.forging,
)


def everybody(secrets: list[Path]) -> dict[str, Member]:
    """Return the class: name → member.

    Args:
        secrets: files that some of them try to read and to change.
    """
    members = hostile.spying(secrets)
    for group in GROUPS:
        members |= group()
    return members
