#!/bin/sh
# Make .venv with the versions in requirements.txt and mmtutor itself in editable form.
#
# The stamp says what is installed and where. It is written last and removed first, so that
# whatever an interruption leaves behind counts as nothing.
set -u
cd "$(dirname "$0")/.."

stamp=.venv/complete
log=.cache/setup.log
needed=8 # GB: torch and its libraries take most of it

stop() {
    echo "$1" >&2
    exit 1
}

state() {
    cksum requirements.txt pyproject.toml
    pwd
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3.13 python3.12 python3.11 python3 python
    fi
    # Each is run, not only looked up: a version manager leaves names that lead nowhere.
    for candidate in "$@"; do
        is_new_enough "$candidate" && echo "$candidate" && return
    done
}

make_environment() {
    python=$(find_python)
    if [ -z "$python" ] && [ -n "${PYTHON:-}" ]; then
        stop "PYTHON=$PYTHON is not a Python 3.11 or later; name one that is: make PYTHON=/path/to/python3"
    elif [ -z "$python" ]; then
        stop "No Python 3.11 or later was found; install one, or say where it is: make PYTHON=/path/to/python3"
    fi
    rm -rf .venv
    free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
    if [ "$free" -lt "$needed" ]; then
        stop "The installation needs $needed GB of free disk and there are $free GB: free some space and run make again."
    fi
    "$python" -m venv .venv >>"$log" 2>&1 ||
        stop "$python cannot make a virtual environment (on Debian, apt-get install python3-venv helps); what it said is in $log."
}

install() {
    .venv/bin/python -m pip install --disable-pip-version-check "$@" >>"$log" 2>&1 && return
    if grep -qi 'no space left' "$log"; then
        stop "The disk is full: free some space and run make again (details: $log)."
    elif grep -qiE 'connection|timed out|max retries|no matching distribution' "$log"; then
        stop "The packages could not be downloaded: check the network and run make again (details: $log)."
    fi
    stop "The packages could not be installed: run make again, and if that does not help, read $log."
}

python_works() {
    [ -e "$stamp" ] && [ "$(tail -n 1 "$stamp")" = "$(pwd)" ] && is_new_enough .venv/bin/python
}

python_works && [ "$(state)" = "$(cat "$stamp")" ] && exit

mkdir -p .cache
: >"$log"
if ! python_works; then
    make_environment
fi
rm -f "$stamp"
echo "Installing into .venv: a few minutes the first time. Progress is in $log."
install -r requirements.txt
install --no-deps --editable .
state >"$stamp"
