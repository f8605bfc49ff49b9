"""A conversation with one worker: a command out, messages in, and an end to all that lasts."""

import json
import os
import selectors
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom.sandbox import Sandbox

START = 120.0  # seconds to import torch, on a busy machine
OUTPUT = 20 * 2**20  # bytes that a cell may print
MESSAGES = 16 * 2**20  # bytes that may come back from a cell
ANSWERS = 1000  # from one test
THREADS = 1000  # more than fit into the memory with stacks of the usual size
LOOK = 0.2  # seconds between two counts of the threads
CPU_BEYOND = 600  # seconds; the clock of the session stops a worker long before


@dataclass
class Reply:
    """What came back from a cell or a test; nothing in it can be trusted.

    Attributes:
        answers: name → encoded answer, the first of each name.
        mistakes: name → message → encoded wrong answer, as the reference sends them.
        error: kind, message, cell and line of an exception, or None.
        seconds: how long it took, by the clock of this side.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    mistakes: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    seconds: float = 0.0


class WorkerLostError(Exception):
    """The worker is gone or was stopped; `reply` is what came before that."""

    def __init__(self, reason: str, reply: Reply):
        super().__init__(reason)
        self.reply = reply


class StartError(Exception):
    """The worker did not come to the point where it takes commands."""


class Session:
    """One worker process, which holds what the cells of one notebook define.

    Args:
        sandbox: where the worker runs.
        cpu_seconds: what all its commands together may take.
    """

    def __init__(self, sandbox: Sandbox, cpu_seconds: float):
        arguments = ["-m", "classroom.worker", str(int(cpu_seconds) + CPU_BEYOND)]
        self._process = sandbox.start(arguments)
        self._number = 0
        self._lines = bytearray()  # the beginning of a line
        self._said = b""  # the last of what was printed
        self._selector = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)
        try:
            self._receive(START)
        except WorkerLostError as lost:
            self.close()
            words = self._said.decode(errors="replace").strip().splitlines() or [str(lost)]
            raise StartError(f"the worker did not start: {words[-1]}") from None

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker and all that it may have started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def run(
        self, do: str, name: str, code: str, seed: int, seconds: float, *, reference: bool = False
    ) -> Reply:
        """Execute a cell, or the hidden questions of a test.

        Args:
            do: `"cell"` or `"test"`.
            name: of the cell, for messages of errors.
            code: what to execute.
            seed: of `fresh` and of all global generators.
            seconds: how long it may take.
            reference: whether the values of known mistakes are wanted.

        Raises:
            WorkerLostError: it took too long, printed or sent too much, or ended the process.
        """
        self._number += 1
        command = {"id": self._number, "do": do, "name": name, "code": code}
        line = json.dumps({**command, "seed": seed, "reference": reference}).encode() + b"\n"
        stdin = self._process.stdin
        assert stdin is not None
        try:
            # A worker that no longer reads blocks this only if the pipe is full; then the cell
            # before has closed or filled it, and the worker has nothing more to say.
            os.set_blocking(stdin.fileno(), False)
            self._write(stdin.fileno(), line, time.monotonic() + seconds)
        except (BrokenPipeError, TimeoutError):
            raise WorkerLostError("ended the Python process", Reply()) from None
        return self._receive(seconds)

    @staticmethod
    def _write(number: int, data: bytes, deadline: float) -> None:
        while data:
            try:
                data = data[os.write(number, data) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError from None
                time.sleep(0.01)

    def _receive(self, seconds: float) -> Reply:
        """Collect messages until the worker says that it is done with the command."""
        start = time.monotonic()
        reply, printed, received, looked = Reply(), 0, 0, 0.0
        while True:
            reply.seconds = time.monotonic() - start
            if reply.seconds > seconds:
                raise WorkerLostError(f"took longer than {seconds:.0f} s", reply)
            if reply.seconds > looked + LOOK:
                looked = reply.seconds
                if _threads(self._process.pid) > THREADS:
                    raise WorkerLostError(f"started more than {THREADS} threads", reply)
            for key, _ in self._selector.select(min(LOOK, seconds - reply.seconds)):
                chunk = self._read(key)
                if key.fileobj is self._process.stderr:
                    printed += len(chunk)
                    self._said = (self._said + chunk)[-2000:]
                    if printed > OUTPUT:
                        raise WorkerLostError(f"printed more than {OUTPUT // 2**20} MB", reply)
                    continue
                received += len(chunk)
                if not chunk:
                    raise WorkerLostError("ended the Python process", reply)
                if received > MESSAGES:
                    raise WorkerLostError(f"answered more than {MESSAGES // 2**20} MB", reply)
                if self._take(chunk, reply):
                    reply.seconds = time.monotonic() - start
                    return reply

    def _read(self, key: selectors.SelectorKey) -> bytes:
        try:
            chunk = os.read(key.fd, 2**20)
        except BlockingIOError:
            return b""
        if not chunk:
            self._selector.unregister(key.fileobj)
        return chunk

    def _take(self, chunk: bytes, reply: Reply) -> bool:
        """Put whole lines into the reply, and return whether one of them was the last."""
        self._lines += chunk
        if b"\n" not in chunk:
            return False
        *lines, rest = bytes(self._lines).split(b"\n")
        self._lines = bytearray(rest)
        done = False
        for line in lines:
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                continue  # not from the worker, or garbled by a cell
            if isinstance(message, dict) and message.get("id") == self._number:
                done = self._put(message, reply) or done
        return done

    @staticmethod
    def _put(message: dict[str, Any], reply: Reply) -> bool:
        if message.get("done") is True:
            error = message.get("error")
            reply.error = error if isinstance(error, dict) else None
            return True
        name = message.get("answer")
        if isinstance(name, str) and name not in reply.answers and len(reply.answers) < ANSWERS:
            reply.answers[name] = message.get("value")
            reply.mistakes[name] = message.get("mistakes")
        return False


def _threads(process: int) -> int:
    """Return how many threads a process and its descendants have."""
    count = 0
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            count += 1
            count += sum(map(_threads, map(int, (thread / "children").read_text().split())))
    except OSError:
        pass  # it has just ended
    return count
