"""What tests of the real data sets need, which not every machine has."""

import pytest

from mmtutor.data import store
from mmtutor.data.catalog import CATALOG


def needs(*names: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test, and says why, where one of these sets is not."""
    missing = [name for name in names if not store.here(CATALOG[name])]
    reason = (
        f"{', '.join(missing)} is not in {store.folder()}; set MMTUTOR_DATA to a folder that "
        f"holds it, or run python -m mmtutor data get {' '.join(missing)}"
    )
    return pytest.mark.skipif(bool(missing), reason=reason)
