"""Whether this machine has a sandbox."""

import functools

import pytest

from classroom import sandbox


@functools.cache
def missing() -> str:
    """Return why there is no sandbox, or "" if there is one."""
    try:
        sandbox.find()
    except sandbox.SandboxError as error:
        return str(error).splitlines()[1].strip()
    return ""


def needs_sandbox() -> pytest.MarkDecorator:
    """Return a mark that skips a test where there is no sandbox, and says why."""
    return pytest.mark.skipif(bool(missing()), reason=f"no sandbox: {missing()}")
