"""CMU-MOSI: opinions from videos, as features of the words, the voice and the face."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmtutor.data import store
from mmtutor.data.catalogue import CATALOGUE
from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.real.damage import damaged

MOSI_SPLITS = ("train", "test")
MOSI_CLASSES = ("negative", "positive")
MOSI_FEATURES = {"text": 100, "audio": 73, "video": 100}


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
    details are `"video"`, the index of the video among all 93 in the order of the transcripts,
    and `"utterance"`, its number in the video, from 1. `mosi_transcripts` gives the words.

    The features of the text and the video were learned with the labels of the 62 training
    videos. So there is only the published split, and no validation part: whatever is held out
    of the training videos looks far too easy. A logistic regression is right on .98 (text) and
    .92 (video) of the utterances of training videos that it has not seen, but on .76 and .52
    of the test utterances; "positive" alone is right on .62 of these. Choose settings
    beforehand, or on other data.

    The audio features show the other leak, that of the speaker: on training utterances held
    out at random a logistic regression is right on .60, on whole videos held out by
    `details["video"]` on .49, on the test utterances on .56.

    Args:
        split: `"train"` (1,447 utterances of 62 videos) or `"test"` (752 of 31).

    Raises:
        ValueError: an unknown split.
        DataError: a damaged file, or data that cannot be fetched.

    Sources: Zadeh et al. 2016, MOSI: Multimodal Corpus of Sentiment Intensity and Subjectivity
    Analysis in Online Opinion Videos (the corpus); Poria et al. 2017, Context-Dependent
    Sentiment Analysis in User-Generated Videos (the features and the split).
    """
    check_known("split", split, MOSI_SPLITS)
    folder = store.get("mosi")
    utterances = _utterances(folder, split)
    inputs = {}
    for name, width in MOSI_FEATURES.items():
        path = folder / name / f"{name}_{split}0.csv"
        table = _table(path, width + 1)
        # The class, in the last column, is all that a row says of its utterance.
        if not np.array_equal(table[:, -1], utterances.classes):
            raise damaged(path, "its classes are not those of the transcripts")
        inputs[name] = torch.from_numpy(table[:, :-1]).float()
    return MultimodalDataset(
        inputs,
        torch.from_numpy(utterances.classes),
        details={
            "video": torch.from_numpy(utterances.videos),
            "utterance": torch.from_numpy(utterances.numbers),
        },
        classes=MOSI_CLASSES,
        about=CATALOGUE["mosi"].about,
    )


def mosi_transcripts(split: str = "train") -> list[str]:
    """Return what is said in each utterance of `mosi(split)`, in the same order.

    Raises:
        ValueError: an unknown split.
        DataError: a damaged file, or data that cannot be fetched.
    """
    check_known("split", split, MOSI_SPLITS)
    return _utterances(store.get("mosi"), split).texts


def _utterances(folder: Path, split: str) -> _Utterances:
    path = folder / "transcripts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        transcripts = list(csv.reader(file))
    texts, videos, numbers, classes = [], [], [], []
    for row, fields in enumerate(transcripts, start=1):
        try:
            identifier, text, _, sentiment = fields  # the third counts the videos in another order
            video, number = identifier.rsplit("_", 1)
            numbers.append(int(number))
            classes.append(("0", "1").index(sentiment))
        except ValueError as error:
            problem = f"row {row} is not video_number, text, video, 0 or 1"
            raise damaged(path, problem) from error
        texts.append(text)
        videos.append(video)
    order = {video: index for index, video in enumerate(dict.fromkeys(videos))}
    # The first column of this file says which row of the transcripts each row is, in the
    # files of all three modalities.
    path = folder / f"text_{split}.csv"
    rows = _table(path, 1 + MOSI_FEATURES["text"])[:, 0].astype(np.int64)
    last = len(transcripts) - 1
    for row in rows[(rows < 0) | (rows > last)][:1]:
        raise damaged(path, f"it names row {row}, but the transcripts have rows 0 to {last}")
    return _Utterances(
        texts=[texts[row] for row in rows],
        classes=np.array(classes)[rows],
        videos=np.array([order[video] for video in videos])[rows],
        numbers=np.array(numbers)[rows],
    )


def _table(path: Path, columns: int) -> np.ndarray:
    """Return a file of numbers: float64 `(rows, columns)`."""
    try:
        table = np.loadtxt(path, delimiter=",", quotechar='"', ndmin=2)
    except ValueError as error:
        problem = str(error).split(";")[0].rstrip(".")  # what follows is advice on loadtxt
        raise damaged(path, problem) from error
    if table.shape[1] != columns:
        raise damaged(path, f"it has {table.shape[1]} columns instead of {columns}")
    if not np.isfinite(table).all():
        raise damaged(path, "a number is not finite")
    return table
