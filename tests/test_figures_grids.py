import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from mmtutor import figures

matplotlib.use("Agg")
PICTURES = torch.arange(24.0).reshape(2, 3, 2, 2)


pytestmark = pytest.mark.usefixtures("no_window")


def draw(**names):
    names = {"rows": ["left", "right"], "columns": ["a", "b", "c"]} | names
    figures.picture_table(PICTURES, **names, xlabel="filter", ylabel="video")
    return plt.gcf()


def test_every_picture_stands_in_its_row_and_column():
    drawn = [axis.images[0].get_array().tolist() for axis in draw().axes]
    assert drawn == PICTURES.flatten(0, 1).tolist()


def test_all_pictures_share_one_scale_from_zero_to_the_largest_value():
    assert {axis.images[0].get_clim() for axis in draw().axes} == {(0.0, 23.0)}


def test_rows_and_columns_are_named_once():
    figure = draw()
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", "", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == ["left", "", "", "right", "", ""]
    assert (figure.get_suptitle(), figure.get_supylabel()) == ("filter", "video")


def test_a_name_too_few_is_an_error():
    with pytest.raises(ValueError):
        draw(rows=["left"])
