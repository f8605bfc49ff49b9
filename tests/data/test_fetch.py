"""Downloads, from a server on this machine: what is in its place is whole, whatever happens."""

import errno
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pooch
import pytest

from mmtutor.data import About, store
from mmtutor.data.catalog import CATALOG
from mmtutor.data.errors import DataError
from mmtutor.data.real import grid_clips
from mmtutor.data.real.grid_clips import grid_arrays
from mmtutor.data.store import Download, Entry, Part, fetch, unpack
from mmtutor.data.store.digests import listing
from mmtutor.data.store.unpack import gunzip, untar
from tests.data.file_server import Server, tar, zipped
from tests.training.launch.program import Program

NOWHERE = About("Toy", "CC0", "nowhere", "nobody")
WAVS = {"0_a_0.wav": b"zero" * 5000, "1_a_0.wav": b"one" * 5000}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.go.set()
        server.shutdown()


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path) -> Path:
    """An empty folder for data; no pauses between two tries; no proxy."""
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))
    return tmp_path / "data"


def enter(monkeypatch, *parts: Part) -> None:
    monkeypatch.setitem(CATALOG, "toy", Entry("toy", NOWHERE, parts, "toy"))


def recordings(server: Server, **changes) -> Part:
    """A folder of two recordings, in an archive such as GitHub makes."""
    top = {f"toy-1.0/recordings/{name}": content for name, content in WAVS.items()}
    server.files.setdefault("v1.tar.gz", tar({"toy-1.0/README.md": b"read me", **top}))
    digest = listing({name: sha256(content) for name, content in WAVS.items()})
    unpacked = partial(untar, members="recordings/*.wav", limit=10**6)
    whole = Part("recordings", digest, (Download((server.address("v1.tar.gz"),)),), unpacked, 2)
    return fetch.replace(whole, **changes)


def table(server: Server, content: bytes = b"1,2,3\n" * 1000, name: str = "table.csv") -> Part:
    """A file that is kept as it is."""
    server.files[name] = content
    download = Download((server.address(name),), f"sha256:{sha256(content)}")
    return Part(f"tables/{name}", sha256(content), (download,))


