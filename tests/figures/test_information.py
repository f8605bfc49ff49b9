import pytest

from mmtutor import data, figures
from mmtutor.figures.style import COLORS
from tests.figures.drawn import check, labels, nodes, words


def test_each_area_has_its_amount() -> None:
    svg = check(figures.information(0.5, (1, 0.25), 2, title="A mixture").data)
    assert labels(svg) == ["A mixture", "left", "right", "Ul", "1", "R", "0.5", "Ur", "0.25", "S 2"]
    assert "U_l = 1, R = 0.5, U_r = 0.25, S = 2" in words(svg)


@pytest.mark.parametrize(
    ("amounts", "color"),
    [
        ({"redundancy": 1}, "green"),
        ({"redundancy": 0, "uniqueness": (1, 0)}, "sky"),
        ({"redundancy": 0, "uniqueness": (0, 1)}, "purple"),
        ({"redundancy": 0, "synergy": 1}, "brown"),
    ],
)
def test_what_is_nothing_is_not_filled(amounts: dict, color: str) -> None:
    svg = check(figures.information(**amounts, title="One of four").data)
    filled = {path.get("fill") for path in nodes(svg, "path")} - {"none"}
    assert filled == {COLORS[color]}


def test_the_overlap_of_the_outlines_is_closed() -> None:
    svg = check(figures.information(0, title="Nothing at all").data)
    paths = [path.get("d", "") for path in nodes(svg, "path")]
    assert len(paths) == 4 and all(path.endswith("Z") for path in paths)


def test_it_takes_what_decompose_returns() -> None:
    copy = [[[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.5]]]
    parts = data.decompose(copy)
    assert "R = 1, " in words(check(figures.information(**parts._asdict(), title="Copy").data))
