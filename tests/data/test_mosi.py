"""CMU-MOSI: the joining of features and transcripts, the splits, and damaged files."""

import csv

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.data import store
from mmtutor.data.real.mosi import MOSI, MOSI_CLASSES, mosi, mosi_transcripts
from tests.data.real_data import needs

FEATURES = {"text": 100, "audio": 73, "video": 100}

# Two of the three videos have a "_" in their name. The third column is of no use.
TRANSCRIPTS = [
    ["a_b_1", "I LIKED IT", "7", "1"],
    ["a_b_10", "SAD, REALLY", "7", "0"],
    ["a_b_2", "GREAT", "7", "1"],
    ["c_3", "BORING", "2", "0"],
    ["_d_4", "AWFUL", "9", "0"],
]
ROWS = {"train": [2, 0, 1], "test": [4, 3]}  # of TRANSCRIPTS, in the order of the features


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)


def features(rows, name):
    """The row of the transcripts, plus a hundredth for each column; then the class."""
    columns = range(FEATURES[name])
    return [[row + column / 100 for column in columns] + [TRANSCRIPTS[row][3]] for row in rows]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with five utterances, laid out as the real one."""
    monkeypatch.setattr(store, "get", lambda entry: tmp_path / entry.folder)
    made = tmp_path / "mosi"
    write(made / "transcripts.csv", TRANSCRIPTS)
    for split, rows in ROWS.items():
        write(made / f"text_{split}.csv", [[row] + [0.5] * 100 for row in rows])
        for name in FEATURES:
            write(made / name / f"{name}_{split}0.csv", features(rows, name))
    return made


def test_an_utterance_has_features_of_three_kinds_a_class_and_words(folder):
    data = mosi("train")
    assert {name: (x.dtype, x.shape) for name, x in data.inputs.items()} == {
        "text": (torch.float32, (3, 100)),
        "audio": (torch.float32, (3, 73)),
        "video": (torch.float32, (3, 100)),
    }
    for x in data.inputs.values():
        assert x[:, 0].tolist() == ROWS["train"]
        assert x[:, -1].tolist() == pytest.approx(
            [row + x.shape[1] / 100 - 0.01 for row in (2, 0, 1)]
        )
    assert [data.classes[i] for i in data.targets.tolist()] == ["positive", "positive", "negative"]
    assert mosi_transcripts("train") == ["GREAT", "I LIKED IT", "SAD, REALLY"]
    assert mosi_transcripts("test") == ["AWFUL", "BORING"]


def test_the_details_say_which_utterance_of_which_video_it_is(folder):
    assert mosi("train").metadata["utterance"].tolist() == [2, 1, 10]
    assert mosi("train").metadata["video"].tolist() == [0, 0, 0]
    assert mosi("test").metadata["utterance"].tolist() == [4, 3]
    assert mosi("test").metadata["video"].tolist() == [2, 1]


@pytest.mark.parametrize("load", [mosi, mosi_transcripts])
def test_there_is_no_validation_split(load):
    with pytest.raises(ValueError, match="unknown split 'validation'; choose from train, test"):
        load("validation")


def arrays(split):
    data = mosi(split)
    return {name: x.numpy() for name, x in data.inputs.items()}, data.targets.numpy()


@needs("mosi")
def test_the_split_is_1447_and_752_utterances_of_62_and_31_videos():
    train, test = mosi("train"), mosi("test")
    assert (len(train), len(test)) == (1447, 752)
    videos = [set(data.metadata["video"].tolist()) for data in (train, test)]
    assert [len(each) for each in videos] == [62, 31]
    assert set.union(*videos) == set(range(93))
    utterances = {
        pair
        for data in (train, test)
        for pair in zip(*(data.metadata[n].tolist() for n in ("video", "utterance")), strict=True)
    }
    assert len(utterances) == 2199
    assert [data.targets.bincount().tolist() for data in (train, test)] == [[738, 709], [285, 467]]


@needs("mosi")
def test_positive_utterances_praise_and_negative_ones_blame():
    texts = mosi_transcripts("train") + mosi_transcripts("test")
    targets = torch.cat([mosi("train").targets, mosi("test").targets])
    for words, usual in (
        ({"LOVED", "AWESOME", "AMAZING", "EXCELLENT"}, "positive"),
        ({"BORING", "AWFUL", "TERRIBLE", "WORST"}, "negative"),
    ):
        chosen = [i for i, text in enumerate(texts) if words & set(text.split())]
        assert len(chosen) > 30
        assert (targets[chosen] == MOSI_CLASSES.index(usual)).float().mean() > 0.85


@needs("mosi")
def test_the_joining_table_holds_the_same_text_features():
    for split in ("train", "test"):
        table = np.loadtxt(store.get(MOSI) / f"text_{split}.csv", delimiter=",", quotechar='"')
        assert np.allclose(table[:, 1:], mosi(split).inputs["text"], atol=1e-6)


@needs("mosi")
@pytest.mark.parametrize("name", ["audio", "video"])
def test_the_features_of_one_video_are_alike_as_they_are_of_one_speaker(name):
    data = mosi("train")
    x = data.inputs[name][:, data.inputs[name].std(dim=0) > 0]
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))

    def explained(videos):
        """The share of the variance that lies between videos."""
        means = torch.stack([x[videos == video].mean(dim=0) for video in videos.unique()])
        counts = videos.unique(return_counts=True)[1]
        return ((counts[:, None] * means**2).sum(dim=0) / len(x)).mean()

    assert explained(data.metadata["video"]) > 0.2 > 0.05 > explained(data.metadata["video"][order])


@needs("mosi")
def test_32_video_features_are_never_anything_but_0():
    dead = [(mosi(split).inputs["video"] == 0).all(dim=0) for split in ("train", "test")]
    assert torch.equal(*dead)
    assert dead[0].sum() == 32
    dead = [(mosi(split).inputs["audio"] == 0).all(dim=0).sum() for split in ("train", "test")]
    assert dead == [0, 4]


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))


@needs("mosi")
@pytest.mark.parametrize(
    ("name", "held_out", "tested"), [("text", 0.98, 0.76), ("video", 0.92, 0.52)]
)
def test_held_out_training_videos_promise_too_much(name, held_out, tested):
    (inputs, targets), (others, expected) = arrays("train"), arrays("test")
    videos = mosi("train").metadata["video"].numpy()
    scores = cross_val_score(linear(), inputs[name], targets, cv=GroupKFold(10), groups=videos)
    assert scores.mean() == pytest.approx(held_out, abs=0.02)
    model = linear().fit(inputs[name], targets)
    assert model.score(others[name], expected) == pytest.approx(tested, abs=0.02)


@needs("mosi")
def test_the_voice_tells_who_speaks_rather_than_whether_they_praise():
    inputs, targets = arrays("train")
    videos = mosi("train").metadata["video"].numpy()
    at_random = KFold(10, shuffle=True, random_state=0)
    random = cross_val_score(linear(), inputs["audio"], targets, cv=at_random).mean()
    whole = cross_val_score(
        linear(), inputs["audio"], targets, cv=GroupKFold(10), groups=videos
    ).mean()
    assert random == pytest.approx(0.60, abs=0.02)
    assert whole == pytest.approx(0.49, abs=0.02)
