"""GRID: on arrays and clips that the tests make, and on the real ones where they are."""

import sys
from itertools import product

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from mmtutor.data import decode_text, store
from mmtutor.data.errors import DataError
from mmtutor.data.real.grid import grid, sentence
from mmtutor.data.real.grid_clips import digit_and_middle, make
from mmtutor.data.real.spectrogram import log_spectrogram
from tests.data.real_data import needs

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def arrays():
    """1,000 clips whose pixels tell their row, and whose sounds lie below 1 kHz."""
    names = sorted(
        map("".join, product("blps", "g", "w", "abcdefghijklmnopqrstuvxyz", "z123456789", "n"))
    )
    rows = np.arange(1000)
    video = np.zeros((1000, 12, 28, 64), np.uint8)
    video[:, 0, 0, 0], video[:, 0, 0, 1] = rows // 256, rows % 256
    times = np.arange(5120) / 8000
    random = np.random.default_rng(0)
    pitches = random.uniform(200, 800, (1000, 1))
    steps = np.repeat(random.uniform(0.1, 1, (1000, 20)), 256, axis=1)
    audio = random.uniform(1000, 20_000, (1000, 1)) * steps * np.sin(2 * np.pi * pitches * times)
    return {
        "video": video,
        "audio": audio.astype(np.int16),
        "label": np.array(["z123456789".index(name[4]) for name in names]),
        "ids": np.array(names),
    }


@pytest.fixture
def file(tmp_path, arrays, monkeypatch):
    """The file of those arrays."""
    np.savez(tmp_path / "s1_digits.npz", **arrays)
    monkeypatch.setattr(store, "get", lambda entry: tmp_path)
    return tmp_path / "s1_digits.npz"


def test_an_example_is_a_video_and_a_sound(file):
    data = grid("train")
    shapes = {name: (x.dtype, tuple(x.shape)) for name, x in data.inputs.items()}
    assert shapes == {
        "video": (torch.float32, (600, 1, 12, 28, 64)),
        "audio": (torch.float32, (600, 5120)),
    }
    assert (data.targets.dtype, data.targets.shape) == (torch.int64, (600,))
    assert data.classes == tuple("0123456789")
    assert data.about.license == "CC BY 4.0"


def test_every_clip_is_in_one_split_and_each_digit_is_split_alike(file):
    rows = torch.cat([grid(split).metadata["clip"] for split in SPLITS])
    assert sorted(rows.tolist()) == list(range(1000))
    counts = {split: grid(split).targets.bincount().tolist() for split in SPLITS}
    assert counts == {"train": [60] * 10, "validation": [10] * 10, "test": [30] * 10}


def test_the_split_is_the_same_for_every_seed_and_not_a_run_of_rows(file):
    first, other = (grid("test", seed=seed, snr_db=0.0).metadata["clip"] for seed in (0, 1))
    assert torch.equal(first, other)
    assert (first < 500).sum() > 100


def test_the_parts_of_an_example_are_of_one_clip(file, arrays):
    data = grid("validation", target="clean")
    rows = data.metadata["clip"]
    corner = (data.inputs["video"][:, 0, 0, 0, :2] * 255).round().long()
    assert torch.equal(256 * corner[:, 0] + corner[:, 1], rows)
    sound = torch.from_numpy(arrays["audio"][rows]).float()
    gain = (sound * data.inputs["audio"]).sum(1) / sound.square().sum(1)
    assert torch.allclose(data.inputs["audio"], gain[:, None] * sound, atol=1e-5)
    names = arrays["ids"][rows].tolist()
    assert decode_text(data.inputs["text"]) == [sentence(name) for name in names]
    assert torch.equal(grid("validation").targets, torch.from_numpy(arrays["label"])[rows])


def test_the_name_of_a_clip_spells_its_sentence():
    assert sentence("bbaf2n") == "bin blue at f two now"
    assert sentence("swwxzp") == "set white with x zero please"
    assert len(sentence("pgwx7p")) == 31


def test_the_digit_is_not_given_away_to_whoever_must_find_it(file):
    assert grid("test").modalities == ("video", "audio")
    assert grid("test", target="clean").modalities == ("video", "audio", "text")
    assert "sentence" in grid("test").metadata


