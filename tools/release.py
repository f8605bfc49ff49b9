"""Make a release: `python -m tools.release VERSION` (`make release VERSION=0.2.0`).

It writes the version and today's date where they are stated, points the links of the book at the
tag, builds and checks the distributions, commits and tags. The notes of the tag are the section of
the changelog. Nothing leaves this machine; the last line says what to push.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tools import links

PENDING = "(not released yet)"


class ReleaseError(Exception):
    """What stands in the way of a release."""


def release(root: Path, version: str, today: date) -> str:
    """Make the commit and the tag of a release, and return the name of the tag.

    Raises:
        ReleaseError: the version is malformed or has been released, the changelog has no section
            for it, files have changed since the last commit, or a distribution is faulty.
    """
    tag = f"v{version}"
    check(root, version)
    notes = notes_of(root, version)
    write(root, version, today)
    point_links(root, tag)
    try:
        build(root)
    except subprocess.CalledProcessError as error:
        _git(root, "checkout", "--quiet", "--", ".")
        raise ReleaseError(f"a distribution is faulty:\n{error.stdout}{error.stderr}") from None
    _git(root, "commit", "--all", "--quiet", "--message", f"Version {version}")
    # "verbatim", or lines that begin with # are taken for comments.
    _git(root, "tag", "--cleanup=verbatim", "--annotate", tag, "--message", f"{tag}\n\n{notes}")
    return tag


def check(root: Path, version: str) -> None:
    """Raise if this version can't be released from here."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ReleaseError(f"got the version {version!r}, expected three numbers such as 0.2.0")
    if _git(root, "tag", "--list", f"v{version}"):
        raise ReleaseError(f"{version} has been released: its tag v{version} exists")
    if changed := _git(root, "status", "--porcelain"):
        raise ReleaseError(f"commit or remove these first:\n{changed}")


def notes_of(root: Path, version: str) -> str:
    """Return the section of the changelog about a version that is not released yet."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    section = rf"(?ms)^## {re.escape(version)} {re.escape(PENDING)}\n(.*?)(?=^## |\Z)"
    if not (found := re.search(section, text)) or not found[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no section “## {version} {PENDING}”, or an empty one")
    return found[1].strip()


def write(root: Path, version: str, today: date) -> None:
    """Write the version and the date where they are stated."""
    places = {
        "mmtutor/__init__.py": (r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"'),
        "CHANGELOG.md": (re.escape(f"{version} {PENDING}"), f"{version} · {today}"),
        "CITATION.cff": (
            r"(?m)^version: .*\n(?:date-released: .*\n)?",
            f"version: {version}\ndate-released: {today}\n",
        ),
    }
    for name, (old, new) in places.items():
        path = root / name
        text, count = re.subn(old, new, path.read_text(encoding="utf-8"))
        if count != 1:
            raise ReleaseError(f"{name} states the version {count} times, expected once")
        path.write_text(text, encoding="utf-8")


def point_links(root: Path, tag: str) -> None:
    """Let the book's links open a tag, and Colab install it."""
    slug = links.read_address(root).removeprefix(links.GITHUB)
    old = re.escape(links.REF)
    before = "|".join(rf"(?<=/{re.escape(slug)}{sign})" for sign in ("/blob/", "@"))
    raw = rf"(?<=raw\.githubusercontent\.com/{re.escape(slug)}/)"
    linked = re.compile(rf"(?:{before}|{raw}){old}(?=[/\"\\])")
    for path, text in links.texts(root).items():
        new = linked.sub(tag, text)
        if path == root / "tools" / "links.py":
            new = new.replace(f'\nREF = "{links.REF}"\n', f'\nREF = "{tag}"\n')
        if new != text:
            path.write_text(new, encoding="utf-8")


def build(root: Path) -> None:
    """Build sdist and wheel into `dist/`, and check what an index would refuse."""
    shutil.rmtree(root / "dist", ignore_errors=True)
    _python(root, "build", "--outdir", "dist", ".")
    files = [str(path) for path in sorted((root / "dist").iterdir())]
    _python(root, "twine", "check", "--strict", *files)


def _python(root: Path, module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)


def _git(root: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if result.returncode:
        raise ReleaseError(f"git {arguments[0]}: {result.stderr.strip()}")
    return result.stdout.strip()


def main(arguments: Sequence[str] | None = None, root: Path = links.ROOT) -> int:
    """Make the release, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="such as 0.2.0")
    options = parser.parse_args(arguments)
    try:
        tag = release(root, options.version, date.today())
    except (ReleaseError, links.AddressError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{tag} is made; publish it with: git push origin HEAD {tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
