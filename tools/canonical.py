"""The canonical form of a notebook: whoever saves it, the bytes are the same."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent

_NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
# What an assignment says of itself: its variants, or the variant that it is.
_KEPT_METADATA = "mmtutor"
_CELL_METADATA = {"tags", "mystnb", "nbgrader", "deletable", "editable"}


def read(text: str) -> NotebookNode:
    """Parse a notebook without changing it.

    `nbformat.reads` gives random ids to cells that have none; this function does not.

    Raises:
        ValueError: the text is not a notebook of format 4.
    """
    raw = json.loads(text)
    if raw.get("nbformat") != 4:
        raise ValueError(
            f"got a notebook of format {raw.get('nbformat')}, expected format 4; "
            "open it in JupyterLab and save it once"
        )
    return nbformat.v4.to_notebook(raw)


def write(notebook: NotebookNode) -> str:
    """Return the bytes of a notebook in canonical form: sorted keys, indent 1, one last newline.

    Only metadata that the book uses is kept. Cells keep their ids; a cell without one, or
    with the id of an earlier cell, gets one made from its place and its source. Execution
    counts stay as they are: only an execution can make them right.

    Raises:
        ValueError: ruff cannot read a code cell.
        nbformat.ValidationError: the notebook breaks the notebook format.
    """
    notebook = nbformat.from_dict(notebook)
    kept = {key: value for key, value in notebook.metadata.items() if key == _KEPT_METADATA}
    notebook.metadata = nbformat.from_dict({**_NOTEBOOK_METADATA, **kept})
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        _clean(cell)
    _give_ids(notebook.cells)
    nbformat.validate(notebook)
    formatted = read(_format_code(_dump(notebook)))
    return _dump(formatted)


def canonical(text: str) -> str:
    """Return the canonical form of the text of a notebook."""
    return write(read(text))


def _clean(cell: NotebookNode) -> None:
    cell.metadata = nbformat.from_dict(
        {key: value for key, value in cell.metadata.items() if key in _CELL_METADATA}
    )
    cell.source = cell.source.strip("\n")
    if cell.cell_type == "code":
        cell.outputs = _merge_streams(cell.outputs)


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighboring pieces of printed text: where they break depends on the clock."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if merged and output.get("name") and output.get("name") == merged[-1].get("name"):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def _give_ids(cells: list[NotebookNode]) -> None:
    taken: set[str] = set()
    for position, cell in enumerate(cells):
        if cell.get("id", "") in taken | {""}:
            cell.id = hashlib.sha256(f"{position}\n{cell.source}".encode()).hexdigest()[:8]
        taken.add(cell.id)


def _dump(notebook: NotebookNode) -> str:
    text: Any = nbformat.v4.writes(notebook)
    return f"{text}\n"


def _format_code(text: str) -> str:
    # The file name, which need not exist, tells ruff that this is a notebook and where to
    # look for its settings.
    name = str(ROOT / "notebooks" / "page.ipynb")
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", name, "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if result.returncode:
        reason = result.stderr.split("page.ipynb:")[-1].strip()
        raise ValueError(f"ruff cannot format the code (at cell:line:column) {reason}")
    return result.stdout
