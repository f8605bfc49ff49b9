import base64
import io
import re
import wave
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from mmtutor import figures
from tools import pictures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


def embedded(html: str) -> bytes:
    return base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])


def texts(html: str) -> list[str]:
    svg = html[html.index("<svg") : html.rindex("</svg>") + 6]
    return [
        "".join(node.itertext())
        for node in ElementTree.fromstring(svg).iter()
        if "text" in node.tag
    ]


@pytest.mark.parametrize("name", pictures.pictures())
def test_the_pictures_of_the_prose_pages_are_up_to_date(name: str) -> None:
    assert (pictures.FOLDER / name).read_text(encoding="utf-8") == pictures.pictures()[name] + "\n"


def test_a_block_names_its_layers_from_x_to_y() -> None:
    html = figures.block("Small", ["conv 3×3", "norm"]).data
    assert texts(html) == ["Small", "x", "conv 3×3", "norm", "identity", "relu", "y"]
    assert 'aria-label="Small: x passes conv 3×3, norm, with a shortcut (identity)' in html
    assert "currentColor" in html  # legible in both themes


def test_every_arrow_of_a_block_starts_where_something_ends() -> None:
    for shortcut in ("identity", None):
        html = figures.block("Small", ["conv", "norm"], shortcut=shortcut).data
        boxes = {float(y) + 28 for y in re.findall(r'<rect [^>]* y="([\d.]+)"', html)}
        plus = {float(y) + 11 for y in re.findall(r'<circle [^>]* cy="([\d.]+)"', html)}
        starts = {float(y) for y in re.findall(r'<path d="M84 ([\d.]+) L84', html)}
        assert starts == boxes | plus | {50.0}  # 50: below the letter x


def test_a_plain_block_has_no_plus_sign() -> None:
    assert "<circle" in figures.block("Residual", ["conv"]).data
    assert "<circle" not in figures.block("Plain", ["conv"], shortcut=None).data


def test_a_network_shows_every_modality() -> None:
    html = figures.network([("a x_I", "f_I", "h_I"), ("b x_T", "f_T", "h_T")]).data
    assert [t for t in texts(html) if t.startswith(("a", "b"))] == ["a xI", "b xT"]
    assert html.count("<rect") == 4  # two encoders, a fusion, a head


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


def test_a_scatter_shows_each_class_of_each_panel_in_its_place() -> None:
    first = ([0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [1, 0, 1])
    figures.scatter({"a": first, "b": ([7.0], [8.0], [0])}, xlabel="left", ylabel="right")
    left, right = plt.gcf().axes
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("a", "b")
    assert [points.get_offsets().tolist() for points in left.collections] == [
        [[1.0, 4.0]],
        [[0.0, 3.0], [2.0, 5.0]],
    ]
    shapes = [points.get_paths()[0].vertices.tolist() for points in left.collections]
    assert shapes[0] != shapes[1]
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("left", "right", "")


def test_scores_draw_the_mean_and_every_seed() -> None:
    figures.scores({"a": [0.2, 0.4], "b": [0.9]}, chance=0.1)
    axis = plt.gca()
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.9, 0.3])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["b", "a"]
    assert [len(dots.get_offsets()) for dots in axis.collections] == [2]  # one run needs no dot
    assert axis.get_xlabel() == "test accuracy (bar: mean, dots: runs)"
    assert " chance" in [text.get_text() for text in axis.texts]


def test_curves_draw_mean_and_standard_deviation() -> None:
    figures.curves({"a": [[1, 3], [3, 7]]}, xlabel="epoch", ylabel="loss")
    axis = plt.gca()
    assert axis.lines[0].get_ydata().tolist() == [2, 5]
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(5 + 8**0.5)  # sd of 3 and 7 with n - 1: sqrt(8)


@pytest.mark.parametrize("draw", [figures.curves, figures.lines])
def test_counted_positions_have_no_fractional_ticks(draw) -> None:
    draw({"a": [[1, 3], [3, 7]] if draw is figures.curves else [1, 3]}, xlabel="epoch", ylabel="y")
    assert all(float(tick).is_integer() for tick in plt.gca().get_xticks())


def test_curves_start_where_they_are_told() -> None:
    figures.curves({"a": [[1, 3], [3, 7]]}, x=[0, 1], xlabel="block", ylabel="accuracy")
    assert plt.gca().lines[0].get_xdata().tolist() == [0, 1]


def test_a_heatmap_can_name_its_rows() -> None:
    figures.heatmap([[0.1, 0.9], [0.5, 0.5]], rows=["image", "text"], xlabel="digit")
    labels = plt.gcf().axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["image", "text"]


def test_an_example_is_shown_in_all_its_modalities() -> None:
    figures.example(
        {
            "image": torch.rand(1, 4, 4),
            "text": "seven",
            "audio": torch.rand(100),
            "video": torch.rand(1, 8, 4, 4),
        }
    )
    image, text, audio, video = plt.gcf().axes
    assert [panel.get_title() for panel in (image, text, audio, video)] == [
        "image",
        "text",
        "audio",
        "video",
    ]
    assert image.images[0].get_array().shape == (4, 4)
    assert text.texts[0].get_text() == "seven"
    assert len(audio.lines[0].get_ydata()) == 100
    assert len(video.child_axes) == 4


def test_confusion_leaves_right_answers_blank() -> None:
    figures.confusion({"a": [[8, 2], [5, 5]]})
    shown = plt.gcf().axes[0].images[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown)).tolist() == [
        [True, False],
        [False, True],
    ]
    assert shown[0, 1] == pytest.approx(0.2) and shown[1, 0] == pytest.approx(0.5)


def test_images_leave_unused_places_empty() -> None:
    figures.images(torch.rand(3, 4, 4), ["a", "b", "c"], columns=2)
    axes = plt.gcf().axes
    assert [len(axis.images) for axis in axes] == [1, 1, 1, 0]
    assert [axis.get_title() for axis in axes] == ["a", "b", "c", ""]


@pytest.mark.parametrize(("shape", "height"), [((8, 8), 1.45), ((8, 16), 0.75), ((8, 8, 3), 1.45)])
def test_images_take_as_much_height_as_their_shape_needs(shape, height) -> None:
    figures.images(torch.rand(10, *shape), columns=5)
    assert plt.gcf().get_size_inches()[1] == pytest.approx(2 * height)
    assert plt.gcf().axes[0].images[0].get_array().shape == shape
