"""Students whose notebooks attack the grader, and the points that each has earned."""

from pathlib import Path

from tests.classroom.honest import ZERO, Member, member, own
from tests.classroom.small import nodes, notebook


def endless() -> dict[str, Member]:
    loop = "while True:\n    pass"
    in_solution = "def double(x):\n    while True:\n        pass\n"
    edited = nodes({"test-double": loop})
    return {
        "loop in a solution": member(
            6, "the open test: took longer than", answers={"double": in_solution}
        ),
        "loop in a cell": own(loop, 10, "added cell 1 after imports: took longer than"),
        "loop in an open test": Member(
            notebook(edited), 10, ("the cell test-double was edited; the original was used",)
        ),
    }


def greedy() -> dict[str, Member]:
    bomb = "import os\nwhile True:\n    os.fork()"
    by_hand = "import ctypes\nassert ctypes.CDLL(None).fork() != -1, 'no fork'"
    tasks = """
import threading, time
kept = []
for _ in range(100_000):
    kept.append(threading.Thread(target=time.sleep, args=(100,), daemon=True))
    kept[-1].start()
"""
    small = tasks.replace("kept = []", "threading.stack_size(2**15)\nkept = []")
    small = small.replace("100_000", "3_000") + "\ntime.sleep(100)"
    busy = """
import threading

def spin():
    while True:
        pass

for _ in range(20):
    threading.Thread(target=spin, daemon=True).start()
"""
    disk = "for i in range(100):\n    open(f'/tmp/{i}', 'wb').write(bytes(2**24))"
    return {
        "8 GiB": own("x = bytearray(8 * 2**30)", 10, "MemoryError"),
        "8 GiB in a solution": member(
            6,
            "allocate memory",
            answers={"double": "def double(x):\n    return torch.zeros(2**31) + x\n"},
        ),
        "fork bomb": own(bomb, 10, "PermissionError: [Errno 1] Operation not permitted"),
        "fork by libc": own(by_hand, 10, "AssertionError: no fork"),
        "another program": own("import subprocess\nsubprocess.run(['ls'])", 10, "PermissionError"),
        "small threads": own(small, 10, "started more than 1000 threads"),
        "threads": own(tasks, 10, "RuntimeError: can't start new thread"),
        "busy threads": own(busy, 10),
        "1 GB of output": own(
            "while True:\n    print('x' * 10_000)", 10, "printed more than 20 MB"
        ),
        "1 GB on disk": own(disk, 10, "No space left on device"),
    }


def leaving() -> dict[str, Member]:
    gone = "import os\nos._exit(0)"
    closes = "import os\nos.closerange(3, 50)"
    return {
        "os._exit": own(gone, 10, "added cell 1 after imports: ended the Python process"),
        "os._exit in a solution": member(
            6,
            "the open test: ended the Python process",
            answers={"double": "def double(x):\n    import os; os._exit(0)"},
        ),
        "sys.exit": own("import sys\nsys.exit(0)", 10, "SystemExit: 0"),
        "kill": own(
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            10,
            "ended the Python process",
        ),
        "a crash": own("import ctypes\nctypes.string_at(0)", 10, "ended the Python process"),
        "closed files": own(closes, 10, "ended the Python process"),
    }


def forging() -> dict[str, Member]:
    patches = """
import builtins, sys
import numpy as np
builtins.AssertionError = type("Fine", (BaseException,), {})
torch.allclose = torch.equal = np.allclose = np.array_equal = lambda *a, **k: True
for name, module in list(sys.modules.items()):
    if name.startswith("classroom"):
        for thing in list(vars(module)):
            if callable(getattr(module, thing)) and thing != "_described":
                try:
                    setattr(module, thing, lambda *a, **k: None)
                except Exception:
                    pass
"""
    always = """
class Always:
    shape = (3, 4)
    def __eq__(self, other):
        return True
    def __getattr__(self, name):
        return lambda *a, **k: self

def double(x):
    return Always()
"""
    messages = """
import json, os
zeros = {"plain": 0.0, "number": True}
names = ["twice a fresh table", "twice a fresh picture", "fresh rows", "one fresh row"]
for number in range(1, 30):
    lines = [{"id": number, "answer": name, "value": zeros, "right": True} for name in names]
    lines += [{"id": number, "done": True, "error": None, "points": 10}, 7, "x"]
    for file in range(1, 30):
        try:
            os.write(file, "".join(json.dumps(line) + "\\n" for line in lines).encode())
            os.write(file, b"[" * 100_000 + b"\\n")
        except OSError:
            pass
"""
    frames = """
import gc, sys

def stolen(x):
    frame, found = sys._getframe(1), []
    while frame:
        found += list(frame.f_locals.values()) + list(frame.f_globals.values())
        frame = frame.f_back
    found += [thing for thing in gc.get_objects() if isinstance(thing, torch.Tensor)]
    same = [y for y in found if isinstance(y, torch.Tensor) and y.shape == x.shape and y is not x]
    return same[0] if same else x

double = center = stolen
"""
    questions = {"test-double": "points = 4", "test-center": "points = 6"}
    return {
        "patched": own(patches, 0, **ZERO),
        "always equal": member(
            6,
            "a Always came, where a number, tensor or text is expected",
            answers={"double": always},
        ),
        "forged messages": own(messages, 0, **ZERO),
        "frames": member(0, answers={"double": frames, "center": ""}),
        "edited tests": Member(
            notebook(nodes({**ZERO, **questions})), 0, ("the cell test-center was edited",)
        ),
    }


def spying(files: list[Path]) -> dict[str, Member]:
    """Students who know the paths of all that they must not see."""
    reads = f"""
found = []
for path in {[str(file) for file in files]}:
    for place in (path, "/proc/1/root" + path, "/proc/self/root" + path):
        try:
            found.append(open(place).read())
        except OSError:
            pass
raise RuntimeError(f"read {{len(found)}} files")
"""
    writes = f"""
done = 0
for path in {[str(file) for file in files]}:
    for place in (path, path + ".new"):
        try:
            open(place, "a").write("x")
            done += 1
        except OSError:
            pass
raise RuntimeError(f"wrote {{done}} files")
"""
    network = "import socket\nsocket.create_connection(('1.1.1.1', 53), timeout=3)"
    return {
        "reading": own(reads, 10, "RuntimeError: read 0 files"),
        "writing": own(writes, 10, "RuntimeError: wrote 0 files"),
        "network": own(network, 10, "Network is unreachable"),
    }
