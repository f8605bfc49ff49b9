"""Programs that tests start, of which nothing is left when the test goes on."""

import subprocess
from typing import Any

import psutil


class Program(subprocess.Popen[str]):
    """A program that is killed, with all that it has started, when its `with` ends.

    Killing it alone would not do: torchrun gives each of its processes a session of its own.
    """

    def __init__(self, command: list[str], **options: Any) -> None:
        pipe = subprocess.PIPE
        options = {"stdout": pipe, "stderr": pipe, "encoding": "utf-8"} | options
        super().__init__(command, **options)

    def __exit__(self, *error: Any) -> None:
        if self.poll() is None:
            program = psutil.Process(self.pid)
            for process in (program, *program.children(recursive=True)):
                process.kill()
        super().__exit__(*error)


def run_to_end(
    command: list[str], timeout: float, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `subprocess.run` does.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds; all of it is killed.
    """
    with Program(command, **options) as program:
        out, err = program.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, program.returncode, out, err)
