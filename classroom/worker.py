"""Runs inside the sandbox: executes cells in one namespace and sends what they answer.

Commands come as lines of JSON on the standard input, messages go as lines of JSON to what was
the standard output. A cell can reach all of this, so the other side trusts no message.
"""

import ast
import json
import os
import random
import resource
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np
import torch

from classroom import answers

EXTRA_MEMORY = 3 * 2**30  # bytes that a student's code may take beyond Python and torch
FILE_SIZE = 64 * 2**20
OPEN_FILES = 256
TASKS = 4096  # threads; the session stops a worker before, and root has no such limit
CELL = "cell "  # begins the file name of every cell's code
MESSAGE = 400  # characters of an error's message that are sent


def limit(cpu_seconds: int) -> None:
    """Limit what this process can take, for good: no limit can be raised again."""
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    for kind, most in [
        (resource.RLIMIT_AS, size + EXTRA_MEMORY),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, TASKS),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ]:
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


class Notebook:
    """The one namespace in which all cells run."""

    def __init__(self, send: Callable[[dict[str, Any]], None]):
        self._send = send
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = vars(module)
        self.names["get_ipython"] = _Shell
        self.names["display"] = lambda *things, **options: None

    def cell(self, code: str, name: str = "code") -> dict[str, Any] | None:
        """Execute a cell, and return its error, if any."""
        try:
            exec(compile(_plain_python(code), f"{CELL}{name}", "exec"), self.names)
        except BaseException as error:  # SystemExit and KeyboardInterrupt end a cell only
            return _described(error)
        return None

    def test(self, code: str, seed: int, reference: bool) -> dict[str, Any] | None:
        """Execute hidden questions statement by statement, and return the first error, if any.

        Statements after a failing one run too, so that one error does not cost all answers.
        """
        fresh = torch.Generator().manual_seed(seed)
        given = {"fresh": fresh, "answer": self._recorder(reference)}
        kept = {name: self.names[name] for name in given if name in self.names}
        self.names.update(given)
        first = None
        for statement in ast.parse(code).body:
            try:
                part = ast.Module([statement], type_ignores=[])
                exec(compile(part, "<test>", "exec"), self.names)
            except BaseException as error:
                first = first or _described(error)
        for name in given:
            self.names.pop(name, None)
        self.names.update(kept)
        return first

    def _recorder(self, reference: bool) -> Callable[..., None]:
        def answer(name: str, value: Any, mistakes: dict[str, Any] | None = None) -> None:
            """Record an answer; `mistakes` are wrong values, or functions that return them."""
            known = mistakes if reference and mistakes else {}
            wrong = {said: bad() if callable(bad) else bad for said, bad in known.items()}
            message = {
                "answer": str(name),
                "value": answers.encode(value),
                "mistakes": {said: answers.encode(bad) for said, bad in wrong.items()},
            }
            self._send(message)

        return answer


class _Shell:
    """Stands in for IPython's shell: a magic that takes a body runs it, others do nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None

    def run_cell_magic(self, magic: str, line: str, body: str) -> None:
        if magic in ("time", "timeit", "capture", "prun"):
            exec(
                compile(_plain_python(body), f"{CELL}{magic}", "exec"),
                vars(sys.modules["__main__"]),
            )


def _plain_python(code: str) -> str:
    """Return a cell as Python: its magics and shell commands become calls of `get_ipython()`."""
    try:
        ast.parse(code)
    except SyntaxError:
        if any(line.lstrip().startswith(("%", "!", "?")) for line in code.splitlines()):
            from IPython.core.inputtransformer2 import TransformerManager

            return TransformerManager().transform_cell(code)
    return code


def _described(error: BaseException) -> dict[str, Any]:
    """Return the kind of an error, its message, and the last cell and line that led to it."""
    line, cell = None, ""
    if isinstance(error, SyntaxError) and str(error.filename).startswith(CELL):
        line, cell = error.lineno, str(error.filename)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(CELL):
            line, cell = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    try:
        message = str(error)[:MESSAGE]
    except BaseException:
        message = ""
    cell = cell.removeprefix(CELL)
    return {"type": type(error).__name__[:100], "message": message, "line": line, "cell": cell}


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def serve(commands: Iterator[str], messages: TextIO) -> None:
    """Do what the commands say, until there are no more."""

    def send(message: dict[str, Any]) -> None:
        messages.write(json.dumps({"id": command["id"], **message}) + "\n")
        messages.flush()

    command: dict[str, Any] = {"id": 0}
    notebook = Notebook(send)
    send({"done": True, "error": None, "seconds": 0.0})
    for line in commands:
        command = json.loads(line)
        start = time.monotonic()
        _seed_everything(command["seed"])
        if command["do"] == "test":
            error = notebook.test(command["code"], command["seed"], command["reference"])
        else:
            error = notebook.cell(command["code"], command["name"])
        send({"done": True, "error": error, "seconds": time.monotonic() - start})


def main() -> None:
    """Take the pipes to the grader out of the way of what cells read and print."""
    commands = os.fdopen(os.dup(0), encoding="utf-8")
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    limit(int(sys.argv[1]))
    serve(iter(commands), messages)


if __name__ == "__main__":
    main()
