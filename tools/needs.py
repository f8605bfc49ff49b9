"""Which downloaded data sets a notebook uses, and which of them are not here."""

import re
from pathlib import Path

from mmtutor.data import store
from mmtutor.data.catalog import CATALOG
from tools import canonical

# Function of `mmtutor.data` → what it reads, by the names of the catalog.
_READS = {
    "av_mnist": ("mnist", "fsdd"),
    "emoji": ("emoji",),
    "grid": ("grid",),
    "mosi": ("mosi",),
}
_CALL = re.compile(rf"\bdata\.({'|'.join(_READS)})\(")


def needed(page: Path) -> list[str]:
    """Return the names of the sets that the code of a notebook reads."""
    cells = canonical.read(page.read_text(encoding="utf-8")).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return sorted({name for call in _CALL.findall(code) for name in _READS[call]})


def missing(page: Path) -> str | None:
    """Return, in one sentence, which needed sets are not here and how to get them."""
    absent = [name for name in needed(page) if not store.here(CATALOG[name])]
    if not absent:
        return None
    names = " ".join(absent)
    return (
        f"{' and '.join(absent)} not in {store.folder()}: set MMTUTOR_DATA to a folder with the "
        f"data, or run python -m mmtutor data get {names}"
    )
