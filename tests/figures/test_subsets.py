import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from mmtutor import figures
from mmtutor.figures.style import INK

matplotlib.use("Agg")
SUBSETS = [s for size in (1, 2, 3, 4) for s in itertools.combinations("abcd", size)]


pytestmark = pytest.mark.usefixtures("no_window")


def draw(results, **options) -> list[plt.Axes]:
    figures.subset_scores(results, **options)
    return plt.gcf().axes


def test_columns_are_sorted_by_size_and_then_by_the_mean_of_all_methods() -> None:
    first = {("a", "b"): [0.2], ("b",): [0.5], ("a",): [0.6]}
    second = {("a", "b"): [0.3], ("b",): [0.5], ("a",): [0.2]}
    above, _ = draw({"first": first, "second": second})
    dots = [container.lines[0].get_ydata().tolist() for container in above.containers]
    assert dots == [[0.6, 0.5, 0.2], [0.2, 0.5, 0.3]]  # a has 0.4 on average, b 0.5


def test_each_dot_is_the_mean_of_the_runs_and_its_whisker_their_standard_deviation() -> None:
    above, _ = draw({"one": {("a",): torch.tensor([0.2, 0.4, 0.6]), ("b",): [0.9]}})
    (container,) = above.containers
    assert container.lines[0].get_xdata().tolist() == [0, 1]
    assert container.lines[0].get_ydata().tolist() == pytest.approx([0.4, 0.9])
    whiskers = [line[:, 1].tolist() for line in container.lines[2][0].get_segments()]
    assert whiskers == [pytest.approx([0.2, 0.6]), pytest.approx([0.9, 0.9])]


def test_filled_dots_are_the_modalities_of_the_subset_for_all_fifteen() -> None:
    scores = {subset: [len(subset) / 5] for subset in SUBSETS}
    _, below = draw({"one": scores})
    filled = [line for line in below.lines if line.get_markerfacecolor() == INK]
    rows = [tuple("abcd"[row] for row in line.get_ydata()) for line in filled]
    assert rows == SUBSETS
    assert [set(line.get_xdata()) for line in filled] == [{column} for column in range(15)]
    hollow = [line for line in below.lines if line.get_markerfacecolor() == "white"]
    drawn = [sorted([*a.get_ydata(), *b.get_ydata()]) for a, b in zip(filled, hollow, strict=True)]
    assert drawn == [[0, 1, 2, 3]] * 15


def test_rows_are_named_in_the_order_given_from_the_top() -> None:
    _, below = draw({"one": {("z",): [0.9], ("y",): [0.1], ("z", "y"): [0.95]}})
    assert [tick.get_text() for tick in below.get_yticklabels()] == ["z", "y"]
    assert below.get_ylim() == (1.5, -0.5)


def test_every_second_size_has_a_band_behind_its_columns_in_both_parts() -> None:
    for axis in draw({"one": {subset: [0.5] for subset in SUBSETS}}):
        bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axis.patches]
        assert bands == [(-0.5, 3.5), (9.5, 13.5)]  # 4 singles, (6 pairs,) 4 triples, (all)


def test_methods_are_told_apart_by_color_marker_and_place() -> None:
    scores = {("a",): [0.5, 0.6]}
    above, _ = draw({name: scores for name in ("one", "two", "three")}, chance=0.1)
    dots = [container.lines[0] for container in above.containers]
    assert len({to_hex(dot.get_color()) for dot in dots}) == 3
    assert len({dot.get_marker() for dot in dots}) == 3
    places = [float(dot.get_xdata()[0]) for dot in dots]
    assert np.mean(places) == pytest.approx(0) and places == sorted(set(places))
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["chance", "one", "two", "three"]


def test_chance_is_a_line_and_the_scale_runs_from_zero_to_one() -> None:
    above, _ = draw({"one": {("a",): [0.5]}}, chance=0.1, label="share")
    dashed = [line for line in above.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata() for line in dashed] == [[0.1, 0.1]]
    assert (above.get_ylim(), above.get_ylabel()) == ((0, 1), "share")


def test_it_is_narrow_enough_for_a_phone_and_white_on_a_dark_page() -> None:
    draw({"one": {subset: [0.5] for subset in SUBSETS}})
    figure = plt.gcf()
    figure.canvas.draw()
    # Shown 360 pixels wide, as on a phone, no letter is smaller than 9 pixels.
    texts = [text for axis in figure.axes for text in axis.get_yticklabels()]
    assert min(text.get_fontsize() for text in texts) / 72 / figure.get_figwidth() * 360 > 9
    assert to_hex(figure.get_facecolor()) == "#ffffff"


def test_methods_with_other_subsets_or_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="same subsets"):
        draw({"one": {("a",): [0.5]}, "two": {("b",): [0.5]}})
    with pytest.raises(ValueError, match="at most 5"):
        draw({str(number): {("a",): [0.5]} for number in range(6)})
