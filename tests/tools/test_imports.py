from pathlib import Path

import pytest

from tests.notebooks.guards.imports import MAY_IMPORT, WINGS, import_problems, unused_edges

PACKAGE = Path(__file__).resolve().parents[2] / "mmtutor"


def make_package(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "mmtutor"
    for name, code in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return package


def test_imports_of_the_package_run_in_one_direction():
    assert import_problems(PACKAGE) == []


def test_every_allowed_edge_is_used():
    assert unused_edges(PACKAGE) == []


def test_an_allowed_edge_that_nobody_uses_is_reported(tmp_path):
    package = make_package(
        tmp_path,
        {
            "layers.py": "",
            "blocks.py": "import mmtutor.layers\n",
            "network.py": "from mmtutor import fusion\n",
            "fusion.py": "",
            "data/__init__.py": "",
            "data/text.py": "",
            "data/store.py": "from mmtutor.data import text\n",
            "data/digits.py": "from mmtutor.data.text import x\n",
        },
    )
    unused = unused_edges(package)
    assert "blocks: layers" not in unused
    assert "store: shared" not in unused
    assert {"network: encoders", "digits: store", "real: shared"} <= set(unused)
    edges = [
        other for rules in (MAY_IMPORT, WINGS) for allowed in rules.values() for other in allowed
    ]
    assert len(unused) == len(edges) - len(["layers", "fusion", "shared", "shared"])


def test_the_rules_cover_the_package():
    rooms = {path.stem for path in PACKAGE.glob("*.py")}
    rooms |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {"blocks", "encoders", "fusion", "network", "training", "data"} <= rooms
    assert rooms <= set(MAY_IMPORT)
    wings = {path.parent.name for path in PACKAGE.glob("data/*/__init__.py")}
    assert wings == {"store", "digits", "planted", "glyphs", "own", "real"} <= set(WINGS)


def test_imports_along_the_direction_are_accepted(tmp_path):
    package = make_package(
        tmp_path,
        {
            "blocks.py": "import torch\nfrom torch import nn\n",
            "encoders.py": "from mmtutor.blocks import ResidualBlock\n",
            "training/__init__.py": "from mmtutor.training.loop import train\n",
            "training/loop.py": "from mmtutor.training import checks\n",
            "training/checks.py": "import torch\n",
            "losses.py": "",
            "exercises/__init__.py": "from mmtutor import blocks, losses\n",
        },
    )
    assert import_problems(package) == []


@pytest.mark.parametrize(
    ("file", "code", "problem"),
    [
        ("seeding.py", "from mmtutor.blocks import x", "mmtutor.seeding must not import blocks"),
        ("claims.py", "import mmtutor.network", "mmtutor.claims must not import network"),
        ("data/digits.py", "from mmtutor import seeding", "data.digits must not import seeding"),
        ("data/text.py", "from mmtutor.data import store", "data.text must not import store"),
        ("data/store/get.py", "import mmtutor.data.catalog", "store.get must not import catalog"),
        ("data/store.py", "import mmtutor.data.real.grid", "data.store must not import real"),
        ("data/real/grid.py", "from mmtutor.data import digits", "grid must not import digits"),
        ("data/real/grid.py", "from mmtutor.data import x", "grid must not import __init__"),
        ("data/catalog.py", "import mmtutor.data.text", "data.catalog must not import shared"),
        ("losses.py", "from mmtutor.blocks import x", "mmtutor.losses must not import blocks"),
        ("blocks.py", "from mmtutor.fusion import x", "mmtutor.blocks must not import fusion"),
        ("encoders.py", "from mmtutor.fusion import x", "mmtutor.encoders must not import fusion"),
        ("fusion.py", "from mmtutor.encoders import x", "mmtutor.fusion must not import encoders"),
        ("training.py", "from mmtutor.data import x", "mmtutor.training must not import data"),
        ("training.py", "from mmtutor import figures", "mmtutor.training must not import figures"),
        ("exercises.py", "from mmtutor.figures import x", "exercises must not import figures"),
        ("figures.py", "from mmtutor import exercises", "figures must not import exercises"),
        ("figures.py", "from mmtutor.doctor import x", "figures must not import doctor"),
        ("network.py", "from mmtutor import claim", "mmtutor.network must not import __init__"),
        ("__init__.py", "from mmtutor.network import x", "mmtutor must not import network"),
        ("__main__.py", "from mmtutor.network import x", "__main__ must not import network"),
        ("blocks.py", "def f():\n    import mmtutor.data", "mmtutor.blocks must not import data"),
        ("fusion.py", "from .blocks import x", "mmtutor.fusion: write imports in full"),
        ("rooms.py", "", "mmtutor.rooms: give rooms a rule"),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path, file, code, problem):
    others = ["blocks", "encoders", "fusion", "network", "figures", "exercises", "doctor"]
    others += ["seeding", "data/__init__", "data/store", "data/digits", "data/text", "data/catalog"]
    package = make_package(tmp_path, {f"{name}.py": "" for name in others} | {file: code})
    assert len(import_problems(package)) == 1
    assert problem in import_problems(package)[0]


def test_data_know_nothing_of_the_package_but_batches(tmp_path):
    rooms = sorted(set(MAY_IMPORT) - {"data", "__init__", "__main__"})
    everything = "".join(f"import mmtutor.{room}\n" for room in rooms)
    files = {f"{room}.py": "" for room in rooms} | {"data/digits.py": everything}
    problems = import_problems(make_package(tmp_path, files))
    rooms.remove("batch")
    assert problems == [f"mmtutor.data.digits must not import {room}" for room in rooms]


def test_a_cycle_inside_one_room_is_found(tmp_path):
    package = make_package(
        tmp_path,
        {
            "training/__init__.py": "",
            "training/fit.py": "from mmtutor.training.loop import train\n",
            "training/loop.py": "from mmtutor.training.fit import fit\n",
        },
    )
    (problem,) = import_problems(package)
    assert problem.startswith("a cycle of imports: mmtutor.training.")
