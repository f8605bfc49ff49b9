"""What only the teacher has: the labels of the test examples, and which half is public."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class ChallengeError(Exception):
    """A file or an argument of the challenge is not as it should be; the message says what."""


@dataclass(frozen=True)
class Answers:
    """The teacher's file, one entry for each test example.

    Attributes:
        ids: int64, as in `test.npz`.
        labels: int64, from 0.
        missing: int64, the index of the modality that the example lacks, or −1.
        public: bool, whether it counts in the public half.
        modalities: the names of the modalities, which are those of the classes too.
        seed: what the challenge was drawn with.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    missing: NDArray[np.int64]
    public: NDArray[np.bool_]
    modalities: tuple[str, ...]
    seed: str

    def save(self, path: Path) -> None:
        """Write the file."""
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Read the file.

        Raises:
            ChallengeError: it is not there, or it is none that `save` wrote.
        """
        try:
            with np.load(path) as file:
                parts = {name: file[name] for name in cls.__dataclass_fields__}
        except FileNotFoundError as error:
            raise ChallengeError(
                f"{path} is not there: make the challenge first, or say with --answers where its "
                "teacher/answers.npz is"
            ) from error
        except Exception as error:  # NumPy has no error of its own for a damaged file
            raise ChallengeError(
                f"{path} is no answers.npz that this program wrote ({error})"
            ) from error
        names, seed = parts.pop("modalities"), parts.pop("seed")
        return cls(**parts, modalities=tuple(map(str, names)), seed=str(seed))
