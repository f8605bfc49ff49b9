"""The checks of the diagrams notice what they are for."""

from collections.abc import Callable

import pytest

from mmtutor.figures.svg import Picture
from tests.figures.drawn import collisions, parse


def faults(draw: Callable[[Picture], None]) -> list[str]:
    picture = Picture(200, 100)
    draw(picture)
    return collisions(parse(picture.svg("words")))


def test_a_clean_diagram_has_no_faults() -> None:
    def draw(picture: Picture) -> None:
        picture.box(100, 10, "a box")
        picture.arrow((100, 38), (100, 60))
        picture.text(110, 55, "label", "start")

    assert faults(draw) == []


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda p: (p.text(100, 40, "one"), p.text(110, 42, "two")), "'two' runs into 'one'"),
        (lambda p: p.text(190, 40, "wide"), "'wide' leaves the picture"),
        (lambda p: p.arrow((50, 50), (50, 120)), "leaves the picture"),
        (lambda p: p.box(100, 10, "wider than its box", width=60), "crosses the edge of a box"),
        (lambda p: (p.text(100, 50, "label"), p.line((0, 46), (200, 46))), "crosses 'label'"),
    ],
)
def test_each_fault_is_noticed(draw: Callable[[Picture], None], message: str) -> None:
    assert any(message in fault for fault in faults(draw))


def test_a_picture_too_wide_for_a_phone_is_noticed() -> None:
    assert collisions(parse(Picture(400, 100).svg("words"))) == ["400 is too wide for a phone"]
