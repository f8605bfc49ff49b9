import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.quiver import Quiver

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


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


def test_regions_may_stand_in_rows_and_leave_no_empty_panel():
    points = ([1, -1], [1, -1], [True, False])
    rules = {name: lambda x, y: x + y for name in "abcde"}
    figures.regions(rules, points, xlabel="right", ylabel="up", columns=3)
    axes = plt.gcf().axes
    assert [axis.get_title(loc="left") for axis in axes] == [f"{name}: 2 of 2" for name in "abcde"]
    assert [axis.get_ylabel() for axis in axes] == ["up", "", "", "up", ""]
    assert [axis.get_xlabel() for axis in axes[3:]] == ["right"] * 2


def test_regions_show_what_a_rule_answers_and_cross_out_what_it_gets_wrong():
    points = ([1, -1, 1], [1, -1, -1], [True, True, False])
    rules = {"right half": lambda x, y: x, "product": lambda x, y: x * y}
    figures.regions(rules, points, xlabel="x", ylabel="y")
    half, product = plt.gcf().axes
    titles = [axis.get_title(loc="left") for axis in (half, product)]
    assert titles == ["right half: 1 of 3", "product: 3 of 3"]
    crosses = [axis.lines[-1].get_xydata().tolist() for axis in (half, product)]
    assert crosses == [[[-1, -1], [1, -1]], []]
    assert [axis.lines[1].get_xydata().tolist() for axis in (half, product)] == [
        [[1, 1], [-1, -1]]
    ] * 2
    (ground,) = half.collections
    no, yes = ground.get_paths()
    assert [matplotlib.colors.to_hex(each) for each in ground.get_facecolor()] == [
        line.get_color() for line in half.lines[:2]
    ]
    assert (no.get_extents().x1 <= 0.1, yes.get_extents().x0 >= -0.1) == (True, True)


def draw_clouds(xlabel="predicted"):
    x, y = [0.0, 0.5, 1.0, 3.0, 9.0], [1.0, 3.0, 7.0, -4.0, 100.0]
    panels = {"first": (x, y), "second": ([1.0], [2.0])}
    figures.clouds(panels, [0, 1, 2, 4], slope=2, line="perfect", xlabel=xlabel, ylabel="residual")
    return plt.gcf()


def test_every_point_of_a_cloud_is_drawn():
    first, second = draw_clouds().axes
    (points,) = first.collections
    assert points.get_offsets().tolist() == [[0, 1], [0.5, 3], [1, 7], [3, -4], [9, 100]]
    assert second.collections[0].get_offsets().tolist() == [[1, 2]]


def test_the_means_are_those_of_the_bins_and_an_empty_bin_has_none():
    first, second = draw_clouds().axes
    # 0 and 0.5 lie in [0, 1), 1 in [1, 2), 3 in [2, 4), and 9 in none.
    assert first.lines[1].get_xdata().tolist() == [0.25, 1, 3]
    assert first.lines[1].get_ydata().tolist() == [2, 7, -4]
    assert second.lines[1].get_xydata().tolist() == [[1, 2]]


def test_the_line_to_compare_with_has_the_slope_and_goes_through_the_origin():
    for axis in draw_clouds().axes:
        assert axis.lines[0].get_xydata().tolist() == [[0, 0], [4, 8]]
        assert axis.lines[0].get_linestyle() == "--"


def test_one_legend_explains_points_means_and_line():
    (legend,) = draw_clouds().legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "an example",
        "perfect",
        "mean in a bin",
    ]


def test_the_panels_may_have_one_label_or_a_label_each():
    assert [axis.get_xlabel() for axis in draw_clouds().axes] == ["predicted", "predicted"]
    assert [axis.get_xlabel() for axis in draw_clouds(["true", "predicted"]).axes] == [
        "true",
        "predicted",
    ]


METHODS = {"plain": ([0.9, 0.7], [0.1, 0.3]), "weights": ([0.6, 0.6], [0.5, 0.7])}


CURVE = ([0.8, 0.7, 0.4], [0.2, 0.3, 0.35])


AXES = {"line": "shifted", "xlabel": "frequent", "ylabel": "rare"}


def rounded(line) -> list[tuple[float, float]]:
    return [(round(float(x), 6), round(float(y), 6)) for x, y in zip(*line.get_data(), strict=True)]


