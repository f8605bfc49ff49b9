import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures
from mmtutor.figures import COLORS

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


# By hand: "b" costs more than "a" and scores less; "d" costs as much as "c" and scores less.
POINTS = {
    "first": {"a": (10, 0.5), "b": (20, 0.4), "c": (100, [0.7, 0.9])},
    "second": {"d": (100, 0.6), "e": (1000, 0.95)},
}


def draw(points=POINTS):
    figures.pareto(points, xlabel="parameters", ylabel="accuracy")
    return plt.gca()


def test_the_front_holds_what_no_other_point_beats() -> None:
    assert figures.front(POINTS) == [("first", "a"), ("first", "c"), ("second", "e")]


def test_the_front_counts_the_mean_of_several_runs() -> None:
    points = {"all": {"cheap": (1, 0.5), "lucky once": (2, [0.2, 0.7])}}
    assert figures.front(points) == [("all", "cheap")]


def test_equal_points_do_not_beat_each_other() -> None:
    points = {"all": {"a": (1, 0.5), "b": (1, 0.5), "c": (2, 0.5), "d": (1, 0.4)}}
    assert figures.front(points) == [("all", "a"), ("all", "b")]


def test_the_cheapest_point_is_on_the_front_however_badly_it_scores() -> None:
    assert figures.front({"all": {"a": (5, 0.9), "b": (1, 0.1)}}) == [("all", "b"), ("all", "a")]


def test_the_staircase_is_the_best_score_for_at_most_a_cost() -> None:
    (stairs,) = [line for line in draw().lines if line.get_label() == "front"]
    costs, scores = stairs.get_data()
    assert list(costs) == [10, 100, 100, 1000, 1000, 1000]
    assert list(scores) == pytest.approx([0.5, 0.5, 0.8, 0.8, 0.95, 0.95])


def test_the_staircase_goes_on_to_the_dearest_point() -> None:
    axis = draw({"all": {"good": (1, 0.9), "dear": (50, 0.2)}})
    (stairs,) = [line for line in axis.lines if line.get_label() == "front"]
    assert list(zip(*stairs.get_data(), strict=True)) == [(1, 0.9), (50, 0.9)]


def test_markers_are_filled_on_the_front_and_hollow_elsewhere() -> None:
    filled = {
        (container[0].get_xdata()[0], round(container[0].get_ydata()[0], 6)): container[
            0
        ].get_markerfacecolor()
        != "white"
        for container in draw().containers
    }
    assert filled == {
        (10, 0.5): True,
        (20, 0.4): False,
        (100, 0.8): True,
        (100, 0.6): False,
        (1000, 0.95): True,
    }


def test_points_of_the_front_lie_on_top() -> None:
    heights = {
        container[0].get_xdata()[0]: container[0].get_zorder()
        for container in draw().containers[:2]
    }
    assert heights[10] > heights[20]


def test_several_runs_have_a_bar_of_one_standard_deviation() -> None:
    bars = [container.lines[2] for container in draw().containers]
    (((low, high),),) = [bar[0].get_segments() for bar in bars if bar]
    sd = 0.02**0.5  # of 0.7 and 0.9
    assert (low[1], high[1]) == pytest.approx((0.8 - sd, 0.8 + sd))


def test_groups_are_told_apart_by_color_and_by_marker() -> None:
    groups = [line for line in draw().lines if line.get_label() in POINTS]
    assert [line.get_marker() for line in groups] == ["o", "s"]
    assert [line.get_color() for line in groups] == [COLORS["blue"], COLORS["orange"]]
    names = [text.get_text() for text in plt.gca().get_legend().get_texts()]
    assert names == ["first", "second", "front"]


def test_the_axis_of_the_cost_is_logarithmic_and_names_round_numbers() -> None:
    axis = draw()
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("parameters", "accuracy")
    low, high = axis.get_xlim()
    ticks = zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
    names = [label.get_text() for at, label in ticks if low <= at <= high]
    assert names == ["10", "20", "50", "100", "200", "500", "1,000"]


def test_every_label_is_written_once_and_an_empty_one_not() -> None:
    assert sorted(text.get_text() for text in draw().texts) == ["a", "b", "c", "d", "e"]
    assert not draw({"all": {"": (1, 0.5)}}).texts


def test_a_label_avoids_the_staircase() -> None:
    axis = draw({"all": {"first": (1, 0.1), "second": (10, 0.9)}})
    axis.figure.draw_without_rendering()
    (stairs,) = [line for line in axis.lines if line.get_label() == "front"]
    path = stairs.get_transform().transform_path(stairs.get_path())
    assert len(axis.texts) == 2
    for text in axis.texts:
        assert not path.intersects_bbox(text.get_window_extent(), filled=False)


def test_labels_of_close_points_do_not_cover_each_other() -> None:
    close = {f"model {i}": (100, 0.5 + 0.02 * i) for i in range(3)}
    axis = draw({"all": {"low": (1, 0.0), "high": (2, 1.0), **close}})
    axis.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axis.texts]
    assert len(boxes) == 5
    for number, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:number])
