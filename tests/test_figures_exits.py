import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")

CURVES = {
    "by confidence": ([[1.0, 2.0], [1.0, 4.0]], [[0.5, 0.7], [0.7, 0.9]]),
    "by lot": ([[1.0, 2.0], [1.0, 4.0]], [[0.5, 0.6], [0.7, 0.8]]),
}
POINTS = {"small network": ([1.5, 1.5], [0.4, 0.6])}


def draw(points: dict[str, tuple[list[float], list[float]]] | None = None) -> plt.Axes:
    figures.exit_curves(CURVES, points, xlabel="operations", ylabel="accuracy")
    return plt.gca()


def drawn(line: plt.Line2D) -> list[list[float]]:
    return [np.asarray(values, dtype=float).tolist() for values in line.get_data()]


def labeled(axis: plt.Axes) -> dict[str, plt.Line2D]:
    return {
        str(line.get_label()): line
        for line in axis.lines
        if not str(line.get_label()).startswith("_")
    }


def test_a_thick_line_joins_the_mean_costs_and_the_mean_scores() -> None:
    costs, scores = drawn(labeled(draw())["by confidence"])
    assert costs == pytest.approx([1, 3])
    assert scores == pytest.approx([0.6, 0.8])


def test_each_run_has_a_thin_line_in_the_color_of_its_mean() -> None:
    axis = draw()
    mean = labeled(axis)["by lot"]
    thin = [line for line in axis.lines if line.get_linewidth() < 1]
    own = [line for line in thin if line.get_color() == mean.get_color()]
    assert [drawn(line) for line in own] == [[[1, 2], [0.5, 0.6]], [[1, 4], [0.7, 0.8]]]


def test_curves_are_told_apart_without_colors() -> None:
    assert len({line.get_linestyle() for line in labeled(draw()).values()}) == 2


def test_a_network_without_a_threshold_is_a_point_at_its_mean_with_its_runs() -> None:
    axis = draw(POINTS)
    point = labeled(axis)["small network"]
    assert drawn(point) == [[1.5], [pytest.approx(0.5)]]
    runs = [line for line in axis.lines if line.get_marker() == point.get_marker()]
    assert drawn(runs[0])[1] == [0.4, 0.6]
    assert point.get_color() not in [line.get_color() for line in axis.lines[:6]]


def test_the_axes_say_what_they_are() -> None:
    axis = draw()
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("operations", "accuracy")
