"""CMU-MOSI: opinions from videos, as features of the words, the voice and the face."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmtutor.data import store
from mmtutor.data.about import About
from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset

_REVISION = "declare-lab/multimodal-deep-learning/111b401d867c14a1dcd930fd2b2ab58a5eca3f70"
_FILES = """
e7689e6d70720addd2a6b316419d245a68839c32b014ff426c406063ee777466  transcripts.csv
73770b6302ad0f7a51f4eddcae6788efde4d0b6802e09f78249d5b538d1c1d67  text_train.csv
f3b735070bf07ceff7a6ef6c8f4c32757e988de484e35bd6d38b2aecef851a59  text_test.csv
cc327045db6cc361a08b4037b97bb24de4ddb5efb381468c4835cc4a60674668  text/text_train0.csv
a343e22272919d1384c2075dbcdd5fef5aa9f9366b0552a83f7c3147b64b047a  text/text_test0.csv
5435398a54664e7b00304587dc59ae84a438852be033c2a2fba779588624a2a1  audio/audio_train0.csv
ddd17eeefd3d951d51d4e2ef8a0d132652d8161e1886f71eb7262b7a14bffff6  audio/audio_test0.csv
b6efc0413132d627efd06f67f1706830e775e90af9a75696f535c48dbc73f12f  video/video_train0.csv
cab836253d81100f59d533fa2ff65cd53c486be3ec9fd82203c5e25a7a77265f  video/video_test0.csv
"""

MOSI = store.Entry(
    "mosi",
    About(
        title="CMU-MOSI, features",
        license="MIT (the repository)",
        source="https://github.com/declare-lab/multimodal-deep-learning",
        citation="Zadeh, Zellers, Pincus and Morency 2016, MOSI: Multimodal Corpus of Sentiment "
        "Intensity and Subjectivity Analysis in Online Opinion Videos, arXiv:1606.06259",
    ),
    store.github_files(_FILES, _REVISION, "bc-LSTM/data/"),
    folder="mosi",
    size=10_980_758,
)

MOSI_SPLITS = ("train", "test")
MOSI_CLASSES = ("negative", "positive")
MODALITIES = ("text", "audio", "video")


class _Utterances(NamedTuple):
    """The utterances of a split, in the order of its feature files."""

    texts: list[str]
    classes: np.ndarray
    videos: np.ndarray
    numbers: np.ndarray


def mosi(split: str = "train") -> MultimodalDataset:
    """Return utterances of people who review films, and whether they speak well of them.

    The modalities are `"text"`, float32 `(utterances, 100)`, `"audio"` `(utterances, 73)` and
    `"video"` `(utterances, 100)`: one vector of features for each utterance, as published.
    They are raw: standardize them with the means and deviations of the training part. 32 of
    the video features are 0 in every utterance, and 4 of the audio features are in every
    test utterance; no value is missing. The targets are 0 (negative) and 1 (positive). The
    metadata are `"video"`, the index of the video among all 93 in the order of the transcripts,
    and `"utterance"`, its number in the video, from 1. `mosi_transcripts` gives the words.

    The features of the text and the video were learned with the labels of the 62 training
    videos. So there is only the published split, and no validation part: whatever is held out
    of the training videos looks far too easy. A logistic regression is right on .98 (text) and
    .92 (video) of the utterances of training videos that it has not seen, but on .76 and .52
    of the test utterances; "positive" alone is right on .62 of these. Choose settings
    beforehand, or on other data.

    The audio features show who speaks: held out at random, a logistic regression is right on
    .60 of the training utterances, but on .49 if whole videos are, by `metadata["video"]`.

    Args:
        split: `"train"` (1,447 utterances of 62 videos) or `"test"` (752 of 31).

    Raises:
        ValueError: an unknown split.
        DataError: the data cannot be had.

    Source of the features and the split: Poria et al. 2017, Context-Dependent Sentiment
    Analysis in User-Generated Videos.
    """
    check_known("split", split, MOSI_SPLITS)
    folder = store.get(MOSI)
    utterances = _utterances(folder, split)
    # The last column is the class.
    tables = {name: _table(folder / name / f"{name}_{split}0.csv") for name in MODALITIES}
    return MultimodalDataset(
        {name: torch.from_numpy(table[:, :-1]).float() for name, table in tables.items()},
        torch.from_numpy(utterances.classes),
        metadata={
            "video": torch.from_numpy(utterances.videos),
            "utterance": torch.from_numpy(utterances.numbers),
        },
        classes=MOSI_CLASSES,
        about=MOSI.about,
    )


def mosi_transcripts(split: str = "train") -> list[str]:
    """Return what is said in each utterance of `mosi(split)`, in the same order.

    Raises:
        ValueError: an unknown split.
        DataError: the data cannot be had.
    """
    check_known("split", split, MOSI_SPLITS)
    return _utterances(store.get(MOSI), split).texts


def _utterances(folder: Path, split: str) -> _Utterances:
    with (folder / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        # The third column counts the videos in another order.
        names, texts, _, classes = zip(*csv.reader(file), strict=True)
    videos, numbers = zip(*(name.rsplit("_", 1) for name in names), strict=True)
    order = {video: index for index, video in enumerate(dict.fromkeys(videos))}
    # The first column of this file says which row of the transcripts each row is, in the
    # files of all three modalities.
    rows = _table(folder / f"text_{split}.csv")[:, 0].astype(np.int64)
    return _Utterances(
        texts=[texts[row] for row in rows],
        classes=np.array(classes, np.int64)[rows],
        videos=np.array([order[video] for video in videos])[rows],
        numbers=np.array(numbers, np.int64)[rows],
    )


def _table(path: Path) -> np.ndarray:
    """Return a file of numbers: float64 `(rows, columns)`."""
    return np.loadtxt(path, delimiter=",", quotechar='"', ndmin=2)
