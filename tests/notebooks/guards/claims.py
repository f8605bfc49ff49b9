"""Claims: that there are some, that they cover what is not compared, and what is built."""

import ast
from pathlib import Path

from tests.notebooks.guards.page import Page, calls, definitions

FEWEST_CLAIMS = 3
SHARE_IGNORED = 0.2
CLAIMS = ("claim", "claim_same_outputs", "exact", "finding", "check", "check_same_outputs")
ROOMS = ("blocks", "encoders", "fusion", "network", "training", "losses")


def claims(page: Page) -> list[str]:
    """A page proves something."""
    count = sum(1 for tree in page.trees for _ in calls(tree, *CLAIMS))
    if count < FEWEST_CLAIMS:
        return [f"{count} claims, expected {FEWEST_CLAIMS} or more"]
    return []


def ignored_outputs(page: Page) -> list[str]:
    """Few outputs escape the comparison, and a claim soon after each says what must hold."""
    found = []
    ignored = []
    for i, cell in enumerate(page.code):
        tags = cell.metadata.get("tags", [])
        if "nbval-skip" in tags or "NBVAL_" in cell.source:
            found.append(f"code cell {i + 1} must not use nbval-skip or an NBVAL_ comment")
        if "raises-exception" in tags and list(calls(page.trees[i], *CLAIMS)):
            found.append(f"code cell {i + 1} may raise, so its claims could be false")
        if "nbval-ignore-output" in tags:
            ignored.append(i)
    if len(ignored) > SHARE_IGNORED * len(page.code):
        found.append(
            f"{len(ignored)} of {len(page.code)} code cells have the tag nbval-ignore-output, "
            f"expected at most {SHARE_IGNORED:.0%}"
        )
    for i in ignored:
        if not any(True for tree in page.trees[i : i + 3] for _ in calls(tree, *CLAIMS)):
            found.append(f"code cell {i + 1} is not compared, and no claim follows within 2 cells")
    return found


def built_equals_packaged(page: Page) -> list[str]:
    """What a page builds under the name of something packaged is shown to equal it.

    A class needs `claim_same_outputs(built, packaged, …)`; a function a `claim(…)` that
    mentions it and a function of the package, which may have another name there. Either
    may mention them through variables. What is packaged must be written as `module.Name`,
    or imported under another name.
    """
    uses = _Uses(page)
    found = []
    for node in definitions(page):
        if node.name not in page.packaged:
            continue
        if isinstance(node, ast.ClassDef):
            how = f"claim_same_outputs({node.name}(…), module.{node.name}(…), …)"
            shown = uses.compare_class(node.name)
        else:
            how = f"claim(…) that compares {node.name}(…) with a function of the package"
            shown = uses.compare_function(node.name)
        if not shown:
            found.append(f"{node.name} is built here and is in the package: add a {how}")
    return found


def packaged_names(package: Path) -> frozenset[str]:
    """Return the public functions and classes of the rooms that notebooks build."""
    names: set[str] = set()
    for room in ROOMS:
        for path in (package / f"{room}.py", *(package / room).glob("*.py")):
            if path.exists():
                nodes = ast.parse(path.read_text(encoding="utf-8")).body
                kinds = (ast.FunctionDef, ast.ClassDef)
                names |= {n.name for n in nodes if isinstance(n, kinds) and n.name[0] != "_"}
    return frozenset(names)


class _Uses:
    """What the expressions of a page lead back to: names of the page, names of the package."""

    def __init__(self, page: Page) -> None:
        self._trees = page.trees
        self._rooms = {"mmtutor"}
        self._aliases: dict[str, str] = {}
        self._values: dict[str, list[ast.AST]] = {}
        for tree in page.trees:
            for node in ast.walk(tree):
                self._read(node)

    def _read(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmtutor"):
            self._aliases |= {a.asname: a.name for a in node.names if a.asname}
            self._rooms |= {a.asname or a.name for a in node.names if a.name in ROOMS}
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            self._bind(node.target, node.iter)

    def _bind(self, target: ast.AST, value: ast.AST) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self._values.setdefault(node.id, []).append(value)

    def _is_room(self, node: ast.AST) -> bool:
        return ast.unparse(node).split(".")[0] in self._rooms

    def compare_class(self, name: str) -> bool:
        """Return whether a claim compares the outputs of a class with the packaged one."""
        pairs = [call.args[:2] for call in self._calls("claim_same_outputs", "check_same_outputs")]
        return any(
            f"here:{name}" in self._of(pair[0]) and f"mmtutor:{name}" in self._of(pair[1])
            for pair in pairs
            if len(pair) == 2
        )

    def compare_function(self, name: str) -> bool:
        """Return whether a claim mentions a function and one of the package."""
        for call in self._calls("claim", "exact", "check"):
            used = self._of(call)
            packaged = [use for use in used if use.startswith("mmtutor:") and use.islower()]
            if packaged and f"here:{name}" in used:
                return True
        return False

    def _calls(self, *names: str) -> list[ast.Call]:
        return [call for tree in self._trees for call in calls(tree, *names)]

    def _of(self, expression: ast.AST) -> set[str]:
        """Return `here:name` and `mmtutor:name` for all that an expression leads back to."""
        found: set[str] = set()
        followed: set[str] = set()
        waiting = [expression]
        while waiting:
            for node in ast.walk(waiting.pop()):
                if isinstance(node, ast.Attribute) and self._is_room(node.value):
                    found.add(f"mmtutor:{node.attr}")
                elif isinstance(node, ast.Name) and node.id in self._aliases:
                    found.add(f"mmtutor:{self._aliases[node.id]}")
                elif isinstance(node, ast.Name) and node.id not in followed:
                    followed.add(node.id)
                    found.add(f"here:{node.id}")
                    waiting += self._values.get(node.id, [])
        return found
