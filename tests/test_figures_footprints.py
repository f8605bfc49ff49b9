import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


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
