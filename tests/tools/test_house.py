"""The set-up, the make targets, CI and the lists of versions."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from venv import EnvBuilder

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "awk bash cat cksum cp df dirname grep mkdir rm sh tail".split()

# Stands in for a Python that is new enough: it makes a .venv with a copy of itself, and
# writes down what pip is asked for. In place of pip's error it prints the file `broken`.
PYTHON = """#!/bin/sh
case "$*" in
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip"*) echo "$*" >>pip.txt && [ ! -e broken ] || { cat broken; exit 1; } ;;
esac
"""
TOO_OLD = "#!/bin/sh\nexit 1\n"
NO_PYTHON = "No Python 3.11 or later was found"


class House:
    """A folder with the set-up script, and a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path):
        self.root = folder / "house"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        (self.root / "tools").mkdir(parents=True)
        for name in ["tools/setup.sh", "requirements.txt", "pyproject.toml"]:
            shutil.copy(ROOT / name, self.root / name)
        self.program("df", "#!/bin/sh\necho Filesystem\necho disk 0 0 99999999 0 /\n")

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def setup(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "sh"), "tools/setup.sh"],
            cwd=self.root,
            env={"PATH": str(self.bin), "HOME": str(self.root), **environment},
            capture_output=True,
            text=True,
        )

    def installations(self) -> list[str]:
        """Return what pip was asked for since the last call."""
        notes = self.root / "pip.txt"
        asked = notes.read_text().splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return [line.split("--disable-pip-version-check ")[1] for line in asked]


ALL = ["-r requirements.txt", "--no-deps --editable ."]


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def assert_stopped(run: subprocess.CompletedProcess[str], sentence: str) -> None:
    """The set-up failed, with one sentence."""
    assert run.returncode == 1
    assert run.stderr.startswith(sentence)
    assert run.stderr.count("\n") == 1


def test_setup_installs_once(house):
    house.program("python3", PYTHON)
    assert house.setup().returncode == 0
    assert house.installations() == ALL
    assert house.setup().stdout == ""
    assert house.installations() == []


def test_without_python_setup_stops_with_one_sentence_and_leaves_nothing(house):
    assert_stopped(house.setup(), NO_PYTHON)
    assert not (house.root / ".venv").exists()


def test_an_old_python_is_as_good_as_none(house):
    house.program("python3", TOO_OLD)
    house.program("python", TOO_OLD)
    assert_stopped(house.setup(), NO_PYTHON)


def test_an_old_python_does_not_hide_a_new_one(house):
    house.program("python3.13", TOO_OLD)
    house.program("python3", TOO_OLD)
    house.program("python", PYTHON)
    assert house.setup().returncode == 0


def test_a_python_that_the_user_names_is_taken_or_refused_but_not_replaced(house):
    house.program("python3", PYTHON)
    house.program("mine", TOO_OLD)
    assert_stopped(house.setup(PYTHON="mine"), "PYTHON=mine is not a Python 3.11 or later")
    house.program("mine", PYTHON)
    assert house.setup(PYTHON="mine").returncode == 0


def test_little_disk_is_noticed_before_anything_is_downloaded(house):
    house.program("python3", PYTHON)
    five_gigabytes = 5 * 1024 * 1024
    house.program("df", f"#!/bin/sh\necho Filesystem\necho disk 0 0 {five_gigabytes} 0 /\n")
    assert_stopped(house.setup(), "The installation needs 12 GB of free disk and there are 5 GB")
    assert house.installations() == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("NewConnectionError: name resolution", "The packages could not be downloaded"),
        ("No matching distribution found for torch", "The packages could not be downloaded"),
        ("something else", "The packages could not be installed"),
    ],
)
def test_when_pip_fails_one_sentence_says_why_and_names_the_log(house, error, sentence):
    house.program("python3", PYTHON)
    (house.root / "broken").write_text(error)
    run = house.setup()
    assert_stopped(run, sentence)
    (log,) = re.findall(r"\.cache/\w+\.log", run.stderr)
    assert error in (house.root / log).read_text()


def test_a_download_that_fails_once_is_tried_again(house):
    house.program("python3", PYTHON.replace("cat broken;", "rm broken;"))
    (house.root / "broken").touch()
    assert house.setup().returncode == 0
    assert house.installations() == [ALL[0], *ALL]


def test_what_pip_calls_an_error_is_shown(house):
    house.program("python3", PYTHON)
    (house.root / "broken").write_text("Collecting torch\nERROR: the hashes do not match\n")
    run = house.setup()
    assert run.stderr.splitlines()[1:] == ["ERROR: the hashes do not match"]


def test_without_a_network_setup_stops_with_one_sentence(house):
    """With the real Python and the real pip, told to use no index."""
    run = house.setup(PYTHON=sys.executable, PIP_NO_INDEX="1")
    assert_stopped(run, "The packages could not be downloaded: check the network")


def test_an_unfinished_environment_is_made_anew(house):
    house.program("python3", PYTHON)
    (house.root / "broken").write_text("connection lost")
    house.setup()
    (house.root / ".venv" / "half_a_package").touch()
    (house.root / "broken").unlink()
    house.installations()
    assert house.setup().returncode == 0
    assert not (house.root / ".venv" / "half_a_package").exists()
    assert house.installations() == ALL


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_requirement_is_installed_into_the_same_environment(house, name):
    house.program("python3", PYTHON)
    house.setup()
    house.installations()
    (house.root / ".venv" / "kept").touch()
    with (house.root / name).open("a") as file:
        file.write("# changed\n")
    assert house.setup().returncode == 0
    assert house.installations() == ALL
    assert (house.root / ".venv" / "kept").exists()


