import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


def draw(xlabel="predicted"):
    x, y = [0.0, 0.5, 1.0, 3.0, 9.0], [1.0, 3.0, 7.0, -4.0, 100.0]
    panels = {"first": (x, y), "second": ([1.0], [2.0])}
    figures.clouds(panels, [0, 1, 2, 4], slope=2, line="perfect", xlabel=xlabel, ylabel="residual")
    return plt.gcf()


def test_every_point_of_a_cloud_is_drawn():
    first, second = draw().axes
    (points,) = first.collections
    assert points.get_offsets().tolist() == [[0, 1], [0.5, 3], [1, 7], [3, -4], [9, 100]]
    assert second.collections[0].get_offsets().tolist() == [[1, 2]]


def test_the_means_are_those_of_the_bins_and_an_empty_bin_has_none():
    first, second = draw().axes
    # 0 and 0.5 lie in [0, 1), 1 in [1, 2), 3 in [2, 4), and 9 in none.
    assert first.lines[1].get_xdata().tolist() == [0.25, 1, 3]
    assert first.lines[1].get_ydata().tolist() == [2, 7, -4]
    assert second.lines[1].get_xydata().tolist() == [[1, 2]]


def test_the_line_to_compare_with_has_the_slope_and_goes_through_the_origin():
    for axis in draw().axes:
        assert axis.lines[0].get_xydata().tolist() == [[0, 0], [4, 8]]
        assert axis.lines[0].get_linestyle() == "--"


def test_one_legend_explains_points_means_and_line():
    (legend,) = draw().legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "an example",
        "perfect",
        "mean in a bin",
    ]


def test_the_panels_may_have_one_label_or_a_label_each():
    assert [axis.get_xlabel() for axis in draw().axes] == ["predicted", "predicted"]
    assert [axis.get_xlabel() for axis in draw(["true", "predicted"]).axes] == ["true", "predicted"]
