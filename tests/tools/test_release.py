"""A release: what it writes, and what stops it."""

import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

import mmtutor
from tools import links, release

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2027, 1, 2)
SLUG = "mmtutor/mmtutor"
FILES = {
    "pyproject.toml": f'[project.urls]\nRepository = "https://github.com/{SLUG}"\n',
    "mmtutor/__init__.py": '"""A package."""\n\n__version__ = "0.1.0"\n',
    "CITATION.cff": "title: A book\nversion: 0.1.0\nlicense: MIT\n",
    "CHANGELOG.md": "# Changelog\n\n## 0.2.0 (not released yet)\n\n- New: # signs.\n\n## 0.1.0\n",
    "tools/links.py": 'GITHUB = "g"\nREF = "main"\n',
    "README.md": (
        f"[a](https://github.com/{SLUG}/blob/main/a.md), "
        f"![b](https://raw.githubusercontent.com/{SLUG}/main/b.png), "
        "[c](https://github.com/other/one/blob/main/c.md)\n"
    ),
    "page.ipynb": f'"mmtutor @ git+https://github.com/{SLUG}@main\\""',
}


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "a")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@b.c")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "First")
    monkeypatch.setattr(release, "build", lambda root: None)
    monkeypatch.setattr(links, "REF", "main")
    return tmp_path


def test_a_release_writes_commits_and_tags(project: Path) -> None:
    assert release.release(project, "0.2.0", DAY) == "v0.2.0"
    read = {name: (project / name).read_text(encoding="utf-8") for name in FILES}
    assert '__version__ = "0.2.0"' in read["mmtutor/__init__.py"]
    assert "version: 0.2.0\ndate-released: 2027-01-02\n" in read["CITATION.cff"]
    assert "## 0.2.0 · 2027-01-02\n" in read["CHANGELOG.md"]
    assert 'REF = "v0.2.0"' in read["tools/links.py"]
    assert f"{SLUG}/blob/v0.2.0/a.md" in read["README.md"]
    assert f"{SLUG}/v0.2.0/b.png" in read["README.md"]
    assert "other/one/blob/main/c.md" in read["README.md"]
    assert f"{SLUG}@v0.2.0" in read["page.ipynb"]
    assert git(project, "status", "--porcelain") == ""
    assert "- New: # signs." in git(project, "tag", "--list", "--format=%(contents)", "v0.2.0")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("0.2", "expected three numbers"),
        ("0.3.0", "CHANGELOG.md has no section “## 0.3.0 (not released yet)”"),
        ("0.1.0", "CHANGELOG.md has no section"),
    ],
)
def test_what_cannot_be_released_is_told_and_nothing_changes(project, capsys, version, reason):
    assert release.main([version], project) == 1
    assert reason in capsys.readouterr().err
    assert git(project, "status", "--porcelain") == "" == git(project, "tag")


def test_uncommitted_changes_and_an_old_tag_stop_a_release(project, capsys) -> None:
    (project / "new.txt").write_text("x")
    assert release.main(["0.2.0"], project) == 1
    assert "commit or remove these first:\n?? new.txt" in capsys.readouterr().err
    (project / "new.txt").unlink()
    git(project, "tag", "v0.2.0")
    assert release.main(["0.2.0"], project) == 1
    assert "0.2.0 has been released" in capsys.readouterr().err


def test_a_faulty_distribution_leaves_everything_as_it_was(project, capsys, monkeypatch) -> None:
    def faulty(root: Path) -> None:
        raise subprocess.CalledProcessError(1, "twine", "no long description", "")

    monkeypatch.setattr(release, "build", faulty)
    assert release.main(["0.2.0"], project) == 1
    assert "a distribution is faulty:\nno long description" in capsys.readouterr().err
    assert git(project, "status", "--porcelain") == "" == git(project, "tag")


def test_the_version_is_stated_once_and_cited() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == mmtutor.__version__
    assert cited["repository-code"] == links.read_address(ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]


def test_the_long_description_has_no_relative_links() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](" in readme
    assert [part for part in readme.split("](")[1:] if not part.startswith("https://")] == []
