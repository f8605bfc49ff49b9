from xml.etree.ElementTree import Element

from mmtutor import figures
from tests.figures.drawn import Area, boxes, check, labels, lines, nodes, texts, words


def box_around(svg: Element, label: str) -> Area:
    """Return the smallest box that a label stands in."""
    places = [text for text in texts(svg) if text.words.startswith(label)]
    around = [box for box in boxes(svg) if box.holds(places[0])]
    return min(around, key=lambda box: box.right - box.left)


def ways(svg: Element) -> set[tuple[Area, Area]]:
    """Return which box each dashed line leaves, and which it reaches."""
    found = set()
    for (x0, y0), *_, (x, y) in lines(svg, dashed=True):
        ends = [
            [box for box in boxes(svg) if box.left < px < box.right and py in box[1:4:2]]
            for px, py in ((x0, y0), (x, y))
        ]
        if all(ends):
            found.add((ends[0][0], ends[1][0]))
    return found


def test_gradients_go_from_the_loss_through_all_networks_into_both_encoders() -> None:
    svg = check(figures.backward_pass().data)
    names = ("loss L", "last layer h", "fusion g", "encoder fI", "encoder fT")
    loss, head, fusion, image, text = (box_around(svg, name) for name in names)
    assert ways(svg) == {(loss, head), (head, fusion), (fusion, image), (fusion, text)}
    assert all(end[1] >= image.bottom for _, *_, end in lines(svg, dashed=True))  # not to inputs


def test_every_gradient_arrow_has_a_tip_that_points_up() -> None:
    svg = check(figures.backward_pass().data)
    tips = [node.get("points", "").split()[0] for node in nodes(svg, "polygon")]
    for (_, start), (x, end) in lines(svg, dashed=True)[:-1]:  # the last one is in the legend
        assert end < start
        assert f"{x:g},{end:g}" in tips


def test_each_value_has_a_gradient_beside_it_and_all_are_explained() -> None:
    svg = check(figures.backward_pass().data)
    for value in ("hI", "hT", "y", "z"):
        assert value in labels(svg)
        assert any(label.startswith(f"∂L/∂{value}") for label in labels(svg))
    assert {"forward: values", "back: gradients"} <= set(labels(svg))
    assert "Backward, dashed arrows: from the loss ∂L/∂y" in words(svg)


def test_the_gradient_enters_the_student_and_stops_before_the_teacher() -> None:
    svg = check(figures.distillation().data)
    student, loss = box_around(svg, "student"), box_around(svg, "(1 − α)")
    assert ways(svg) == {(loss, student)}
    teacher = box_around(svg, "teacher")
    (bar,) = [node.get("d", "") for node in nodes(svg, "path") if node.get("stroke-width") == "4"]
    left, height = map(float, bar[1 : bar.index("h")].split())
    assert teacher.left < left < teacher.right
    assert teacher.bottom < height < loss.top
    stopped = [points for points in lines(svg, dashed=True) if points[-1] == (left + 11, height)]
    assert [points[0][1] for points in stopped] == [loss.top]
    tips = [node.get("points", "").split()[0] for node in nodes(svg, "polygon")]
    assert f"{left + 11:g},{height:g}" not in tips


def test_in_use_there_is_a_student_alone() -> None:
    svg = check(figures.distillation().data)
    assert labels(svg).count("student") == 2
    assert labels(svg).count("teacher") == 1
    assert "In use: an image enters the student, which gives the answer; no teacher" in words(svg)
