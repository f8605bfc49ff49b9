"""Arrays that are kept."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmtutor.data.cache import cached


@pytest.fixture(autouse=True)
def made(monkeypatch, tmp_path) -> Path:
    """Where the arrays are kept, below the home of a new user."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home" / ".cache" / "mmtutor" / "made"


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


def test_arrays_are_built_once_and_come_back_the_same(made):
    assert same(cached("toy-1", arrays), arrays())
    assert same(cached("toy-1", never), arrays())
    assert [path.name for path in made.iterdir() if path.name != ".lock"] == ["toy-1.npz"]


def test_another_key_is_built_apart():
    cached("toy-1", arrays)
    assert cached("toy-2", lambda: {"x": np.ones(1)})["x"].tolist() == [1.0]


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_kept_arrays_with_one_changed_bit_are_built_again(made, place):
    cached("toy", arrays)
    file = made / "toy.npz"
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    assert same(cached("toy", arrays), arrays())
    assert file.read_bytes() == good
    content = bytearray(good)
    content[int(place * len(content))] ^= 1
    file.write_bytes(content)
    assert same(cached("toy", arrays), arrays())


def test_kept_arrays_with_a_changed_bit_in_the_directory_are_built_again(made):
    cached("toy", arrays)
    good = (made / "toy.npz").read_bytes()
    for place in range(good.index(b"PK\x01\x02"), len(good)):
        content = bytearray(good)
        content[place] ^= 32
        (made / "toy.npz").write_bytes(content)
        assert same(cached("toy", arrays), arrays()), place


def test_arrays_that_another_program_put_there_are_not_believed(made):
    made = made
    made.mkdir(parents=True)
    for stranger in ({"x": np.zeros(3)}, {"x": np.zeros(3), "sha256 of the others": np.array("")}):
        np.savez(made / "toy.npz", **stranger)
        assert same(cached("toy", arrays), arrays())


@pytest.mark.parametrize(
    "change",
    [lambda x: x.T, lambda x: x.view(np.uint8), lambda x: x + 1],
    ids=["shape", "type", "values"],
)
def test_kept_arrays_count_only_with_their_shape_type_and_values(made, change):
    cached("toy", lambda: {"x": np.zeros((2, 3), np.int8)})
    file = made / "toy.npz"
    with np.load(file) as stored:
        contents = dict(stored)
    np.savez(file, **{**contents, "x": change(contents["x"])})
    assert same(cached("toy", arrays), arrays())


def test_where_nothing_can_be_written_the_arrays_are_only_built(tmp_path, recwarn, capsys):
    (tmp_path / "home").write_text("no folder")
    assert same(cached("toy", arrays), arrays())
    assert same(cached("toy", arrays), arrays())
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list


def test_who_has_no_home_gets_the_arrays_too(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert same(cached("toy", arrays), arrays())


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(made):
    made.mkdir(parents=True)
    os.mkfifo(made / "toy.npz")
    assert same(cached("toy", arrays), arrays())


def test_what_goes_wrong_while_building_is_not_hidden():
    def broken():
        raise OSError("no sound")

    with pytest.raises(OSError, match="no sound"):
        cached("toy", broken)


def test_arrays_of_python_objects_are_refused():
    with pytest.raises(TypeError, match="array 'x' of 'toy' holds Python objects; give it numbers"):
        cached("toy", lambda: {"x": np.array([{}])})


@pytest.mark.parametrize("key", ["", "../toy", "a/b", ".toy", "tö", "toy\n"])
def test_a_key_that_is_no_plain_name_is_refused(key):
    with pytest.raises(ValueError, match="key must be letters, digits"):
        cached(key, never)