def test_the_curve_and_the_means_have_names_and_all_runs_are_seen() -> None:
    figures.trades(METHODS, CURVE, **AXES)
    (axis,) = plt.gcf().axes
    named = {
        line.get_label(): rounded(line)
        for line in axis.lines
        if not str(line.get_label()).startswith("_")
    }
    assert named == {
        "shifted": [(0.8, 0.2), (0.7, 0.3), (0.4, 0.35)],
        "plain": [(0.8, 0.2)],
        "weights": [(0.6, 0.6)],
    }
    runs = [rounded(line) for line in axis.lines if str(line.get_label()).startswith("_")]
    assert runs == [[(0.9, 0.1), (0.7, 0.3)], [(0.6, 0.5), (0.6, 0.7)]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("frequent", "rare")


def test_methods_differ_in_color_and_in_marker() -> None:
    figures.trades(METHODS, CURVE, **AXES)
    (axis,) = plt.gcf().axes
    means = [line for line in axis.lines if line.get_label() in METHODS]
    assert len({line.get_color() for line in means}) == 2
    assert len({line.get_marker() for line in means}) == 2


def test_steps_are_written_where_they_lie() -> None:
    figures.trades(METHODS, CURVE, steps={"τ = 0": 0, "τ = 2": 2}, **AXES)
    (axis,) = plt.gcf().axes
    assert {text.get_text(): text.xy for text in axis.texts} == {
        "τ = 0": (0.8, 0.2),
        "τ = 2": (0.4, 0.35),
    }


def test_too_many_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        figures.trades({str(n): ([0.1], [0.1]) for n in range(7)}, CURVE, **AXES)


EXITS = {
    "by confidence": ([[1.0, 2.0], [1.0, 4.0]], [[0.5, 0.7], [0.7, 0.9]]),
    "by lot": ([[1.0, 2.0], [1.0, 4.0]], [[0.5, 0.6], [0.7, 0.8]]),
}


FIXED = {"small network": ([1.5, 1.5], [0.4, 0.6])}


def draw_exits(points: dict[str, tuple[list[float], list[float]]] | None = None) -> plt.Axes:
    figures.exit_curves(EXITS, points, xlabel="operations", ylabel="accuracy")
    return plt.gca()


def coordinates(line: plt.Line2D) -> list[list[float]]:
    return [np.asarray(values, dtype=float).tolist() for values in line.get_data()]


def labeled(axis: plt.Axes) -> dict[str, plt.Line2D]:
    return {
        str(line.get_label()): line
        for line in axis.lines
        if not str(line.get_label()).startswith("_")
    }


def test_a_thick_line_joins_the_mean_costs_and_the_mean_scores() -> None:
    costs, scores = coordinates(labeled(draw_exits())["by confidence"])
    assert costs == pytest.approx([1, 3])
    assert scores == pytest.approx([0.6, 0.8])


def test_each_run_has_a_thin_line_in_the_color_of_its_mean() -> None:
    axis = draw_exits()
    mean = labeled(axis)["by lot"]
    thin = [line for line in axis.lines if line.get_linewidth() < 1]
    own = [line for line in thin if line.get_color() == mean.get_color()]
    assert [coordinates(line) for line in own] == [[[1, 2], [0.5, 0.6]], [[1, 4], [0.7, 0.8]]]


def test_curves_are_told_apart_without_colors() -> None:
    assert len({line.get_linestyle() for line in labeled(draw_exits()).values()}) == 2


def test_a_network_without_a_threshold_is_a_point_at_its_mean_with_its_runs() -> None:
    axis = draw_exits(FIXED)
    point = labeled(axis)["small network"]
    assert coordinates(point) == [[1.5], [pytest.approx(0.5)]]
    runs = [line for line in axis.lines if line.get_marker() == point.get_marker()]
    assert coordinates(runs[0])[1] == [0.4, 0.6]
    assert point.get_color() not in [line.get_color() for line in axis.lines[:6]]


def test_the_axes_say_what_they_are() -> None:
    axis = draw_exits()
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("operations", "accuracy")


def curve_of(axis, label):
    (line,) = [line for line in axis.lines if line.get_label() == label]
    return [tuple(map(float, point)) for point in zip(*line.get_data(), strict=True)]


def test_the_roof_rises_with_the_bandwidth_and_is_level_at_the_rate() -> None:
    figures.roofline({"a": (1.0, 1e9), "b": (100.0, 4e10)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert curve_of(axis, "roof") == [(0.5, 5.0), (8.0, 80.0), (200.0, 80.0)]


def test_a_layer_stands_at_its_intensity_and_its_speed_in_billions() -> None:
    figures.roofline({"a": (1.0, 1e9), "b": (100.0, 4e10)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert curve_of(axis, "a") == [(1.0, 1.0)]
    assert curve_of(axis, "b") == [(100.0, 40.0)]
    assert axis.get_xscale() == axis.get_yscale() == "log"


def test_the_roof_spans_its_corner_where_all_layers_are_on_one_side_of_it() -> None:
    figures.roofline({"a": (0.5, 1e9)}, rate=8e10, bandwidth=1e10)
    (axis,) = plt.gcf().axes
    assert curve_of(axis, "roof") == [(0.25, 2.5), (8.0, 80.0), (16.0, 80.0)]


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
    assert curve_of(size, "proportional") == [(1.0, 2.0), (1000.0, 2000.0)]  # of 2, 4 and 0.5
    assert curve_of(ms, "equal") == [(3.0, 3.0), (5.0, 5.0)]


def draw_attraction():
    left, right = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, -1.0], [-1.0, 0.0]])
    arrows = np.array([[0.0, 1.0], [2.0, 0.0]])
    panels = {
        "before": (left, right, arrows, -arrows),
        "after": (left, left, 0 * arrows, 0 * arrows),
    }
    figures.attraction(panels, names=("image", "word"))
    return plt.gcf().axes


def test_partners_lie_on_a_circle_and_a_line_joins_them() -> None:
    before, after = draw_attraction()
    assert (before.get_title(loc="left"), after.get_title(loc="left")) == ("before", "after")
    joins = [
        np.asarray(line.get_xydata()).tolist()
        for line in before.lines
        if len(line.get_xdata()) == 2
    ]
    assert joins == [[[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [-1.0, 0.0]]]
    assert len({line.get_color() for line in before.lines}) == 3  # two pairs and the circle


def test_arrows_begin_at_their_vectors_and_have_one_scale() -> None:
    before, after = draw_attraction()
    first, second = [each for each in before.collections if isinstance(each, Quiver)]
    assert first.get_offsets().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert [first.U.tolist(), first.V.tolist()] == [[0.0, 0.5], [0.25, 0.0]]
    assert second.U.tolist() == [0.0, -0.5]
    assert all(not each.U.any() for each in after.collections if isinstance(each, Quiver))


def test_a_legend_names_the_two_sides() -> None:
    draw_attraction()
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["image", "word"]