def seen(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def wavs(folder: Path) -> dict[str, bytes]:
    return {name: x for name, x in seen(folder / "toy" / "recordings").items()}


def refusal() -> str:
    """The message with which `get` refuses, which is one line."""
    with pytest.raises(DataError) as stop:
        store.get(CATALOG["toy"])
    assert "\n" not in str(stop.value)
    return str(stop.value)


def test_a_file_comes_to_its_place_and_nothing_else_stays(monkeypatch, server, data):
    enter(monkeypatch, table(server))
    assert store.get(CATALOG["toy"]) == data / "toy"
    assert seen(data) == {"toy/tables/table.csv": b"1,2,3\n" * 1000}


def test_a_good_file_is_not_fetched_again(monkeypatch, server):
    enter(monkeypatch, table(server))
    store.get(CATALOG["toy"])
    store.get(CATALOG["toy"])
    assert server.asked == ["table.csv"]


def test_a_bar_shows_the_progress(monkeypatch, server, capsys):
    enter(monkeypatch, table(server))
    store.get(CATALOG["toy"])
    out, err = capsys.readouterr()
    assert "toy: table.csv: 100%" in err
    assert "6.00k/6.00k" in err
    assert out == ""


def test_pooch_is_silent_while_we_use_it_and_only_then(monkeypatch, server, caplog):
    logger = pooch.get_logger()  # apart from all other loggers
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    enter(monkeypatch, table(server))
    store.get(CATALOG["toy"])
    assert caplog.messages == []
    logger.info("something of another program")
    assert caplog.messages == ["something of another program"]


def test_the_bar_counts_what_comes_without_a_length(monkeypatch, server, capsys):
    enter(monkeypatch, table(server))
    server.then = ["unsized"]
    store.get(CATALOG["toy"])
    assert "toy: table.csv: 6.14kB [" in capsys.readouterr().err  # six chunks of 1,024 bytes


def test_a_compressed_file_is_unpacked(monkeypatch, server, data):
    server.files["x.gz"] = packed = gzip.compress(b"pixels")
    download = Download((server.address("x.gz"),), f"md5:{hashlib.md5(packed).hexdigest()}")
    enter(monkeypatch, Part("raw/x", sha256(b"pixels"), (download,), gunzip))
    store.get(CATALOG["toy"])
    assert seen(data) == {"toy/raw/x": b"pixels"}


def test_of_an_archive_only_the_wanted_members_are_unpacked(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS
    assert "README.md" not in "".join(seen(data))


def test_the_digests_stand_beside_the_folder_as_sha256sum_reads_them(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    lines = [f"{sha256(content)}  {name}\n" for name, content in sorted(WAVS.items())]
    assert (data / "toy" / "recordings.sha256").read_text() == "".join(lines)


def test_a_mirror_is_asked_when_the_first_address_fails(monkeypatch, server):
    part = table(server)
    mirrors = (server.address("gone.csv"), *part.downloads[0].addresses)
    enter(monkeypatch, fetch.replace(part, downloads=(Download(mirrors),)))
    store.get(CATALOG["toy"])
    assert server.asked == ["gone.csv"] * 3 + ["table.csv"]


def test_a_connection_that_breaks_off_is_tried_again_from_the_start(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.then = ["half", 503, "whole"]
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS
    assert len(server.asked) == 3


def test_a_connection_that_always_breaks_off_leaves_nothing(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.then = ["half"]
    assert f"the connection to 127.0.0.1:{server.server_port} broke off; try again" in refusal()
    assert seen(data) == {}
    assert not store.here(CATALOG["toy"])


def test_a_server_error_is_told_with_the_address_and_the_place(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.then = [503]
    assert refusal() == (
        f"{data}/toy/recordings is missing, and could not be fetched: 127.0.0.1:"
        f"{server.server_port} answered 503 Service Unavailable; try again later, or save "
        f"{server.address('v1.tar.gz')} as {data}/toy/v1.tar.gz and run this again"
    )


def test_without_a_network_the_message_says_what_to_save_by_hand(monkeypatch, server, data):
    part = table(server)
    enter(monkeypatch, part)
    server.shutdown()
    server.server_close()
    assert refusal() == (
        f"{data}/toy/tables/table.csv is missing, and could not be fetched: 127.0.0.1:"
        f"{server.server_port} cannot be reached; try again later, or save "
        f"{server.address('table.csv')} as {data}/toy/tables/table.csv and run this again"
    )


def test_a_download_with_another_checksum_is_thrown_away(monkeypatch, server, data):
    enter(monkeypatch, table(server))
    server.files["table.csv"] = b"1,2,4\n" * 1000
    assert "sent has another checksum than the published file; try again" in refusal()
    assert seen(data) == {}


def test_an_archive_with_other_contents_is_thrown_away(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.files["v1.tar.gz"] = tar({"toy-1.0/recordings/0_a_0.wav": b"zero"})
    assert "what is in v1.tar.gz is not the published recordings; try again" in refusal()
    assert seen(data) == {}


@pytest.mark.parametrize(
    "content",
    [b"<html>404</html>", tar({"a/recordings/b.wav": b"x"})[:-40]],
    ids=["a page", "a part"],
)
def test_what_is_no_archive_or_a_part_of_one_is_told(monkeypatch, server, data, content):
    enter(monkeypatch, recordings(server))
    server.files["v1.tar.gz"] = content
    assert "could not be fetched: v1.tar.gz cannot be unpacked (" in refusal()
    assert seen(data) == {}


def test_an_archive_that_leads_elsewhere_is_refused_and_thrown_away(monkeypatch, server, tmp_path):
    enter(monkeypatch, recordings(server))
    server.files["v1.tar.gz"] = tar({"toy-1.0/../../recordings/evil.wav": b"evil"})
    assert "leads out of its folder; try again later, or save" in refusal()
    assert seen(tmp_path) == {}


def test_an_archive_with_a_name_that_is_not_utf8_is_refused(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.files["v1.tar.gz"] = tar({os.fsdecode(b"toy-1.0/recordings/\xff.wav"): b"x"})
    named = r"v1.tar.gz holds 'toy-1.0/recordings/\udcff.wav', a name that is not UTF-8"
    assert named in refusal()
    assert seen(data) == {}


def test_an_archive_that_is_larger_than_the_set_is_refused(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.files["v1.tar.gz"] = tar({"toy-1.0/recordings/0_a_0.wav": bytes(10**6 + 1)})
    assert "v1.tar.gz holds more than the 1,000,000 bytes that it may; try again" in refusal()
    assert seen(data) == {}


def test_a_pipe_among_the_files_is_replaced(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    (data / "toy" / "recordings" / "1_a_0.wav").unlink()
    os.mkfifo(data / "toy" / "recordings" / "1_a_0.wav")
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS


def test_an_archive_with_two_members_of_one_name_is_refused(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    twice = {"a/recordings/0_a_0.wav": b"zero", "b/recordings/0_a_0.wav": b"other"}
    server.files["v1.tar.gz"] = tar(twice)
    assert "v1.tar.gz cannot be unpacked ([Errno 17] File exists: " in refusal()
    assert seen(data) == {}


def test_a_disk_that_is_full_while_unpacking_is_told(monkeypatch, server, data):
    def full(source, sink):
        sink.write(b"the first bytes")
        raise OSError(errno.ENOSPC, "No space left on device")

    enter(monkeypatch, recordings(server))
    monkeypatch.setattr(unpack.shutil, "copyfileobj", full)
    assert refusal() == (
        f"{data}/toy/recordings is missing, and the disk of {data}/toy is full: free some space, "
        "or set MMTUTOR_DATA to another folder"
    )
    assert seen(data) == {}


def test_a_disk_that_is_full_while_downloading_is_told(monkeypatch, server, data):
    def full(self, url, output_file, pooch):
        Path(output_file).write_bytes(b"the first bytes")
        raise OSError(errno.ENOSPC, "No space left on device")

    enter(monkeypatch, table(server))
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    assert f"the disk of {data}/toy is full: free some space" in refusal()
    assert seen(data) == {}


def damage(kind: str, folder: Path) -> None:
    file = folder / "1_a_0.wav"
    if kind == "changed":
        file.write_bytes(b"One" + file.read_bytes()[3:])
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif kind == "missing":
        file.unlink()
    elif kind == "extra":
        (folder / "2_a_0.wav").write_bytes(b"two")


@pytest.mark.parametrize("kind", ["changed", "cut", "missing", "extra"])
def test_a_folder_that_is_not_as_published_is_fetched_anew(monkeypatch, server, data, kind):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    damage(kind, data / "toy" / "recordings")
    assert wavs(data) != WAVS
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS
    assert len(server.asked) == 2


def test_only_the_damaged_part_is_fetched_anew(monkeypatch, server, data):
    enter(monkeypatch, table(server), table(server, b"a,b\n", "names.csv"), recordings(server))
    store.get(CATALOG["toy"])
    server.asked.clear()
    (data / "toy" / "tables" / "names.csv").write_bytes(b"a,B\n")
    store.get(CATALOG["toy"])
    assert server.asked == ["names.csv"]
    assert (data / "toy" / "tables" / "names.csv").read_bytes() == b"a,b\n"


def test_a_damaged_file_is_not_taken_for_one_saved_by_hand(monkeypatch, server, data):
    enter(monkeypatch, fetch.replace(table(server), path="table.csv"))
    (data / "toy").mkdir(parents=True)
    (data / "toy" / "table.csv").write_bytes(b"1,2,4")
    store.get(CATALOG["toy"])
    assert seen(data) == {"toy/table.csv": b"1,2,3\n" * 1000}


def test_damaged_files_stay_if_no_better_ones_can_be_had(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    damage("changed", data / "toy" / "recordings")
    before = seen(data)
    server.then = [404]
    assert f"{data}/toy/recordings/1_a_0.wav is damaged, and could not be fetched: " in refusal()
    assert seen(data) == before


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    damage("changed", data / "toy" / "recordings")
    before = seen(data)
    replace = Path.replace

    def stuck(path, target):
        if path.name == "recordings":
            raise PermissionError(errno.EACCES, "Permission denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stuck)
    assert f"{data}/toy cannot be written (Permission denied)" in refusal()
    assert seen(data) == before


def test_in_a_place_that_is_read_only_the_damaged_file_is_named(monkeypatch, server, data):
    class ReadOnly:
        def __init__(self, path) -> None:
            pass

        def acquire(self, timeout=None) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

    enter(monkeypatch, recordings(server))
    store.get(CATALOG["toy"])
    damage("changed", data / "toy" / "recordings")
    monkeypatch.setattr(fetch, "FileLock", ReadOnly)
    assert refusal() == (
        f"{data}/toy/recordings/1_a_0.wav is damaged, and {data}/toy cannot be written "
        "(Read-only file system): put a good copy there, or set MMTUTOR_DATA to another folder"
    )


def test_a_file_in_the_place_of_the_folder_is_told(monkeypatch, server, data):
    enter(monkeypatch, table(server))
    data.write_text("no folder")
    assert f"and {data}/toy cannot be written (Not a directory): " in refusal()
    assert server.asked == []


def test_a_download_saved_by_hand_is_unpacked_without_a_network(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    server.then = [503]
    (data / "toy").mkdir(parents=True)
    (data / "toy" / "v1.tar.gz").write_bytes(server.files["v1.tar.gz"])
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS
    assert server.asked == []


def test_a_file_put_in_its_place_by_hand_is_enough(monkeypatch, server, data):
    enter(monkeypatch, table(server))
    (data / "toy" / "tables").mkdir(parents=True)
    (data / "toy" / "tables" / "table.csv").write_bytes(server.files["table.csv"])
    store.get(CATALOG["toy"])
    assert server.asked == []


def test_a_wrong_download_saved_by_hand_is_refused_and_kept(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    (data / "toy").mkdir(parents=True)
    (data / "toy" / "v1.tar.gz").write_bytes(tar({"a/recordings/x.wav": b"other"}))
    assert f"what is in {data}/toy/v1.tar.gz is not the published recordings" in refusal()
    assert list(seen(data)) == ["toy/v1.tar.gz"]


def test_an_interrupt_leaves_nothing(monkeypatch, server, data):
    def interrupt(downloads, target):
        target.mkdir()
        (target / "0_a_0.wav").write_bytes(b"half")
        raise KeyboardInterrupt

    enter(monkeypatch, recordings(server, unpack=interrupt))
    with pytest.raises(KeyboardInterrupt):
        store.get(CATALOG["toy"])
    assert seen(data) == {}


def test_what_a_killed_run_left_is_removed_and_never_taken_for_good(monkeypatch, server, data):
    enter(monkeypatch, recordings(server))
    litter = data / "toy" / ".toy.partial" / "made" / "recordings"
    litter.mkdir(parents=True)
    for name, content in WAVS.items():
        (litter / name).write_bytes(content)
    (litter.parent.parent / "v1.tar.gz").write_bytes(b"the first bytes")
    assert not store.here(CATALOG["toy"])
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/recordings is missing"]
    store.get(CATALOG["toy"])
    assert server.asked == ["v1.tar.gz"]
    assert set(seen(data / "toy")) == {
        "recordings/0_a_0.wav",
        "recordings/1_a_0.wav",
        "recordings.sha256",
    }


def test_what_was_left_at_the_very_end_of_a_run_is_removed_too(monkeypatch, server, data):
    enter(monkeypatch, table(server))
    store.get(CATALOG["toy"])
    (data / "toy" / ".toy.partial").mkdir()
    (data / "toy" / ".toy.partial" / "table.csv").write_bytes(b"1,2,3")
    store.get(CATALOG["toy"])
    assert list(seen(data)) == ["toy/tables/table.csv"]
    assert server.asked == ["table.csv"]


CHILD = """
import sys
from functools import partial
from mmtutor.data import About, store
from mmtutor.data.catalog import CATALOG
from mmtutor.data.store import Download, Entry, Part, fetch, unpack
from mmtutor.data.store.unpack import untar
address, digest = sys.argv[1:]
unpack = partial(untar, members="recordings/*.wav", limit=10**6)
part = Part("recordings", digest, (Download((address,)),), unpack, 2)
CATALOG["toy"] = Entry("toy", About("", "", "", ""), (part,), "toy")
print("ready", flush=True)
sys.stdin.readline()
print(store.get(CATALOG["toy"]))
"""


def child(part: Part) -> Program:
    """Start a process that gets ready to fetch, and does so when it gets a line."""
    command = [sys.executable, "-c", CHILD, part.downloads[0].addresses[0], part.digest]
    return Program(command, stdin=subprocess.PIPE)


def go(process: Program) -> None:
    """Let a process fetch."""
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.slow
def test_a_process_killed_in_the_middle_leaves_nothing_that_counts(monkeypatch, server, data):
    part = recordings(server)
    enter(monkeypatch, part)
    server.then = ["stall", "whole"]
    with child(part) as process:
        go(process)
        assert server.stalled.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    assert (data / "toy" / ".toy.partial").is_dir()
    assert not store.here(CATALOG["toy"])
    assert not (data / "toy" / "recordings").exists()
    store.get(CATALOG["toy"])
    assert wavs(data) == WAVS
    assert not (data / "toy" / ".toy.partial").exists()


@pytest.mark.slow
def test_of_two_processes_one_fetches_and_the_other_waits(server, data):
    part = recordings(server)
    server.then = ["stall", "whole"]
    first, second = child(part), child(part)
    with first, second:
        go(first)
        assert server.stalled.wait(60)
        go(second)
        assert second.stderr.readline() == "another process is fetching toy; waiting for it\n"
        server.go.set()
        assert first.communicate(timeout=60)[0] == f"{data}/toy\n"
        out, err = second.communicate(timeout=60)
    assert (out, err) == (f"{data}/toy\n", "")
    assert server.asked == ["v1.tar.gz"]
    assert wavs(data) == WAVS


@pytest.fixture
def zenodo(monkeypatch, server):
    """A record with the clips of GRID, of which there are two, behind the interface of Zenodo."""
    clips = {"s1/a.mpg": b"a", "s1/b.mpg": b"b", "__MACOSX/s1/._a.mpg": b"no clip"}
    words = {f"alignments/{name}.align": b"0 1 sil" for name in ("s1/a", "s1/b", "s2/a")}
    server.files |= {"s1.zip": zipped(clips), "alignments.zip": zipped(words)}
    listed = [
        {
            "key": name,
            "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
            "links": {"self": server.address(name)},
        }
        for name, content in server.files.items()
    ]
    server.files["3625687"] = json.dumps({"files": listed}).encode()
    record = "https://zenodo.org/records/3625687"
    monkeypatch.setattr(pooch.downloaders, "doi_to_url", lambda doi, **others: record)
    monkeypatch.setattr(
        pooch.downloaders.ZenodoRepository, "base_api_url", server.address("").rstrip("/")
    )
    monkeypatch.setattr(grid_clips, "CLIPS", 2)
    monkeypatch.setattr(grid_clips, "make", names_of_clips)
    downloads = tuple(Download((f"doi:10.5281/zenodo.3625687/{name}",)) for name in server.files)
    enter(monkeypatch, Part("s1.npz", "0" * 64, downloads[:2], grid_arrays, computed=True))
    return server


def names_of_clips(raw: Path) -> dict[str, np.ndarray]:
    """Stands for `make`, which needs real clips."""
    clips = sorted(path.name for path in (raw / "s1").iterdir())
    assert clips == sorted(f"{path.stem}.mpg" for path in (raw / "align").iterdir())
    return {"ids": np.array(clips)}


def test_the_arrays_of_grid_are_made_from_the_clips_of_a_zenodo_record(zenodo, data):
    store.get(CATALOG["toy"])
    with np.load(data / "toy" / "s1.npz") as arrays:
        assert arrays["ids"].tolist() == ["a.mpg", "b.mpg"]
    assert set(seen(data)) == {"toy/s1.npz", "toy/s1.npz.sha256"}
    assert store.problems(CATALOG["toy"]) == []


def test_a_computed_file_that_changed_is_made_anew(zenodo, data):
    store.get(CATALOG["toy"])
    good = (data / "toy" / "s1.npz").read_bytes()
    (data / "toy" / "s1.npz").write_bytes(good[:-1])
    assert store.problems(CATALOG["toy"]) == [f"{data}/toy/s1.npz is damaged"]
    store.get(CATALOG["toy"])
    assert (data / "toy" / "s1.npz").read_bytes() == good


def test_the_checksum_of_the_record_is_compared(zenodo, data):
    zenodo.files["s1.zip"] = zipped({"s1/a.mpg": b"another", "s1/b.mpg": b"b"})
    message = refusal()
    assert "what zenodo.org sent has another checksum" in message
    record = "https://doi.org/10.5281/zenodo.3625687"
    assert message.endswith(
        f"save s1.zip of {record} as {data}/toy/s1.zip and alignments.zip of {record} as "
        f"{data}/toy/alignments.zip and run this again"
    )


def test_clips_that_are_too_few_are_refused(monkeypatch, zenodo, data):
    monkeypatch.setattr(grid_clips, "CLIPS", 1000)
    assert "s1.zip holds 2 clips, 1,000 expected" in refusal()
    assert seen(data) == {}


def test_a_zip_archive_with_a_name_that_is_not_utf8_is_refused(zenodo, data):
    (data / "toy").mkdir(parents=True)
    archive = zipped({"s1/é.mpg": b"x"}).replace("é".encode(), b"\xff\xff")
    (data / "toy" / "s1.zip").write_bytes(archive)
    assert "cannot be unpacked ('utf-8' codec can't decode" in refusal()


def test_a_record_without_the_file_is_told(zenodo):
    zenodo.files["3625687"] = b'{"files": []}'
    assert "the answer of zenodo.org has no 's1.zip'" in refusal()


def test_what_makes_the_file_must_be_installed_before_anything_is_fetched(monkeypatch, zenodo):
    part = fetch.replace(CATALOG["toy"].parts[0], needs=("no_such_package",))
    enter(monkeypatch, part)
    assert 'no_such_package is not installed: pip install "mmtutor[real]"' in refusal()
    assert zenodo.asked == []