@pytest.mark.parametrize("snr_db", [None, 10.0, -10.0])
@pytest.mark.parametrize("noise", ["white", "speech"])
def test_every_sound_is_at_one_level(file, snr_db, noise):
    sounds = grid("validation", snr_db=snr_db, noise=noise).inputs["audio"]
    assert sounds.square().mean().sqrt().item() == pytest.approx(0.05, abs=0.001)
    assert sounds.abs().max() < 1


@pytest.mark.parametrize("snr_db", [6.0, -6.0])
@pytest.mark.parametrize("noise", ["white", "speech"])
def test_the_noise_is_as_strong_as_snr_db_says(file, snr_db, noise):
    clean, noisy = (
        grid("validation", snr_db=d, noise=noise).inputs["audio"] for d in (None, snr_db)
    )
    ratio = 10 ** (snr_db / 10)  # of the powers
    rest = noisy - (ratio / (1 + ratio)) ** 0.5 * clean
    assert torch.allclose(rest.square().mean(dim=1), torch.tensor(0.05**2 / (1 + ratio)))


def test_speech_noise_lies_where_the_sounds_lie(file):
    def low(noise):  # share of the power below 1 kHz
        sounds = grid("validation", snr_db=-40.0, noise=noise).inputs["audio"]
        power = torch.fft.rfft(sounds).abs().square()
        return (power[:, :640].sum() / power.sum()).item()

    assert low("white") == pytest.approx(0.25, abs=0.01)
    assert low("speech") > 0.99


