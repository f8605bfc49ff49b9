"""Imports inside the package run in one direction."""

import ast
import graphlib
from collections.abc import Iterator, Mapping
from pathlib import Path

# Room → the rooms that it imports. Nobody imports figures, exercises and __main__.
MAY_IMPORT: Mapping[str, set[str]] = {
    "seeding": set(),
    "weights": set(),
    "batch": set(),
    "modes": set(),
    "processes": set(),
    "criteria": set(),
    "claims": {"modes", "weights"},
    "data": {"batch"},
    "losses": set(),
    "layers": {"processes"},
    "blocks": {"layers"},
    "encoders": {"layers", "blocks"},
    "fusion": set(),
    "network": {"encoders", "fusion", "processes"},
    "balancing": {"criteria", "modes", "network", "processes"},
    "training": {"batch", "criteria", "modes"},
    "figures": {"modes"},
    "exercises": {"blocks", "data", "losses"},
    "doctor": {"data", "network"},
    "__main__": {"__init__", "data", "doctor"},
    "__init__": {"seeding", "claims"},
}

# The same inside `data`, whose modules without a rule are what all its wings share.
SHARED = "shared"
WINGS: Mapping[str, set[str]] = {
    SHARED: set(),
    "store": {SHARED},
    "digits": {SHARED, "store"},
    "planted": {SHARED, "store"},
    "glyphs": {SHARED, "store"},
    "own": {SHARED},
    "real": {SHARED, "store"},
    "catalog": {"store", "digits", "planted", "glyphs", "real"},
    "commands": {SHARED, "store", "catalog"},
    "__init__": {SHARED, "digits", "planted", "glyphs", "own", "real"},
}

Graph = Mapping[str, set[str]]  # module → the modules of the package that it imports


def import_problems(package: Path) -> list[str]:
    """Return imports against the direction, rooms without a rule, and cycles of modules."""
    graph = _graph(package)
    found = [
        f"{name}: give {room} a rule in tests/notebooks/guards/imports.py"
        for name in graph
        if (room := _room(name)) not in MAY_IMPORT
    ]
    for rules, edges in _levels(graph):
        for (room, other), name in edges.items():
            if room in rules and other not in rules[room]:
                found.append(f"{name} must not import {other}")
    for name, path in _modules(package).items():
        if any(isinstance(x, ast.ImportFrom) and x.level for x in ast.walk(_tree(path))):
            found.append(f"{name}: write imports in full, from {package.name}.…")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found.append(f"a cycle of imports: {' → '.join(reversed(error.args[1]))}")
    return found


def unused_edges(package: Path) -> list[str]:
    """Return what a rule allows and no module does, such as `"blocks: layers"`."""
    return [
        f"{room}: {other}"
        for rules, edges in _levels(_graph(package))
        for room in rules
        for other in sorted(rules[room] - {target for source, target in edges if source == room})
    ]


def _levels(graph: Graph) -> Iterator[tuple[Mapping[str, set[str]], dict[tuple[str, str], str]]]:
    """Yield for the package and for `data` the rules, and each edge with a module that has it."""
    inside = {
        name: {target for target in graph[name] if _room(target) == "data"}
        for name in graph
        if _room(name) == "data"
    }
    for rules, part, room_of in ((MAY_IMPORT, graph, _room), (WINGS, inside, _wing)):
        yield (
            rules,
            {
                (room_of(name), room_of(target)): name
                for name, targets in part.items()
                for target in sorted(targets)
                if room_of(target) != room_of(name)
            },
        )


def _graph(package: Path) -> Graph:
    modules = _modules(package)
    return {
        name: set(_imported(_tree(path), package.name, set(modules)))
        for name, path in modules.items()
    }


def _modules(package: Path) -> dict[str, Path]:
    return {_module_name(package, path): path for path in sorted(package.rglob("*.py"))}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _module_name(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    """Return the part of the package that a module belongs to: its first name inside it."""
    return (module.split(".") + ["__init__"])[1]


def _wing(module: str) -> str:
    """Return the part of `data` that a module belongs to."""
    name = (module.split(".") + ["__init__"])[2]
    return name if name in WINGS else SHARED


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
