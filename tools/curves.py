"""Measure how the book's comparisons come out at other budgets, and store it for the pages.

`python -m tools.curves [NAME …]` runs the comparisons of `benchmarks/curves` that changed since
they were stored, or those that are named, each with `SEEDS` seeds; `--all` runs all.
"""

import argparse
import hashlib
import importlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from mmtutor.data.curves import FOLDER

SOURCES = Path(__file__).parents[1] / "benchmarks" / "curves"
SEEDS = 5


def names() -> list[str]:
    """Return the names of the comparisons."""
    return sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__")


def digest(name: str) -> str:
    """Return a short digest of the code that measures a comparison."""
    code = (SOURCES / f"{name}.py").read_bytes() + (SOURCES / "__init__.py").read_bytes()
    return hashlib.sha256(code).hexdigest()[:12]


def stale(name: str) -> bool:
    """Return whether a comparison is not stored, or by other code than today's."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return True
    return bool(json.loads(path.read_text(encoding="utf-8"))["code"] != digest(name))


def measure(name: str) -> None:
    """Run a comparison and store its values."""
    comparison = importlib.import_module(f"benchmarks.curves.{name}")
    values: dict[str, list[list[float]]] = {}
    for seed in range(SEEDS):
        start = time.perf_counter()
        for side, scores in comparison.measure(seed).items():
            values.setdefault(side, []).append([round(float(score), 4) for score in scores])
        print(f"{name}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
    stored = {
        "code": digest(name),
        "measure": comparison.MEASURE,
        "steps": list(comparison.STEPS),
        "values": values,
    }
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(stored, ensure_ascii=False, indent=1) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.curves", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--all", action="store_true", help="also what is stored already")
    found = parser.parse_args(arguments)
    if unknown := set(found.names) - set(names()):
        parser.error(f"no comparison named {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    for name in found.names or [name for name in names() if found.all or stale(name)]:
        measure(name)


if __name__ == "__main__":
    main()
