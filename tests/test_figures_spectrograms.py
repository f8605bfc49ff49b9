import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from mmtutor import figures

matplotlib.use("Agg")
COARSE = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
FINE = torch.arange(20.0).reshape(5, 4) - 30


pytestmark = pytest.mark.usefixtures("no_window")


def draw(**options):
    panels = {"coarse": COARSE, "fine": FINE}
    figures.spectrograms(panels, seconds=1.2, highest=2000.0, **options)
    return plt.gcf().axes


def test_every_panel_shows_its_values_under_its_title():
    panels = draw()[:2]
    assert [axis.get_title(loc="left") for axis in panels] == ["coarse", "fine"]
    shown = [axis.images[0].get_array().tolist() for axis in panels]
    assert shown == [COARSE.tolist(), FINE.tolist()]


def test_the_first_frequency_is_at_the_bottom():
    assert all(axis.images[0].origin == "lower" for axis in draw()[:2])


def test_each_value_stands_in_the_middle_of_its_cell():
    # Three frames at 0, 0.6 and 1.2 s: cells of 0.6 s. Two rows at 0 and 2000 Hz: of 2000 Hz.
    coarse, fine = (axis.images[0].get_extent() for axis in draw()[:2])
    assert coarse == pytest.approx([-0.3, 1.5, -1000, 3000])
    assert fine == pytest.approx([-0.2, 1.4, -250, 2250])


def test_all_panels_share_one_scale_of_colors_and_one_of_frequencies():
    panels = draw(ylim=(500, 900))[:2]
    assert {axis.images[0].get_clim() for axis in panels} == {(-30.0, 5.0)}
    assert {axis.get_ylim() for axis in panels} == {(500.0, 900.0)}


def test_the_colors_are_explained():
    assert draw(label="amplitude")[-1].get_ylabel() == "amplitude"