def test_the_same_seed_gives_the_same_noise_and_another_seed_does_not(file):
    first, again, other = (grid("test", snr_db=0.0, seed=s).inputs["audio"] for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    noise = first - grid("test").inputs["audio"] / 2**0.5
    assert len(noise.unique(dim=0)) == 300


def test_the_clean_target_is_the_spectrogram_standardized_by_the_training_clips(file):
    train, test = (grid(split, target="clean", snr_db=-10.0) for split in ("train", "test"))
    sounds = {split: log_spectrogram(grid(split).inputs["audio"]) for split in ("train", "test")}
    scaler = StandardScaler().fit(sounds["train"].flatten(1).double())
    for split, data in (("train", train), ("test", test)):
        expected = scaler.transform(sounds[split].flatten(1).double())
        assert data.targets.shape == (len(data), 32, 20)
        assert np.allclose(data.targets.flatten(1), expected, atol=1e-3)
    assert train.targets.square().mean().item() == pytest.approx(1, abs=1e-4)
    assert test.classes == ()


def test_a_sine_of_full_scale_stands_in_its_band():
    times = torch.arange(5120) / 8000
    spectrogram = log_spectrogram(torch.sin(2 * torch.pi * 1000 * times)[None])[0]
    assert spectrogram.shape == (32, 20)
    # 1000 Hz is the last of the 8 frequencies of band 7 (890 to 1000 Hz). Hann's window gives
    # half the magnitude to its neighbors: powers of 1 + 1/4 in this band and 1/4 in the next.
    assert spectrogram[7, 1:-1].tolist() == pytest.approx([10 * np.log10(1.25 / 8)] * 18, abs=0.01)
    assert spectrogram[8, 1:-1].tolist() == pytest.approx([10 * np.log10(0.25 / 8)] * 18, abs=0.01)
    assert spectrogram[10:, 1:-1].max() < -55


def test_silence_is_60_decibels_down_and_a_click_stands_in_its_frames():
    sound = torch.zeros(1, 2600)
    sound[0, 5 * 256 + 128] = 1  # the middle of frame 5
    spectrogram = log_spectrogram(sound)[0]
    assert spectrogram.shape == (32, 10)
    loudest = spectrogram.mean(dim=0).argmax()
    assert loudest == 5
    assert spectrogram[:, [0, 1, 2, 3, 7, 8, 9]].unique().tolist() == pytest.approx([-60.0])


@pytest.mark.parametrize("shape", [(5120,), (3, 255)])
def test_what_is_no_batch_of_sounds_has_no_spectrogram(shape):
    with pytest.raises(ValueError, match=r"sounds must have the shape \(sounds, samples\)"):
        log_spectrogram(torch.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "split 'dev'; choose from train, validation, test"),
        ({"target": "letter"}, "unknown target 'letter'; choose from digit, clean"),
        ({"noise": "pink"}, "unknown noise 'pink'; choose from white, speech"),
        ({"snr_db": float("inf")}, "snr_db must be finite, or None for no noise; got inf"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        grid(**arguments)


@pytest.mark.parametrize("name", ["", "bbaf2", "bbaf2nn", "bbaw2n", "xbaf2n"])
def test_what_is_no_name_of_a_clip_has_no_sentence(name):
    with pytest.raises(ValueError, match=f'a name like "bbaf2n", got {name!r}'):
        sentence(name)


def write_clip(folder, name, frames=75, samples=3 * 44_100, words="0 24000 sil\n24000 26000 two"):
    """A clip whose frame k has the gray 20 + 3k in the corner of the mouth, and less below;
    a tone sounds from second 1 on."""
    av = pytest.importorskip("av", reason='clips need PyAV: pip install "mmtutor[real]"')
    (folder / "s1").mkdir(exist_ok=True)
    (folder / "align").mkdir(exist_ok=True)
    (folder / "align" / f"{name}.align").write_text(words + "\n74000 74500 sil\n")
    with av.open(str(folder / "s1" / f"{name}.mpg"), "w", format="mpeg") as container:
        video = container.add_stream("mpeg1video", rate=25)
        video.width, video.height, video.pix_fmt = 360, 288, "yuv420p"
        video.bit_rate = 8_000_000
        audio = container.add_stream("mp2", rate=44_100, layout="mono")
        for number in range(frames):
            gray = np.zeros((288, 360), np.uint8)
            gray[184:240, 88:216] = 20 + 3 * number
            gray[212:240, 88:216] //= 2
            frame = av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(samples) / 44_100
        tone = (16_000 * np.sin(2 * np.pi * 1000 * times) * (times >= 1)).astype(np.int16)
        for start in range(0, samples, 1152):
            part = np.ascontiguousarray(tone[None, start : start + 1152])
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 44_100, start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def test_the_clips_are_cut_about_the_middle_of_the_digit(tmp_path):
    write_clip(tmp_path, "bbaf2n")
    write_clip(tmp_path, "bbaf7s", words="0 49000 sil\n49000 51000 seven")
    made = make(tmp_path)
    assert made["ids"].tolist() == ["bbaf2n", "bbaf7s"]
    assert made["label"].tolist() == [2, 7]
    assert (made["video"].dtype, made["video"].shape) == (np.uint8, (2, 12, 28, 64))
    # The middle is second 1, frame 25: frames 19 to 30.
    upper, lower = made["video"][0, :, 2:12].mean(axis=(1, 2)), made["video"][0, :, 16:26]
    expected = np.array([20 + 3 * number for number in range(19, 31)])
    assert np.abs(upper - expected).max() < 1.5
    assert np.abs(lower.mean(axis=(1, 2)) - expected // 2).max() < 1.5
    # Half of the sound is before second 1, where the tone starts.
    assert (made["audio"].dtype, made["audio"].shape) == (np.int16, (2, 5120))
    sound = made["audio"][0].astype(float)
    assert np.abs(sound[:2300]).max() < 300
    assert np.sqrt((sound[3000:] ** 2).mean()) == pytest.approx(16_000 / 2**0.5, rel=0.02)
    spectrum = np.abs(np.fft.rfft(made["audio"][1].astype(float)))
    assert spectrum.argmax() * 8000 / 5120 == 1000


def test_a_digit_at_the_edge_of_a_clip_gives_the_nearest_frames(tmp_path):
    write_clip(tmp_path, "bbaf2n", words="0 500 two")
    write_clip(tmp_path, "bbaf2p", words="74000 74500 two")
    first, last = make(tmp_path)["video"][:, :, 2:12].mean(axis=(2, 3))
    assert np.abs(first - [20 + 3 * number for number in range(12)]).max() < 1.5
    assert np.abs(last - [20 + 3 * number for number in range(63, 75)]).max() < 1.5


@pytest.mark.parametrize(
    "words",
    [
        "0 23750 sil",
        "0 5 two\n5 9 four",
        "0 5 two now",
        "0 five two",
    ],
)
def test_an_alignment_without_one_digit_is_refused(tmp_path, words):
    path = tmp_path / "bbaf2n.align"
    path.write_text(words)
    with pytest.raises(DataError, match=r"bbaf2n.align is no alignment with one digit"):
        digit_and_middle(path)


def test_what_is_no_clip_is_refused(tmp_path):
    pytest.importorskip("av", reason='clips need PyAV: pip install "mmtutor[real]"')
    write_clip(tmp_path, "bbaf2n", frames=11)
    with pytest.raises(DataError, match="bbaf2n.mpg is no clip .*has 11 where 12 are needed"):
        make(tmp_path)
    (tmp_path / "s1" / "bbaf2n.mpg").write_bytes(b"no clip")
    with pytest.raises(DataError, match="bbaf2n.mpg is no clip of 3 seconds"):
        make(tmp_path)
    (tmp_path / "align" / "bbaf2n.align").unlink()
    with pytest.raises(DataError, match="bbaf2n.align is no alignment"):
        make(tmp_path)


def test_without_pyav_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r'pip install "mmtutor\[real\]"'):
        make(tmp_path)


@needs("grid")
def test_the_real_clips_give_the_rows_of_the_real_file():
    pytest.importorskip("av", reason='clips need PyAV: pip install "mmtutor[real]"')
    folder = store.folder() / "grid"
    if not (folder / "raw" / "s1").is_dir():
        pytest.skip(f"{folder} holds no raw clips")
    made = make(folder / "raw")
    with np.load(folder / "s1_digits.npz") as file:
        rows = np.searchsorted(file["ids"], made["ids"])
        for name, array in made.items():
            assert array.dtype == file[name].dtype
            assert np.array_equal(array, file[name][rows]), name


@needs("grid")
def test_the_word_after_an_even_digit_is_now_or_please():
    every = [grid(split) for split in SPLITS]
    labels = torch.cat([data.targets for data in every]).tolist()
    sentences = [words for data in every for words in decode_text(data.metadata["sentence"])]
    assert len(set(sentences)) == 1000
    for label, words in zip(labels, sentences, strict=True):
        assert words.split()[-1] in (("now", "please") if label % 2 == 0 else ("again", "soon"))


@needs("grid")
def test_a_linear_model_hears_the_digit_and_less_of_it_in_noise():
    scores = {}
    for snr_db in (None, 0.0, -10.0):
        train, test = (grid(split, snr_db=snr_db).select("audio") for split in ("train", "test"))
        scaler = StandardScaler().fit(heard(train))
        model = LogisticRegression(C=0.01, max_iter=200)
        model.fit(scaler.transform(heard(train)), train.targets)
        scores[snr_db] = model.score(scaler.transform(heard(test)), test.targets)
    assert scores[None] > 0.97
    assert 0.8 < scores[0.0] < 0.95
    assert 0.4 < scores[-10.0] < 0.7


@needs("grid")
def test_a_linear_model_hears_more_of_the_clean_sound_if_it_knows_the_sentence():
    train, test = (grid(split, target="clean", snr_db=-10.0) for split in ("train", "test"))
    scaler = StandardScaler().fit(heard(train))
    alone = [scaler.transform(heard(data)) for data in (train, test)]
    known = [np.hstack((x, 10 * said(data))) for x, data in zip(alone, (train, test), strict=True)]
    errors = []
    for x, y in (alone, known):
        model = Ridge(1000).fit(x, train.targets.flatten(1))
        errors.append(((model.predict(y) - test.targets.flatten(1).numpy()) ** 2).mean())
    constant = test.targets.square().mean().item()
    assert constant == pytest.approx(1, abs=0.1)
    assert 0.7 < errors[0] < 0.95
    assert errors[1] < errors[0] - 0.1


@needs("grid")
def test_the_split_and_seed_0_are_those_that_the_book_shows():
    rows = {split: grid(split).metadata["clip"][:6].tolist() for split in SPLITS}
    assert rows == {
        "train": [2, 7, 10, 11, 13, 14],
        "validation": [1, 8, 9, 15, 19, 21],
        "test": [0, 3, 4, 5, 6, 12],
    }
    data = grid("train", snr_db=-10.0)
    assert data.targets[:8].tolist() == [4, 9, 3, 0, 5, 6, 6, 7]
    assert data.inputs["video"].mean().item() == pytest.approx(0.56643, abs=1e-4)
    assert data.inputs["audio"].abs().mean().item() == pytest.approx(0.03985, abs=1e-5)


def heard(data):
    return log_spectrogram(data.inputs["audio"]).flatten(1).numpy()


def said(data):
    """Return which digit the sentence has: `(examples, 10)`, one of them 1."""
    words = "zero one two three four five six seven eight nine".split()
    return np.eye(10)[[words.index(text.split()[4]) for text in decode_text(data.inputs["text"])]]
