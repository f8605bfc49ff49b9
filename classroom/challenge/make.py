"""Draw the challenge of a class: a folder to hand out, and the answers for the teacher."""

import argparse
import hashlib
import json
import secrets
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classroom.challenge.answers import Answers, ChallengeError
from classroom.challenge.task import MODALITIES, draw_digits, odd_one_out, render

TRAIN, TEST = 12_000, 4000  # examples
LACKING = 0.3  # share of the test examples that lack one modality
EASY_TO_GUESS = 12  # characters

Arrays = dict[str, NDArray[Any]]


def draw(seed: str, train: int = TRAIN, test: int = TEST) -> tuple[Arrays, Arrays, Answers]:
    """Draw a challenge: what `train.npz` and `test.npz` hold, and the answers.

    Args:
        seed: any text; with the same text, the challenge is the same.
        train: number of training examples.
        test: number of test examples.
    """
    digits = draw_digits(train, _stream(seed, "train digits"))
    training = render(digits, "train", _stream(seed, "train rendering"))
    training |= {"label": odd_one_out(digits)}
    digits = draw_digits(test, _stream(seed, "test digits"))
    testing = render(digits, "test", _stream(seed, "test rendering"))
    rng = _stream(seed, "test order")
    missing = np.full(test, -1)
    missing[: round(LACKING * test)] = np.arange(round(LACKING * test)) % len(MODALITIES)
    missing = rng.permutation(missing)
    present = missing[:, None] != np.arange(len(MODALITIES))
    for name, there in zip(MODALITIES, present.T, strict=True):
        testing[name][~there] = 0
    # Six figures in no order, so that an id says nothing about an example.
    ids = 100_000 + rng.permutation(900_000)[:test]
    testing = {"id": ids} | testing | {"present": present}
    labels = odd_one_out(digits)
    public = _halves(labels, missing, rng)
    return training, testing, Answers(ids, labels, missing, public, MODALITIES, seed)


def _stream(seed: str, purpose: str) -> np.random.Generator:
    """Return a generator of 256 bits: what one file shows leads to no other."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def _halves(
    labels: NDArray[np.int64], missing: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which examples are public: half of those of each label and missing modality."""
    shuffled = rng.permutation(len(labels))
    alike = shuffled[np.lexsort((missing[shuffled], labels[shuffled]))]
    public = np.zeros(len(labels), dtype=bool)
    public[alike[::2]] = True
    return public


def write(seed: str, output: Path, train: int = TRAIN, test: int = TEST) -> None:
    """Draw a challenge and write `output/hand-out` and `output/teacher`; others as in `draw`."""
    training, testing, answers = draw(seed, train, test)
    students, teacher = output / "hand-out", output / "teacher"
    for folder in (students, teacher):
        folder.mkdir(parents=True, exist_ok=True)
    _save(students / "train.npz", training)
    _save(students / "test.npz", testing)
    here = files("classroom.challenge")
    (students / "README.md").write_text((here / "README.md").read_text("utf-8"), "utf-8")
    (students / "starter.ipynb").write_text(starter(), "utf-8")
    answers.save(teacher / "answers.npz")


def _save(path: Path, arrays: Arrays) -> None:
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def starter() -> str:
    """Return the starter notebook, with the source of `submit` in the cell that awaits it."""
    here = files("classroom.challenge")
    notebook = json.loads((here / "starter.ipynb").read_text("utf-8"))
    submit = (here / "submit.py").read_text("utf-8").rstrip()
    for cell in notebook["cells"]:
        if cell["source"] == ["from submit import submit"]:
            cell["source"] = submit.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--seed", default="", help="any text that you keep; by default a new one")
    parser.add_argument("--output", type=Path, required=True, help="the folder to write to")


def main(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    kept = options.output / "teacher" / "answers.npz"
    if kept.exists() and Answers.load(kept).seed != options.seed:
        raise ChallengeError(
            f"{kept} has the answers of another seed, perhaps of a challenge that is under way: "
            "choose another --output, or delete that file"
        )
    seed = options.seed or secrets.token_hex(16)
    if len(seed) < EASY_TO_GUESS:
        print(
            f"The seed {seed!r} can be guessed: whoever has this program can draw the challenges "
            f"of all short seeds and compare. For a class take {EASY_TO_GUESS} characters or more, "
            "or leave the seed out and one is drawn.",
            file=sys.stderr,
        )
    write(seed, options.output)
    print(f"Hand out all of {options.output / 'hand-out'}.")
    print(f"Keep {options.output / 'teacher'}: it holds the answers and the seed, {seed!r}.")
    return 0
