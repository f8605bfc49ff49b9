from xml.etree.ElementTree import Element

import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS
from tests.figures.drawn import check, labels, nodes, words


def widths(svg: Element, color: str) -> list[float]:
    """Return how wide the pieces of a band are, from left to right."""
    bands = [node for node in nodes(svg, "rect") if node.get("fill") == COLORS[color]]
    bands = [node for node in bands if "rx" not in node.attrib]  # a box has round corners
    bands.sort(key=lambda node: float(node.get("x", 0)))
    return [float(node.get("height", 0)) for node in bands]


def test_a_plain_sum_doubles_its_variance_and_keeps_its_beginning() -> None:
    svg = check(figures.stream("Plain sum").data)
    assert widths(svg, "sky") == pytest.approx([12 * 2 ** (i / 2) for i in range(4)], rel=1e-3)
    assert widths(svg, "orange") == [12] * 4
    assert {"variance 1", "2", "4", "8"} <= {*labels(svg)}


def test_a_norm_before_the_branch_lets_every_block_add_the_same() -> None:
    svg = check(figures.stream("Pre-norm", "before").data)
    assert widths(svg, "sky") == pytest.approx([12 * i**0.5 for i in (1, 2, 3, 4)], rel=1e-3)
    assert widths(svg, "orange") == [12] * 4
    assert {"variance 1", "2", "3", "4"} <= {*labels(svg)}
    assert labels(svg).count("norm") == 3


def test_a_norm_after_the_sum_halves_what_is_left_of_the_beginning() -> None:
    svg = check(figures.stream("Post-norm", "after", blocks=2).data)
    root = 2**0.5
    assert widths(svg, "sky") == pytest.approx([12, 12 * root] * 2 + [12], rel=1e-3)
    core = [12, 12, 12 / root, 12 / root, 6]
    assert widths(svg, "orange") == pytest.approx(core, rel=1e-3)
    assert labels(svg).count("norm") == labels(svg).count("2") == 2


def test_the_words_say_what_the_norm_does() -> None:
    said = {norm: words(check(figures.stream("A stream", norm).data)) for norm in (None, "after")}
    assert "doubles at every plus sign;" in said[None]
    assert "sets it back to 1" in said["after"]


@pytest.mark.parametrize("blocks", [0, 4])
def test_a_stream_that_cannot_be_drawn_is_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match="1 to 3 blocks"):
        figures.stream("Plain sum", blocks=blocks)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_stream_is_read_mixed_and_written(count: int) -> None:
    svg = check(figures.mixed_streams(count).data)
    assert {f"x{i}" for i in range(1, count + 1)} <= {*labels(svg)}
    circles = [node.get("r") for node in nodes(svg, "circle")]
    assert circles.count("4") == circles.count("6") == count


@pytest.mark.parametrize("count", [1, 5])
def test_streams_that_cannot_be_drawn_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="2 to 4 streams"):
        figures.mixed_streams(count)
