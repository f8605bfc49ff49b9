import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


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


def test_weights_are_orange_above_zero_and_blue_below_on_one_scale() -> None:
    figures.weights(torch.tensor([[[4.0, 0.0]], [[-4.0, 2.0]]]), ["a", "b"], columns=2)
    first, second = (axis.images[0].get_array()[0] for axis in plt.gcf().axes)
    orange, blue = (to_rgb(figures.COLORS[name]) for name in ("orange", "blue"))
    assert first.tolist() == [pytest.approx(orange), pytest.approx((1, 1, 1))]
    assert second.tolist() == [pytest.approx(blue), pytest.approx([(1 + c) / 2 for c in orange])]


TABLE = torch.arange(24.0).reshape(2, 3, 2, 2)


def draw_table(**names):
    names = {"rows": ["left", "right"], "columns": ["a", "b", "c"]} | names
    figures.picture_table(TABLE, **names, xlabel="filter", ylabel="video")
    return plt.gcf()


def test_every_picture_stands_in_its_row_and_column():
    drawn = [axis.images[0].get_array().tolist() for axis in draw_table().axes]
    assert drawn == TABLE.flatten(0, 1).tolist()


def test_all_pictures_share_one_scale_from_zero_to_the_largest_value():
    assert {axis.images[0].get_clim() for axis in draw_table().axes} == {(0.0, 23.0)}


def test_rows_and_columns_are_named_once():
    figure = draw_table()
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", "", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == ["left", "", "", "right", "", ""]
    assert (figure.get_suptitle(), figure.get_supylabel()) == ("filter", "video")


def test_a_name_too_few_is_an_error():
    with pytest.raises(ValueError):
        draw_table(rows=["left"])


def spot(size, side, height):
    """Return zeros with a square of one height in the middle."""
    pixels, first = np.zeros((size, size)), (size - side) // 2
    pixels[first : first + side, first : first + side] = height
    return pixels


def draw_footprints():
    influence = {"stem": spot(9, 3, 5.0), "stage 1": spot(9, 7, 0.5)}
    figures.footprints(influence, [[3, 1], [7, 5]], ["could", "does"])
    return plt.gcf()


def test_a_footprint_is_scaled_to_its_own_largest_value_and_white_where_nothing_is_seen():
    for axis, side in zip(draw_footprints().axes, (3, 7), strict=True):
        shown = axis.images[0].get_array()
        assert shown.max() == 1
        assert (~shown.mask).sum() == side**2
        assert axis.images[0].to_rgba(shown)[0, 0, 3] == 0
        assert axis.get_facecolor()[:3] == (1, 1, 1)


def test_the_squares_lie_on_the_borders_of_pixels_around_the_middle():
    first, last = draw_footprints().axes
    # Of nine pixels, 0 to 8, the middle three are 3, 4 and 5: from 2.5 to 5.5.
    assert [box.get_bbox().extents.tolist() for box in first.patches] == [
        [2.5, 2.5, 5.5, 5.5],
        [3.5, 3.5, 4.5, 4.5],
    ]
    assert last.patches[0].get_bbox().extents.tolist() == [0.5, 0.5, 7.5, 7.5]


def test_a_square_and_its_name_in_the_legend_have_one_color():
    figure = draw_footprints()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["could", "does"]
    drawn, explained = figure.axes[1].patches, legend.get_patches()
    assert drawn[0].get_linestyle() != drawn[1].get_linestyle()
    for one, other in zip(drawn, explained, strict=True):
        assert one.get_edgecolor() == other.get_edgecolor()


def test_each_layer_is_a_row_named_with_its_size_and_has_one_scale():
    small, large = np.zeros((2, 3, 4)), np.zeros((5, 8, 8))
    large[0, 0, 0], large[4] = 2.0, 9.0
    figures.feature_maps({"stem": large, "stage 1": small}, columns=4)
    axes = np.asarray(plt.gcf().axes).reshape(2, 4)
    assert [row[0].texts[0].get_text() for row in axes] == ["stem\n8×8", "stage 1\n3×4"]
    assert [[len(axis.images) for axis in row] for row in axes] == [[1, 1, 1, 1], [1, 1, 0, 0]]
    # The fifth channel is not shown, and does not set the scale either.
    assert {axis.images[0].get_clim() for axis in axes[0]} == {(0, 2.0)}


PICTURES = torch.arange(24.0).reshape(2, 3, 2, 2) / 24


def draw_names() -> list[plt.Axes]:
    figures.found_names(PICTURES[0, :2], ["A", "B"], [["A", "X"], ["Y", "B"]])
    return plt.gcf().axes


def test_names_found_stand_beside_their_picture_below_the_true_name() -> None:
    first, words, second, others = draw_names()
    assert first.images[0].get_array().tolist() == PICTURES[0, 0].tolist()
    assert second.images[0].get_array().tolist() == PICTURES[0, 1].tolist()
    assert [text.get_text() for text in words.texts] == ["A", "● A", "○ X"]
    assert [text.get_text() for text in others.texts] == ["B", "○ Y", "● B"]


def test_names_found_run_from_top_to_bottom() -> None:
    heights = [text.get_position()[1] for text in draw_names()[1].texts]
    assert heights == sorted(heights, reverse=True)


def test_only_a_right_name_is_bold() -> None:
    assert [text.get_weight() for text in draw_names()[3].texts] == ["normal", "normal", "bold"]


def draw_pictures() -> list[plt.Axes]:
    right = torch.tensor([[True, False, True], [False, False, False]])
    figures.found_pictures(["A", "B"], PICTURES, right)
    return plt.gcf().axes


def test_pictures_found_stand_below_their_name_in_order() -> None:
    drawn = [axis.images[0].get_array().tolist() for axis in draw_pictures()]
    assert drawn == PICTURES.flatten(0, 1).tolist()
    assert [part.get_suptitle() for part in plt.gcf().subfigs] == ["A", "B"]


def test_a_right_picture_is_marked_in_words_and_by_its_frame() -> None:
    axes = draw_pictures()
    assert [axis.get_xlabel() for axis in axes] == ["● right", "", "● right", "", "", ""]
    assert [axis.spines["top"].get_linewidth() for axis in axes] == [4, 1, 4, 1, 1, 1]


@pytest.fixture
def beliefs():
    words, networks = ["seven", "une"], {"image": torch.eye(3)[:2], "both": torch.eye(3)[[1, 1]]}
    figures.class_probabilities(torch.rand(2, 8, 8), words, networks, [0, 2], xlabel="digit")
    return plt.gcf().axes


def test_beside_each_picture_stand_the_probabilities_of_each_network(beliefs) -> None:
    assert [panel.get_title() for panel in beliefs[::2]] == ["seven", "une"]
    assert [label.get_text() for label in beliefs[1].get_yticklabels()] == ["image", "both"]
    written = [[(*text.get_position(), text.get_text()) for text in p.texts] for p in beliefs[1::2]]
    assert written == [[(0, 0, "100"), (1, 1, "100")], [(1, 0, "100"), (1, 1, "100")]]


def test_the_true_class_has_the_only_frame(beliefs) -> None:
    frames = [[p for p in panel.patches if not p.get_fill()] for panel in beliefs[1::2]]
    assert [[frame.get_xy() for frame in panel] for panel in frames] == [
        [(-0.5, -0.5)],
        [(1.5, -0.5)],
    ]
