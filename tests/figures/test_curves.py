import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


def test_curves_draw_mean_and_standard_deviation() -> None:
    figures.curves({"a": [[1, 3], [3, 7]]}, xlabel="epoch", ylabel="loss")
    axis = plt.gca()
    assert axis.lines[0].get_ydata().tolist() == [2, 5]
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(5 + 8**0.5)  # sd of 3 and 7 with n - 1: sqrt(8)


@pytest.mark.parametrize("x", [None, range(5)])
@pytest.mark.parametrize("draw", [figures.curves, figures.lines])
def test_whole_positions_have_no_fractional_ticks(draw, x) -> None:
    values = [1, 3, 3, 4, 4]
    draw(
        {"a": [values, values] if draw is figures.curves else values},
        x=x,
        xlabel="networks",
        ylabel="y",
    )
    assert all(float(tick).is_integer() for tick in plt.gca().get_xticks())


def test_each_curve_is_named_at_its_end_in_its_color() -> None:
    figures.lines({"up": [0, 1], "down": [1, 0]}, xlabel="x", ylabel="y")
    axis = plt.gca()
    named = {text.get_text(): text for text in axis.texts}
    for line in axis.lines:
        text = named[line.get_label()]
        assert text.get_color() == line.get_color()
    assert named["up"].get_position()[1] > 0.9 and named["down"].get_position()[1] < 0.1
    assert axis.get_legend() is None


def test_curves_start_where_they_are_told() -> None:
    figures.curves({"a": [[1, 3], [3, 7]]}, x=[0, 1], xlabel="block", ylabel="accuracy")
    assert plt.gca().lines[0].get_xdata().tolist() == [0, 1]


def test_on_a_logarithmic_axis_the_band_is_the_range() -> None:
    figures.curves({"a": [[1.0, 1.0], [100.0, 4.0]]}, xlabel="x", ylabel="loss", log=True)
    axis = plt.gca()
    assert axis.get_yscale() == "log"
    assert axis.lines[0].get_ydata() == pytest.approx([50.5, 2.5])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1, 100)
    assert axis.get_title(loc="left") == "mean and range, n = 2"


def test_a_step_downhill_is_as_long_as_the_slope() -> None:
    x = np.linspace(-4, 4, 81)
    panels = {"valley": (x**2 / 2, x), "plain": (0 * x, 0 * x)}
    figures.downhill(panels, x=x, starts=(-3, 2), xlabel="x", ylabel="height")
    valley, plain = plt.gcf().axes
    steps = [(text.xyann, text.xy) for text in valley.texts]
    assert np.allclose(steps, [[(-3, 4.5), (0, 4.5)], [(2, 2), (0, 2)]])
    assert not plain.texts and plain.get_title(loc="left") == "plain"
    assert plain.lines[1].get_xdata() == pytest.approx([-3, 2])


RUNS = {"8 layers": [[1.0, 0.0], [3.0, 2.0]], "20 layers": [[5.0, 5.0], [5.0, 5.0]]}


def draw_panels(**options):
    panels = {"Plain": RUNS, "Residual": {name: np.asarray(run) for name, run in RUNS.items()}}
    figures.curve_panels(panels, xlabel="epoch", ylabel="loss", **options)
    return plt.gcf().axes


def test_each_panel_shows_the_mean_over_seeds_of_its_own_runs():
    axes = draw_panels()
    assert [axis.get_title(loc="left") for axis in axes] == ["Plain", "Residual"]
    for axis in axes:
        drawn = {line.get_label(): line.get_xydata().tolist() for line in axis.lines}
        assert drawn == {"8 layers": [[1, 2.0], [2, 1.0]], "20 layers": [[1, 5.0], [2, 5.0]]}


def test_the_panels_share_their_axes_and_one_legend():
    panels = {"Plain": {"8 layers": [[9.0], [7.0]]}, "Residual": {"8 layers": [[1.0], [0.0]]}}
    figures.curve_panels(panels, xlabel="epoch", ylabel="loss")
    first, last = plt.gcf().axes
    assert first.get_ylim() == last.get_ylim()
    assert first.get_ylabel() == "loss" and last.get_ylabel() == ""
    assert plt.gcf().get_supxlabel() == "mean ± sd, n = 2"
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.texts] == ["8 layers"]


def test_a_level_crosses_every_panel_and_is_named_once():
    first, last = draw_panels(level=2.3, level_name="guessing")
    assert [list(axis.lines[-1].get_ydata()) for axis in (first, last)] == [[2.3, 2.3]] * 2
    assert [text.get_text() for text in last.texts] == ["guessing"]
    assert not first.texts


def draw_sweep() -> plt.Axes:
    results = {"first": [[0.2, 0.4], [0.4, 0.8]], "second": [[1.0, 0.0], [1.0, 0.0]]}
    figures.sweep(results, [0.1, 10], xlabel="learning rate", ylabel="accuracy")
    return plt.gca()


def test_a_sweep_draws_the_mean_of_the_runs_as_a_line() -> None:
    lines = {line.get_label(): line for line in draw_sweep().lines}
    (x, mean) = lines["first"].get_data()
    assert x.tolist() == [0.1, 10]
    assert mean.tolist() == pytest.approx([0.3, 0.6])
    assert lines["second"].get_ydata().tolist() == [1.0, 0.0]


