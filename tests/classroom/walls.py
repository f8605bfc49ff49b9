"""Whether this machine can have a sandbox; if it can and ours does not work, tests fail."""

import functools
import shutil
import subprocess

import pytest

from classroom import seccomp

TRY = "bwrap --unshare-all --unshare-user --ro-bind / / --proc /proc --dev /dev true".split()


@functools.cache
def missing() -> str:
    """Return why there can be no sandbox, or "" if there can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    try:
        seccomp.program()
    except seccomp.SeccompError as error:
        return str(error)
    tried = subprocess.run(TRY, capture_output=True, text=True)
    return tried.stderr.strip() or ("bubblewrap fails here" if tried.returncode else "")


def needs_sandbox() -> pytest.MarkDecorator:
    """Return a mark that skips a test where there can be no sandbox, and says why."""
    return pytest.mark.skipif(bool(missing()), reason=f"no sandbox: {missing()}")
