#!/bin/sh
# Make .venv with everything in requirements.txt, and mmtutor itself in editable form.
# An interrupted run leaves no stamp, so the next one starts the installation again.
set -u

log=.venv-setup.log
stamp=.venv/.complete

stop() {
    echo "$1" >&2
    exit 1
}

find_python() {
    # Each candidate is run, not only looked up: a version manager's shim can exist for a
    # Python that does not.
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# A finished environment needs only what changed since.
if [ ! -e "$stamp" ]; then
    python=$(find_python)
    [ -n "$python" ] || stop "Python 3.11 or later was not found; install it, or name it: make PYTHON=/path/to/python"
    free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
    [ "$free" -ge 8 ] || stop "Installing needs 8 GB of free disk and there are $free GB; free some space and run make again."
    "$python" -m venv --clear .venv >"$log" 2>&1 ||
        stop "$python cannot make a virtual environment (on Debian: apt-get install python3-venv); the details are in $log."
fi
rm -f "$stamp"

echo "Installing into .venv; this takes some minutes the first time."
.venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt >"$log" 2>&1 &&
    .venv/bin/python -m pip install --disable-pip-version-check --no-deps --editable . >>"$log" 2>&1 || {
    if grep -qi 'no space left' "$log"; then
        stop "The disk is full; free some space and run make again. The details are in $log."
    elif grep -qiE 'connection|resolve|network|timed out|no matching distribution' "$log"; then
        stop "The packages could not be downloaded; check the network and run make again. The details are in $log."
    fi
    stop "The installation failed; run make again, or read $log for the details."
}
date >"$stamp"
