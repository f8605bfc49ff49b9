from mmtutor import figures
from tests.figures.drawn import check


def test_no_label_of_the_enhancer_collides_with_anything() -> None:
    svg = check(figures.enhancer().data)
    assert "factor" in "".join(svg.itertext())
