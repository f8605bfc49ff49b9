import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


def test_scores_draw_the_mean_and_every_seed() -> None:
    figures.scores({"a": [0.2, 0.4], "b": [0.9]}, chance=0.1)
    axis = plt.gca()
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.9, 0.3])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["b", "a"]
    assert [len(dots.get_offsets()) for dots in axis.collections] == [2]  # one run needs no dot
    assert axis.get_xlabel() == "test accuracy (bar: mean, dots: runs)"
    assert " chance" in [text.get_text() for text in axis.texts]


def test_the_line_of_chance_may_have_another_name() -> None:
    figures.scores({"a": [0.2]}, chance=0.6, chance_label="always yes")
    assert " always yes" in [text.get_text() for text in plt.gca().texts]


def test_the_line_of_chance_does_not_strike_through_a_number() -> None:
    figures.scores({"a": [0.54]}, chance=0.56)
    axis = plt.gca()
    plt.gcf().canvas.draw()
    (number,) = [text for text in axis.texts if text.get_text() == "0.54"]
    box = number.get_window_extent()
    assert axis.transData.transform((0.56, 0))[0] < box.x0


def test_score_panels_draw_means_and_runs_of_each_method_in_each_panel() -> None:
    figures.score_panels(
        {
            "first": {"a": [0.2, 0.4], "b": [0.9, 0.9]},
            "second": {"a": [0.6, 0.6], "b": [0.0, 1.0]},
        },
        label="bits",
    )
    first, second = plt.gcf().axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("first", "second")
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", "a"]
    assert [bar.get_width() for bar in first.patches] == pytest.approx([0.9, 0.3])
    assert [bar.get_width() for bar in second.patches] == pytest.approx([0.5, 0.6])
    assert [dots.get_offsets().tolist() for dots in second.collections] == [
        [[0.0, 0.0], [1.0, 0.0]],
        [[0.6, 1.0], [0.6, 1.0]],
    ]
    assert plt.gcf().get_supxlabel() == "bits"


def test_score_panels_mark_what_is_known_where_it_is_known() -> None:
    figures.score_panels(
        {"first": {"a": [0.2], "b": [0.9]}, "second": {"a": [0.6], "b": [0.7]}},
        truth={"first": {"a": 0.25}, "second": {"a": 0.5, "b": 1.0}},
        truth_label="planted",
    )
    first, second = plt.gcf().axes
    marks = [[line.get_xdata()[0] for line in axis.lines] for axis in (first, second)]
    assert marks == [[0.25], [1.0, 0.5]]
    rows = [sum(line.get_ydata()) / 2 for line in second.lines]
    assert rows == pytest.approx([0, 1])  # b below a, each mark on its own bar
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["a run", "planted"]


def test_a_run_is_seen_where_it_is_as_good_as_is_possible() -> None:
    figures.score_panels({"only": {"a": [0.5]}}, truth={"only": {"a": 0.5}})
    (axis,) = plt.gcf().axes
    bar, mark, dots = axis.patches[0], axis.lines[0], axis.collections[0]
    assert bar.get_zorder() < mark.get_zorder() < dots.get_zorder()


def test_the_ticks_of_neighboring_panels_do_not_run_into_each_other() -> None:
    figures.score_panels(dict.fromkeys(("a", "b", "c"), {"method with a long name": [1.0]}))
    plt.gcf().canvas.draw()
    boxes = [
        label.get_window_extent()
        for axis in plt.gcf().axes
        for at, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
        if at <= axis.get_xlim()[1]
    ]
    width_of_a_letter = 6 / 72 * plt.gcf().dpi
    for left, right in zip(boxes, boxes[1:], strict=False):
        assert right.x0 - left.x1 > width_of_a_letter


RUNS = {
    "first": {"a": [0.2, 0.4, 0.6], "b": [0.9, 0.9, 0.9]},
    "second": {"a": [0.6, 0.6, 0.6], "b": [0.0, 0.5, 1.0]},
}


def drawn(axis, label):
    (line,) = [line for line in axis.lines if line.get_label() == label]
    return list(zip(*line.get_data(), strict=True))


