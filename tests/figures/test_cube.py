import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS
from tests.figures.drawn import check, labels, nodes, words


def middle(svg, color):
    """Return the middle of what has this color."""
    found = [node for node in nodes(svg, "polygon") if node.get("fill") == COLORS[color]]
    assert len(found) == 1
    points = [tuple(map(float, point.split(","))) for point in found[0].get("points").split()]
    return [sum(place) / len(points) for place in zip(*points, strict=True)]


@pytest.mark.parametrize("frame", [2, 3, 4])
def test_the_slices_lie_on_neighboring_frames_and_give_a_pixel_of_the_middle_one(frame) -> None:
    svg = check(figures.kernel_cube(frame).data)
    before, this, after = (middle(svg, color) for color in ("orange", "purple", "green"))
    assert before[1] == this[1] == after[1]
    assert after[0] - this[0] == pytest.approx(this[0] - before[0])
    pixel = middle(svg, "sky")
    assert pixel[0] == pytest.approx(this[0]) and pixel[1] > this[1]
    assert f"in frames {frame - 1}, {frame} and {frame + 1}" in words(svg)


def test_the_cube_goes_on_by_one_frame() -> None:
    first, second = (check(figures.kernel_cube(frame).data) for frame in (2, 3))
    assert middle(second, "orange") == middle(first, "purple")
    assert [label for label in labels(first) if label.isdigit()] == list("12345")


@pytest.mark.parametrize("place", [(1, 2, 2), (5, 2, 2), (2, 1, 2), (2, 2, 5)])
def test_a_cube_that_reaches_beyond_the_video_is_refused(place) -> None:
    with pytest.raises(ValueError, match="stays within 5 frames"):
        figures.kernel_cube(*place)
