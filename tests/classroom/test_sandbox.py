"""The sandbox holds, and where there is none, nothing is graded."""

import dataclasses
import errno
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from classroom import __main__ as commands
from classroom import sandbox, seccomp
from classroom.sandbox import SandboxError
from tests.classroom.walls import needs_sandbox

HERE = Path(__file__).resolve()


@pytest.fixture
def no_bubblewrap(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_without_bubblewrap_the_message_says_how_to_install_it(no_bubblewrap):
    with pytest.raises(SandboxError) as caught:
        sandbox.find()
    for words in [
        "(the command bwrap) is not installed",
        "apt-get install bubblewrap",
        "dnf",
        "WSL2",
    ]:
        assert words in str(caught.value)


def test_without_libseccomp_the_message_says_so(monkeypatch):
    def missing() -> bytes:
        raise seccomp.SeccompError("Unable to find libseccomp")

    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr(seccomp, "program", missing)
    with pytest.raises(SandboxError, match="Unable to find libseccomp"):
        sandbox.find()


def test_without_a_sandbox_nothing_is_graded_unless_told(no_bubblewrap, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "anna.ipynb").write_text("{}")
    arguments = ["grade", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    assert commands.main(arguments) == 1
    assert "--unsafe-without-sandbox" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    # Told to, it goes on, here to the notebook that does not say what it is.
    assert commands.main([*arguments, "--unsafe-without-sandbox"]) == 1
    assert "no notebook says which assignment it is" in capsys.readouterr().err


@needs_sandbox()
def test_a_sandbox_that_shows_what_it_must_not_is_refused():
    with pytest.raises(SandboxError, match="it shows /usr/lib"):
        sandbox.find([Path("/usr/lib")])


@needs_sandbox()
def test_a_sandbox_with_a_folder_that_can_be_written_to_is_refused(tmp_path):
    closed = sandbox.find()
    (tmp_path / "file").touch()
    shown = (*closed.wall, "--bind", str(tmp_path), "/opt/student")
    with pytest.raises(SandboxError, match="the home folder is not empty"):
        dataclasses.replace(closed, wall=shown).probe([])
    lock = next(
        place
        for place in range(len(closed.wall))
        if closed.wall[place : place + 2] == ("--remount-ro", "/")
    )
    unlocked = closed.wall[:lock] + closed.wall[lock + 2 :]
    with pytest.raises(SandboxError, match="it can write to /"):
        dataclasses.replace(closed, wall=unlocked).probe([])


@needs_sandbox()
def test_a_sandbox_in_which_processes_can_be_made_is_refused():
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "ptrace")
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        weak = dataclasses.replace(sandbox.find(), filter=file.read())
    with pytest.raises(SandboxError, match="it lets code make processes"):
        weak.probe([])


CALLS = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def refused(name, *arguments):
    return getattr(libc, name)(*arguments) == -1 and ctypes.get_errno() == errno.EPERM
print([refused("unshare", 0x10000000), refused("mount", 0, 0, 0, 0, 0),
       refused("memfd_create", b"x", 0), refused("shmget", 0, 4096, 0o1666),
       refused("ptrace", 0, 0, 0, 0), refused("vfork"),
       refused("sched_setaffinity", 0, 8, ctypes.byref(ctypes.c_long(3)))])
"""


@needs_sandbox()
def test_the_kernel_refuses_what_the_filter_lists():
    said, problem = sandbox.find().start(["-c", CALLS]).communicate()
    assert said.decode().strip() == str([True] * 7), problem


SEEN = """
import os, mmtutor.blocks
print(sorted(os.listdir("/opt/kit/classroom")), os.listdir("/opt/kit/mmtutor/exercises"))
print(sorted(os.listdir("/opt")), os.listdir(os.environ["HOME"]), os.getuid())
print([name for name in os.listdir("/proc") if name.isdigit()] == ["1", "2"])
"""


@needs_sandbox()
@pytest.mark.slow
def test_inside_there_are_the_packages_without_solutions_and_nothing_else():
    said, problem = sandbox.find().start(["-c", SEEN]).communicate()
    own = ["python"] if sys.base_prefix != "/usr" else []  # the system's stands in /usr
    assert said.decode().splitlines() == [
        "['__init__.py', 'answers.py', 'worker.py'] []",
        f"{['kit', 'packages', *own, 'student']} [] 65534",
        "True",
    ], problem
