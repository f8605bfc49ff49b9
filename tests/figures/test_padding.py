import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS
from tests.figures.drawn import check, labels, nodes, words


def rows(svg, cell=26):
    """Return, for each row of cells, what each is filled with."""
    found = {}
    for node in nodes(svg, "rect"):
        if node.get("width") == str(cell):
            fill = (node.get("fill"), node.get("fill-opacity"))
            found.setdefault(float(node.get("y")), []).append(fill)
    return [found[y] for y in sorted(found)]


def test_padding_reaches_one_more_letter_in_each_layer() -> None:
    svg = check(figures.padding("seven", 8, 4).data)
    spoiled = [row.count((COLORS["orange"], "0.75")) for row in rows(svg)]
    assert spoiled == [0, 0, 1, 2, 3]
    written = [row.count((COLORS["orange"], "0.2")) for row in rows(svg)]
    assert written == [0, 3, 3, 3, 3]
    assert "by 3 of 5 after layer 4" in words(svg)


def test_emptied_padding_reaches_no_letter() -> None:
    svg = check(figures.padding("seven", 8, 4, emptied=True).data)
    assert all(row.count((COLORS["sky"], "0.3")) == 5 for row in rows(svg))
    assert labels(svg).count("0") == 3 * 5


def test_more_positions_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="5 to 10 positions fit; got 11"):
        figures.padding("seven", 11, 2)
