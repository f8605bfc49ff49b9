import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


def draw() -> plt.Axes:
    results = {"first": [[0.2, 0.4], [0.4, 0.8]], "second": [[1.0, 0.0], [1.0, 0.0]]}
    figures.sweep(results, [0.1, 10], xlabel="learning rate", ylabel="accuracy")
    return plt.gca()


def test_a_sweep_draws_the_mean_of_the_runs_as_a_line() -> None:
    lines = {line.get_label(): line for line in draw().lines}
    (x, mean) = lines["first"].get_data()
    assert x.tolist() == [0.1, 10]
    assert mean.tolist() == pytest.approx([0.3, 0.6])
    assert lines["second"].get_ydata().tolist() == [1.0, 0.0]


def test_a_sweep_marks_every_run_in_the_color_of_its_line() -> None:
    axis = draw()
    runs = [line for line in axis.lines if line.get_linestyle() == "None"]
    assert [run.get_ydata().tolist() for run in runs[:2]] == [[0.2, 0.4], [0.4, 0.8]]
    means = [line for line in axis.lines if line.get_linestyle() != "None"]
    assert [run.get_color() for run in runs[::2]] == [line.get_color() for line in means]
    assert len({line.get_color() for line in means}) == 2


def test_labels_of_a_sweep_are_told_apart_without_colors() -> None:
    axis = draw()
    means = [line for line in axis.lines if line.get_linestyle() != "None"]
    assert len({line.get_marker() for line in means}) == 2


def test_the_axis_of_a_sweep_is_logarithmic_and_names_the_settings() -> None:
    axis = draw()
    assert axis.get_xscale() == "log"
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["0.1", "10"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("learning rate", "accuracy")


def test_markers_at_one_hundred_percent_are_drawn_whole() -> None:
    low, high = draw().get_ylim()
    assert low == 0 and 1.02 < high < 1.1
