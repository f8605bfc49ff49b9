"""A plausible mistake, as a change of the reference solution."""

from dataclasses import dataclass

Key = tuple[str, int, str]  # assignment, variant, solution cell


@dataclass(frozen=True)
class Wrong:
    """A solution that is wrong in one place.

    Attributes:
        old: what the reference says there.
        new: what a student might write.
        says: a part of what the feedback must say; empty where no message names the mistake.
    """

    old: str
    new: str
    says: str = ""
