"""The store of downloaded data: where it is, what counts as good, and arrays that are kept."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest
from torchvision.datasets import MNIST

from mmtutor.data import About, store
from mmtutor.data.catalog import CATALOG
from mmtutor.data.errors import DataError
from mmtutor.data.store import Download, Entry, Part
from mmtutor.data.store.digests import folder_digests, listing
from tests.data.real_data import needs

PUBLISHED = ["mnist", "fsdd", "grid", "mosi", "emoji"]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def data(monkeypatch, tmp_path) -> Path:
    """An empty folder for data, and another for the home."""
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "data"


def toy(monkeypatch, **changes) -> dict[str, bytes]:
    """Enter a set of a folder with two files and of one file, and return its files."""
    files = {"b.wav": b"two", "a/a.wav": b"one"}
    digest = listing({name: sha256(content) for name, content in files.items()})
    download = (Download(("http://127.0.0.1:9/toy",)),)  # nobody listens there
    parts = (
        Part("sounds", digest, download, files=2),
        Part("table.csv", sha256(b"1,2"), download, **changes),
    )
    monkeypatch.setitem(CATALOG, "toy", Entry("toy", About("", "", "", ""), parts, "toy"))
    return {**{f"sounds/{name}": content for name, content in files.items()}, "table.csv": b"1,2"}


def put(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_the_folder_is_the_one_in_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert store.folder() == tmp_path


def test_the_folder_may_be_relative_or_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for chosen in ("~/here", "here", "other/../here"):
        monkeypatch.setenv("MMTUTOR_DATA", chosen)
        assert store.folder() == tmp_path / "here"


@pytest.mark.parametrize("chosen", [None, ""])
def test_else_the_folder_is_in_the_cache_of_the_user(monkeypatch, tmp_path, chosen):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MMTUTOR_DATA", raising=False)
    if chosen is not None:
        monkeypatch.setenv("MMTUTOR_DATA", chosen)
    assert store.folder() == tmp_path / ".cache" / "mmtutor"


def test_the_digest_of_a_folder_is_that_of_its_sorted_lines(tmp_path):
    put({"b.wav": b"two", "a/a.wav": b"one"}, tmp_path)
    lines = f"a/a.wav\0{sha256(b'one')}\nb.wav\0{sha256(b'two')}\n"
    assert listing(folder_digests(tmp_path)) == sha256(lines.encode())


def test_a_set_as_published_has_no_problems(monkeypatch, data):
    put(toy(monkeypatch), data / "toy")
    assert store.problems(CATALOG["toy"]) == []
    assert store.here(CATALOG["toy"])
    assert store.get(CATALOG["toy"]) == data / "toy"


def test_what_the_system_puts_beside_the_files_does_not_count(monkeypatch, data):
    put({**toy(monkeypatch), "sounds/.DS_Store": b"icons", "notes.txt": b"mine"}, data / "toy")
    assert store.problems(CATALOG["toy"]) == []


def test_a_missing_set_is_told_part_by_part(monkeypatch, data):
    toy(monkeypatch)
    assert not store.here(CATALOG["toy"])
    assert store.problems(CATALOG["toy"]) == [
        f"{data}/toy/sounds is missing",
        f"{data}/toy/table.csv is missing",
    ]


@pytest.mark.parametrize("content", [b"1,3", b"1,", b""])
def test_a_file_that_was_changed_is_damaged(monkeypatch, data, content):
    put({**toy(monkeypatch), "table.csv": content}, data / "toy")
    assert store.here(CATALOG["toy"])
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/table.csv is damaged"]


def test_a_folder_with_too_few_or_too_many_files_is_told(monkeypatch, data):
    put({**toy(monkeypatch), "sounds/c.wav": b"three"}, data / "toy")
    too_many = f"{data}/toy/sounds holds 3 files, but the published set has 2"
    assert store.problems(CATALOG["toy"]) == [too_many]
    assert not store.here(CATALOG["toy"])
    (data / "toy" / "sounds" / "b.wav").unlink()
    assert store.here(CATALOG["toy"])  # as far as one sees without reading
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/sounds holds at least one damaged file"]


def listed(files: dict[str, bytes]) -> bytes:
    lines = [f"{sha256(x)}  {name.removeprefix('sounds/')}" for name, x in files.items()]
    return "\n".join(line for line in lines if "csv" not in line).encode()


def test_with_the_list_beside_it_the_files_of_a_folder_are_named(monkeypatch, data):
    files = toy(monkeypatch)
    put({"sounds/a/a.wav": b"One", "sounds/c.wav": b"three"}, data / "toy")
    put({"table.csv": b"1,2", "sounds.sha256": listed(files)}, data / "toy")
    assert store.problems(CATALOG["toy"]) == [
        f"{data}/toy/sounds/a/a.wav is damaged",
        f"{data}/toy/sounds/b.wav is missing",
        f"{data}/toy/sounds/c.wav does not belong to the set",
    ]


def test_of_many_wrong_files_a_few_are_named(monkeypatch, data):
    files = toy(monkeypatch)
    put({**files, "sounds.sha256": listed(files)}, data / "toy")
    put({f"sounds/x{number}": b"" for number in range(8)}, data / "toy")
    *named, last = store.problems(CATALOG["toy"])
    assert named == [f"{data}/toy/sounds/x{n} does not belong to the set" for n in range(5)]
    assert last == f"{data}/toy/sounds: 3 more files are wrong"


def test_a_list_that_fits_changed_files_makes_them_no_better(monkeypatch, data):
    files = {**toy(monkeypatch), "sounds/b.wav": b"TWO"}
    put({**files, "sounds.sha256": listed(files)}, data / "toy")
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/sounds holds at least one damaged file"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"short\n"])
def test_a_list_that_cannot_be_read_does_no_harm(monkeypatch, data, content):
    files = toy(monkeypatch)
    put({**files, "sounds.sha256": content}, data / "toy")
    assert store.problems(CATALOG["toy"]) == []


def test_a_computed_file_is_good_by_the_digest_beside_it(monkeypatch, data):
    files = {**toy(monkeypatch, computed=True), "table.csv": b"1,2.0"}
    put(files, data / "toy")
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/table.csv is damaged"]
    put({"table.csv.sha256": f"{sha256(b'1,2.0')}  table.csv\n".encode()}, data / "toy")
    assert store.problems(CATALOG["toy"]) == []
    put({"table.csv": b"1,2.1"}, data / "toy")
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/table.csv is damaged"]


def test_no_other_file_is_good_by_a_digest_beside_it(monkeypatch, data):
    put({**toy(monkeypatch), "table.csv": b"1,3"}, data / "toy")
    put({"table.csv.sha256": f"{sha256(b'1,3')}  table.csv\n".encode()}, data / "toy")
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/table.csv is damaged"]


def test_a_file_that_cannot_be_read_is_told(monkeypatch, data):
    put(toy(monkeypatch), data / "toy")
    (data / "toy" / "sounds" / "b.wav").unlink()
    (data / "toy" / "sounds" / "b.wav").symlink_to(data / "nowhere")
    (problem,) = store.problems(CATALOG["toy"])
    assert problem == f"{data}/toy/sounds/b.wav cannot be read (No such file or directory)"


def test_a_pipe_is_not_read_but_told(monkeypatch, data):
    put(toy(monkeypatch), data / "toy")
    for name in ("sounds/b.wav", "table.csv"):
        (data / "toy" / name).unlink()
        os.mkfifo(data / "toy" / name)
    assert store.problems(CATALOG["toy"]) == [
        f"{data}/toy/{name} cannot be read (it is no regular file)"
        for name in ("sounds/b.wav", "table.csv")
    ]


def test_a_pipe_in_the_place_of_the_list_is_not_read(monkeypatch, data):
    put(toy(monkeypatch), data / "toy")
    os.mkfifo(data / "toy" / "sounds.sha256")
    (data / "toy" / "sounds" / "b.wav").write_bytes(b"Two")
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/sounds holds at least one damaged file"]


def test_a_file_whose_name_is_not_utf8_does_not_belong_to_the_set(monkeypatch, data):
    files = toy(monkeypatch)
    put({**files, "sounds.sha256": listed(files)}, data / "toy")
    (data / "toy" / "sounds" / os.fsdecode(b"\xff.wav")).write_bytes(b"")
    (problem,) = store.problems(CATALOG["toy"])
    assert problem == f"{data}/toy/sounds/\\xff.wav does not belong to the set"


def test_a_set_made_from_others_is_here_if_they_are(monkeypatch, data):
    files = toy(monkeypatch)
    entry = Entry("mixture", About("", "", "", ""), made_from=(CATALOG["toy"],))
    monkeypatch.setitem(CATALOG, "mixture", entry)
    assert not store.here(CATALOG["mixture"])
    assert len(store.problems(CATALOG["mixture"])) == 2
    monkeypatch.setattr("mmtutor.data.store.download.RETRIES", 0)
    with pytest.raises(DataError, match="toy/sounds is missing"):
        store.get(CATALOG["mixture"])
    put(files, data / "toy")
    assert store.here(CATALOG["mixture"])
    assert store.problems(CATALOG["mixture"]) == []
    assert store.get(CATALOG["mixture"]) == data


def test_what_the_package_carries_is_here(data):
    for name in ("digits", "glyphs", "planted"):
        assert store.here(CATALOG[name])
        assert store.problems(CATALOG[name]) == []


def test_every_address_is_pinned(data):
    for name in PUBLISHED:
        for part in CATALOG[name].parts:
            assert re.fullmatch(r"[0-9a-f]{64}", part.digest)
            for download in part.downloads:
                (address, *_) = download.addresses
                host = address.split("/")[2] if "//" in address else "doi"
                if "github" in host:
                    assert re.search(r"/[0-9a-f]{40}[./]|/v\d+\.\d+\.\d+[./]", address)
                else:
                    assert host == "doi" or download.checksum


def test_the_files_of_mnist_are_those_of_torchvision():
    ours = {part.downloads[0] for part in CATALOG["mnist"].parts}
    theirs = {
        Download(tuple(mirror + name for mirror in MNIST.mirrors), f"md5:{md5}")
        for name, md5 in MNIST.resources
    }
    assert ours == theirs


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_place_of_a_set_is_its_own(name):
    places = [part.path for part in CATALOG[name].parts]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in PUBLISHED])
def test_the_real_files_have_the_digests_of_the_catalogue(name):
    assert store.problems(CATALOG[name]) == []
    assert store.here(CATALOG[name])


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in PUBLISHED])
def test_the_catalogue_says_how_large_the_real_files_are(name):
    entry = CATALOG[name]
    paths = [store.folder() / entry.folder / part.path for part in entry.parts]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    assert sum(file.stat().st_size for file in files) == entry.size


@needs("mosi")
def test_in_a_copy_of_a_real_set_one_changed_bit_is_found(monkeypatch, tmp_path):
    shutil.copytree(store.folder() / "mosi", tmp_path / "mosi", copy_function=shutil.copyfile)
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert store.problems(CATALOG["mosi"]) == []
    file = tmp_path / "mosi" / "video" / "video_test0.csv"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    assert store.problems(CATALOG["mosi"]) == [f"{file} is damaged"]
