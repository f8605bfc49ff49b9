import importlib.metadata
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from mmtutor import __main__, doctor, network

ROOT = Path(__file__).resolve().parents[2]


def lines(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_healthy_installation_gets_a_tick_on_every_line_and_exit_code_0(capsys):
    assert __main__.main(["doctor"]) == 0
    *findings, last = lines(capsys)
    assert all(finding.startswith("✓ ") for finding in findings)
    assert last == "all is well"


def test_every_dependency_is_looked_at(capsys):
    doctor.examine()
    seen = "\n".join(lines(capsys))
    names = "torch torchvision numpy matplotlib scikit-learn pillow ipython tqdm".split()
    for name in names:
        assert f"✓ {name} {importlib.metadata.version(name)} (" in seen


def test_the_module_can_be_run(tmp_path):
    command = [sys.executable, "-m", "mmtutor", "doctor"]
    environment = {**os.environ, "MMTUTOR_DATA": str(tmp_path / "nowhere")}
    run = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    assert run.returncode == 1
    assert f"✗ MMTUTOR_DATA names {tmp_path / 'nowhere'}" in run.stdout
    assert "  → make this folder, or unset MMTUTOR_DATA" in run.stdout
    assert run.stdout.endswith("wrong: 1; the arrows say what to do\n")
    assert run.stderr == ""


def test_without_a_command_the_help_is_shown(capsys):
    assert __main__.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "check the installation" in err
    assert err.endswith("\nwhich command? for example: python -m mmtutor doctor\n")


def test_the_version_is_that_of_the_project(capsys):
    with pytest.raises(SystemExit) as stop:
        __main__.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"mmtutor {importlib.metadata.version('mmtutor')}\n"


def test_a_copied_folder_that_is_not_installed_is_named(monkeypatch, capsys):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert doctor.examine() == 1
    printed = lines(capsys)
    (place,) = [i for i, line in enumerate(printed) if line.startswith("✗ ")]
    assert printed[place].startswith("✗ mmtutor is not installed, only found in ")
    assert printed[place + 1] == "  → pip install it, or run make setup in the folder of the book"


@pytest.mark.parametrize(
    ("installed", "oldest", "ok"),
    [
        ("2.6.0", "2.6", True),
        ("2.15.0+cpu", "2.6", True),
        ("2.5.1", "2.6", False),
        ("1.10.0", "2.0", False),
        ("3.0.0rc1", "2.9", True),
        ("3.11", "3.11.0", True),
        ("3.1", "3.10", False),
    ],
)
def test_versions_are_compared_as_numbers(monkeypatch, installed, oldest, ok):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    finding = doctor.check_package(f"torch>={oldest}")
    assert finding.ok is ok
    assert finding.text == f"torch {installed} ({oldest} or later)"
    assert finding.remedy == f'pip install --upgrade "torch>={oldest}"'


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    finding = doctor.check_package("no-such-package-here>=1.0")
    assert finding == (
        False,
        "no-such-package-here is not installed",
        'pip install "no-such-package-here>=1.0"',
    )


def test_an_old_python_is_found(monkeypatch):
    monkeypatch.setattr(sys, "version", "3.10.4 (main, Mar 2022)")
    assert doctor.check_python()[:2] == (False, "Python 3.10.4 (3.11 or later)")


def test_a_torchvision_that_does_not_fit_torch_is_found(monkeypatch):
    # What importing a torchvision that was built for another torch raises.
    message = "operator torchvision::nms does not exist"

    def find_spec(name, path, target=None):
        if name.startswith("torchvision"):
            raise RuntimeError(message)

    finder = namedtuple("Finder", "find_spec")(find_spec)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    finding = doctor.check_torchvision()
    assert finding[:2] == (False, f"torchvision does not fit torch: {message}")


def test_more_threads_than_cores_are_found(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    finding = doctor.check_threads()
    assert finding[:2] == (False, "threads of torch: 8, CPU cores: 2")
    assert "OMP_NUM_THREADS to 2" in finding.remedy


def test_the_data_folder_is_the_one_in_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert doctor.check_data_folder()[:2] == (True, f"data folder: {tmp_path}")


def test_the_data_folder_may_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MMTUTOR_DATA", "~")
    assert doctor.check_data_folder()[:2] == (True, f"data folder: {tmp_path}")


def homeless() -> None:
    raise RuntimeError("Could not determine home directory.")


def test_who_has_no_home_is_told_to_name_a_data_folder(monkeypatch):
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("MMTUTOR_DATA", raising=False)
    for check in (doctor.check_data_folder, doctor.check_disk):
        ok, text, remedy = check()
        assert not ok
        assert text == "there is no folder for data: this user has no home folder"
        assert remedy.startswith("set MMTUTOR_DATA to a folder")


def test_an_empty_variable_stands_for_the_usual_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MMTUTOR_DATA", "")
    finding = doctor.check_data_folder()
    assert finding.ok
    assert finding.text.endswith(f"they would go to {tmp_path / '.cache' / 'mmtutor'}")


def test_the_usual_data_folder_need_not_exist(monkeypatch, tmp_path):
    monkeypatch.delenv("MMTUTOR_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    finding = doctor.check_data_folder()
    assert finding.ok
    assert finding.text.endswith(f"they would go to {tmp_path / '.cache' / 'mmtutor'}")


def test_a_file_in_the_place_of_the_data_folder_is_found(monkeypatch, tmp_path):
    (tmp_path / "data").touch()
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "data"))
    assert not doctor.check_data_folder().ok


def test_little_disk_is_found_where_the_data_would_go(monkeypatch, tmp_path):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "not" / "yet"))
    free = {tmp_path: 0.4e9}
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(free[folder]))
    assert doctor.check_disk()[:2] == (False, "free disk for data: 0.4 GB (1 or more)")


def test_a_network_that_gives_no_numbers_is_found(monkeypatch):
    class Broken(network.MultiModalNet):
        def forward(self, inputs, present=None):
            return super().forward(inputs, present) * float("nan")

    monkeypatch.setattr(network, "MultiModalNet", Broken)
    assert not doctor.check_network().ok


def test_an_unforeseen_error_is_a_finding_and_the_other_checks_go_on(monkeypatch, capsys):
    def broken():
        raise OSError("disk on fire")

    monkeypatch.setattr(doctor, "check_digits", broken)
    assert doctor.examine() == 1
    seen = lines(capsys)
    assert "✗ a check stopped with OSError: disk on fire" in seen
    assert any(line.startswith("✓ one pass forward and backward") for line in seen)
