"""A notebook as the guards see it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools import canonical

# Pages in the anatomy that CONTRIBUTING describes; the others follow, and then this goes.
REVISED = {
    "1-2-one-digit-four-modalities",
    "1-3-why-depth-is-hard",
    "2-1-the-residual-block",
    "2-2-residual-streams",
    "2-3-what-two-modalities-know-together",
    "2-4-coordinated-representations",
    "2-5-knowledge-transfer",
    "3-1-the-image-encoder",
    "3-2-the-text-encoder",
    "3-3-a-transformer-is-a-residual-network",
    "3-4-the-audio-encoder",
    "3-5-the-video-encoder",
    "3-6-fusion",
    "3-7-fusions-in-practice",
    "3-8-two-losses",
    "3-9-gradient-descent",
    "4-1-the-program",
    "7-1-seeing-and-hearing-digits",
    "7-2-reading-lips",
    "7-3-emoji",
    "7-4-sentiment",
    "7-5-your-own-data",
}

Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Page:
    """One notebook and what it is compared with.

    Args:
        path: the notebook in the repository, such as `notebooks/2-1-the-residual-block.ipynb`.
        text: the content of the file.
        address: the repository's address.
        packaged: names that the package defines, and that a notebook may build itself.
    """

    path: str
    text: str
    address: str
    packaged: frozenset[str] = frozenset()

    @property
    def is_card(self) -> bool:
        """Whether this is a data card, not a page that teaches."""
        return self.path.startswith("notebooks/data/")

    @property
    def is_revised(self) -> bool:
        """Whether this page has the second edition's anatomy."""
        return self.path.rpartition("/")[2].removesuffix(".ipynb") in REVISED

    @cached_property
    def core(self) -> list[NotebookNode]:
        """What is read of a revised page: from the question to the last cell before the summary.

        Without the title and without folded code, such as set-up, imports and plots.
        """
        hidden = [cell for cell in self.cells if "hide-input" in cell.metadata.get("tags", [])]
        cells = [cell for cell in self.cells[1:] if cell not in hidden]
        ends = [i for i, cell in enumerate(cells) if re.search(r"^## Summary", cell.source, re.M)]
        return cells[: ends[0]] if ends else cells

    @cached_property
    def cells(self) -> list[NotebookNode]:
        """All cells."""
        return list(canonical.read(self.text).cells)

    def cell(self, position: int) -> NotebookNode:
        """One cell, or an empty one if the page is shorter."""
        return self.cells[position] if position < len(self.cells) else new_markdown_cell()

    @cached_property
    def code(self) -> list[NotebookNode]:
        """The code cells."""
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def lesson(self) -> list[NotebookNode]:
        """The code cells without the set-up and those that only offer hints and solutions."""
        return [cell for cell in self.code[1:] if "exercises.solution(" not in cell.source]

    @cached_property
    def python(self) -> list[str]:
        """The source of each code cell, with `%` lines turned into calls."""
        return [TransformerManager().transform_cell(cell.source) for cell in self.code]

    @cached_property
    def trees(self) -> list[ast.Module]:
        """The syntax tree of each code cell."""
        return [ast.parse(source) for source in self.python]

    @cached_property
    def prose(self) -> str:
        """All Markdown, cell after cell."""
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")


def code_lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a code cell that are not blank."""
    return [line for line in cell.source.splitlines() if line.strip()]


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions with these names, such as `claim` or `exercises.check`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield node


def definitions(page: Page) -> Iterator[Definition]:
    """Yield the functions and classes that a page defines, except what the reader is to write."""
    for tree in page.trees:
        for node in tree.body:
            if isinstance(node, Definition) and not _is_stub(node):
                yield node


def _is_stub(node: Definition) -> bool:
    """Return whether the body is only a docstring, `...` or `pass`."""
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in node.body
    )
