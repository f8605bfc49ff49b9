"""The diagram of meeting places and the panels of results at each place."""

import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")

FILLS = {name: COLORS[color] for name, color in
         (("own", "sky"), ("meeting", "yellow"), ("shared", "green"))}  # fmt: skip


def boxes(markup: str, kind: str) -> int:
    return len(re.findall(f'fill="{FILLS[kind]}"', markup)) - 1  # one is in the legend


def test_the_diagram_has_every_layer_of_every_network() -> None:
    markup = figures.meeting_places(3).data
    # Own layers are drawn twice: a first layer, 0 to 3 blocks, and in the fifth the answer too.
    assert boxes(markup, "own") == 2 * (1 + 2 + 3 + 4 + 5)
    assert boxes(markup, "meeting") == 5
    # Shared: the blocks that are left, and the answer; none where answers are added.
    assert boxes(markup, "shared") == 4 + 3 + 2 + 1 + 0
    for name in ("0", "1", "2", "3", "answers"):
        assert f">{name}</text>" in markup


def test_the_diagram_has_words_for_those_who_cannot_see_it() -> None:
    markup = figures.meeting_places(2).data
    assert 'aria-label="4 networks of two paths with 2 blocks' in markup
    assert "after 0, 1, 2 blocks" in markup


def test_the_diagram_stays_inside_its_frame() -> None:
    markup = figures.meeting_places(3).data
    frame = re.search(r'viewBox="0 0 (\d+) (\d+)"', markup)
    assert frame is not None
    width, height = map(int, frame.groups())
    for x, y, wide in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', markup):
        assert float(x) + float(wide) <= width
        assert float(y) < height


RESULTS = {
    "first": {"few": [[0.2, 0.4], [0.4, 0.8]], "many": [[0.5, 0.5], [0.7, 0.9]]},
    "second": {"few": [[0.1, 0.1], [0.3, 0.1]], "many": [[1, 1], [1, 1]]},
}


def test_each_line_goes_through_the_means_of_the_runs() -> None:
    figures.place_panels(RESULTS, ["0", "answers"])
    first, second = plt.gcf().axes
    lines = {line.get_label(): line for line in first.lines}
    np.testing.assert_allclose(lines["few"].get_ydata(), [0.3, 0.6])
    np.testing.assert_allclose(lines["many"].get_ydata(), [0.6, 0.7])
    assert [axis.get_title(loc="left") for axis in (first, second)] == ["first", "second"]
    # Two conditions: a line through the means, and the dots of two runs.
    assert len(first.lines) == 2 * (1 + 2)


def test_places_stand_below_and_levels_in_their_panels() -> None:
    figures.place_panels(
        RESULTS, ["0", "answers"], levels={"first": 0.9, "second": 0.95}, chance=0.25
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
