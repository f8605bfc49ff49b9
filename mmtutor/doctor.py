"""Check an installation, and say what to do about what is wrong."""

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

DATA_GIGABYTES = 1


class Finding(NamedTuple):
    """What a check found. The remedy is for the case that it is not well."""

    ok: bool
    text: str
    remedy: str


def examine() -> int:
    """Print what every check finds, and return 1 if something is wrong, otherwise 0."""
    findings = [_run(check) for check in _checks()]
    for finding in findings:
        print(f"{'✓' if finding.ok else '✗'} {finding.text}")
        if not finding.ok:
            print(f"  → {finding.remedy}")
    wrong = sum(not finding.ok for finding in findings)
    print(f"wrong: {wrong}; the arrows say what to do" if wrong else "all is well")
    return 1 if wrong else 0


def check_python() -> Finding:
    """Check the version of Python."""
    version = sys.version.split()[0]
    return Finding(
        _at_least(version, "3.11"),
        f"Python {version} (3.11 or later)",
        "install Python 3.11 or later and make a new environment with it",
    )


def check_package(requirement: str) -> Finding:
    """Check that a package is there, and not too old.

    Args:
        requirement: a name and the oldest version that will do, such as `torch>=2.8`.
    """
    name, oldest = requirement.split(">=")
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, f"{name} is not installed", f'pip install "{requirement}"')
    return Finding(
        _at_least(version, oldest),
        f"{name} {version} ({oldest} or later)",
        f'pip install --upgrade "{requirement}"',
    )


def check_torchvision() -> Finding:
    """Check that torchvision was built for this torch, by calling its compiled part."""
    remedy = "pip install --upgrade --force-reinstall torch torchvision"
    try:
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    except (ImportError, OSError, RuntimeError) as error:
        return Finding(False, f"torchvision does not fit torch: {error}", remedy)
    return Finding(True, "torchvision fits torch", remedy)


def check_threads() -> Finding:
    """Check that torch uses no more threads than there are cores."""
    threads, cores = torch.get_num_threads(), os.cpu_count() or 1
    return Finding(
        threads <= cores,
        f"threads of torch: {threads}, CPU cores: {cores}",
        f"more threads than cores are slower: set OMP_NUM_THREADS to {cores} or less",
    )


def check_data_folder() -> Finding:
    """Check the folder for downloaded data, which need not exist yet if it is the usual one."""
    folder = _data_folder()
    if isinstance(folder, Finding):
        return folder
    if folder.is_dir():
        ok, text = True, f"data folder: {folder}"
    elif folder.exists() or os.environ.get("MMTUTOR_DATA"):
        ok, text = False, f"MMTUTOR_DATA names {folder}, which is not a folder"
    else:
        ok, text = True, f"no data downloaded yet; they would go to {folder}"
    return Finding(ok, text, "make this folder, or unset MMTUTOR_DATA")


def check_disk() -> Finding:
    """Check that there is room for data in their folder."""
    folder = _data_folder()
    if isinstance(folder, Finding):
        return folder
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free / 1e9
    return Finding(
        free >= DATA_GIGABYTES,
        f"free disk for data: {free:.1f} GB ({DATA_GIGABYTES} or more)",
        "free some space, or set MMTUTOR_DATA to a folder on another disk",
    )


def check_digits() -> Finding:
    """Check that the scans of digits, which scikit-learn carries, can be read."""
    from mmtutor import data

    pixels, _, _ = data.scans()
    return Finding(
        len(pixels) == 1797,
        f"scans of handwritten digits: {len(pixels)} (1797)",
        "pip install --upgrade --force-reinstall scikit-learn",
    )


def check_network() -> Finding:
    """Send random numbers forward and backward through the network of the book."""
    from mmtutor.network import MultiModalNet

    model = MultiModalNet()
    outputs = model({"image": torch.rand(2, 1, 16, 16), "text": torch.randint(1, 257, (2, 24))})
    outputs.sum().backward()
    gradients = [weight.grad for weight in model.parameters()]
    return Finding(
        all(gradient is not None and gradient.isfinite().all() for gradient in gradients),
        f"one pass forward and backward: {len(gradients)} finite gradients",
        "pip install --upgrade --force-reinstall torch",
    )


def _data_folder() -> Path | Finding:
    from mmtutor.data import DataError, store

    try:
        return store.folder()
    except DataError as error:
        reason, _, remedy = str(error).partition(": ")
        return Finding(False, f"there is no folder for data: {reason}", remedy)


def _checks() -> list[Callable[[], Finding]]:
    return [
        check_python,
        *_package_checks(),
        check_torchvision,
        check_threads,
        check_data_folder,
        check_disk,
        check_digits,
        check_network,
    ]


def _package_checks() -> list[Callable[[], Finding]]:
    try:
        requirements = importlib.metadata.requires("mmtutor") or []
    except importlib.metadata.PackageNotFoundError:
        return [_not_installed]
    needed = [requirement for requirement in requirements if "extra ==" not in requirement]
    return [partial(check_package, requirement) for requirement in needed]


def _not_installed() -> Finding:
    return Finding(
        False,
        f"mmtutor is not installed, only found in {Path(__file__).parent}",
        "pip install it, or run make setup in the folder of the book",
    )


def _run(check: Callable[[], Finding]) -> Finding:
    """Run a check. An error that it does not foresee is a finding too."""
    try:
        return check()
    except Exception as error:
        return Finding(
            False,
            f"a check stopped with {type(error).__name__}: {error}",
            "make a new environment; if this line comes again, please report it",
        )


def _at_least(version: str, oldest: str) -> bool:
    def numbers(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)]

    # 3.11 and 3.11.0 are the same version, but as lists of numbers the longer one is greater.
    return numbers(version) >= numbers(re.sub(r"(\.0)+$", "", oldest))
