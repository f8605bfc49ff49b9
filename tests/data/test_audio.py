"""The audio renderer, read back by decoders that know nothing of it."""

from itertools import groupby

import pytest
import torch

from mmtutor.data import Audio, Scene

MORSE = {
    0: "-----", 1: ".----", 2: "..---", 3: "...--", 4: "....-",
    5: ".....", 6: "-....", 7: "--...", 8: "---..", 9: "----.",
}  # fmt: skip
DTMF = {
    1: (697, 1209), 2: (697, 1336), 3: (697, 1477),
    4: (770, 1209), 5: (770, 1336), 6: (770, 1477),
    7: (852, 1209), 8: (852, 1336), 9: (852, 1477),
    0: (941, 1336),
}  # fmt: skip


def sounds(count=10, seed=0, **fields):
    """Clips of the digits 0, 1, …, 9, 0, 1, …"""
    labels = torch.arange(count) % 10
    scene = Scene(torch.zeros(count, 8, 8), labels, labels)
    return Audio(**fields)(scene, torch.Generator().manual_seed(seed))


def pulses(clip, sample_rate=8000):
    """Return (sounds, milliseconds) for the stretches of sound and silence of a clip."""
    # A pitch of 500 Hz has a peak in each half period, 8 samples: look at 16 at a time.
    loudness = torch.nn.functional.max_pool1d(clip.abs()[None, None], 17, 1, padding=8)[0, 0]
    loud = (loudness > 0.5 * clip.abs().max()).tolist()
    return [(on, 1000 * len(list(run)) / sample_rate) for on, run in groupby(loud)]


def spectrum(clip):
    """Return the magnitude at 0, 1, 2, … hertz of a clip of one second at 8 kHz."""
    return torch.fft.rfft(clip).abs()


def test_morse_code_can_be_read_back():
    for index, clip in enumerate(sounds(count=200)):
        _, *runs, _ = pulses(clip)
        gap = sum(ms for on, ms in runs if not on) / 4
        signals = "".join("-" if ms > 2 * gap else "." for on, ms in runs if on)
        assert signals == MORSE[index % 10]


def test_a_dot_lasts_1200_ms_over_the_words_per_minute():
    dots = [pulses(clip)[5][1] for clip in sounds(count=500)[5::10]]  # the middle dot of a 5
    assert min(dots) == pytest.approx(1200 / 36, abs=4)
    assert max(dots) == pytest.approx(1200 / 24, abs=4)


def test_the_pitch_of_morse_code_is_500_to_900_hertz():
    pitches = torch.tensor([spectrum(clip).argmax() for clip in sounds(count=300)])
    assert 495 < pitches.min() < 515
    assert 885 < pitches.max() < 905


def test_a_telephone_key_sounds_at_its_two_frequencies():
    for index, clip in enumerate(sounds(count=100, code="dtmf")):
        magnitude = spectrum(clip)
        low, high = magnitude[:1075].argmax().item(), 1075 + magnitude[1075:].argmax().item()
        assert (low, high) == pytest.approx(DTMF[index % 10], abs=8)


def test_tones_start_in_any_phase():
    phases = [torch.fft.rfft(clip)[941].angle() for clip in sounds(count=1000, code="dtmf")[::10]]
    quarters = torch.stack(phases).div(torch.pi / 2).floor().long() + 2
    assert quarters.bincount(minlength=4).min() > 10  # 25 of 100 expected in each quarter turn


def test_every_clip_peaks_between_30_and_90_percent():
    for noise in (None, -10.0):
        peaks = sounds(count=300, snr_db=noise).abs().amax(dim=1)
        assert 0.3 <= peaks.min() < 0.32
        assert 0.88 < peaks.max() <= 0.9001


def test_clips_start_at_different_times_and_end_in_time():
    starts = [pulses(clip)[0][1] for clip in sounds(count=300)[5::10]]
    assert max(starts) - min(starts) > 200
    assert (sounds(count=300)[:, [0, -1]].abs() < 0.05).all()


def test_a_tone_rises_softly():
    for clip in sounds(count=50):
        onset = clip.nonzero()[0]
        assert clip[onset : onset + 8].abs().max() < 0.11 * clip.abs().max()  # first millisecond


@pytest.mark.parametrize("code", ["morse", "dtmf"])
@pytest.mark.parametrize("snr_db", [10.0, -5.0])
def test_the_noise_is_as_strong_as_snr_db_says(code, snr_db):
    clean, noisy = (sounds(count=100, code=code, snr_db=noise) for noise in (None, snr_db))
    gain = (clean * noisy).sum(dim=1, keepdim=True) / clean.square().sum(dim=1, keepdim=True)
    tone, noise = gain * clean, noisy - gain * clean
    # The two tones of a key beat: average over 10 ms before asking whether it sounds.
    power = torch.nn.functional.avg_pool1d(tone.square()[:, None], 81, 1, padding=40)[:, 0]
    sounding = power > 0.8 * power.amax(dim=1, keepdim=True)
    ratio = [
        10 * (t[on].square().mean() / n.square().mean()).log10()
        for t, n, on in zip(tone, noise, sounding, strict=True)
    ]
    assert torch.stack(ratio).mean().item() == pytest.approx(snr_db, abs=0.5)


def test_length_and_sample_rate_set_the_number_of_samples():
    assert sounds(seconds=1.5, sample_rate=16_000).shape == (10, 24_000)
    assert sounds().dtype == torch.float32


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": "semaphore"}, "unknown code 'semaphore'; choose from morse, dtmf"),
        ({"seconds": 0.9}, "seconds must be at least 0.95, got 0.9"),
        ({"code": "dtmf", "seconds": 0.3}, "seconds must be at least 0.4, got 0.3"),
        ({"sample_rate": 2000}, "sample_rate must be at least 4000, got 2000"),
        ({"snr_db": float("inf")}, "snr_db must be finite, or None for no noise; got inf"),
    ],
)
def test_an_impossible_field_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Audio(**fields)
