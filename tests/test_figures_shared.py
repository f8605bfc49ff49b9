import re

import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


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


def test_a_coordinated_representation_has_encoders_and_no_fusion() -> None:
    sides = [("x_I", "f_I", "h_I"), ("x_T", "f_T", "h_T")]
    html = figures.coordinated(sides).data
    assert html.count("<rect") == 3  # the space and two encoders
    fusion = f'fill="{figures.COLORS["yellow"]}"'
    assert fusion in figures.network(sides).data and fusion not in html
    assert 'aria-label="x_I → f_I → h_I; x_T → f_T → h_T; coordinated: one space, near' in html


def test_the_arrows_between_coordinated_features_point_outwards() -> None:
    html = figures.coordinated([("a", "b", "c"), ("d", "e", "f")]).data
    level = re.findall(r'<path d="M([\d.]+) 172 L([\d.]+) 172"', html)
    assert [(float(start), float(end)) for start, end in level] == [(166, 83), (166, 249)]
    tips = re.findall(r'<polygon points="([\d.]+),172 ([\d.]+),', html)
    assert [float(tip) < float(back) for tip, back in tips] == [True, False]
