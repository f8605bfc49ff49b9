"""Keep the repository's address, stated in pyproject.toml, the same everywhere else.

`python -m tools.links OWNER/NAME` rewrites it for a fork; without a name, or with `--check`,
it says where the address differs.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GITHUB = "https://github.com/"
# What the links open and Colab installs: a branch, or the tag of the last release.
REF = "main"

_SLUG = r"(?P<slug>[\w-]+/(?:(?!\.git\b)[\w.-])*[\w-])"
# Addresses that can only be this repository's, whatever they name now.
_OURS = re.compile(
    r"(?P<place>colab\.research\.google\.com/github/"
    r"|(?:git\+|git clone )https://github\.com/"
    r'|^Repository = "https://github\.com/'
    r"|^repository:\n +url: https://github\.com/)" + _SLUG,
    re.MULTILINE,
)
_ANY = re.compile(r"(?P<place>\b(?:github|raw\.githubusercontent)\.com/)" + _SLUG)
_COLAB_FILE = re.compile(
    r"colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/[\w.-]+/([^)\s\"\\]+)"
)

_SETUP = """\
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("mmtutor") is None:
    !{{sys.executable}} -m pip install --quiet --no-deps "mmtutor @ git+{address}@{ref}"
    if importlib.util.find_spec("mmtutor") is None:
        raise RuntimeError("mmtutor could not be installed; pip says above why")\
"""


class AddressError(Exception):
    """A repository name is malformed, or the project states no address."""


def setup_cell(address: str) -> str:
    """Return the source of the second cell of every notebook.

    In Colab it installs the package if it is missing, as it was when the page that the link opens
    was stored, and leaves torch and numpy alone. If that fails, the cell stops. It does not use
    `%pip`, which asks for a restart that is not needed.
    """
    return _SETUP.format(address=address, ref=REF)


def title_cell(title: str, path: str, address: str) -> str:
    """Return the source of the first cell of a notebook.

    Args:
        title: the title of the page.
        path: the notebook's path in the repository, such as `notebooks/2-1-name.ipynb`.
        address: the repository's address.
    """
    file = f"{address.removeprefix(GITHUB)}/blob/{REF}/{path}"
    colab = f"https://colab.research.google.com/github/{file}"
    return f"# {title}\n\n[Open in Colab]({colab}) · [Source]({GITHUB}{file})"


def read_address(root: Path) -> str:
    """Return the repository's address as pyproject.toml states it.

    Raises:
        AddressError: it states none, or not one at GitHub.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    address = project.get("project", {}).get("urls", {}).get("Repository", "")
    if not re.fullmatch(re.escape(GITHUB) + _SLUG, address):
        raise AddressError(
            f"pyproject.toml states the address {address!r}; expected [project.urls] with "
            f'Repository = "{GITHUB}…/…"'
        )
    return str(address)


def rewrite(root: Path, name: str) -> list[Path]:
    """Make this the repository OWNER/NAME in all files, and return the files that changed.

    Raises:
        AddressError: the name is malformed.
    """
    _check_name(name)
    old = read_address(root).removeprefix(GITHUB)
    changed = []
    for path, text in texts(root).items():
        new = _OURS.sub(rf"\g<place>{name}", text)
        new = _ANY.sub(lambda m: m["place"] + (name if m["slug"] == old else m["slug"]), new)
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


def problems(root: Path) -> list[str]:
    """Return where another repository is named, and Colab links that lead to no file."""
    address = read_address(root)
    expected = address.removeprefix(GITHUB)
    found = []
    files = texts(root)
    for path, text in files.items():
        place = path.relative_to(root)
        named = {match["slug"] for match in _OURS.finditer(text)}
        found += [f"{place}: names {slug}, not {expected}" for slug in sorted(named - {expected})]
        for file in _COLAB_FILE.findall(text):
            if not (root / file).is_file():
                found.append(f"{place}: a Colab link opens {file}, which is not here")
    if f"repository:\n  url: {address}\n" not in files.get(root / "_config.yml", ""):
        found.append(f"_config.yml: expected the lines `repository:` and `  url: {address}`")
    return found


def texts(root: Path) -> dict[Path, str]:
    """Return the content of every text file that is in git or about to be.

    Raises:
        AddressError: the folder is not a git repository.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8")
    if result.returncode:
        raise AddressError(f"cannot list the files of {root}: {result.stderr.strip()}")
    found = {}
    for name in filter(None, result.stdout.split("\0")):
        path = root / name
        try:
            found[path] = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or a file that is deleted but not yet committed
    return found


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", name, re.ASCII) or (
        name.endswith((".", ".git"))
    ):
        raise AddressError(
            f"got {name!r}, expected OWNER/NAME as in the address of a GitHub repository, "
            "for example mmtutor/mmtutor"
        )


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Rewrite or check, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.links", description=__doc__)
    parser.add_argument("name", nargs="?", metavar="OWNER/NAME", help="rewrite for this one")
    parser.add_argument("--check", action="store_true", help="check only")
    options = parser.parse_args(arguments)
    if options.name and options.check:
        parser.error("give OWNER/NAME or --check, not both")
    try:
        if options.name:
            for path in rewrite(root, options.name):
                print(f"rewrote {path.relative_to(root)}")
        found = problems(root)
    except AddressError as error:
        print(error, file=sys.stderr)
        return 1
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
