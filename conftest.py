"""What holds for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

# As `make test` sets it, and before torch reads it: two processes, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Notebooks run in their own folder, where a relative path would lead elsewhere.
if "MMTUTOR_DATA" in os.environ:
    os.environ["MMTUTOR_DATA"] = str(Path(os.environ["MMTUTOR_DATA"]).expanduser().absolute())

import matplotlib.pyplot as plt
import pytest

from tools import needs

# Students' notebooks have stubs that fail and no outputs; tests/classroom runs them with solutions.
collect_ignore = ["notebooks/assignments"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the cells of notebooks whose data are not here."""
    reasons: dict[Path, str | None] = {}
    for item in items:
        if item.path.suffix != ".ipynb":
            continue
        if item.path not in reasons:
            reasons[item.path] = needs.missing(item.path)
        if reason := reasons[item.path]:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def no_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draw figures without showing them, and close them after the test."""
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")
