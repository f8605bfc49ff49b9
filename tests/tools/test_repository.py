"""What holds for every file of the repository."""

from pathlib import Path

from tests.notebooks.guards.paths import machine_paths
from tools import links

ROOT = Path(__file__).resolve().parents[2]


def test_no_file_names_a_path_of_one_machine():
    files = links.texts(ROOT)
    assert files
    found = {path.name: lines for path, text in files.items() if (lines := machine_paths(text))}
    assert found == {}
