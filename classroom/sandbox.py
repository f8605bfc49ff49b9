"""The wall around a student's code: bubblewrap, with a filter for system calls.

Inside there are Python, the packages, `mmtutor` without its exercises, and three files of the
class kit that any student may read; all of them read-only, at neutral places. There is no
network, no home, and no other process.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from classroom import seccomp

KIT = Path(__file__).resolve().parent
INSIDE = ("__init__.py", "answers.py", "worker.py")  # of the kit
SPACE = 256 * 2**20  # bytes for temporary files
HOME = "/opt/student"
HOW = """The grader runs students' code in a sandbox, and this machine has none that works:
  {problem}
Install it:
  Debian, Ubuntu:  sudo apt-get install bubblewrap libseccomp2
  Fedora:          sudo dnf install bubblewrap libseccomp
  then             python -m pip install pyseccomp
  macOS, Windows:  grade in a Linux container or in WSL2.
In a container, let it make user namespaces: docker run --security-opt seccomp=unconfined
--security-opt systempaths=unconfined --cap-add SYS_ADMIN.
classroom/DESIGN.md says more. To grade without a sandbox, which lets every submission read and
change whatever you can, add --unsafe-without-sandbox (UNSAFE=1 with make)."""

PROBE = """
import os, socket, sys
found = [path for path in sys.argv[1:] if os.path.exists(path)]
if found: sys.exit("it shows " + found[0])
if os.listdir(os.environ["HOME"]): sys.exit("the home folder is not empty")
for path in ("/", "/usr", "/opt", "/dev"):
    try: os.mkdir(path + "/probe"); sys.exit("it can write to " + path)
    except OSError: pass
try: child = os.fork()
except PermissionError: child = None
if child == 0: os._exit(0)
if child: sys.exit("it lets code make processes")
try: socket.create_connection(("192.0.2.1", 9), timeout=1); sys.exit("it has a network")
except TimeoutError: sys.exit("it has a network")
except OSError: pass
print("closed")
"""


class SandboxError(Exception):
    """There is no working sandbox; the message says why and how to install one."""


@dataclass(frozen=True)
class Sandbox:
    """How to start Python inside.

    Attributes:
        wall: the arguments of bubblewrap, without those that name descriptors; empty for none.
        filter: the compiled filter of system calls.
        python: the interpreter, as it is called inside.
    """

    wall: tuple[str, ...]
    filter: bytes
    python: str

    def start(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start Python with these arguments, its three streams as pipes."""
        if not self.wall:
            return _start_without(arguments)
        with tempfile.TemporaryFile() as file:
            file.write(self.filter)
            file.seek(0)
            number = file.fileno()
            command = [*self.wall, "--seccomp", str(number), self.python, "-S", *arguments]
            return _popen(command, pass_fds=(number,), env={})

    def probe(self, hidden: Sequence[Path]) -> None:
        """Try from inside what must not work.

        Args:
            hidden: files and folders of this machine that must not be visible.

        Raises:
            SandboxError: it does not start, or something worked.
        """
        process = self.start(["-c", PROBE, *map(str, hidden)])
        said, problem = process.communicate(timeout=60)
        if said != b"closed\n":
            words = (problem or said).decode(errors="replace").strip().splitlines() or ["no answer"]
            raise SandboxError(HOW.format(problem=words[-1]))


def find(hidden: Sequence[Path] = ()) -> Sandbox:
    """Return the sandbox of this machine, tried.

    Args:
        hidden: files and folders that must not be visible inside, beside the kit and the home.

    Raises:
        SandboxError: bubblewrap or libseccomp is missing, or what they build does not hold.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError(HOW.format(problem="bubblewrap (the command bwrap) is not installed"))
    try:
        rules = seccomp.program()
    except seccomp.SeccompError as error:
        raise SandboxError(HOW.format(problem=f"the filter of system calls: {error}")) from None
    python, mounts = _python()
    sandbox = Sandbox((program, *_walls(), *mounts, *_packages(), *_last()), rules, python)
    sandbox.probe([KIT, Path.home(), *hidden])
    return sandbox


def without() -> Sandbox:
    """Return no sandbox at all: code runs as whoever grades."""
    return Sandbox((), b"", sys.executable)


def _walls() -> list[str]:
    separate = "--unshare-all --unshare-user --uid 65534 --gid 65534 --cap-drop ALL --new-session "
    parts = (separate + "--die-with-parent --clearenv --ro-bind /usr /usr").split()
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            parts += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            parts += ["--ro-bind", str(path), str(path)]
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"):
        parts += ["--ro-bind-try", file, file]
    return [*parts, "--proc", "/proc", "--dev", "/dev"]


def _python() -> tuple[str, list[str]]:
    """Return the interpreter without its environment, and what it needs inside."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix).resolve()
    if prefix == Path("/usr"):
        return f"/usr/bin/{name}", []
    libraries = ["--setenv", "LD_LIBRARY_PATH", "/opt/python/lib"]
    return f"/opt/python/bin/{name}", ["--ro-bind", str(prefix), "/opt/python", *libraries]


def _packages() -> list[str]:
    """Return what shows the installed packages, the kit's part, and mmtutor."""
    parts: list[str] = []
    paths = ["/opt/kit"]
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    for number, folder in enumerate(path for path in folders if Path(path).is_dir()):
        paths.append(f"/opt/packages/{number}")
        parts += ["--ro-bind", folder, paths[-1]]
        if Path(folder, "mmtutor", "exercises").is_dir():
            parts += _empty(f"{paths[-1]}/mmtutor/exercises")
    for name in INSIDE:
        parts += ["--ro-bind", str(KIT / name), f"/opt/kit/classroom/{name}"]
    package = find_spec("mmtutor")
    if package is not None and package.origin is not None:
        parts += ["--ro-bind", str(Path(package.origin).parent), "/opt/kit/mmtutor"]
        parts += _empty("/opt/kit/mmtutor/exercises")
    return [*parts, "--setenv", "PYTHONPATH", ":".join(paths)]


def _empty(folder: str) -> list[str]:
    return ["--tmpfs", folder, "--remount-ro", folder]


def _last() -> list[str]:
    """Return the places where code may write, and the locks on all others."""
    parts: list[str] = []
    for place in ("/dev/shm", "/tmp", HOME):
        parts += ["--size", str(SPACE), "--tmpfs", place]
    parts += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]
    for name, value in _environment(HOME).items():
        parts += ["--setenv", name, value]
    return parts


def _environment(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "TMPDIR": "/tmp",
        "USER": "student",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


def _start_without(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    folder = tempfile.gettempdir()
    environment = {**_environment(folder), "PYTHONPATH": str(KIT.parent)}
    return _popen([sys.executable, *arguments], cwd=folder, env=environment)


def _popen(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, **options
    )
