"""Of a program that hangs, no process outlives the test."""

import os
import select
import subprocess
import sys

import pytest

from tests.training.launch.program import Program, run_to_end

pytestmark = pytest.mark.slow

SLEEP = "import time; time.sleep(600)"
# Starts two programs as torchrun does, in sessions of their own; all three hold the pipe open.
PARENT = f"""
import subprocess, sys, time
pipe = int(sys.argv[1])
for _ in range(2):
    command = [sys.executable, "-c", {SLEEP!r}]
    subprocess.Popen(command, start_new_session=True, pass_fds=[pipe])
print("ready", flush=True)
time.sleep(600)
"""


def test_all_that_a_program_started_is_killed_with_it():
    reading, writing = os.pipe()
    command = [sys.executable, "-c", PARENT, str(writing)]
    with pytest.raises(KeyboardInterrupt), Program(command, pass_fds=[writing]) as program:
        os.close(writing)
        assert program.stdout.readline() == "ready\n"
        raise KeyboardInterrupt
    ended, _, _ = select.select([reading], [], [], 30)  # readable once nobody holds the pipe
    assert ended
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_a_program_that_hangs_is_killed():
    with pytest.raises(subprocess.TimeoutExpired):
        run_to_end([sys.executable, "-c", SLEEP], timeout=1)


def test_a_program_that_ends_gives_its_code_and_its_words():
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = run_to_end([sys.executable, "-c", code], timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
