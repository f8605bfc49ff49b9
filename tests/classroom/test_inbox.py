import os
import zipfile
from pathlib import Path

import pytest

from classroom import inbox
from classroom.submission import LARGEST


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return path


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def students(place: Path, assignment: str = "") -> list[tuple[str, str, str]]:
    entries, _ = inbox.collect(place, assignment)
    return [(entry.student, entry.identity, entry.platform) for entry in entries]


def test_a_flat_folder_names_its_students(tmp_path):
    tree(tmp_path, "Zoë Li.ipynb", "anna.ipynb", "notes.txt", ".ipynb_checkpoints/anna.ipynb")
    assert students(tmp_path) == [("Zoë Li", "", ""), ("anna", "", "")]


def test_a_flat_folder_inside_an_archive_names_its_students(tmp_path):
    place = archive(tmp_path / "a.zip", {"week 3/anna.ipynb": b"", "week 3/ben.ipynb": b""})
    assert [student for student, *_ in students(place)] == ["anna", "ben"]


def test_an_archive_from_canvas_has_names_and_numbers(tmp_path):
    files = {"doejane_4711_90001_two.ipynb": b"a", "roerich_LATE_4712_90002_two-1.ipynb": b"b"}
    entries, _ = inbox.collect(archive(tmp_path / "submissions.zip", files))
    assert [(e.student, e.identity, e.platform, e.notes) for e in entries] == [
        ("doejane", "4711", "canvas", ()),
        ("roerich", "4712", "canvas", ("handed in late",)),
    ]


def test_an_archive_from_moodle_has_names_and_numbers(tmp_path):
    place = archive(
        tmp_path / "a.zip", {"Jane Q. Doe_1234567_assignsubmission_file_/two.ipynb": b""}
    )
    assert students(place) == [("Jane Q. Doe", "1234567", "moodle")]


def test_archives_in_the_folder_are_read_too(tmp_path):
    archive(tmp_path / "a.zip", {"ben.ipynb": b""})
    assert [student for student, *_ in students(tree(tmp_path, "anna.ipynb"))] == ["anna", "ben"]


def test_in_the_tree_of_nbgrader_other_assignments_are_left_out(tmp_path):
    tree(tmp_path, "submitted/anna/2-blocks/a.ipynb", "submitted/anna/12-more/a.ipynb")
    tree(tmp_path, "submitted/ben/12-more/b.ipynb")
    assert students(tmp_path / "submitted", "2") == [("anna", "", "")]


def test_of_several_notebooks_the_last_counts_and_a_note_says_so(tmp_path):
    tree(tmp_path, "anna/2/first.ipynb", "anna/2/second.ipynb", "ben/2/b.ipynb")
    os.utime(tmp_path / "anna/2/first.ipynb", (2e9, 2e9))
    (anna, _), _ = inbox.collect(tmp_path)
    assert anna.data == b"anna/2/first.ipynb"
    assert anna.notes == ("2 notebooks were handed in; first.ipynb, the last one, was graded",)


def test_of_one_date_the_one_that_the_platform_numbered_is_the_last(tmp_path):
    files = {"doe_1_5_two.ipynb": b"old", "doe_1_6_two-1.ipynb": b"new"}
    (doe,), _ = inbox.collect(archive(tmp_path / "a.zip", files))
    assert doe.data == b"new"


@pytest.mark.parametrize(
    "name", ["../anna.ipynb", "/anna.ipynb", "a/../../anna.ipynb", "C:/a.ipynb"]
)
def test_a_path_that_leads_out_is_refused_and_the_others_are_read(tmp_path, name):
    place = archive(tmp_path / "a.zip", {name: b"", "ben.ipynb": b""})
    entries, refused = inbox.collect(place)
    assert [entry.student for entry in entries] == ["ben"]
    assert refused == [f"{name}: its path leads out of the archive"]


def test_links_are_refused(tmp_path):
    folder = tree(tmp_path / "in", "ben.ipynb")
    (tmp_path / "secret.ipynb").write_text("secret")
    (folder / "anna.ipynb").symlink_to(tmp_path / "secret.ipynb")
    with zipfile.ZipFile(folder / "a.zip", "w") as opened:
        link = zipfile.ZipInfo("carl.ipynb")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "../secret.ipynb")
    entries, refused = inbox.collect(folder)
    assert [entry.student for entry in entries] == ["ben"]
    assert [line.split(":")[0] for line in refused] == ["anna.ipynb", "carl.ipynb"]


def test_of_a_bomb_only_the_beginning_is_unpacked(tmp_path):
    place = archive(tmp_path / "a.zip", {"anna.ipynb": bytes(50 * 2**20)})
    assert place.stat().st_size < 100_000
    (anna,), _ = inbox.collect(place)
    assert len(anna.data) == LARGEST + 1


@pytest.mark.parametrize("make", ["nothing", "empty", "text"])
def test_a_place_without_notebooks_is_refused(tmp_path, make):
    place = tmp_path / "place"
    if make == "empty":
        place.mkdir()
    elif make == "text":
        place.write_text("text")
    with pytest.raises(inbox.InboxError, match="place"):
        inbox.collect(place)


def test_a_damaged_archive_is_refused(tmp_path):
    place = archive(tmp_path / "a.zip", {"anna.ipynb": b"some text " * 100})
    data = bytearray(place.read_bytes())
    data[45:60] = bytes(15)
    place.write_bytes(data)
    with pytest.raises(inbox.InboxError, match="a.zip cannot be read"):
        inbox.collect(place)
