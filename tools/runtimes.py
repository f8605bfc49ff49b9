"""Write how long the notebooks took into the book, as a table.

`make notebooks ALL=1` executes them and calls `python -m tools.runtimes`.
"""

import json
import re
from pathlib import Path

from tools import canonical
from tools.notebooks import KERNELS, RUNTIMES

ROOT = Path(__file__).parents[1]
TABLE = "book/tables/runtimes.md"


def main(root: Path = ROOT) -> None:
    """Write the table from what `tools.notebooks` measured last."""
    seconds = json.loads((root / RUNTIMES).read_text(encoding="utf-8"))
    (root / TABLE).write_text(table(root, seconds), encoding="utf-8")


def table(root: Path, seconds: dict[str, float]) -> str:
    """Return the seconds of each page, in the order of the book, and their sum, as Markdown."""
    lines = ["| page | seconds |", "|---|--:|"]
    pages = notebooks(root)
    for page in pages:
        measured = seconds.get(page)
        shown = "not measured" if measured is None else f"{measured:.0f}"
        lines.append(f"| [{title(root / 'notebooks' / page)}](../notebooks/{page}) | {shown} |")
    total = sum(seconds.get(page, 0) for page in pages)
    lines += [
        f"| all, one after the other | {total:.0f} |",
        f"| all, {KERNELS} at a time, about | {total / KERNELS:.0f} |",
    ]
    return "\n".join([*lines, ""])


def notebooks(root: Path) -> list[str]:
    """Return the notebooks of the table of contents, as paths below `notebooks/`."""
    contents = (root / "_toc.yml").read_text(encoding="utf-8")
    return [f"{name}.ipynb" for name in re.findall(r"file: notebooks/(\S+)", contents)]


def title(page: Path) -> str:
    """Return the heading of a notebook."""
    first = canonical.read(page.read_text(encoding="utf-8")).cells[0].source
    return first.splitlines()[0].removeprefix("# ")


if __name__ == "__main__":
    main()
