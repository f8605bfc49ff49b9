"""How a checkpoint is written: whole or not at all, where it belongs."""

import os
import resource

import numpy as np
import pytest

from tests.training.test_checkpoint import run


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path) -> None:
    path = tmp_path / "net.pt"
    run(path, epochs=1)
    before = path.read_bytes()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, most))  # of a file
    try:
        with pytest.raises(OSError, match="net.pt cannot be written; the one before stays"):
            run(path, epochs=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["net.pt"]


def test_a_link_to_a_checkpoint_stays_a_link(tmp_path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "net.pt"
    link.symlink_to(tmp_path / "disk" / "run.pt")
    run(link, epochs=1)
    _, history = run(link, epochs=2)
    assert link.is_symlink() and len(history) == 2
    assert os.listdir(tmp_path / "disk") == ["run.pt"]


def test_a_failed_write_leaves_the_checkpoint_before(tmp_path, monkeypatch) -> None:
    path = tmp_path / "net.pt"
    run(path, epochs=1)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        run(path, epochs=2)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.pt"]


def test_settings_that_are_numpy_numbers_are_written_as_plain_ones(tmp_path) -> None:
    for epochs in (1, 2):
        _, history = run(tmp_path / "net.pt", epochs=epochs, lr=np.float64(0.05))
    assert len(history) == 2
