import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex

from mmtutor import figures

matplotlib.use("Agg")
PICTURES = torch.arange(24.0).reshape(2, 3, 2, 2) / 24


pytestmark = pytest.mark.usefixtures("no_window")


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


RESULTS = {
    "seen": {"net": (0.7, 0.8, 0.85), "line": (0.4, 0.5, 0.55)},
    "new": {"net": (0.2, 0.3, 0.45), "line": (0.1, 0.2, 0.4)},
}


def draw_intervals(**options) -> plt.Axes:
    figures.intervals(RESULTS, xlabel="recall", **options)
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