def test_dots_are_runs_and_bars_their_means() -> None:
    figures.dot_panels(RUNS)
    first, second = plt.gcf().axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", "a"]  # from below
    assert sorted(drawn(first, "one run")) == [
        *[(0.2, 1), (0.4, 1), (0.6, 1)],
        *[(0.9, 0), (0.9, 0), (0.9, 0)],
    ]
    means = [dict(map(reversed, drawn(axis, "mean of 3"))) for axis in (first, second)]
    assert means == [pytest.approx({0: 0.9, 1: 0.4}), pytest.approx({0: 0.5, 1: 0.6})]


def test_all_panels_have_one_scale_unless_each_gets_its_own() -> None:
    figures.dot_panels(RUNS)
    first, second = plt.gcf().axes
    assert first.get_xlim() == second.get_xlim()
    figures.dot_panels(RUNS, scales={"first": (0, 1), "second": (0.5, 0.75)})
    scales = [axis.get_xlim() for axis in plt.gcf().axes]
    assert scales == [(0, 1), (0, 1)]  # no run of the second is left out


def test_a_mark_outside_the_scale_does_not_widen_it() -> None:
    marks = {"first": {"chance": 0.1}, "second": {"chance": 0.1}}
    scales = {"first": (0.15, 0.95), "second": (0, 1)}
    figures.dot_panels(RUNS, marks=marks, scales=scales)
    assert [axis.get_xlim() for axis in plt.gcf().axes] == [(0.15, 0.95), (0, 1)]
    (legend,) = plt.gcf().legends
    assert legend.get_texts()[0].get_text() == "chance"


def test_marks_are_upright_lines_with_one_legend_for_all_panels() -> None:
    marks = {"first": {"chance": 0.1, "best": 0.95}, "second": {"chance": 0.5, "best": 1.0}}
    figures.dot_panels(RUNS, marks=marks, label="share")
    upright = [
        [line.get_xdata()[0] for line in axis.lines if line.get_label() in ("chance", "best")]
        for axis in plt.gcf().axes
    ]
    assert upright == [[0.1, 0.95], [0.5, 1.0]]
    (legend,) = plt.gcf().legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["chance", "best", "one run", "mean of 3"]
    assert plt.gcf().get_supxlabel() == "share"


ESTIMATES = {
    "seen": {"net": (0.7, 0.8, 0.85), "line": (0.4, 0.5, 0.55)},
    "new": {"net": (0.2, 0.3, 0.45), "line": (0.1, 0.2, 0.4)},
}


def draw_intervals(**options) -> plt.Axes:
    figures.intervals(ESTIMATES, xlabel="recall", **options)
    return plt.gca()


def test_an_interval_reaches_from_its_lower_to_its_upper_end() -> None:
    bars = draw_intervals().containers
    middles = [bar.lines[0].get_xdata()[0] for bar in bars]
    ends = [bar.lines[2][0].get_segments()[0][:, 0].tolist() for bar in bars]
    assert middles == [0.8, 0.5, 0.3, 0.2]
    expected = [[0.7, 0.85], [0.4, 0.55], [0.2, 0.45], [0.1, 0.4]]
    assert ends == [pytest.approx(pair) for pair in expected]


def test_a_method_keeps_its_color_and_marker_and_differs_in_both_from_the_other() -> None:
    marks = [bar.lines[0] for bar in draw_intervals().containers]
    looks = [(to_hex(mark.get_color()), mark.get_marker()) for mark in marks]
    assert looks[:2] == looks[2:]
    assert looks[0][0] != looks[1][0]
    assert looks[0][1] != looks[1][1]


def test_guessing_is_drawn_where_it_is_known() -> None:
    axis = draw_intervals(guessing={"new": 0.05})
    (dash,) = [line for line in axis.lines if len(line.get_xdata()) == 2]
    assert list(dash.get_xdata()) == [0.05, 0.05]
    assert list(dash.get_ydata()) == pytest.approx([0.65, 1.35])


def test_the_legend_names_each_method_once_and_guessing() -> None:
    axis = draw_intervals(guessing={"seen": 0.1, "new": 0.05})
    names = {text.get_text() for text in axis.get_legend().get_texts()}
    assert names == {"net", "line", "guessing"}
    assert len(axis.get_legend().get_texts()) == 3


def test_the_first_data_set_is_at_the_top() -> None:
    axis = draw_intervals()
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["seen", "new"]
    assert axis.yaxis_inverted()
