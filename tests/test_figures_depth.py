import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures

matplotlib.use("Agg")
RUNS = {"8 layers": [[1.0, 0.0], [3.0, 2.0]], "20 layers": [[5.0, 5.0], [5.0, 5.0]]}


pytestmark = pytest.mark.usefixtures("no_window")


def draw(**options):
    panels = {"Plain": RUNS, "Residual": {name: np.asarray(run) for name, run in RUNS.items()}}
    figures.curve_panels(panels, xlabel="epoch", ylabel="loss", **options)
    return plt.gcf().axes


def test_each_panel_shows_the_mean_over_seeds_of_its_own_runs():
    axes = draw()
    assert [axis.get_title(loc="left") for axis in axes] == ["Plain", "Residual"]
    for axis in axes:
        drawn = {line.get_label(): line.get_xydata().tolist() for line in axis.lines}
        assert drawn == {"8 layers": [[1, 2.0], [2, 1.0]], "20 layers": [[1, 5.0], [2, 5.0]]}


def test_the_band_is_one_standard_deviation_on_each_side():
    band = draw()[0].collections[0].get_paths()[0].vertices
    first = band[band[:, 0] == 1][:, 1]
    # The values 1 and 3 have the mean 2 and, divided by n - 1, the standard deviation √2.
    assert (first.min(), first.max()) == pytest.approx((2 - 2**0.5, 2 + 2**0.5))


def test_the_panels_share_their_axes_and_one_legend():
    panels = {"Plain": {"8 layers": [[9.0], [7.0]]}, "Residual": {"8 layers": [[1.0], [0.0]]}}
    figures.curve_panels(panels, xlabel="epoch", ylabel="loss")
    first, last = plt.gcf().axes
    assert first.get_ylim() == last.get_ylim()
    assert first.get_ylabel() == "loss" and last.get_ylabel() == ""
    assert first.get_legend() is None
    assert last.get_legend().get_title().get_text() == "mean ± sd, 2 seeds"


def test_a_level_crosses_every_panel_and_is_named_once():
    first, last = draw(level=2.3, level_name="guessing")
    assert [list(axis.lines[-1].get_ydata()) for axis in (first, last)] == [[2.3, 2.3]] * 2
    assert [text.get_text() for text in last.texts] == ["guessing"]
    assert not first.texts
