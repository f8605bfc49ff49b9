import base64
import io
import re
import wave

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


def embedded(html: str) -> bytes:
    return base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])


def test_sound_keeps_the_samples() -> None:
    html = figures.sound(torch.tensor([0.0, 0.5, -1.0, 2.0]), "four samples").data
    with wave.open(io.BytesIO(embedded(html))) as file:
        assert file.getframerate() == 8000
        samples = np.frombuffer(file.readframes(4), dtype="<i2")
    assert samples.tolist() == [0, 16384, -32767, 32767]  # beyond 1 is cut off
    assert 'aria-label="four samples"' in html


def test_an_animation_has_every_frame_and_can_be_stopped() -> None:
    video = torch.zeros(3, 4, 4)
    video[1, 0, 0], video[2, 3, 3] = 1, 1
    html = figures.animation(video, "a dot jumps", pixels=40).data
    picture = Image.open(io.BytesIO(embedded(html)))
    assert (picture.n_frames, picture.size) == (3, (40, 40))
    assert html.startswith("<details open>") and 'alt="a dot jumps"' in html


def test_words_for_sounds_and_moving_pictures_may_hold_quotes_and_brackets() -> None:
    words, escaped = 'a "5" < 6', '"a &quot;5&quot; &lt; 6"'
    assert f"aria-label={escaped}" in figures.sound(torch.zeros(8), words).data
    assert f"alt={escaped}" in figures.animation(torch.zeros(2, 4, 4), words).data


COARSE = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])


FINE = torch.arange(20.0).reshape(5, 4) - 30


def draw_spectrograms(**options):
    panels = {"coarse": COARSE, "fine": FINE}
    figures.spectrograms(panels, seconds=1.2, highest=2000.0, **options)
    return plt.gcf().axes


def test_every_panel_shows_its_values_under_its_title():
    panels = draw_spectrograms()[:2]
    assert [axis.get_title(loc="left") for axis in panels] == ["coarse", "fine"]
    shown = [axis.images[0].get_array().tolist() for axis in panels]
    assert shown == [COARSE.tolist(), FINE.tolist()]


def test_the_first_frequency_is_at_the_bottom():
    assert all(axis.images[0].origin == "lower" for axis in draw_spectrograms()[:2])


def test_each_value_stands_in_the_middle_of_its_cell():
    # Three frames at 0, 0.6 and 1.2 s: cells of 0.6 s. Two rows at 0 and 2000 Hz: of 2000 Hz.
    coarse, fine = (axis.images[0].get_extent() for axis in draw_spectrograms()[:2])
    assert coarse == pytest.approx([-0.3, 1.5, -1000, 3000])
    assert fine == pytest.approx([-0.2, 1.4, -250, 2250])


def test_all_panels_share_one_scale_of_colors_and_one_of_frequencies():
    panels = draw_spectrograms(ylim=(500, 900))[:2]
    assert {axis.images[0].get_clim() for axis in panels} == {(-30.0, 5.0)}
    assert {axis.get_ylim() for axis in panels} == {(500.0, 900.0)}


def test_the_colors_are_explained():
    assert draw_spectrograms(label="amplitude")[-1].get_ylabel() == "amplitude"


def test_the_loudest_frequency_of_a_waveform_has_zero_decibels() -> None:
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(4000) / 8000)
    figures.waveform(3 * tone)
    above, below, _ = plt.gcf().axes
    assert above.lines[0].get_ydata().tolist() == pytest.approx((3 * tone).tolist())
    decibels = below.images[0].get_array()
    assert decibels.max() == 0 and decibels.min() == -60  # of silence, where the scale ends
    assert decibels.argmax(axis=0)[20] == 32  # 129 rows reach from 0 to 4000 Hz


def test_a_frame_its_spectrum_and_its_column_belong_together() -> None:
    rate, window, hop, frame = 1000, 64, 16, 20
    sound = torch.sin(2 * torch.pi * 125 * torch.arange(600) / rate)
    sound[400:] = 0
    figures.sound_to_column(
        sound, sample_rate=rate, window=window, hop=hop, frame=frame, highest=400
    )
    top, bottom, left, right = plt.gcf().axes
    assert top.get_xlim() == bottom.get_xlim() == (0, 0.6)
    assert top.collections[0].get_paths()[0].get_extents().y1 == pytest.approx(1)
    span = top.patches[0].get_extents().transformed(top.transData.inverted())
    assert (span.x0, span.x1) == pytest.approx((0.288, 0.352))  # 64 samples around number 320
    gray, faded = (line.get_ydata() for line in left.lines)
    assert gray == pytest.approx(sound[288:352].numpy())
    assert faded[0] == 0 and faded[32] == gray[32]
    loudness, hertz = right.lines[0].get_xdata(), right.lines[0].get_ydata()
    assert hertz[np.argmax(loudness)] == 125
    picture = bottom.images[0].get_array()
    assert np.asarray(picture)[:, frame] == pytest.approx(np.asarray(loudness))
    edges = [line.get_xdata()[0] for line in bottom.lines]
    assert edges == pytest.approx([0.312, 0.328])  # one hop around 0.32 s
