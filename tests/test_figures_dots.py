import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


RESULTS = {
    "first": {"a": [0.2, 0.4, 0.6], "b": [0.9, 0.9, 0.9]},
    "second": {"a": [0.6, 0.6, 0.6], "b": [0.0, 0.5, 1.0]},
}


def drawn(axis, label):
    (line,) = [line for line in axis.lines if line.get_label() == label]
    return list(zip(*line.get_data(), strict=True))


def test_dots_are_runs_and_bars_their_means() -> None:
    figures.dot_panels(RESULTS)
    first, second = plt.gcf().axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", "a"]  # from below
    assert sorted(drawn(first, "one run")) == [
        *[(0.2, 1), (0.4, 1), (0.6, 1)],
        *[(0.9, 0), (0.9, 0), (0.9, 0)],
    ]
    means = [dict(map(reversed, drawn(axis, "mean of 3"))) for axis in (first, second)]
    assert means == [pytest.approx({0: 0.9, 1: 0.4}), pytest.approx({0: 0.5, 1: 0.6})]


def test_all_panels_have_one_scale_unless_each_gets_its_own() -> None:
    figures.dot_panels(RESULTS)
    first, second = plt.gcf().axes
    assert first.get_xlim() == second.get_xlim()
    figures.dot_panels(RESULTS, scales={"first": (0, 1), "second": (0.5, 0.75)})
    scales = [axis.get_xlim() for axis in plt.gcf().axes]
    assert scales == [(0, 1), (0, 1)]  # no run of the second is left out


def test_a_mark_outside_the_scale_does_not_widen_it() -> None:
    marks = {"first": {"chance": 0.1}, "second": {"chance": 0.1}}
    scales = {"first": (0.15, 0.95), "second": (0, 1)}
    figures.dot_panels(RESULTS, marks=marks, scales=scales)
    assert [axis.get_xlim() for axis in plt.gcf().axes] == [(0.15, 0.95), (0, 1)]
    (legend,) = plt.gcf().legends
    assert legend.get_texts()[0].get_text() == "chance"


def test_marks_are_upright_lines_with_one_legend_for_all_panels() -> None:
    marks = {"first": {"chance": 0.1, "best": 0.95}, "second": {"chance": 0.5, "best": 1.0}}
    figures.dot_panels(RESULTS, marks=marks, label="share")
    upright = [
        [line.get_xdata()[0] for line in axis.lines if line.get_label() in ("chance", "best")]
        for axis in plt.gcf().axes
    ]
    assert upright == [[0.1, 0.95], [0.5, 1.0]]
    (legend,) = plt.gcf().legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["chance", "best", "one run", "mean of 3"]
    assert plt.gcf().get_supxlabel() == "share"


def test_one_panel_needs_no_marks() -> None:
    figures.dot_panels({"only": {"a": [0.2, 0.4]}})
    (axis,) = plt.gcf().axes
    assert axis.get_title(loc="left") == "only"
