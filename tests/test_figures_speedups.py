import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")

WORKERS = [1, 2, 8]


def draw() -> list[plt.Axes]:
    panels = {
        "shared": {"fast": [1, 1.9, 6], "slow": [1, 1.2, 0.8]},
        "grown": {"fast": [1, 2, 8], "slow": [1, 1.5, 5]},
    }
    figures.speedups(panels, WORKERS)
    return plt.gcf().axes


def test_each_panel_shows_its_curves_over_the_workers() -> None:
    shared, grown = draw()
    assert (shared.get_title(loc="left"), grown.get_title(loc="left")) == ("shared", "grown")
    lines = {line.get_label(): line for line in grown.lines}
    assert lines["slow"].get_xdata().tolist() == WORKERS
    assert list(lines["slow"].get_ydata()) == [1, 1.5, 5]


def test_the_ideal_is_as_many_times_as_fast_as_there_are_workers() -> None:
    for axis in draw():
        (ideal,) = [line for line in axis.lines if line.get_label() == "ideal"]
        assert ideal.get_xdata().tolist() == ideal.get_ydata().tolist() == WORKERS


def test_both_axes_are_logarithmic_and_name_the_workers() -> None:
    for axis in draw():
        assert axis.get_xscale() == axis.get_yscale() == "log"
        assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "2", "8"]
    assert draw()[0].get_ylabel() == "speed-up"


def test_a_label_has_the_same_color_and_marker_in_all_panels() -> None:
    looks = [
        {line.get_label(): (line.get_color(), line.get_marker()) for line in axis.lines}
        for axis in draw()
    ]
    assert looks[0]["slow"] == looks[1]["slow"]
    assert len(set(looks[0].values())) == len(looks[0])


def test_one_legend_names_the_ideal_and_the_curves() -> None:
    draw()
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["ideal", "fast", "slow"]