def test_a_sweep_marks_every_run_in_the_color_of_its_line() -> None:
    axis = draw_sweep()
    runs = [line for line in axis.lines if line.get_linestyle() == "None"]
    assert [run.get_ydata().tolist() for run in runs[:2]] == [[0.2, 0.4], [0.4, 0.8]]
    means = [line for line in axis.lines if line.get_linestyle() != "None"]
    assert [run.get_color() for run in runs[::2]] == [line.get_color() for line in means]
    assert len({line.get_color() for line in means}) == 2


def test_labels_of_a_sweep_are_told_apart_without_colors() -> None:
    axis = draw_sweep()
    means = [line for line in axis.lines if line.get_linestyle() != "None"]
    assert len({line.get_marker() for line in means}) == 2


def test_the_axis_of_a_sweep_is_logarithmic_and_names_the_settings() -> None:
    axis = draw_sweep()
    assert axis.get_xscale() == "log"
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["0.1", "10"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("learning rate", "accuracy")


def test_markers_at_one_hundred_percent_are_drawn_whole() -> None:
    low, high = draw_sweep().get_ylim()
    assert low == 0 and 1.02 < high < 1.1


WORKERS = [1, 2, 8]


def draw_speedups() -> list[plt.Axes]:
    panels = {
        "shared": {"fast": [1, 1.9, 6], "slow": [1, 1.2, 0.8]},
        "grown": {"fast": [1, 2, 8], "slow": [1, 1.5, 5]},
    }
    figures.speedups(panels, WORKERS)
    return plt.gcf().axes


def test_each_panel_shows_its_curves_over_the_workers() -> None:
    shared, grown = draw_speedups()
    assert (shared.get_title(loc="left"), grown.get_title(loc="left")) == ("shared", "grown")
    lines = {line.get_label(): line for line in grown.lines}
    assert lines["slow"].get_xdata().tolist() == WORKERS
    assert list(lines["slow"].get_ydata()) == [1, 1.5, 5]


def test_the_ideal_is_as_many_times_as_fast_as_there_are_workers() -> None:
    for axis in draw_speedups():
        (ideal,) = [line for line in axis.lines if line.get_label() == "ideal"]
        assert ideal.get_xdata().tolist() == ideal.get_ydata().tolist() == WORKERS


def test_both_axes_are_logarithmic_and_name_the_workers() -> None:
    for axis in draw_speedups():
        assert axis.get_xscale() == axis.get_yscale() == "log"
        assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "2", "8"]
    assert draw_speedups()[0].get_ylabel() == "speed-up"


def test_a_label_has_the_same_color_and_marker_in_all_panels() -> None:
    looks = [
        {line.get_label(): (line.get_color(), line.get_marker()) for line in axis.lines}
        for axis in draw_speedups()
    ]
    assert looks[0]["slow"] == looks[1]["slow"]
    assert len(set(looks[0].values())) == len(looks[0])


def test_one_legend_names_the_ideal_and_the_curves() -> None:
    draw_speedups()
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["ideal", "fast", "slow"]


AT_PLACES = {
    "first": {"few": [[0.2, 0.4], [0.4, 0.8]], "many": [[0.5, 0.5], [0.7, 0.9]]},
    "second": {"few": [[0.1, 0.1], [0.3, 0.1]], "many": [[1, 1], [1, 1]]},
}


def test_each_line_goes_through_the_means_of_the_runs() -> None:
    figures.place_panels(AT_PLACES, ["0", "answers"])
    first, second = plt.gcf().axes
    lines = {line.get_label(): line for line in first.lines}
    np.testing.assert_allclose(lines["few"].get_ydata(), [0.3, 0.6])
    np.testing.assert_allclose(lines["many"].get_ydata(), [0.6, 0.7])
    assert [axis.get_title(loc="left") for axis in (first, second)] == ["first", "second"]
    # Two conditions: a line through the means, and the dots of two runs.
    assert len(first.lines) == 2 * (1 + 2)


def test_places_stand_below_and_levels_in_their_panels() -> None:
    figures.place_panels(
        AT_PLACES, ["0", "answers"], levels={"first": 0.9, "second": 0.95}, chance=0.25
    )
    first, second = plt.gcf().axes
    plt.gcf().canvas.draw()
    assert [text.get_text() for text in first.get_xticklabels()] == ["0", "answers"]
    for axis, level in ((first, 0.9), (second, 0.95)):
        lines = {line.get_label(): line for line in axis.lines}
        assert set(lines["best possible"].get_ydata()) == {level}
        assert set(lines["guessing"].get_ydata()) == {0.25}
    (legend,) = plt.gcf().legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["few", "many", "best possible", "guessing"]


def test_the_legend_names_a_condition_that_only_one_panel_has() -> None:
    results = {"first": {"few": [[0.2, 0.4]]}, "second": {"few": [[0.1, 0.1]], "many": [[1, 1]]}}
    figures.place_panels(results, ["0", "answers"])
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["few", "many"]