def test_files_that_are_only_touched_change_nothing(house):
    house.program("python3", PYTHON)
    house.setup()
    house.installations()
    os.utime(house.root / "requirements.txt")
    house.setup()
    assert house.installations() == []


def test_an_environment_made_by_hand_is_completed(house):
    (house.root / ".venv" / "bin").mkdir(parents=True)
    house.program("python3", PYTHON)
    shutil.copy(house.bin / "python3", house.root / ".venv" / "bin" / "python")
    (house.root / ".venv" / "kept").touch()
    assert house.setup().returncode == 0
    assert house.installations() == ALL
    assert (house.root / ".venv" / "kept").exists()


@pytest.fixture
def by_hand(house) -> Path:
    """A real environment that make did not make, without pip and with one package."""
    environment = house.root / ".venv"
    EnvBuilder(symlinks=True).create(environment)
    (packages,) = environment.glob("lib/python*/site-packages")
    for name, text in {
        "thing.py": "",
        "thing-1.dist-info/METADATA": "Name: thing\nVersion: 1\n",
        "thing-1.dist-info/RECORD": "thing.py,,\n__pycache__/thing.cpython-313.pyc,,\n",
    }.items():
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_text(text)
    return packages


def test_an_environment_made_by_hand_with_all_its_files_is_accepted(house, by_hand):
    assert_stopped(house.setup(), "The packages could not be installed")
    assert "No module named pip" in (house.root / ".cache" / "setup.log").read_text()


@pytest.mark.parametrize("file", ["thing.py", "pyvenv.cfg"])
def test_an_environment_that_was_deleted_in_part_is_not_completed(house, by_hand, file):
    (path,) = (house.root / ".venv").rglob(file)
    path.unlink()
    assert_stopped(house.setup(), f".venv was deleted in part, {file} is gone: delete all of it")
    assert not (house.root / ".venv" / "installed").exists()


def test_in_a_folder_that_was_moved_the_environment_is_made_anew(house):
    house.program("python3", PYTHON)
    house.setup()
    (house.root / ".venv" / "with_old_paths").touch()
    house.root = house.root.rename(house.root.with_name("moved"))
    assert house.setup().returncode == 0
    assert not (house.root / ".venv" / "with_old_paths").exists()


def targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    return set(phony.split())


def make(*arguments: str) -> list[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_make_help_lists_every_target_with_a_few_words():
    listed = dict(line.removeprefix("make ").split(maxsplit=1) for line in make("help"))
    assert set(listed) == targets()
    assert all(len(words) > 10 for words in listed.values())


def test_make_without_a_target_is_make_help():
    assert make() == make("help")


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "book/setup.md"])
def test_the_prose_names_only_targets_that_exist(path):
    named = re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / path).read_text(encoding="utf-8"), re.M)
    assert named
    assert set(named) <= targets()


def test_make_test_checks_all_and_ends_with_pytest():
    *before, last = make("--dry-run", "test")
    assert "-m pytest" in last
    for part in ["tools/setup.sh", "ruff check", "ruff format --check", "mypy", "jupyter-book"]:
        assert any(part in line for line in before)


def test_make_lab_serves_the_root_opens_the_notebooks_and_works_in_a_container():
    *_, command = make("--dry-run", "lab")
    options = command.split()
    assert options[options.index("--notebook-dir") + 1] == "."
    assert "--LabApp.default_url=/lab/tree/notebooks" in options
    assert "--allow-root" in options
    assert (ROOT / "notebooks").is_dir()


@pytest.mark.parametrize(
    ("there", "user", "installed"),
    [
        (["chromium", "bwrap"], "0", []),
        (["google-chrome", "bwrap"], "0", []),
        (["bwrap"], "0", ["chromium"]),
        (["chromium"], "0", ["bubblewrap", "libseccomp2"]),
        ([], "0", ["chromium", "bubblewrap", "libseccomp2"]),
        ([], "1000", []),
    ],
)
def test_ci_installs_browser_and_sandbox_only_if_missing_and_allowed(house, there, user, installed):
    house.program("id", f"#!/bin/sh\necho {user}\n")
    for name in ["make", "apt-get", *there]:
        note = f'echo {name} "$@" >>"{house.root}/notes"'
        house.program(name, f"#!/bin/sh\n{note}\n")
    script = str(ROOT / ".ci" / "run")
    subprocess.run([house.bin / "bash", script], env={"PATH": str(house.bin)}, check=True)
    *before, last = (house.root / "notes").read_text().splitlines()
    assert last == "make test"
    if installed:
        update, install = before
        assert update.startswith("apt-get update")
        assert install.endswith(" ".join(["--no-install-recommends", *installed]))
    else:
        assert before == []


def test_the_pinned_versions_are_those_that_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    ranges = {(asked := Requirement(line)).name: asked.specifier for line in sum(groups, [])}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert set(pins) == set(ranges)
    assert [name for name in pins if pins[name] not in ranges[name]] == []
