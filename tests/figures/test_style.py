"""What all plots share."""

from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from mmtutor import figures
from mmtutor.figures import style

SEVEN = {str(n): [1.0, 2.0] for n in range(7)}


def test_six_series_differ_in_color_and_in_marker() -> None:
    six = list(style.series({str(n): n for n in range(6)}))
    assert [(label, thing) for label, thing, _, _ in six] == [(str(n), n) for n in range(6)]
    assert len({color for *_, color, _ in six}) == len({marker for *_, marker in six}) == 6


@pytest.mark.usefixtures("no_window")
def test_no_series_is_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        figures.speedups({"image": SEVEN}, [1, 2])
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        figures.roofline({name: (1.0, 2.0) for name in SEVEN}, rate=1e9, bandwidth=1e9)
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        points = {name: {"a": (1.0, 0.5)} for name in SEVEN}
        figures.pareto(points, xlabel="cost", ylabel="score")


def test_labels_that_would_meet_are_moved_apart_in_their_order() -> None:
    assert style._spread([0.9, 0.1], 0.1) == [0.9, 0.1]
    assert style._spread([0.5, 0.5, 0.0], 0.2) == pytest.approx([0.4, 0.6, 0.0])
    places = style._spread([0.31, 0.3, 0.32, 0.3], 0.1)
    assert np.diff(sorted(places)) == pytest.approx([0.1] * 3)
    assert np.argsort(places).tolist() == [1, 3, 0, 2]


@pytest.mark.usefixtures("no_window")
@pytest.mark.parametrize("values", [[1.0] * 6, [0, 0.01, 0.02, 0.9, 0.91, 1.0]])
def test_labels_at_the_ends_of_lines_do_not_overlap(values: list[float]) -> None:
    curves = {f"net {i}": [0.5, value] for i, value in enumerate(values)}
    figures.lines(curves, xlabel="x", ylabel="y")
    figure = plt.gcf()
    figure.canvas.draw()
    # The words alone, without the line that leads to them.
    words = [Text.get_window_extent(text) for text in plt.gca().texts]
    boxes = sorted(words, key=lambda box: box.y0)
    assert len(boxes) == 6
    for below, above in pairwise(boxes):
        assert below.y1 <= above.y0 + 1
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


@pytest.mark.usefixtures("no_window")
def test_a_label_stands_at_the_height_of_its_lines_end() -> None:
    figures.lines({"a": [0.0, 2.0], "b": [0.0, 8.0], "c": [0.0, 10.0]}, xlabel="x", ylabel="y")
    axis = plt.gca()
    plt.gcf().canvas.draw()
    to_values = axis.transAxes + axis.transData.inverted()
    places = {text.get_text(): to_values.transform(text.get_position())[1] for text in axis.texts}
    assert places == pytest.approx({"a": 2, "b": 8, "c": 10}, abs=0.5)


def luminance(color: str) -> float:
    """WCAG 2.2: relative luminance."""
    shares = np.array(matplotlib.colors.to_rgb(color))
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("color", style.COLORS.values(), ids=style.COLORS)
def test_every_color_stands_out_on_white_and_on_the_dark_ground(color: str) -> None:
    own, dark = luminance(color), luminance("#121212")
    assert (1 + 0.05) / (own + 0.05) >= 3
    assert (own + 0.05) / (dark + 0.05) >= 3
