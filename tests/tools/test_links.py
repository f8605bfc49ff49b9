import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools import links

ROOT = Path(__file__).resolve().parents[2]
COLAB = f"https://colab.research.google.com/github/{{}}/blob/{links.REF}/notebooks/1-1-page.ipynb"
NOTEBOOK = f'["[Open in Colab]({COLAB})", "mmtutor @ git+https://github.com/{{}}@{links.REF}"]'
README = f"""\
[Colab]({COLAB}), [issues](https://github.com/{{}}/issues)
git clone https://github.com/{{}}.git
Weights by [torchvision](https://github.com/pytorch/vision/blob/main/README.md).
"""


def make_project(folder: Path, name: str) -> Path:
    files = {
        "pyproject.toml": '[project.urls]\nRepository = "https://github.com/{}"\n',
        "_config.yml": "title: A\nrepository:\n  url: https://github.com/{}\n  branch: main\n",
        "README.md": README,
        "notebooks/1-1-page.ipynb": NOTEBOOK,
    }
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{}", name), encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\xff")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_the_address_is_the_same_in_the_whole_project():
    assert links.problems(ROOT) == []


def test_a_fork_rewrites_every_place_and_nothing_else(tmp_path):
    project = make_project(tmp_path / "ours", "mmtutor/mmtutor")
    fork = make_project(tmp_path / "fork", "an-n/my.course")
    assert links.main(["an-n/my.course"], project) == 0
    for file in ("pyproject.toml", "_config.yml", "README.md", "notebooks/1-1-page.ipynb"):
        assert (project / file).read_text() == (fork / file).read_text()
    assert links.read_address(project) == "https://github.com/an-n/my.course"


def test_rewriting_twice_changes_nothing_more(tmp_path):
    project = make_project(tmp_path, "mmtutor/mmtutor")
    assert len(links.rewrite(project, "ann/course")) == 4
    assert links.rewrite(project, "ann/course") == []


def test_there_and_back_gives_the_same_bytes(tmp_path):
    project = make_project(tmp_path, "mmtutor/mmtutor")
    before = contents(project)
    links.rewrite(project, "ann/course")
    links.rewrite(project, "mmtutor/mmtutor")
    assert contents(project) == before


def test_places_that_were_missed_before_are_rewritten(tmp_path):
    project = make_project(tmp_path, "mmtutor/mmtutor")
    notebook = project / "notebooks" / "1-1-page.ipynb"
    notebook.write_text(NOTEBOOK.replace("{}", "some/body"))
    links.rewrite(project, "ann/course")
    assert notebook.read_text() == NOTEBOOK.replace("{}", "ann/course")


def test_a_project_without_a_problem_passes(tmp_path):
    project = make_project(tmp_path, "mmtutor/mmtutor")
    assert links.main(["--check"], project) == links.main([], project) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("README.md", "github/mmtutor/", "github/other/", "README.md: names other/mmtutor, not"),
        ("README.md", "clone https://github.com/mm", "clone https://github.com/n", "names ntutor/"),
        (
            "notebooks/1-1-page.ipynb",
            "git+https://github.com/mmtutor",
            "git+https://github.com/x",
            "x/",
        ),
        ("notebooks/1-1-page.ipynb", "1-1-page", "1-1-pages", "notebooks/1-1-pages.ipynb, which"),
        ("_config.yml", "mmtutor/mmtutor", "other/mmtutor", "_config.yml: names other/mmtutor"),
        ("_config.yml", "  url:", "  link:", "_config.yml: expected the lines `repository:`"),
        (
            "pyproject.toml",
            "mmtutor/mmtutor",
            "ann/course",
            "README.md: names mmtutor/mmtutor, not",
        ),
    ],
)
def test_an_address_that_differs_is_found(tmp_path, capsys, file, old, new, problem):
    path = make_project(tmp_path, "mmtutor/mmtutor") / file
    path.write_text(path.read_text().replace(old, new))
    assert links.main(["--check"], tmp_path) == 1
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "mmtutor",
        "a/b/c",
        "https://github.com/a/b",
        "a b/c",
        "-a/b",
        "a/b.git",
        "a/",
        "/b",
        "a/..",
        "ä/b",
    ],
)
def test_a_malformed_name_is_refused_in_one_sentence(tmp_path, capsys, name):
    project = make_project(tmp_path, "mmtutor/mmtutor")
    before = contents(project)
    # `--` lets a name begin with a hyphen.
    assert links.main(["--", name], project) == 1
    assert capsys.readouterr().err.startswith(f"got {name!r}, expected OWNER/NAME")
    assert contents(project) == before


@pytest.mark.parametrize("urls", ["", '[project.urls]\nRepository = "https://example.org/a/b"'])
def test_a_project_without_an_address_is_named(tmp_path, capsys, urls):
    (make_project(tmp_path, "mmtutor/mmtutor") / "pyproject.toml").write_text(urls)
    assert links.main([], tmp_path) == 1
    assert "pyproject.toml states the address" in capsys.readouterr().err


def test_a_folder_that_is_not_a_repository_is_named(tmp_path):
    with pytest.raises(links.AddressError, match="cannot list the files"):
        links.texts(tmp_path)


def test_the_cells_of_a_notebook_carry_the_address():
    address = "https://github.com/ann/course"
    assert links.title_cell("Page", "notebooks/1-1-page.ipynb", address) == (
        f"# Page\n\n[Open in Colab]({COLAB.replace('{}', 'ann/course')})"
        f" · [Source]({address}/blob/{links.REF}/notebooks/1-1-page.ipynb)"
    )
    assert f'"mmtutor @ git+{address}@{links.REF}"' in links.setup_cell(address)
    assert "--no-deps" in links.setup_cell(address)


def run_setup(monkeypatch, colab: bool, installed: bool, pip_works: bool = True) -> list[str]:
    """Run the set-up cell in Colab or elsewhere, and return the commands that it gave."""
    commands = []

    class Shell:
        def system(self, command: str) -> None:
            commands.append(command)

    def find_spec(name: str) -> str | None:
        return name if installed or (commands and pip_works) else None

    modules = {"google.colab": ModuleType("google.colab")} if colab else {}
    monkeypatch.setattr(sys, "modules", sys.modules | modules)
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    code = TransformerManager().transform_cell(links.setup_cell("https://example.org/a/b"))
    exec(code, {"get_ipython": Shell})
    return commands


def test_the_setup_cell_installs_the_package_in_colab(monkeypatch):
    source = f'"mmtutor @ git+https://example.org/a/b@{links.REF}"'
    command = f"{{sys.executable}} -m pip install --quiet --no-deps {source}"
    assert run_setup(monkeypatch, colab=True, installed=False) == [command]


def test_the_setup_cell_stops_when_the_package_is_still_missing(monkeypatch):
    with pytest.raises(RuntimeError, match="^mmtutor could not be installed; pip says above why$"):
        run_setup(monkeypatch, colab=True, installed=False, pip_works=False)


@pytest.mark.parametrize(("colab", "installed"), [(True, True), (False, True), (False, False)])
def test_the_setup_cell_installs_nothing_elsewhere(monkeypatch, colab, installed):
    assert run_setup(monkeypatch, colab, installed) == []


def test_the_setup_cell_asks_for_no_restart():
    """IPython does so after each `%pip`, though nothing was imported before."""
    assert "%pip" not in links.setup_cell("https://example.org/a/b")
