import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")


def draw() -> list[plt.Axes]:
    panels = {
        "narrow": ([1, 1], [0, 0, 1, 2, 3, 2, 1, 0, 0]),
        "holes": ([2, 2], [1, 0, 2, 0, 3, 0, 2, 0, 1]),
    }
    figures.receptive_fields(panels)
    return plt.gcf().axes


def dots(axis: plt.Axes, color: str) -> list[list[int]]:
    return [list(line.get_xdata()) for line in axis.lines if line.get_color() == COLORS[color]]


def test_each_panel_has_its_title_above_its_dots() -> None:
    assert [axis.get_title(loc="left") for axis in draw()] == ["narrow", "", "holes", ""]


def test_the_dots_of_the_input_are_those_that_the_middle_output_reads() -> None:
    axes = draw()
    assert dots(axes[0], "orange") == [[0], [-2, -1, 0, 1, 2]]
    assert dots(axes[2], "orange") == [[0], [-4, -2, 0, 2, 4]]


def test_the_dots_between_are_those_on_the_way() -> None:
    axes = draw()
    assert dots(axes[0], "blue") == [[-1, 0, 1]]
    assert dots(axes[2], "blue") == [[-2, 0, 2]]


def test_every_dot_that_is_read_has_a_line_for_each_tap() -> None:
    assert [len(dots(axis, "gray")) for axis in draw()[::2]] == [3 + 9, 3 + 9]


def test_the_bars_stand_at_the_positions_of_the_dots() -> None:
    bars = draw()[1].patches
    assert [bar.get_height() for bar in bars] == [0, 0, 1, 2, 3, 2, 1, 0, 0]
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx(range(-4, 5))


def test_the_rows_name_the_dilations_from_the_input_up() -> None:
    figures.receptive_fields({"": ([1, 3], [1] * 9)})
    ticks = plt.gcf().axes[0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == ["input", "d = 1", "d = 3"]
