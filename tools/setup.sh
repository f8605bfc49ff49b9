#!/bin/sh
# Make .venv with the versions in requirements.txt and mmtutor itself in editable form.
#
# The stamp in .venv says what is installed there. It says "unfinished" until all is done,
# so that what an interruption leaves behind is made anew.
set -u
cd "$(dirname "$0")/.."

stamp=.venv/installed
log=.cache/setup.log
needed=12 # GB: 6 for the packages, 3 for their downloads, 3 for the cache of pip

stop() {
    echo "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

state() {
    cksum requirements.txt pyproject.toml
    pwd # in another folder, the scripts in .venv would not run
}

is_up_to_date() {
    is_new_enough .venv/bin/python && [ "$(state)" = "$(cat "$stamp" 2>/dev/null)" ]
}

lost() {
    # To pip, a package is there as long as its description is.
    .venv/bin/python - <<'END'
import os, sys, sysconfig
from importlib.metadata import distributions

packages = distributions(path=[sysconfig.get_path("purelib")])
files = (file for package in packages for file in package.files or () if file.suffix != ".pyc")
if not os.path.samefile(sys.prefix, ".venv"):
    print("pyvenv.cfg")
elif lost := [file for file in files if not file.locate().exists()]:
    print(lost[0])
END
}

can_be_updated() {
    # Made by hand and whole, or finished in this folder.
    is_new_enough .venv/bin/python || return
    if [ -e "$stamp" ]; then
        [ "$(tail -n 1 "$stamp")" = "$(pwd)" ]
        return
    fi
    lost=$(lost)
    [ -z "$lost" ] ||
        stop ".venv was deleted in part, $lost is gone: delete all of it (rm -r .venv) and run make again."
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
    mkdir .venv && echo unfinished >"$stamp" && "$python" -m venv .venv >>"$log" 2>&1 ||
        stop "$python cannot make a virtual environment (on Debian, apt-get install python3-venv helps); what it said is in $log."
}

pip_install() {
    .venv/bin/python -m pip install --disable-pip-version-check "$@" >>"$log" 2>&1
}

install() {
    # A mirror that stumbles once (a download cut short, a 503) is no reason to give up.
    pip_install "$@" && return
    pip_install "$@" && return
    if grep -qi 'no space left' "$log"; then
        stop "The disk is full: free some space and run make again (details: $log)."
    elif grep -qiE 'connection|timed out|max retries|no matching distribution' "$log"; then
        stop "The packages could not be downloaded: check the network and run make again (details: $log)."
    fi
    echo "The packages could not be installed: run make again, and if that does not help, read $log." >&2
    grep '^ERROR' "$log" | tail -n 1 >&2
    exit 1
}

is_up_to_date && exit

mkdir -p .cache
: >"$log"
can_be_updated || make_environment
echo unfinished >"$stamp"
echo "Installing into .venv, which takes a few minutes the first time; progress: $log"
install -r requirements.txt
install --no-deps --editable .
state >"$stamp"
