import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


def drawn(axis, label):
    (line,) = [line for line in axis.lines if line.get_label() == label]
    return [tuple(map(float, point)) for point in zip(*line.get_data(), strict=True)]


def test_the_roof_rises_with_the_bandwidth_and_is_level_at_the_rate() -> None:
    figures.roofline({"a": (1.0, 1e9), "b": (100.0, 4e10)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert drawn(axis, "roof") == [(0.5, 5.0), (8.0, 80.0), (200.0, 80.0)]


def test_a_layer_stands_at_its_intensity_and_its_speed_in_billions() -> None:
    figures.roofline({"a": (1.0, 1e9), "b": (100.0, 4e10)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert drawn(axis, "a") == [(1.0, 1.0)]
    assert drawn(axis, "b") == [(100.0, 40.0)]
    assert axis.get_xscale() == axis.get_yscale() == "log"


def test_the_roof_spans_its_corner_where_all_layers_are_on_one_side_of_it() -> None:
    figures.roofline({"a": (0.5, 1e9)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert drawn(axis, "roof") == [(0.25, 2.5), (8.0, 80.0), (16.0, 80.0)]


def test_every_layer_has_its_own_color_and_marker() -> None:
    figures.roofline(
        {name: (1.0, 1e9) for name in "abcdef"},
        rate=8e10,
        bandwidth=1e10,
    )
    lines = plt.gcf().axes[0].lines[1:]
    assert len({line.get_marker() for line in lines}) == 6
    assert len({line.get_color() for line in lines}) == 6


def test_each_predictor_has_a_panel_with_the_same_measurements() -> None:
    panels = {"size": [1.0, 10.0, 1000.0], "ms": [3.0, 4.0, 5.0]}
    figures.predictors(panels, [2.0, 40.0, 500.0], exact="ms", ylabel="measured ms")
    for axis, name in zip(plt.gcf().axes, panels, strict=True):
        (dots,) = [line for line in axis.lines if line.get_marker() == "o"]
        assert list(dots.get_xdata()) == panels[name]
        assert list(dots.get_ydata()) == [2.0, 40.0, 500.0]
        assert axis.get_xlabel() == name
        assert axis.get_xscale() == axis.get_yscale() == "log"


def test_lines_go_through_the_median_ratio_or_where_both_are_equal() -> None:
    panels = {"size": [1.0, 10.0, 1000.0], "ms": [3.0, 4.0, 5.0]}
    figures.predictors(panels, [2.0, 40.0, 500.0], exact="ms", ylabel="measured ms")
    size, ms = plt.gcf().axes
    assert drawn(size, "proportional") == [(1.0, 2.0), (1000.0, 2000.0)]  # of 2, 4 and 0.5
    assert drawn(ms, "equal") == [(3.0, 3.0), (5.0, 5.0)]
