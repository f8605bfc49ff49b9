"""AV-MNIST: on files that the tests write, and on the real ones where they are."""

import wave

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mmtutor.data import store
from mmtutor.data.real import fsdd, mnist
from mmtutor.data.real.av_mnist import av_mnist
from mmtutor.data.real.fsdd import FSDD_SPEAKERS, fsdd_recordings
from mmtutor.data.real.mnist import keep_components, mnist_pictures
from mmtutor.data.real.spectrogram import log_spectrogram
from tests.data.real_data import needs

TAKES = (0, 4, 5, 9, 10, 49)
SPLITS = ("train", "validation", "test")


def write_idx(path, array):
    head = np.array([0x800 + array.ndim, *array.shape], ">u4").tobytes()
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def write_wav(path, samples, channels=1, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def read_wav(folder, digit, speaker, take):
    path = folder / "fsdd" / "recordings" / f"{digit}_{FSDD_SPEAKERS[speaker]}_{take}.wav"
    return torch.from_numpy(np.frombuffer(path.read_bytes()[44:], "<i2").astype(np.float32))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """MNIST with 60 + 20 random pictures, and FSDD with 360 tones of unequal lengths."""
    random = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, count in (("train", 60), ("t10k", 20)):
        write_idx(raw / f"{name}-images-idx3-ubyte", random.integers(0, 256, (count, 28, 28)))
        write_idx(raw / f"{name}-labels-idx1-ubyte", np.arange(count) % 10)
    recordings = tmp_path / "fsdd" / "recordings"
    recordings.mkdir(parents=True)
    for digit in range(10):
        for number, speaker in enumerate(FSDD_SPEAKERS):
            for take in TAKES:
                times = np.arange(2000 + 100 * digit + 10 * take) / 8000
                tone = 500 + 3000 * np.sin(2 * np.pi * (100 + 20 * digit + 3 * number) * times)
                write_wav(recordings / f"{digit}_{speaker}_{take}.wav", tone)
    splits = {
        "train": ("train", slice(0, 40)),
        "validation": ("train", slice(40, 60)),
        "test": ("t10k", slice(0, 20)),
    }
    monkeypatch.setattr(mnist, "MNIST_SPLITS", splits)
    takes = {
        speakers: {
            split: (who, [take for take in TAKES if take in span])
            for split, (who, span) in splits.items()
        }
        for speakers, splits in fsdd.FSDD_SPLITS.items()
    }
    monkeypatch.setattr(fsdd, "FSDD_SPLITS", takes)
    monkeypatch.setattr(store, "get", lambda entry: tmp_path / entry.folder)
    return tmp_path


def whole(split="train", **arguments):
    return av_mnist(split, examples=None, **arguments)


def test_an_example_is_a_picture_and_a_second_of_sound(folder):
    data = whole()
    shapes = {name: (x.dtype, tuple(x.shape)) for name, x in data.inputs.items()}
    assert shapes == {
        "image": (torch.float32, (40, 1, 28, 28)),
        "audio": (torch.float32, (40, 8000)),
    }
    assert data.targets.dtype == torch.int64
    assert data.classes == tuple("0123456789")
    assert data.about.title == "Audio-visual MNIST"


def test_every_picture_of_a_split_comes_once_with_its_label(folder):
    pictures = mnist_pictures("train").pixels
    data = whole(components=None)
    rows = data.metadata["picture"]
    assert sorted(rows.tolist()) == list(range(40))
    assert rows.tolist() != list(range(40))
    assert torch.equal(data.inputs["image"][:, 0] * 255, pictures[rows].float())
    assert torch.equal(data.targets, rows % 10)


def test_the_rows_of_validation_follow_those_of_training(folder):
    assert sorted(whole("validation").metadata["picture"].tolist()) == list(range(40, 60))
    assert sorted(whole("test").metadata["picture"].tolist()) == list(range(20))


@pytest.mark.parametrize("split", SPLITS)
def test_the_components_are_those_that_scikit_learn_finds_in_the_training_pictures(folder, split):
    pixels = mnist_pictures(split).pixels
    model = PCA(7, svd_solver="full").fit(mnist_pictures("train").pixels.flatten(1).numpy() / 255)
    expected = model.inverse_transform(model.transform(pixels.flatten(1).numpy() / 255))
    assert np.allclose(keep_components(pixels, 7), expected, atol=1e-6)
    data = whole(split, components=7)
    row = data.metadata["picture"][0] - (40 if split == "validation" else 0)
    assert np.allclose(data.inputs["image"][0].flatten(), expected[row], atol=1e-6)


def test_all_components_give_the_picture_back(folder):
    pixels = mnist_pictures("test").pixels
    assert torch.allclose(keep_components(pixels, 784), pixels.flatten(1) / 255, atol=1e-6)


def test_without_noise_a_clip_is_the_recording_that_the_details_name(folder):
    data = whole(snr_db=None)
    for number, clip in enumerate(data.inputs["audio"]):
        speaker, take, start = (data.metadata[n][number] for n in ("speaker", "take", "start"))
        sound = read_wav(folder, int(data.targets[number]), int(speaker), int(take))
        sound -= sound.mean()
        heard = clip[start : start + len(sound)]
        ratio = (heard @ sound) / (sound @ sound)
        assert torch.allclose(heard, ratio * sound, atol=1e-5)
        assert clip.count_nonzero() <= len(sound)


def test_recordings_start_anywhere_and_end_in_time(folder):
    data = whole(snr_db=None)
    lengths = 2000 + 100 * data.targets + 10 * data.metadata["take"]
    share = data.metadata["start"] / (8000 - lengths)
    assert 0 <= share.min() < 0.1
    assert 0.9 < share.max() <= 1


@pytest.mark.parametrize("snr_db", [None, -10.0])
def test_the_peak_of_a_clip_is_30_to_90_percent(folder, snr_db):
    peaks = whole(snr_db=snr_db).inputs["audio"].abs().amax(dim=1)
    assert 0.3 <= peaks.min() < 0.4
    assert 0.8 < peaks.max() <= 0.9001


@pytest.mark.parametrize("noise", ["white", "speech"])
@pytest.mark.parametrize("snr_db", [6.0, -6.0])
def test_the_noise_is_as_strong_as_snr_db_says(folder, noise, snr_db):
    clean, noisy, noisier = (whole(snr_db=d, noise=noise) for d in (None, snr_db, snr_db - 20))
    lengths = 2000 + 100 * clean.targets + 10 * clean.metadata["take"]
    for number, length in enumerate(lengths):
        start = clean.metadata["start"][number]
        sounds = (data.inputs["audio"][number].double() for data in (clean, noisy, noisier))
        speech, first, second = sounds
        speech /= speech[start : start + length].square().mean().sqrt()
        # Take the second away so that there is no noise before and after the recording, and so
        # nowhere. Its noise is 10 times as strong, so nine tenths of the speech are left.
        outside = speech == 0
        rest = first - second * (first[outside] @ second[outside]) / second[outside].square().sum()
        gain = (rest @ speech) / (speech @ speech) / 0.9
        alone = first / gain - speech
        assert -10 * alone.square().mean().log10().item() == pytest.approx(snr_db, abs=0.01)


def test_speech_noise_lies_where_the_recordings_of_the_split_lie(folder):
    def low(noise):  # share of the power below 1 kHz; the tones lie at 100 to 295 Hz
        power = torch.fft.rfft(whole(snr_db=-40.0, noise=noise).inputs["audio"]).abs().square()
        return (power[:, :1000].sum() / power.sum()).item()

    assert low("white") == pytest.approx(0.25, abs=0.01)
    assert low("speech") > 0.99


@pytest.mark.parametrize("speakers", ["official", "disjoint"])
def test_no_recording_is_in_two_splits(folder, speakers):
    def recordings(split):
        _, _, labels, who, takes = fsdd_recordings(split, speakers)
        return set(zip(labels.tolist(), who.tolist(), takes.tolist(), strict=True))

    train, validation, test = map(recordings, SPLITS)
    assert not train & validation
    assert not train & test
    assert not validation & test
    used = whole(speakers=speakers)
    columns = (used.targets, used.metadata["speaker"], used.metadata["take"])
    assert set(zip(*map(torch.Tensor.tolist, columns), strict=True)) <= train


def test_the_official_splits_are_takes(folder):
    takes = {split: set(fsdd_recordings(split).takes.tolist()) for split in SPLITS}
    assert takes == {"train": {10, 49}, "validation": {5, 9}, "test": {0, 4}}


def test_the_disjoint_splits_are_speakers(folder):
    speakers = {s: set(fsdd_recordings(s, "disjoint").speakers.tolist()) for s in SPLITS}
    assert speakers == {"train": {0, 1, 2, 3}, "validation": {4}, "test": {5}}


def test_every_recording_of_a_digit_is_as_likely_as_another(folder):
    drawn = torch.zeros(6, 2)  # speakers, takes 10 and 49
    for seed in range(30):
        metadata = whole(seed=seed, snr_db=None).metadata
        drawn.index_put_(
            (metadata["speaker"], (metadata["take"] > 10).long()), torch.ones(40), accumulate=True
        )
    # 1,200 draws over 12: 100 each, with a standard deviation of 9.6.
    assert drawn.min() > 60
    assert drawn.max() < 140


def test_fewer_examples_are_the_first_of_more(folder):
    some, more = (av_mnist(examples=count, noise="speech") for count in (7, 33))
    first = more.subset(range(7))
    for name in ("image", "audio"):
        assert torch.equal(some.inputs[name], first.inputs[name])
    for name, values in some.metadata.items():
        assert torch.equal(values, first.metadata[name])


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(folder):
    first, again, other = (whole(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.inputs["audio"], again.inputs["audio"])
    for name, values in first.metadata.items():
        assert torch.equal(values, again.metadata[name])
        assert not torch.equal(values, other.metadata[name])


def test_another_noise_or_other_components_leave_all_else_as_it_was(folder):
    first, loud, sharp = whole(), whole(snr_db=-5.0, noise="speech"), whole(components=9)
    assert torch.equal(first.inputs["image"], loud.inputs["image"])
    assert torch.equal(first.inputs["audio"], sharp.inputs["audio"])
    for name, values in first.metadata.items():
        assert torch.equal(values, loud.metadata[name])
    peaks = [data.inputs["audio"].abs().amax(dim=1) for data in (first, loud)]
    assert torch.allclose(*peaks, atol=1e-6)


def test_of_a_recording_of_more_than_a_second_the_loudest_second_is_kept(folder):
    quiet, loud = np.full(3000, 10), 1000 * np.sign(np.sin(np.arange(8000) + 0.5))
    sound = np.concatenate((quiet, loud, quiet))
    write_wav(folder / "fsdd" / "recordings" / "0_george_10.wav", sound)
    recording = fsdd_recordings("train").sounds[0]
    expected = torch.from_numpy(loud - loud.mean()).float()
    assert torch.allclose(recording, expected / expected.square().mean().sqrt(), atol=1e-4)


def test_a_recording_has_mean_0_and_power_1(folder):
    sounds, lengths, *_ = fsdd_recordings("train")
    for sound, length in zip(sounds, lengths, strict=True):
        assert sound[:length].mean().abs() < 1e-5
        assert sound[:length].square().mean().item() == pytest.approx(1, abs=1e-4)
        assert not sound[length:].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "split 'dev'; choose from train, validation, test"),
        ({"components": 0}, "components must be from 1 to 784, got 0"),
        ({"components": -3}, "components must be from 1 to 784, got -3"),
        ({"components": 785}, "components must be from 1 to 784, got 785"),
        ({"snr_db": float("nan")}, "snr_db must be finite, or None for no noise; got nan"),
        ({"noise": "pink"}, "unknown noise 'pink'; choose from white, speech"),
        ({"speakers": "new"}, "unknown speakers 'new'; choose from official, disjoint"),
        ({"examples": 0}, "examples must be from 1 to 40, got 0"),
        ({"examples": 41}, "examples must be from 1 to 40, got 41"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        av_mnist(**{"examples": None, **arguments})


@needs("mnist", "fsdd")
def test_the_real_recordings_are_3000_in_the_splits_of_the_docstring():
    sizes = {
        (speakers, split): fsdd_recordings(split, speakers).labels.bincount().unique().tolist()
        for speakers in ("official", "disjoint")
        for split in SPLITS
    }
    assert sizes == {  # of each digit
        ("official", "train"): [240],
        ("official", "validation"): [30],
        ("official", "test"): [30],
        ("disjoint", "train"): [200],
        ("disjoint", "validation"): [50],
        ("disjoint", "test"): [50],
    }


@needs("mnist")
def test_the_real_components_keep_the_shares_of_the_docstring():
    pixels = mnist_pictures("train").pixels
    assert pixels.shape == (50_000, 28, 28)
    assert mnist_pictures("validation").rows[[0, -1]].tolist() == [50_000, 59_999]
    some = pixels[torch.randperm(50_000, generator=torch.Generator().manual_seed(0))[:5_000]]
    variance = (some.flatten(1) / 255).var(dim=0).sum()
    shares = [(keep_components(some, k).var(dim=0).sum() / variance).item() for k in (3, 4, 5, 50)]
    assert shares == pytest.approx([0.230, 0.284, 0.333, 0.825], abs=0.01)


@needs("fsdd")
def test_a_linear_model_reads_the_real_recordings_and_others_speakers_less():
    scores = {}
    for speakers in ("official", "disjoint"):
        train, test = (fsdd_recordings(split, speakers) for split in ("train", "test"))
        scaler = StandardScaler().fit(log_spectrogram(train.sounds / 20).flatten(1))
        x, y = (scaler.transform(log_spectrogram(r.sounds / 20).flatten(1)) for r in (train, test))
        model = LogisticRegression(C=0.01, max_iter=200).fit(x, train.labels)
        scores[speakers] = model.score(y, test.labels)
    assert 0.90 < scores["official"] < 0.97
    assert 0.45 < scores["disjoint"] < 0.75


@needs("mnist", "fsdd")
def test_seed_0_gives_the_pairs_that_the_book_shows():
    data = av_mnist(examples=200)
    assert data.targets[:8].tolist() == [0, 3, 3, 6, 1, 3, 8, 4]
    assert data.metadata["speaker"][:8].tolist() == [1, 5, 2, 3, 1, 5, 1, 1]
    assert data.metadata["take"][:8].tolist() == [41, 11, 49, 16, 47, 43, 22, 37]
    assert data.metadata["picture"][:3].tolist() == [42433, 29121, 16945]
    assert data.inputs["image"].mean().item() == pytest.approx(0.13131, abs=1e-4)
    assert data.inputs["audio"].abs().mean().item() == pytest.approx(0.08106, abs=1e-4)
