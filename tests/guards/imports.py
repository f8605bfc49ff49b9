"""Imports inside the package run in one direction."""

import ast
import graphlib
from collections.abc import Iterator, Mapping
from pathlib import Path

_BELOW = {
    "seeding",
    "weights",
    "claims",
    "data",
    "losses",
    "batch",
    "processes",
    "layers",
    "blocks",
    "encoders",
    "fusion",
    "network",
    "balancing",
    "training",
}
# Room → the rooms that it may import. Nobody may import figures, exercises and __main__.
MAY_IMPORT: Mapping[str, set[str]] = {
    "seeding": set(),
    "weights": set(),
    "claims": {"weights"},
    "batch": set(),
    "processes": set(),
    "data": {"batch"},
    "losses": set(),
    "layers": {"processes"},
    "blocks": {"layers"},
    "encoders": {"layers", "blocks", "weights"},
    "fusion": set(),
    "network": {"encoders", "fusion", "processes"},
    "balancing": {"network", "processes"},
    "training": {"batch"},
    "figures": _BELOW,
    "exercises": _BELOW,
    "doctor": _BELOW | {"__init__"},
    "__main__": {"data", "doctor"},
    "__init__": {"seeding", "claims"},
}


def import_problems(package: Path) -> list[str]:
    """Return imports against the direction, rooms without a rule, and cycles of modules."""
    modules = {_module_name(package, path): path for path in sorted(package.rglob("*.py"))}
    graph: dict[str, set[str]] = {}
    found = []
    for name, path in modules.items():
        room = _room(name)
        if room not in MAY_IMPORT:
            found.append(f"{name}: give {room} a rule in tests/guards/imports.py")
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[name] = set(_imported(tree, package.name, set(modules)))
        for other in sorted({_room(target) for target in graph[name]} - {room}):
            if other not in MAY_IMPORT[room]:
                found.append(f"{name} must not import {other}")
        if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)):
            found.append(f"{name}: write imports in full, from {package.name}.…")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found.append(f"a cycle of imports: {' → '.join(reversed(error.args[1]))}")
    return found


def _module_name(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    """Return the part of the package that a module belongs to: its first name inside it."""
    return (module.split(".") + ["__init__"])[1]


def _imported(tree: ast.Module, package: str, modules: set[str]) -> Iterator[str]:
    """Yield the modules of the package that a module imports anywhere in its code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in inside]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package)
