"""The store of downloaded data: where it is, what counts as good, and arrays that are kept."""

import hashlib
import pwd
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import MNIST

from mmtutor.data import About, store
from mmtutor.data.catalogue import CATALOGUE
from mmtutor.data.digests import folder_digests, listing
from mmtutor.data.entry import Download, Entry, Part
from mmtutor.data.store import DataError
from tests.real_data import needs

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
    monkeypatch.setitem(CATALOGUE, "toy", Entry(About("", "", "", ""), parts, "toy"))
    return {**{f"sounds/{name}": content for name, content in files.items()}, "table.csv": b"1,2"}


def put(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_the_folder_is_the_one_in_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert store.folder() == tmp_path


def homeless(monkeypatch) -> None:
    """Take HOME and the user's entry in passwd away, as containers may."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}["no such user"])


@pytest.mark.parametrize("chosen", ["", "~/data"])
def test_a_user_without_a_home_is_told_what_to_set(monkeypatch, chosen):
    homeless(monkeypatch)
    monkeypatch.setenv("MMTUTOR_DATA", chosen)
    with pytest.raises(DataError, match="you have no home; set MMTUTOR_DATA to one"):
        store.folder()


def test_a_user_without_a_home_may_choose_a_folder(monkeypatch, tmp_path):
    homeless(monkeypatch)
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert store.folder() == tmp_path


def test_without_a_home_arrays_are_made_each_time(monkeypatch):
    homeless(monkeypatch)
    for value in (1, 2):
        assert store.cached("toy", lambda value=value: {"a": np.array([value])})["a"] == value


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
    assert store.problems("toy") == []
    assert store.here("toy")
    assert store.get("toy") == data / "toy"


def test_what_the_system_puts_beside_the_files_does_not_count(monkeypatch, data):
    put({**toy(monkeypatch), "sounds/.DS_Store": b"icons", "notes.txt": b"mine"}, data / "toy")
    assert store.problems("toy") == []


def test_a_missing_set_is_told_part_by_part(monkeypatch, data):
    toy(monkeypatch)
    assert not store.here("toy")
    assert store.problems("toy") == [
        f"{data}/toy/sounds is missing",
        f"{data}/toy/table.csv is missing",
    ]


@pytest.mark.parametrize("content", [b"1,3", b"1,", b""])
def test_a_file_that_was_changed_is_damaged(monkeypatch, data, content):
    put({**toy(monkeypatch), "table.csv": content}, data / "toy")
    assert store.here("toy")
    assert store.problems("toy") == [f"{data}/toy/table.csv is damaged"]


def test_a_folder_with_too_few_or_too_many_files_is_told(monkeypatch, data):
    put({**toy(monkeypatch), "sounds/c.wav": b"three"}, data / "toy")
    too_many = f"{data}/toy/sounds holds 3 files, but the published set has 2"
    assert store.problems("toy") == [too_many]
    assert not store.here("toy")
    (data / "toy" / "sounds" / "b.wav").unlink()
    assert store.here("toy")  # as far as one sees without reading
    assert store.problems("toy") == [f"{data}/toy/sounds holds at least one damaged file"]


def listed(files: dict[str, bytes]) -> bytes:
    lines = [f"{sha256(x)}  {name.removeprefix('sounds/')}" for name, x in files.items()]
    return "\n".join(line for line in lines if "csv" not in line).encode()


def test_with_the_list_beside_it_the_files_of_a_folder_are_named(monkeypatch, data):
    files = toy(monkeypatch)
    put({"sounds/a/a.wav": b"One", "sounds/c.wav": b"three"}, data / "toy")
    put({"table.csv": b"1,2", "sounds.sha256": listed(files)}, data / "toy")
    assert store.problems("toy") == [
        f"{data}/toy/sounds/a/a.wav is damaged",
        f"{data}/toy/sounds/b.wav is missing",
        f"{data}/toy/sounds/c.wav does not belong to the set",
    ]


def test_of_many_wrong_files_a_few_are_named(monkeypatch, data):
    files = toy(monkeypatch)
    put({**files, "sounds.sha256": listed(files)}, data / "toy")
    put({f"sounds/x{number}": b"" for number in range(8)}, data / "toy")
    *named, last = store.problems("toy")
    assert named == [f"{data}/toy/sounds/x{n} does not belong to the set" for n in range(5)]
    assert last == f"{data}/toy/sounds: 3 more files are wrong"


def test_a_list_that_fits_changed_files_makes_them_no_better(monkeypatch, data):
    files = {**toy(monkeypatch), "sounds/b.wav": b"TWO"}
    put({**files, "sounds.sha256": listed(files)}, data / "toy")
    assert store.problems("toy") == [f"{data}/toy/sounds holds at least one damaged file"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"short\n"])
def test_a_list_that_cannot_be_read_does_no_harm(monkeypatch, data, content):
    files = toy(monkeypatch)
    put({**files, "sounds.sha256": content}, data / "toy")
    assert store.problems("toy") == []


def test_a_computed_file_is_good_by_the_digest_beside_it(monkeypatch, data):
    files = {**toy(monkeypatch, computed=True), "table.csv": b"1,2.0"}
    put(files, data / "toy")
    assert store.problems("toy") == [f"{data}/toy/table.csv is damaged"]
    put({"table.csv.sha256": f"{sha256(b'1,2.0')}  table.csv\n".encode()}, data / "toy")
    assert store.problems("toy") == []
    put({"table.csv": b"1,2.1"}, data / "toy")
    assert store.problems("toy") == [f"{data}/toy/table.csv is damaged"]


def test_no_other_file_is_good_by_a_digest_beside_it(monkeypatch, data):
    put({**toy(monkeypatch), "table.csv": b"1,3"}, data / "toy")
    put({"table.csv.sha256": f"{sha256(b'1,3')}  table.csv\n".encode()}, data / "toy")
    assert store.problems("toy") == [f"{data}/toy/table.csv is damaged"]


def test_a_file_that_cannot_be_read_is_told(monkeypatch, data):
    put(toy(monkeypatch), data / "toy")
    (data / "toy" / "sounds" / "b.wav").unlink()
    (data / "toy" / "sounds" / "b.wav").symlink_to(data / "nowhere")
    (problem,) = store.problems("toy")
    assert problem == f"{data}/toy/sounds/b.wav cannot be read (No such file or directory)"


def test_a_set_made_from_others_is_here_if_they_are(monkeypatch, data):
    files = toy(monkeypatch)
    entry = Entry(About("", "", "", ""), made_from=("toy",))
    monkeypatch.setitem(CATALOGUE, "mixture", entry)
    assert not store.here("mixture")
    assert len(store.problems("mixture")) == 2
    monkeypatch.setattr("mmtutor.data.download.RETRIES", 0)
    with pytest.raises(DataError, match="toy/sounds is missing"):
        store.get("mixture")
    put(files, data / "toy")
    assert store.here("mixture")
    assert store.problems("mixture") == []
    assert store.get("mixture") == data


def test_what_the_package_carries_is_here_and_not_fetched(data):
    for name in ("digits", "glyphs", "planted"):
        assert store.here(name)
        assert store.problems(name) == []
        with pytest.raises(ValueError, match=f"the package carries '{name}'"):
            store.get(name)


@pytest.mark.parametrize("ask", [store.get, store.here, store.problems])
def test_an_unknown_set_lists_the_known_ones(ask):
    with pytest.raises(ValueError, match="unknown data set 'nist'; choose from digits, glyphs, "):
        ask("nist")


def test_every_address_is_pinned(data):
    for name in PUBLISHED:
        for part in CATALOGUE[name].parts:
            assert re.fullmatch(r"[0-9a-f]{64}", part.digest)
            for download in part.downloads:
                (address, *_) = download.addresses
                host = address.split("/")[2] if "//" in address else "doi"
                if "github" in host:
                    assert re.search(r"/[0-9a-f]{40}[./]|/v\d+\.\d+\.\d+[./]", address)
                else:
                    assert host == "doi" or download.checksum


def test_the_files_of_mnist_are_those_of_torchvision():
    ours = {part.downloads[0] for part in CATALOGUE["mnist"].parts}
    theirs = {
        Download(tuple(mirror + name for mirror in MNIST.mirrors), f"md5:{md5}")
        for name, md5 in MNIST.resources
    }
    assert ours == theirs


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_place_of_a_set_is_its_own(name):
    places = [part.path for part in CATALOGUE[name].parts]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in PUBLISHED])
def test_the_real_files_have_the_digests_of_the_catalogue(name):
    assert store.problems(name) == []
    assert store.here(name)


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in PUBLISHED])
def test_the_catalogue_says_how_large_the_real_files_are(name):
    entry = CATALOGUE[name]
    paths = [store.folder() / entry.folder / part.path for part in entry.parts]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    assert sum(file.stat().st_size for file in files) == entry.size


@needs("mosi")
def test_in_a_copy_of_a_real_set_one_changed_bit_is_found(monkeypatch, tmp_path):
    shutil.copytree(store.folder() / "mosi", tmp_path / "mosi", copy_function=shutil.copyfile)
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert store.problems("mosi") == []
    file = tmp_path / "mosi" / "video" / "video_test0.csv"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    assert store.problems("mosi") == [f"{file} is damaged"]


def arrays() -> dict[str, np.ndarray]:
    return {
        "codes": np.arange(6, dtype=">i2").reshape(2, 3).T,
        "names": np.array(["one", "two"]),
        "scale": np.array(0.1),
        "none": np.zeros((0, 4), np.float32),
    }


def never() -> dict[str, np.ndarray]:
    raise AssertionError("built again")


def same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    return list(left) == list(right) and all(
        x.dtype == right[name].dtype and np.array_equal(x, right[name]) for name, x in left.items()
    )


def test_arrays_are_built_once_and_come_back_the_same(data, tmp_path):
    assert same(store.cached("toy-1", arrays), arrays())
    assert same(store.cached("toy-1", never), arrays())
    made = tmp_path / "home" / ".cache" / "mmtutor" / "made"
    assert [path.name for path in made.iterdir() if path.name != ".lock"] == ["toy-1.npz"]
    assert not data.exists()


def test_another_key_is_built_apart(data):
    store.cached("toy-1", arrays)
    assert store.cached("toy-2", lambda: {"x": np.ones(1)})["x"].tolist() == [1.0]


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_kept_arrays_with_one_changed_bit_are_built_again(data, tmp_path, place):
    store.cached("toy", arrays)
    file = tmp_path / "home" / ".cache" / "mmtutor" / "made" / "toy.npz"
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    assert same(store.cached("toy", arrays), arrays())
    assert file.read_bytes() == good
    content = bytearray(good)
    content[int(place * len(content))] ^= 1
    file.write_bytes(content)
    assert same(store.cached("toy", arrays), arrays())


def test_arrays_that_another_program_put_there_are_not_believed(data, tmp_path):
    made = tmp_path / "home" / ".cache" / "mmtutor" / "made"
    made.mkdir(parents=True)
    for stranger in ({"x": np.zeros(3)}, {"x": np.zeros(3), "sha256 of the others": np.array("")}):
        np.savez(made / "toy.npz", **stranger)
        assert same(store.cached("toy", arrays), arrays())


@pytest.mark.parametrize(
    "change",
    [lambda x: x.T, lambda x: x.view(np.uint8), lambda x: x + 1],
    ids=["shape", "type", "values"],
)
def test_kept_arrays_count_only_with_their_shape_type_and_values(data, tmp_path, change):
    store.cached("toy", lambda: {"x": np.zeros((2, 3), np.int8)})
    file = tmp_path / "home" / ".cache" / "mmtutor" / "made" / "toy.npz"
    with np.load(file) as stored:
        contents = dict(stored)
    np.savez(file, **{**contents, "x": change(contents["x"])})
    assert same(store.cached("toy", arrays), arrays())


def test_where_nothing_can_be_written_the_arrays_are_only_built(data, tmp_path, recwarn, capsys):
    (tmp_path / "home").write_text("no folder")
    assert same(store.cached("toy", arrays), arrays())
    assert same(store.cached("toy", arrays), arrays())
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list


def test_what_goes_wrong_while_building_is_not_hidden(data):
    def broken():
        raise OSError("no sound")

    with pytest.raises(OSError, match="no sound"):
        store.cached("toy", broken)


def test_arrays_of_python_objects_are_refused(data):
    with pytest.raises(TypeError, match="array 'x' of 'toy' holds Python objects; give it numbers"):
        store.cached("toy", lambda: {"x": np.array([{}])})


@pytest.mark.parametrize("key", ["", "../toy", "a/b", ".toy", "tö", "toy\n"])
def test_a_key_that_is_no_plain_name_is_refused(data, key):
    with pytest.raises(ValueError, match="key must be letters, digits"):
        store.cached(key, never)
