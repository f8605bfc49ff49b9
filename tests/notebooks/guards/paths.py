"""Paths that exist on one machine only."""

import re

# A folder of somebody's machine at the start of a path: not `network/root/x`, not `~/work/x`.
_MACHINE_PATH = re.compile(
    r"(?<![\w+.~})-])"
    r"(?:/(?:root|work)/|/(?:home|Users)/[\w.-]+/|/tmp/\w|[CD]:\\+[A-Z])"
)


def machine_paths(text: str) -> list[str]:
    """Return the lines of a text that name a path of one machine, with their numbers."""
    return [
        f"line {number} names a path of one machine: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if _MACHINE_PATH.search(line)
    ]
