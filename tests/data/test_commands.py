"""The command `data`."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmtutor import __main__
from mmtutor.data import About, store
from mmtutor.data.catalog import CATALOG
from mmtutor.data.store import Download, Entry, Part

ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # sha256 of b"one"
TWO = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"  # sha256 of b"two"


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path) -> Path:
    """A folder for data, and a set of two files that nobody serves."""
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("mmtutor.data.store.download.RETRIES", 0)
    download = (Download(("http://127.0.0.1:9/one",)),)
    parts = (Part("one", ONE, download), Part("two", TWO, download))
    about = About("A title that is so long that it does not fit", "CC0", "", "")
    monkeypatch.setitem(CATALOG, "toy", Entry("toy", about, parts, "toy", 12_600_000))
    return tmp_path


def put(folder: Path, one: bytes | None = b"one", two: bytes | None = b"two") -> None:
    (folder / "toy").mkdir()
    for name, content in (("one", one), ("two", two)):
        if content is not None:
            (folder / "toy" / name).write_bytes(content)


def run(*arguments: str) -> int:
    return __main__.main(["data", *arguments])


def line_of(name: str, capsys) -> str:
    assert run() == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith(f"{name} ")]
    return line


def test_the_list_has_a_line_for_each_set_that_fits_the_screen(data, capsys):
    assert run() == 0
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "MB", "where", "title", "license"]
    assert [line.split()[0] for line in lines] == list(CATALOG)
    assert last == f"data folder: {data}"
    assert max(map(len, [head, *lines])) <= 100
    for column in ("where", "title", "license"):
        assert all(line[head.index(column) - 1] == " " for line in lines)


def test_the_list_says_where_a_set_is(data, capsys):
    where = slice(17, 39)
    assert line_of("digits", capsys)[where] == "carried by the package"
    assert line_of("toy", capsys)[where].strip() == "not here"
    put(data, two=None)
    assert line_of("toy", capsys)[where].strip() == "incomplete"
    (data / "toy" / "two").write_bytes(b"two")
    assert line_of("toy", capsys)[where].strip() == "cached"


def test_the_list_says_size_title_and_license(capsys):
    line = line_of("toy", capsys)
    assert line.split()[:2] == ["toy", "13"]
    assert "A title that is so long …" in line
    assert line.endswith("CC0")


def test_get_says_where_a_set_is(data, capsys):
    put(data)
    assert run("get", "toy", "digits", "toy") == 0
    out = capsys.readouterr().out
    assert out == f"toy: {data / 'toy'}\ndigits: carried by the package\n"


def test_get_goes_on_after_a_failure_and_returns_1(data, capsys):
    assert run("get", "toy", "digits") == 1
    out, err = capsys.readouterr()
    assert out == "digits: carried by the package\n"
    (line,) = [x for x in err.splitlines() if "is missing" in x]
    assert line.endswith("python -m mmtutor data sources toy lists this file and 1 more")
    assert f"toy: {data / 'toy' / 'one'} is missing, and could not be fetched: " in line


def test_get_all_asks_for_every_set(monkeypatch, capsys):
    asked = []

    def get(entry):
        asked.append(entry.name)
        return "somewhere"

    monkeypatch.setattr(store, "get", get)
    assert run("get", "all") == 0
    assert asked == ["mnist", "fsdd", "av_mnist", "grid", "mosi", "emoji", "toy"]
    assert capsys.readouterr().out.count("carried by the package") == 3


def test_verify_looks_at_what_is_here(data, capsys):
    put(data)
    assert run("verify") == 0
    assert capsys.readouterr().out == "toy: good\n"


def test_verify_names_what_is_wrong_and_returns_1(data, capsys):
    put(data, one=b"One", two=None)
    assert run("verify") == 1
    assert capsys.readouterr().out == (
        f"toy: {data / 'toy' / 'one'} is damaged\ntoy: {data / 'toy' / 'two'} is missing\n"
    )


def test_verify_of_a_named_set_that_is_not_here_returns_1(data, capsys):
    assert run("verify", "digits", "toy") == 1
    assert capsys.readouterr().out.startswith("digits: carried by the package\ntoy: ")


def test_verify_of_an_empty_folder_says_so(data, capsys):
    assert run("verify") == 0
    assert capsys.readouterr().out == f"there are no data in {data}\n"


def test_sources_says_what_to_save_where(data, capsys):
    put(data, one=b"One")
    assert run("sources", "toy", "digits") == 0
    assert capsys.readouterr().out == f"http://127.0.0.1:9/one\n  → {data / 'toy' / 'one'}\n"


def test_sources_of_what_is_made_from_others_are_theirs(data, capsys):
    assert run("sources", "av_mnist") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
        f"  → {data / 'train-images-idx3-ubyte.gz'}",
    ]
    assert lines[-1] == f"  → {data / 'fsdd' / 'v1.0.10.tar.gz'}"
    assert len(lines) == 2 * (4 + 1)


@pytest.mark.parametrize("command", ["get", "verify", "sources"])
def test_an_unknown_name_lists_the_known_ones(command, capsys):
    with pytest.raises(SystemExit) as stop:
        run(command, "nist")
    assert stop.value.code == 2
    assert "unknown data set 'nist'; choose from digits, glyphs, " in capsys.readouterr().err


def test_get_needs_a_name(capsys):
    with pytest.raises(SystemExit) as stop:
        run("get")
    assert stop.value.code == 2


def test_the_help_names_the_command(capsys):
    with pytest.raises(SystemExit) as stop:
        __main__.main(["--help"])
    assert stop.value.code == 0
    assert "list the data sets, fetch them, check them" in capsys.readouterr().out


@pytest.mark.slow
def test_the_module_can_be_run(data):
    command = [sys.executable, "-m", "mmtutor", "data", "verify", "mosi"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert f"mosi: {data / 'mosi' / 'transcripts.csv'} is missing" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_the_doctor_works_where_the_data_cannot_be_imported():
    without = (
        "import sys; sys.modules['sklearn.datasets'] = None; "
        "from mmtutor.__main__ import main; sys.exit(main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "✗ a check stopped with ModuleNotFoundError" in done.stdout
    assert "✓ one pass forward and backward" in done.stdout


@pytest.mark.parametrize("command", [[], ["get", "mnist"], ["verify"], ["sources", "mnist"]])
@pytest.mark.parametrize("chosen", [None, "~/data"])
def test_who_has_no_home_is_told_to_name_a_folder(monkeypatch, capsys, command, chosen):
    def homeless(*arguments):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(Path, "expanduser", homeless)
    monkeypatch.delenv("MMTUTOR_DATA")
    if chosen is not None:
        monkeypatch.setenv("MMTUTOR_DATA", chosen)
    assert run(*command) == 1
    err = capsys.readouterr().err
    assert err.endswith(
        "this user has no home folder: set MMTUTOR_DATA to a folder for data, as a whole path\n"
    )
