"""Archives: what is unpacked, and what is refused."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from mmtutor.data.errors import DataError
from mmtutor.data.store.unpack import untar, unzip
from tests.data.file_server import tar, zipped

FILES = {
    "toy-1.0/recordings/0.wav": b"zero",
    "toy-1.0/recordings/1.wav": b"one",
    "toy-1.0/recordings/._1.wav": b"made by a system",
    "toy-1.0/recordings/notes.txt": b"notes",
    "toy-1.0/other/2.wav": b"two",
}


def unpacked(content: bytes, folder: Path, limit: int = 1000) -> dict[str, bytes]:
    """Unpack a tar archive into a folder below `folder`, and return the files there."""
    (folder / "toy.tar.gz").write_bytes(content)
    untar([folder / "toy.tar.gz"], folder / "made", members="recordings/*.wav", limit=limit)
    return {path.name: path.read_bytes() for path in (folder / "made").iterdir()}


def test_only_the_wanted_members_of_a_tar_archive_are_unpacked(tmp_path):
    assert unpacked(tar(FILES), tmp_path) == {"0.wav": b"zero", "1.wav": b"one"}


def test_only_the_wanted_members_of_a_zip_archive_are_unpacked(tmp_path):
    (tmp_path / "toy.zip").write_bytes(zipped(FILES))
    unzip(tmp_path / "toy.zip", tmp_path / "made", members="recordings/*.wav", limit=1000)
    files = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert files == {"0.wav": b"zero", "1.wav": b"one"}


def test_a_link_that_is_not_wanted_is_left_out(tmp_path):
    content = tar(FILES, link("toy-1.0/latest", tarfile.SYMTYPE, "recordings"))
    assert len(unpacked(content, tmp_path)) == 2


def link(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


OUT = "leads out of its folder"
NO_FILE = "is a link or a device, no file"
HOSTILE = {
    "a name that goes up": (tar({"toy/../../../recordings/evil.wav": b"evil"}), OUT),
    "an unwanted name that goes up": (tar({"../evil.txt": b"evil"}), OUT),
    "an absolute name": (tar({"/recordings/evil.wav": b"evil"}), OUT),
    "a name that goes up on Windows": (tar({"a/recordings/x\\..\\..\\evil.wav": b"evil"}), OUT),
    "a name with a drive": (tar({"a/recordings/C:evil.wav": b"evil"}), OUT),
    "a symbolic link": (tar({}, link("a/recordings/x.wav", tarfile.SYMTYPE, "/evil")), NO_FILE),
    "a hard link": (tar({}, link("a/recordings/x.wav", tarfile.LNKTYPE, "../evil")), NO_FILE),
    "a device": (tar({}, link("a/recordings/x.wav", tarfile.CHRTYPE)), NO_FILE),
    "a pipe": (tar({}, link("a/recordings/x.wav", tarfile.FIFOTYPE)), NO_FILE),
    "a folder": (tar({}, link("a/recordings/x.wav", tarfile.DIRTYPE)), NO_FILE),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_tar_archive_that_leads_elsewhere_is_refused(tmp_path, content, message):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match=message):
        unpacked(content, folder)
    assert [path for path in tmp_path.rglob("*") if "evil" in path.name] == []
    assert list((folder / "made").iterdir()) == []


def test_a_link_in_the_place_of_a_folder_leads_nowhere(tmp_path):
    (tmp_path / "outside").mkdir()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.addfile(link("a/recordings", tarfile.SYMTYPE, str(tmp_path / "outside")))
        member = tarfile.TarInfo("a/recordings/0.wav")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"zero"))
    assert unpacked(stream.getvalue(), tmp_path) == {"0.wav": b"zero"}
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_second_file_of_the_same_name_does_not_replace_the_first(tmp_path):
    with pytest.raises(FileExistsError):
        unpacked(tar({"a/recordings/0.wav": b"zero", "b/recordings/0.wav": b"evil"}), tmp_path)
    assert (tmp_path / "made" / "0.wav").read_bytes() == b"zero"


@pytest.mark.parametrize("name", ["../x/s1/evil.mpg", "/s1/evil.mpg", "s1/x\\..\\..\\evil.mpg"])
def test_a_zip_archive_that_leads_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "s1.zip").write_bytes(zipped({name: b"evil"}))
    with pytest.raises(DataError, match=OUT):
        unzip(tmp_path / "s1.zip", tmp_path / "made", members="s1/*.mpg", limit=1000)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_link_in_a_zip_archive_is_refused(tmp_path):
    member = zipfile.ZipInfo("s1/x.mpg")
    member.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(tmp_path / "s1.zip", "w") as archive:
        archive.writestr(member, "/evil")
    with pytest.raises(DataError, match=NO_FILE):
        unzip(tmp_path / "s1.zip", tmp_path / "made", members="s1/*.mpg", limit=1000)
    assert list((tmp_path / "made").iterdir()) == []


def test_an_archive_may_fill_the_limit_and_not_exceed_it(tmp_path):
    assert unpacked(tar(FILES), tmp_path, limit=7) == {"0.wav": b"zero", "1.wav": b"one"}
    (tmp_path / "made").rename(tmp_path / "first")
    with pytest.raises(DataError, match="toy.tar.gz holds more than the 6 bytes that it may"):
        unpacked(tar(FILES), tmp_path, limit=6)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["0.wav"]


def test_a_zip_archive_of_zeros_is_not_unpacked_beyond_the_limit(tmp_path):
    with zipfile.ZipFile(tmp_path / "s1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s1/x.mpg", bytes(10**6))
    assert (tmp_path / "s1.zip").stat().st_size < 2000
    with pytest.raises(DataError, match="s1.zip holds more than the 1,000 bytes that it may"):
        unzip(tmp_path / "s1.zip", tmp_path / "made", members="s1/*.mpg", limit=1000)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_zip_member_that_hides_its_size_is_cut_off_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "s1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s1/x.mpg", bytes(10**6))
    whole = (tmp_path / "s1.zip").read_bytes()
    lying = whole.replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "s1.zip").write_bytes(lying)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        unzip(tmp_path / "s1.zip", tmp_path / "made", members="s1/*.mpg", limit=1000)
    assert (tmp_path / "made" / "x.mpg").stat().st_size <= 10


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    content = tar({os.fsdecode(b"a/recordings/\xff.wav"): b"evil"})
    with pytest.raises(
        DataError, match=r"holds 'a/recordings/\\udcff.wav', a name that is not UTF"
    ):
        unpacked(content, tmp_path)
    assert list((tmp_path / "made").iterdir()) == []
